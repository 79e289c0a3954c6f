"""Distances of classes: of names that are the same or not, and of any other kind that is looked up or computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from crowdqc.quality.agreement.cells import Cells, Index
from crowdqc.quality.arrays import CHUNK, Floats, brief


class Distance(Protocol):
    """A symmetric distance of classes, by their codes; zero from a class to itself."""

    @property
    def largest(self) -> float:
        """What counts as no agreement at all: the distance of weight 0."""

    def between(self, left: Index, right: Index) -> Floats:
        """Distance of each code on the left to that on the right."""

    def toward(self, left: Cells, right: Cells) -> Floats:
        """For each cell on the left: the distances to all cells of its group on the right, times their mass."""


@dataclass(frozen=True, slots=True)
class Nominal:
    """Classes are the same or not."""

    largest: float = 1.0

    def between(self, left: Index, right: Index) -> Floats:
        return np.asarray(left != right, dtype=np.float64)

    def toward(self, left: Cells, right: Cells) -> Floats:
        if left is right:
            return right.total[left.group] - right.mass
        keys, wanted = right.key(), left.key()
        at = np.minimum(np.searchsorted(keys, wanted), max(keys.size - 1, 0))
        return right.total[left.group] - np.where(keys[at] == wanted, right.mass[at], 0.0)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Pairwise:
    """Any other distance, looked up or computed for each two codes that meet."""

    distance: Callable[[Index, Index], Floats]
    largest: float = field(default=1.0)

    def between(self, left: Index, right: Index) -> Floats:
        return self.distance(left, right)

    def toward(self, left: Cells, right: Cells) -> Floats:
        out = np.empty(left.code.size)
        if right.total.size == 1:  # everything with everything: no need to list who meets whom
            step = max(1, CHUNK * 8 // max(right.code.size, 1))
            for at in range(0, out.size, step):
                met = self.distance(left.code[at : at + step, None], right.code[None, :])
                out[at : at + step] = met @ right.mass
            return out
        lengths = np.bincount(right.group, minlength=right.total.size)
        starts, meets = np.cumsum(lengths) - lengths, lengths[left.group]
        ends = np.cumsum(meets)
        at = 0
        while at < out.size:
            done = int(ends[at - 1]) if at else 0
            to = max(at + 1, int(np.searchsorted(ends, done + CHUNK * 8, side="right")))
            many = meets[at:to]
            one = np.repeat(np.arange(at, to), many)
            shift = starts[left.group[at:to]] - (ends[at:to] - many - done)
            other = np.arange(one.size) + np.repeat(shift, many)
            met = self.distance(left.code[one], right.code[other]) * right.mass[other]
            out[at:to] = np.bincount(one - at, met, to - at)
            at = to
        return out
