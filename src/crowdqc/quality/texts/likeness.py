"""Averages of vectors within items, by nothing but the inner products of the vectors of an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Counts, Floats, brief
from crowdqc.quality.groups import pairs_within, sums
from crowdqc.quality.texts.vectors import Vectors

#: Vectors made, and pairs of them multiplied, at once: bounds memory, changes no result.
VECTORS = 1 << 13


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """Inner products of each two vectors of the same item; the vectors have length 1 and are sorted by item.

    Attributes
    ----------
    item
        int[n], each vector's item, numbered without gaps.
    pairs
        int64[pairs] twice, the places of the two.
    product
        float64[pairs].
    """

    item: NDArray[np.integer]
    pairs: tuple[Counts, Counts]
    product: Floats

    @classmethod
    def of(cls, item: NDArray[np.integer], texts: Sequence[str], vectors: Vectors) -> Self:
        """Multiply the vectors of some texts."""
        _, group, sizes = np.unique(item, return_inverse=True, return_counts=True)
        ends = np.cumsum(sizes)
        left, right = pairs_within(sizes)
        product = np.empty(left.size)
        last = np.cumsum(sizes * (sizes - 1) // 2)
        begin = pair = 0
        for group_end in np.flatnonzero(np.diff(ends // VECTORS, append=-1)):
            end = int(ends[group_end])
            rows = vectors.rows(texts[begin:end])
            for start in range(pair, int(last[group_end]), VECTORS):
                part = slice(start, min(start + VECTORS, int(last[group_end])))
                product[part] = np.einsum("pd,pd->p", rows[left[part] - begin], rows[right[part] - begin])
            begin, pair = end, int(last[group_end])
        return cls(group.reshape(-1), (left, right), product)

    def mean_of_others(self, values: Floats) -> Floats:
        """Average values of pairs, float64[pairs], over those that a vector is in, float64[n]."""
        left, right = self.pairs
        total = sums(left, values, self.item.size) + sums(right, values, self.item.size)
        return np.asarray(total / np.maximum(np.bincount(self.item)[self.item] - 1, 1))

    def averaged(self, weight: Floats) -> Average:
        """Average the vectors of each item, weighted by float64[n]."""
        share = weight / self.per_item(weight)[self.item]
        return Average(self, share, self.projected(share))

    def projected(self, share: Floats) -> Floats:
        """Inner product of each vector with the sum of share times vector over its item, float64[n]."""
        left, right = self.pairs
        found = sums(left, self.product * share[right], self.item.size)
        return found + sums(right, self.product * share[left], self.item.size) + share

    def per_item(self, values: Floats) -> Floats:
        """Sum values of vectors, float64[n], over each item."""
        return sums(self.item, values, 0)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Average:
    """The weighted average of the vectors of each item.

    Attributes
    ----------
    likeness
        Between which vectors.
    share
        float64[n], of each vector in the average of its item.
    along
        float64[n], inner product of each vector with the average.
    """

    likeness: Likeness
    share: Floats
    along: Floats

    def length(self) -> Floats:
        """Squared length of each item's average, float64[items]."""
        return np.asarray(np.maximum(self.likeness.per_item(self.share * self.along), 0.0))

    def squares(self) -> Floats:
        """Squared distance of each vector to the average, float64[n]."""
        return np.asarray(np.maximum(1 - 2 * self.along + self.length()[self.likeness.item], 0.0))

    def angles(self) -> Floats:
        """One less the cosine between each vector and the average, float64[n]; 1 where they cancel out."""
        length = np.sqrt(self.length())[self.likeness.item]
        return np.asarray(1 - np.divide(self.along, length, out=np.zeros_like(length), where=length > 1e-12))

    def moved(self, before: Average) -> float:
        """How far the averages are from others, as a share of their squares."""
        between = self.share * before.along
        squares = self.length() + before.length() - 2 * self.likeness.per_item(between)
        return float(np.maximum(squares, 0.0).sum() / max(float(self.length().sum()), 1e-300))
