"""Rows that stand together in groups: their sums, their means, and each two of the same group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Counts, Floats


def sums(group: NDArray[np.integer], values: Floats, size: int) -> Floats:
    """Sum values over each group, float64[size]; 0 for a group without rows."""
    # of no rows numpy makes whole numbers
    return np.bincount(group, weights=values, minlength=size).astype(np.float64, copy=False)


def means(group: NDArray[np.integer], values: Floats, size: int, weight: Floats | None = None) -> Floats:
    """Average the values that are not NaN over each group, float64[size]; NaN where nothing weighs.

    >>> means(np.array([0, 0, 2]), np.array([1.0, np.nan, 4.0]), 3).tolist()
    [1.0, nan, 4.0]
    """
    there = ~np.isnan(values)
    each = there.astype(np.float64) if weight is None else np.where(there, weight, 0.0)
    total = sums(group, np.where(there, values, 0.0) * each, size)
    n = sums(group, each, size)
    return np.asarray(np.divide(total, n, out=np.full(size, np.nan), where=n > 0))


def pairs_within(sizes: NDArray[np.integer]) -> tuple[Counts, Counts]:
    """Give each two members of the same group, numbered through: int64[pairs] twice, the lesser first.

    >>> [each.tolist() for each in pairs_within(np.array([2, 1, 3]))]
    [[0, 3, 3, 4], [1, 4, 5, 5]]
    """
    sizes = np.asarray(sizes, dtype=np.int64)
    first = np.cumsum(sizes) - sizes
    place = np.arange(int(sizes.sum())) - np.repeat(first, sizes)
    partners = np.repeat(sizes, sizes) - 1 - place
    left = np.repeat(np.arange(place.size), partners)
    right = np.arange(left.size) - np.repeat(np.cumsum(partners) - partners, partners) + left + 1
    return left, right
