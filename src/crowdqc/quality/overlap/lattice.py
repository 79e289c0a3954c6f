"""The answers that may come, as counts of labels: their order says nothing of the truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import brief

Places = NDArray[np.intp]


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """What may have come after 1, 2, ... answers, each with one of K labels.

    Attributes
    ----------
    parent, label
        intp[S_d] by depth d, from which point of the depth before, by which label, a point is reached; one way of
        several.
    children
        intp[S_d, K] by depth d, from 0 to one before the last: to which point of the next depth a label leads.
    """

    parent: tuple[Places, ...]
    label: tuple[Places, ...]
    children: tuple[Places, ...]

    @property
    def depth(self) -> int:
        return len(self.parent)


def points(K: int, depth: int) -> int:
    """Count the points after `depth` answers: multisets of so many of K labels.

    >>> points(2, 3), points(5, 4)
    (4, 70)
    """
    return comb(depth + K - 1, depth)


def affordable(K: int, wanted: int, most: int) -> int:
    """Give the greatest depth, `wanted` at most and 1 at least, all of whose points are no more than `most`.

    >>> affordable(2, 50, 500), affordable(5, 50, 500), affordable(50, 50, 500)
    (30, 6, 1)
    """
    depth = min(wanted, 1)
    while depth < wanted and comb(depth + 1 + K, K) <= most:
        depth += 1
    return depth


@lru_cache(maxsize=64)
def lattice(K: int, depth: int) -> Lattice:
    """Number the points of each depth."""
    parents: list[Places] = []
    labels: list[Places] = []
    children: list[Places] = []
    before: list[tuple[int, ...]] = [(0,) * K]
    for _ in range(depth):
        number: dict[tuple[int, ...], int] = {}
        parent: list[int] = []
        label: list[int] = []
        to = np.empty((len(before), K), dtype=np.intp)
        for place, counts in enumerate(before):
            for said in range(K):
                reached = (*counts[:said], counts[said] + 1, *counts[said + 1 :])
                if reached not in number:
                    number[reached] = len(number)
                    parent.append(place)
                    label.append(said)
                to[place, said] = number[reached]
        parents.append(np.array(parent, dtype=np.intp))
        labels.append(np.array(label, dtype=np.intp))
        children.append(to)
        before = list(number)
    return Lattice(tuple(parents), tuple(labels), tuple(children))
