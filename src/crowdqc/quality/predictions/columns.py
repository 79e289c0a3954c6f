"""What models say of the items, as columns of probabilities."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, brief
from crowdqc.quality.votes import Votes

#: How far a row of probabilities may be from a sum of 1 and still be taken for rounding.
ROUNDING = 1e-3
#: Numbers that are looked at together: bounds memory, changes no result.
BLOCK = 1 << 22


class InvalidPredictions(Invalid):
    """The predictions are no probabilities of the classes."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """One row a prediction; build them with `of` or `coded`.

    Attributes
    ----------
    item, model
        int32[m], codes into `votes.items` and `models`.
    probabilities
        float64[m, K], or float32 where they were given so, in the order of `votes.classes`; rows sum to 1.
    models
        Names by code.
    """

    item: Codes
    model: Codes
    probabilities: NDArray[np.floating]
    models: tuple[str, ...]

    @classmethod
    def of(cls, votes: Votes, items: Iterable[Hashable], models: Iterable[str], probabilities: ArrayLike) -> Self:
        """Read parallel columns of item ids and model names, and a table of probabilities.

        Raises
        ------
        InvalidPredictions
            An item that the votes do not know; probabilities that are not finite, below zero or do not sum to 1.
        """
        code = {item: place for place, item in enumerate(votes.items)}
        ids, names = list(items), list(models)
        unknown = next((item for item in ids if item not in code), None)
        if unknown is not None:
            raise InvalidPredictions(f"The predicted item {unknown!r} is not among the items.", item=unknown)
        known = tuple(sorted(set(names)))
        return cls.coded(
            np.array([code[item] for item in ids], dtype=np.int32),
            np.array([known.index(name) for name in names], dtype=np.int32),
            probabilities,
            models=known,
            n_items=votes.n_items,
            n_classes=votes.n_classes,
        )

    @classmethod
    def coded(
        cls,
        item: ArrayLike,
        model: ArrayLike,
        probabilities: ArrayLike,
        *,
        models: Sequence[str],
        n_items: int,
        n_classes: int,
    ) -> Self:
        """Build predictions from columns that are codes already."""
        items, used = np.asarray(item, dtype=np.int32), np.asarray(model, dtype=np.int32)
        table: NDArray[np.floating] = np.asarray(probabilities)
        if table.dtype != np.float32:
            table = table.astype(np.float64, copy=False)
        if not table.size:
            table = table.reshape(0, n_classes)
        if items.ndim != 1 or used.shape != items.shape or table.shape != (items.size, n_classes):
            raise InvalidPredictions(
                f"{items.size} items, {used.size} models and probabilities of the shape {table.shape} do not fit "
                f"together with {n_classes} classes."
            )
        for codes, size in ((items, n_items), (used, len(models))):
            if codes.size and (codes.min() < 0 or codes.max() >= size):
                raise InvalidPredictions(f"Codes must lie from 0 to {size - 1}.")
        return cls(items, used, _normalised(table), tuple(models))


def _normalised(table: NDArray[np.floating]) -> NDArray[np.floating]:
    """Divide each row by its sum, into a table of the same kind of its own; refuse what is no distribution."""
    result = np.empty_like(table, order="C")
    step = max(1, BLOCK // max(table.shape[1], 1))
    for start in range(0, len(table), step):
        part = table[start : start + step]
        total = part.sum(axis=1, keepdims=True)
        fits = (
            np.isfinite(total[:, 0]) & (part.min(axis=1, initial=0.0) >= 0) & (np.abs(total[:, 0] - 1) <= ROUNDING)
        )
        if not fits.all():
            row = int(np.argmin(fits))
            shown = ", ".join(f"{value:g}" for value in part[row])
            raise InvalidPredictions(
                f"Row {start + row} is [{shown}]; probabilities must be finite, not below 0 and sum to 1.",
                row=start + row,
            )
        np.divide(part, total, out=result[start : start + step])
    return result


def check_predictions(predictions: object) -> Predictions:
    """Refuse what is no `Predictions`, and say how to make one of it."""
    if not isinstance(predictions, Predictions):
        raise InvalidPredictions(
            f"A {type(predictions).__name__} is no Predictions.",
            mend="Read it first: Predictions.of(votes, items, models, probabilities), a row an item and model.",
        )
    return predictions
