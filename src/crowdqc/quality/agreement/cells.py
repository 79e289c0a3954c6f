"""Sparse tables of how often each group holds each code: nothing of the size groups x codes is ever made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Flags, Floats, brief
from crowdqc.quality.votes import Votes

Index = NDArray[np.int64]

#: A dense table is counted where it is not much larger than the answers: a bincount is faster than a sort.
_DENSE = 1 << 16
#: Bits of a whole number that a float holds exactly.
_EXACT = 52
#: Counts that are compared as rows, to find the items that are alike, where they do not fit into one number.
_ROWS = 1 << 22


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Masses of codes within groups, sorted by group and then by code, each pair at most once.

    Attributes
    ----------
    group, code
        int64[m].
    mass
        float64[m], above zero.
    total
        float64[groups], the mass of each group.
    codes
        How many codes there are, used or not.
    """

    group: Index
    code: Index
    mass: Floats
    total: Floats
    codes: int

    @classmethod
    def of(
        cls,
        group: NDArray[np.integer],
        code: NDArray[np.integer],
        *,
        groups: int,
        codes: int,
        mass: Floats | None = None,
    ) -> Self:
        """Add up the masses, one an entry by default, of entries in any order."""
        key = group.astype(np.int64) * codes + code
        if groups * codes <= 4 * key.size + _DENSE:
            masses = np.bincount(key, mass, groups * codes)
            found = np.flatnonzero(masses)
            masses = masses[found]
        elif mass is None:
            found, masses = np.unique(key, return_counts=True)
        else:
            found, place = np.unique(key, return_inverse=True)
            masses = np.bincount(place, mass, found.size)
            found, masses = found[masses > 0], masses[masses > 0]
        held = found // max(codes, 1)
        amounts = masses.astype(np.float64)
        return cls(held, found - held * codes, amounts, sums(held, amounts, groups), codes)

    @classmethod
    def pooled(cls, mass: Floats) -> Self:
        """One group that holds every code."""
        codes = np.arange(mass.size, dtype=np.int64)
        return cls(np.zeros_like(codes), codes, mass, np.array([mass.sum()]), mass.size)

    def key(self) -> Index:
        """A rising number for each cell."""
        return self.group * self.codes + self.code

    def find(self, group: NDArray[np.integer], code: NDArray[np.integer]) -> Index:
        """Where the cells of these groups and codes stand; they must be there."""
        keys, wanted = self.key(), group.astype(np.int64) * self.codes + code
        size = self.total.size * self.codes
        if size > 4 * wanted.size + _DENSE:
            return np.searchsorted(keys, wanted)
        place = np.empty(size, dtype=np.int64)
        place[keys] = np.arange(keys.size)
        return place[wanted]

    def per_group(self, values: Floats) -> Floats:
        """Sum values of cells within groups, float64[groups]."""
        return sums(self.group, values, self.total.size)

    def per_code(self, values: Floats) -> Floats:
        """Sum values of cells within codes, float64[codes]."""
        return sums(self.code, values, self.codes)

    def pick(self, groups: Index) -> Cells:
        """Only these groups, in this order."""
        starts = np.searchsorted(self.group, groups)
        lengths = np.searchsorted(self.group, groups, side="right") - starts
        at = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(int(lengths.sum()))
        return Cells(
            np.repeat(np.arange(groups.size), lengths),
            self.code[at],
            self.mass[at],
            self.total[groups],
            self.codes,
        )


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """The items that have answers, by how often each was given each class.

    Attributes
    ----------
    cells
        A group a row; a row stands for one item, or for all items of the same counts.
    occurs
        float64[rows], how many items a row stands for.
    """

    cells: Cells
    occurs: Floats

    @classmethod
    def of(cls, votes: Votes, *, alike: bool = False) -> Items:
        """Count the answers; one worker's repeated answers to an item count once.

        Parameters
        ----------
        alike
            Let one row stand for all items of the same counts, so that a bootstrap costs as much as there are
            different counts.
        """
        votes = votes.once()
        row = rows_of(votes)
        groups = int(row[-1]) + 1 if row.size else 0
        cells = Cells.of(row, votes.label, groups=groups, codes=votes.n_classes)
        items = cls(cells, np.ones(groups))
        return items._alike() if alike else items

    @property
    def answers(self) -> Floats:
        """Answers to an item, float64[rows]."""
        return self.cells.total

    @property
    def pairable(self) -> Flags:
        """Whether an item has two answers to compare, bool[rows]."""
        return self.cells.total >= 2

    def _alike(self) -> Items:
        # rows in the order of their counts, so that a seed gives the same draws whatever the items are called
        cells, size = self.cells, self.occurs.size
        base = int(cells.mass.max(initial=0)) + 1
        if cells.codes * np.log2(base) <= _EXACT:
            digits = float(base) ** np.arange(cells.codes)[::-1]
            _, first, occurs = np.unique(
                cells.per_group(cells.mass * digits[cells.code]), return_index=True, return_counts=True
            )
        elif size * cells.codes <= _ROWS:
            counts = np.zeros((size, cells.codes))
            counts[cells.group, cells.code] = cells.mass
            _, first, occurs = np.unique(counts, axis=0, return_index=True, return_counts=True)
        else:
            return self
        return Items(cells.pick(first), occurs.astype(np.float64))


def sums(place: NDArray[np.integer], values: Floats, size: int) -> Floats:
    """Add up values by place, float64[size]."""
    return np.asarray(np.bincount(place, values, size), dtype=np.float64)


def rows_of(votes: Votes) -> Index:
    """Number the items that have answers: the row of each answer, int64[n]."""
    new = np.zeros(len(votes), dtype=np.int64)
    np.not_equal(votes.item[1:], votes.item[:-1], out=new[1:], casting="unsafe")
    return np.cumsum(new)
