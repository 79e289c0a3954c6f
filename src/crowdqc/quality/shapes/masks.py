"""Who marked which pixels of which item, as coded columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality import columns
from crowdqc.quality.arrays import Codes, Counts, Flags, brief
from crowdqc.quality.columns import Answered, Repeats


class InvalidMasks(Invalid):
    """The answers cannot be read as masks."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Masks(Answered):
    """Masks as one column of pixels, answers sorted by item and then by worker; build them with `of` or `coded`.

    Attributes
    ----------
    item, worker
        int32[n], codes into `items`, `workers`.
    pixels
        bool[pixels of all answers], row by row of each mask, answer after answer.
    start
        int64[n + 1], where each answer begins.
    shape
        int64[n_items, 2], height and width of the item's masks; 0 for an item without answers.
    items, workers
        The ids by code.
    """

    item: Codes
    worker: Codes
    pixels: Flags
    start: Counts
    shape: Counts
    items: tuple[Hashable, ...]
    workers: tuple[Hashable, ...]

    @classmethod
    def of(
        cls,
        items: Iterable[Hashable],
        workers: Iterable[Hashable],
        masks: Iterable[ArrayLike],
        *,
        repeats: Repeats = "first",
        all_items: Sequence[Hashable] | None = None,
    ) -> Self:
        """Read three parallel columns, one row an answer, in the order of answering.

        Parameters
        ----------
        masks
            bool[height, width] of each answer, or numbers that are 0 or 1; alike within an item. A mask in which
            nothing is marked is an answer.
        repeats
            What to do when a worker answered an item more than once: keep the first or the last
            answer, keep all, or reject the whole. Only here does the order of the rows matter.
        all_items
            Every item, in the order that per-item results shall have; None takes those with answers, sorted.

        Raises
        ------
        InvalidMasks
            A missing id, a mask that is no table of yes and no, two shapes on one item, columns of unequal length.

        Examples
        --------
        >>> masks = Masks.of(["a", "a"], ["ann", "bob"], [[[0, 1], [1, 1]], [[0, 0], [1, 1]]])
        >>> masks.of_item(0).sum(axis=0).tolist()
        [[0, 1], [2, 2]]
        """
        drawn = list(masks)
        item, worker, known_items, known_workers = columns.asked(items, workers, drawn, InvalidMasks, all_items)
        return cls.coded(item, worker, drawn, items=known_items, workers=known_workers, repeats=repeats)

    @classmethod
    def coded(
        cls,
        item: ArrayLike,
        worker: ArrayLike,
        masks: Iterable[ArrayLike],
        *,
        items: Sequence[Hashable],
        workers: Sequence[Hashable],
        repeats: Repeats = "first",
    ) -> Self:
        """Build masks from columns that are codes already; checks, sorts and settles repeats as `of` does."""
        of_item = columns.checked(item, len(items), "item", InvalidMasks)
        of_worker = columns.checked(worker, len(workers), "worker", InvalidMasks)
        drawn = [_mask(each, row) for row, each in enumerate(masks)]
        columns.equally_long((of_item, of_worker, drawn), InvalidMasks)
        shape = np.zeros((len(items), 2), dtype=np.int64)
        met: dict[int, int] = {}
        for row, (code, mask) in enumerate(zip(of_item.tolist(), drawn, strict=True)):
            first = met.setdefault(code, row)
            if mask.shape != drawn[first].shape:
                sizes = f"The mask of row {row} is {_size(mask)}, that of row {first} {_size(drawn[first])}"
                raise InvalidMasks(f"{sizes}; those of item {items[code]!r} must be of one size.", row=row)
            shape[code] = mask.shape
        keep = columns.settled(of_item.astype(np.int64), of_worker, repeats, InvalidMasks)
        kept = [drawn[row].ravel() for row in keep.tolist()]
        return cls(
            of_item[keep],
            of_worker[keep],
            np.concatenate(kept) if kept else np.zeros(0, dtype=bool),
            np.append(0, np.cumsum([mask.size for mask in kept], dtype=np.int64)).astype(np.int64),
            shape,
            tuple(items),
            tuple(workers),
        )

    def of_item(self, item: int) -> Flags:
        """Give the masks of an item, by its code, in the order of its answers: bool[answers, height, width]."""
        first, end = np.searchsorted(self.item, [item, item + 1])
        height, width = self.shape[item]
        return self.pixels[self.start[first] : self.start[end]].reshape(int(end - first), int(height), int(width))


def _mask(mask: Any, row: int) -> Flags:
    try:
        table = np.asarray(mask)
    except ValueError:
        raise InvalidMasks(f"The mask of row {row} has rows of unequal length.", row=row) from None
    if table.ndim != 2:
        raise InvalidMasks(f"The mask of row {row} has {table.ndim} dimensions; it must have 2.", row=row)
    if table.dtype != bool and not (table.dtype.kind in "iuf" and ((table == 0) | (table == 1)).all()):
        raise InvalidMasks(f"The mask of row {row} holds something that is neither 0 nor 1.", row=row)
    return np.asarray(table.astype(bool))


def _size(mask: Flags) -> str:
    return " x ".join(map(str, mask.shape))
