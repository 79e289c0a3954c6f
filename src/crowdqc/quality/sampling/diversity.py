"""An order in which the next item is good and unlike those before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Floats
from crowdqc.quality.sampling.evidence import Vectors


def spread_out(vectors: Vectors, score: Floats, diversity: float) -> tuple[NDArray[np.int64], Floats]:
    """Order items by maximal marginal relevance (Carbonell, Goldstein 1998).

    Parameters
    ----------
    vectors
        float32[m, d] of unit length.
    score
        float64[m].
    diversity
        Share of the value that unlikeness makes, 0 to 1.

    Returns
    -------
    order, value
        int64[m], and float64[m], never rising: (1 - diversity) * score less diversity * the greatest similarity to
        an item before it. The earlier of two equal ones comes first. m * m * d multiplications.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    >>> order, value = spread_out(vectors, np.array([0.9, 0.8, 0.5]), 0.5)
    >>> order.tolist(), value.round(2).tolist()
    ([0, 2, 1], [0.45, 0.25, -0.1])
    """
    order = np.empty(score.size, dtype=np.int64)
    value = np.empty(score.size)
    relevance = (1 - diversity) * score
    nearest = np.zeros(score.size, dtype=np.float32)
    for turn in range(score.size):
        worth = relevance - diversity * nearest
        best = int(worth.argmax())
        order[turn], value[turn] = best, worth[best]
        np.maximum(nearest, vectors @ vectors[best], out=nearest)
        relevance[best] = -np.inf
    return order, value
