"""What every sampler gives: items in the order in which to look at them, each with a score and a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.sampling.pool import Pool


class Sampler(Protocol):
    """A way of choosing with its parameters: a frozen dataclass that ranks and remembers nothing."""

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        """Rank the items that nobody has looked at; those of which nothing can be said are left out."""
        ...


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Items, the first to be looked at first.

    Attributes
    ----------
    item
        int32[m], no item twice, none that was looked at.
    score
        float64[m], never rising; what it means is the sampler's.
    cell
        int32[m] or None: the cell within which the order is by pure chance. Only a sampler whose choice is a
        probability sample has cells.
    why
        Says of an item, by its code, why it stands where it stands. Called when somebody reads it.
    """

    item: Codes
    score: Floats
    why: Callable[[int], str]
    cell: Codes | None = None

    def __len__(self) -> int:
        return int(self.item.size)

    def top(self, k: int) -> Codes:
        """Give the first k items, or all where there are fewer."""
        return self.item[:k]

    def reasons(self, k: int) -> tuple[str, ...]:
        """Say why, of the first k items."""
        return tuple(self.why(int(each)) for each in self.item[:k])

    def chance(self, k: int) -> Floats | None:
        """Give the probability with which each of the first k was to be among them, float64[k].

        None where the order is not by chance. Within a cell all items are alike: its places among the first k, by
        its items. A cell without a place says nothing, and an estimate must leave it out by name.

        >>> item, cell = np.arange(4, dtype=np.int32), np.array([0, 1, 0, 0], dtype=np.int32)
        >>> ranking = Ranking(item, np.zeros(4), str, cell)
        >>> ranking.chance(2).round(2).tolist()
        [0.33, 1.0]
        """
        if self.cell is None:
            return None
        cells = int(self.cell.max(initial=-1)) + 1
        share = np.bincount(self.cell[:k], minlength=cells) / np.maximum(
            np.bincount(self.cell, minlength=cells), 1
        )
        return np.asarray(share[self.cell[:k]])


def ranked(
    pool: Pool,
    score: Floats,
    rng: np.random.Generator,
    why: Callable[[int], str],
) -> Ranking:
    """Order the items that nobody has looked at by their scores, float64[n_items]; NaN is left out.

    Equal scores stand in an order that `rng` draws: not that of the upload, which may say something of the items.
    """
    ticket = rng.random(pool.n_items)
    free = pool.free()
    free = free[~np.isnan(score[free])]
    order = np.lexsort((ticket[free], -score[free]))
    item = free[order]
    return Ranking(item=item, score=score[item], why=why)
