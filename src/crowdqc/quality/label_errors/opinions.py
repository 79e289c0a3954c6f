"""What all models together say of each labelled item: each tempered and weighted by what the labels bear out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Codes, Counts, Floats, brief
from crowdqc.quality.calibration import fit_floor, weights_by_likelihood
from crowdqc.quality.calibration.temperature import softmax
from crowdqc.quality.label_errors.given import InvalidLabels, Table, blocks, check_given
from crowdqc.quality.predictions import InvalidPredictions, Predictions

#: Weights are learned from so many items at most, drawn evenly: more tell no more of a handful of numbers.
LEARNED_FROM, FLOOR_FROM = 30_000, 5_000


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Opinions:
    """One row an item that has a label and a prediction, rising by item.

    Attributes
    ----------
    item
        int32[n], items.
    given
        int32[n], their labels.
    row
        int64[models, n], where each model's prediction stands; -1 where it says nothing of the item.
    weight
        float64[models], the power to which each model's probabilities are raised: 1 / temperature for one model.
    least
        float64[models], what is added to each model's probabilities first.
    before, after
        Mean log loss of the given labels with equal weights and with these, in nats.
    predictions
    """

    item: Codes
    given: Codes
    row: Counts
    weight: Floats
    least: Floats
    before: float
    after: float
    predictions: Predictions

    @classmethod
    def of(cls, predictions: Predictions, label: Codes) -> Self:
        """Weigh the models by how probable they make the labels, int32[n_items] (-1: none).

        Raises
        ------
        InvalidLabels
            A label that is no class, or fewer labels than items.
        InvalidPredictions
            A model that predicts an item twice.
        """
        M, K = len(predictions.models), predictions.probabilities.shape[1]
        if label.ndim != 1 or predictions.item.max(initial=-1) >= label.size:
            last = int(predictions.item.max(initial=-1))
            raise InvalidLabels(f"There are {label.size} labels, and predictions of items up to {last}.")
        if label.size and not -1 <= label.min() <= label.max() < max(K, 1):
            raise InvalidLabels(f"Labels must be -1, for none, or lie from 0 to {K - 1}.")
        place = np.full((M, label.size), -1, dtype=np.int64)
        place[predictions.model, predictions.item] = np.arange(predictions.item.size)
        if np.count_nonzero(place >= 0) < predictions.item.size:
            raise InvalidPredictions(
                "A model predicts an item more than once.",
                mend="Keep one prediction of each model and item; name the versions of a model apart.",
            )
        item = np.flatnonzero((label >= 0) & (place >= 0).any(axis=0)).astype(np.int32)
        given, row = label[item].astype(np.int32), np.ascontiguousarray(place[:, item])
        taken = np.unique(np.linspace(0, max(item.size - 1, 0), min(item.size, LEARNED_FROM)).astype(np.int64))
        if not (M and item.size):
            nothing = np.full(M, 1 / max(M, 1))
            return cls(item, given, row, nothing, nothing, float("nan"), float("nan"), predictions)
        tables = [_of_model(predictions, row[m, taken]) for m in range(M)]
        labels = check_given(given[taken], tables[0])
        some = slice(None, None, max(1, taken.size // FLOOR_FROM))
        least = [fit_floor(table[some], labels[some]) for table in tables]
        weight, (before, after) = weights_by_likelihood(tables, labels, least)
        return cls(item, given, row, weight, np.array(least), before, after, predictions)

    def __len__(self) -> int:
        return int(self.item.size)

    @property
    def n_classes(self) -> int:
        return int(self.predictions.probabilities.shape[1])

    def whole(self) -> Table:
        """Give all probabilities, [n, K]: those of a single model as they were given, of several all together."""
        if len(self.row) == 1:
            held, row = self.predictions.probabilities, self.row[0]
            return held if row.size == len(held) and (np.diff(row) == 1).all() else held[row]
        table = np.empty((len(self), self.n_classes), dtype=self.predictions.probabilities.dtype)
        for rows in blocks(*table.shape):
            table[rows] = self.table(rows)
        return table

    def table(self, rows: slice) -> Table:
        """Give the probabilities of some rows, [len, K], in the precision of the predictions."""
        held = self.predictions.probabilities
        scores = np.zeros((self.row[0, rows].size, held.shape[1]), dtype=held.dtype)
        of_models = self.weight.astype(held.dtype), self.least.astype(held.dtype)
        for place, weight, least in zip(self.row[:, rows], *of_models, strict=True):
            spoke = place >= 0
            said = held[place] if spoke.all() else held[place[spoke]]
            said = np.log(said + least)
            said *= weight
            if spoke.all():
                scores += said
            else:
                scores[spoke] += said
        return softmax(scores)


def _of_model(predictions: Predictions, row: Counts) -> NDArray[np.floating]:
    """Give a model's predictions, [n, K]; equal probabilities where it says nothing."""
    table = predictions.probabilities[row]
    table[row < 0] = 1 / table.shape[1]
    return table
