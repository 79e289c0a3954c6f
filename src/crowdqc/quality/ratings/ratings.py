"""Who gave which number to which item, as coded columns, and the numbers that are known to be right."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality import columns
from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.columns import Answered, Repeats

#: Numbers beyond this are refused: estimates rest on sums of squares, and no float would hold those.
MOST = 1e150


class InvalidRatings(Invalid):
    """The answers cannot be read as ratings."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Ratings(Answered):
    """Numeric answers as columns, sorted by item and then by worker; build them with `of` or `coded`.

    Attributes
    ----------
    item, worker
        int32[n], codes into `items`, `workers`.
    value
        float64[n], from -1e150 to 1e150, in the unit that workers answer in.
    items, workers
        The ids by code; an item may have no answer.
    """

    item: Codes
    worker: Codes
    value: Floats
    items: tuple[Hashable, ...]
    workers: tuple[Hashable, ...]

    @classmethod
    def of(
        cls,
        items: Iterable[Hashable],
        workers: Iterable[Hashable],
        values: ArrayLike | Iterable[Any],
        *,
        repeats: Repeats = "first",
        all_items: Sequence[Hashable] | None = None,
    ) -> Self:
        """Read three parallel columns, one row an answer, in the order of answering.

        Parameters
        ----------
        values
            The numbers that workers gave.
        repeats
            What to do when a worker answered an item more than once: keep the first or the last
            answer, keep all, or reject the whole. Only here does the order of the rows matter.
        all_items
            Every item, in the order that per-item arrays shall have; None takes those with answers, sorted.

        Raises
        ------
        InvalidRatings
            A missing id, a value that is not a number or lies beyond 1e150, columns of unequal length.

        Examples
        --------
        >>> ratings = Ratings.of(["a", "a", "b"], ["ann", "bob", "ann"], [3, 4.5, 1])
        >>> ratings.value.tolist(), ratings.answers_per_item().tolist()
        ([3.0, 4.5, 1.0], [2, 1])
        """
        value = columns.numbers(values, "value", InvalidRatings)
        item, worker, known_items, known_workers = columns.asked(items, workers, value, InvalidRatings, all_items)
        return cls.coded(item, worker, value, items=known_items, workers=known_workers, repeats=repeats)

    @classmethod
    def coded(
        cls,
        item: ArrayLike,
        worker: ArrayLike,
        value: ArrayLike,
        *,
        items: Sequence[Hashable],
        workers: Sequence[Hashable],
        repeats: Repeats = "first",
    ) -> Self:
        """Build ratings from columns that are codes already; checks, sorts and settles repeats as `of` does."""
        of_item = columns.checked(item, len(items), "item", InvalidRatings)
        of_worker = columns.checked(worker, len(workers), "worker", InvalidRatings)
        number = _numbers(np.asarray(value), "value")
        columns.equally_long((of_item, of_worker, number), InvalidRatings)
        keep = columns.settled(of_item.astype(np.int64), of_worker, repeats, InvalidRatings)
        return cls(of_item[keep], of_worker[keep], number[keep], tuple(items), tuple(workers))

    def where(self, keep: Flags) -> Ratings:
        """Keep the answers where `keep`, bool[n], is true; items and workers stay as they are."""
        return Ratings(self.item[keep], self.worker[keep], self.value[keep], self.items, self.workers)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class GoldValues:
    """Values of items that are known beforehand.

    Attributes
    ----------
    value
        float64[n_items]; NaN for an item whose value is not known.
    """

    value: Floats

    @classmethod
    def none(cls, ratings: Ratings) -> Self:
        """No item's value is known."""
        return cls(np.full(ratings.n_items, np.nan))

    @classmethod
    def of(cls, ratings: Ratings, truth: Mapping[Any, float]) -> Self:
        """Read a mapping from item id to value; `InvalidRatings` for an unknown item or a value as in `of` there.

        >>> ratings = Ratings.of(["a", "b"], ["ann", "ann"], [3, 4])
        >>> GoldValues.of(ratings, {"b": 5}).value.tolist()
        [nan, 5.0]
        """
        gold = cls.none(ratings)
        if truth:
            ids = list(truth)
            place, _ = columns.coded(ids, "gold item", InvalidRatings, ratings.items)
            gold.value[place] = _numbers(list(truth.values()), "gold value")
        return gold

    @property
    def known(self) -> Flags:
        """Whether an item's value is known, bool[n_items]."""
        return np.asarray(~np.isnan(self.value))


def _numbers(values: ArrayLike | Iterable[Any], what: str) -> Floats:
    """Take a column of numbers whose squares, and sums of many of them, are numbers as well."""
    number = columns.numbers(values, what, InvalidRatings)
    if (beyond := np.abs(number) > MOST).any():
        row = int(np.argmax(beyond))
        raise InvalidRatings(
            f"The {what} of row {row} is {number[row]:g}; it must lie from {-MOST:g} to {MOST:g}, for no number "
            "holds the squares of larger ones.",
            mend="Measure in a larger unit, or leave out what stands for no answer.",
            row=row,
        )
    return number
