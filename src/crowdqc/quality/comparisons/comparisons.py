"""Who preferred which of two items, as coded columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality import columns
from crowdqc.quality.arrays import Codes, Counts, Flags, brief
from crowdqc.quality.columns import Repeats

#: What can be said of a left and a right item, by code.
CHOICES = ("left", "right", "same")
LEFT, RIGHT, SAME = range(3)


class InvalidComparisons(Invalid):
    """The answers cannot be read as comparisons."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Answers to "which of the two?" as columns, sorted by pair and worker; build them with `of` or `coded`.

    Attributes
    ----------
    left, right
        int32[n], codes into `items`: what was shown on the left and on the right.
    worker
        int32[n], codes into `workers`.
    choice
        int32[n], codes into `CHOICES`: left, right, same.
    items, workers
        The ids by code; an item may have been compared with nothing.
    """

    left: Codes
    right: Codes
    worker: Codes
    choice: Codes
    items: tuple[Hashable, ...]
    workers: tuple[Hashable, ...]

    @classmethod
    def of(
        cls,
        left: Iterable[Hashable],
        right: Iterable[Hashable],
        workers: Iterable[Hashable],
        choices: Iterable[str],
        *,
        repeats: Repeats = "first",
        all_items: Sequence[Hashable] | None = None,
    ) -> Self:
        """Read four parallel columns, one row an answer, in the order of answering.

        Parameters
        ----------
        choices
            "left", "right" or "same".
        repeats
            What to do when a worker compared the same two items more than once, whichever stood on the left: keep
            the first or the last answer, keep all, or reject the whole. Only here does the order of rows matter.
        all_items
            Every item, in the order that per-item arrays shall have; None takes those compared, sorted.

        Raises
        ------
        InvalidComparisons
            A missing id, an item compared with itself, another choice, columns of unequal length.

        Examples
        --------
        >>> comparisons = Comparisons.of("ab", "bc", ["ann", "ann"], ["left", "same"])
        >>> comparisons.items, comparisons.choice.tolist()
        (('a', 'b', 'c'), [0, 2])
        """
        on_left, on_right = columns.plain(left), columns.plain(right)
        worker_ids, said = columns.plain(workers), columns.plain(choices)
        columns.equally_long((on_left, on_right, worker_ids, said), InvalidComparisons)
        both, known = columns.coded([*on_left, *on_right], "item", InvalidComparisons, all_items)
        worker, known_workers = columns.coded(worker_ids, "worker", InvalidComparisons)
        for row, each in enumerate(said):
            if not isinstance(each, str) or each not in CHOICES:
                raise InvalidComparisons(
                    f"The choice of row {row} is {each!r}; it must be left, right or same.",
                    mend="Say on which side the better item stood, not what it is called.",
                    row=row,
                )
        choice, _ = columns.coded(said, "choice", InvalidComparisons, CHOICES)
        n = len(on_left)
        return cls.coded(both[:n], both[n:], worker, choice, items=known, workers=known_workers, repeats=repeats)

    @classmethod
    def coded(
        cls,
        left: ArrayLike,
        right: ArrayLike,
        worker: ArrayLike,
        choice: ArrayLike,
        *,
        items: Sequence[Hashable],
        workers: Sequence[Hashable],
        repeats: Repeats = "first",
    ) -> Self:
        """Build comparisons from columns of codes; checks, sorts and settles repeats as `of` does."""
        on_left = columns.checked(left, len(items), "left", InvalidComparisons)
        on_right = columns.checked(right, len(items), "right", InvalidComparisons)
        by = columns.checked(worker, len(workers), "worker", InvalidComparisons)
        said = columns.checked(choice, len(CHOICES), "choice", InvalidComparisons)
        columns.equally_long((on_left, on_right, by, said), InvalidComparisons)
        if (on_left == on_right).any():
            row = int(np.argmax(on_left == on_right))
            raise InvalidComparisons(f"Row {row} compares {items[on_left[row]]!r} with itself.", row=row)
        pair = np.minimum(on_left, on_right).astype(np.int64) * len(items) + np.maximum(on_left, on_right)
        keep = columns.settled(pair, by, repeats, InvalidComparisons)
        return cls(on_left[keep], on_right[keep], by[keep], said[keep], tuple(items), tuple(workers))

    def __len__(self) -> int:
        return int(self.left.size)

    @property
    def n_items(self) -> int:
        return len(self.items)

    @property
    def n_workers(self) -> int:
        return len(self.workers)

    def comparisons_per_item(self) -> Counts:
        return np.bincount(self.left, minlength=self.n_items) + np.bincount(self.right, minlength=self.n_items)

    def answers_per_worker(self) -> Counts:
        return np.bincount(self.worker, minlength=self.n_workers)

    def where(self, keep: Flags) -> Comparisons:
        """Keep the answers where `keep`, bool[n], is true; items and workers stay as they are."""
        return Comparisons(
            self.left[keep], self.right[keep], self.worker[keep], self.choice[keep], self.items, self.workers
        )
