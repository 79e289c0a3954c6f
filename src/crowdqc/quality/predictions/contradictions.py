"""Where a model says something else than the workers do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.predictions.columns import Predictions


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Contradictions:
    """One row a prediction that contradicts the consensus, sorted by item, the surest first.

    Attributes
    ----------
    item, model
        int32[m], codes into `votes.items` and `models`.
    label
        int32[m], class code that the model says.
    probability
        float64[m], the model's probability of what it says.
    consensus_probability
        float64[m], the model's probability of what the workers say.
    models
        Names by code.
    """

    item: Codes
    model: Codes
    label: Codes
    probability: Floats
    consensus_probability: Floats
    models: tuple[str, ...]

    @classmethod
    def none(cls) -> Self:
        codes, floats = np.zeros(0, dtype=np.int32), np.zeros(0)
        return cls(codes, codes, codes, floats, floats, ())

    def __len__(self) -> int:
        return int(self.item.size)

    def first(self) -> NDArray[np.int64]:
        """The row of each contradicted item's surest contradiction."""
        return np.flatnonzero(np.diff(self.item, prepend=-1) > 0)

    def by_confidence(self) -> NDArray[np.int64]:
        """Rows in the order of the model's probability, the most confident mistake first."""
        return np.argsort(-self.probability, kind="stable")

    def strongest(self, n_items: int) -> Floats:
        """Probability of each item's surest contradiction, float64[n_items]; 0 where nothing contradicts."""
        surest = np.zeros(n_items)
        surest[self.item[self.first()]] = self.probability[self.first()]
        return surest


def contradictions(predictions: Predictions, label: Codes) -> Contradictions:
    """Find the predictions whose likeliest class differs from the label, int32[n_items] (-1: none).

    A model that finds the label as likely as anything else does not contradict it.

    >>> codes = [0, 1]
    >>> said = Predictions.coded(codes, [0, 0], [[0.9, 0.1], [0.2, 0.8]], models=["m"], n_items=2, n_classes=2)
    >>> found = contradictions(said, np.array([1, 1], dtype=np.int32))
    >>> found.item.tolist(), found.probability.tolist(), found.consensus_probability.tolist()
    ([0], [0.9], [0.1])
    """
    if not predictions.item.size:
        return Contradictions.none()
    rows = np.arange(predictions.item.size)
    consensus = label[predictions.item]
    said = predictions.probabilities.argmax(axis=1).astype(np.int32)
    surest = predictions.probabilities[rows, said]
    of_consensus = predictions.probabilities[rows, np.maximum(consensus, 0)]
    found = np.flatnonzero((consensus >= 0) & (surest > of_consensus))
    # the name, not the row, breaks ties: no result depends on the order of rows
    found = found[np.lexsort((predictions.model[found], -surest[found], predictions.item[found]))]
    return Contradictions(
        item=predictions.item[found],
        model=predictions.model[found],
        label=said[found],
        probability=surest[found].astype(np.float64),
        consensus_probability=of_consensus[found].astype(np.float64),
        models=predictions.models,
    )
