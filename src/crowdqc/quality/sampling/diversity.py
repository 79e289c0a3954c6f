"""An order in which the next item is good, and not one more of what was given just before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Floats
from crowdqc.quality.sampling.evidence import Vectors

#: Similarities are raised to this power: 0.9 crowds as two thirds of an item, 0.5 as a sixteenth.
SHARPNESS = 4


def spread_out(vectors: Vectors, score: Floats, diversity: float) -> tuple[NDArray[np.int64], Floats]:
    """Order items greedily by score less crowding.

    An item is crowded by those before it, each with the fourth power of its cosine similarity. The logarithm of
    that sum is taken away: a second item of a kind costs most, and of two kinds that are equally good, one with
    many items and one with few, each has its turns until it is used up. Maximal marginal relevance, which looks at
    the most similar item alone, gives the smaller one a single turn.

    Parameters
    ----------
    vectors
        float32[m, d] of unit length.
    score
        float64[m].
    diversity
        Weight of crowding, 0 to 1.

    Returns
    -------
    order, value
        int64[m], and float64[m], never rising: (1 - diversity) * score - diversity * log(1 + crowding). The
        earlier of two equal ones comes first. m * m * d multiplications.

    References
    ----------
    H. Lin, J. Bilmes (2011), A class of submodular functions for document summarization, ACL: a concave function
    of what each kind has already. J. Carbonell, J. Goldstein (1998), The use of MMR, SIGIR: greedy reranking.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    >>> order, value = spread_out(vectors, np.array([0.9, 0.8, 0.5]), 0.5)
    >>> order.tolist(), value.round(2).tolist()
    ([0, 2, 1], [0.45, 0.25, 0.05])
    """
    order = np.empty(score.size, dtype=np.int64)
    value = np.empty(score.size)
    relevance = (1 - diversity) * score
    crowding = np.zeros(score.size, dtype=np.float32)
    for turn in range(score.size):
        worth = relevance - diversity * np.log1p(crowding)
        best = int(worth.argmax())
        order[turn], value[turn] = best, worth[best]
        crowding += np.maximum(vectors @ vectors[best], 0.0) ** SHARPNESS
        relevance[best] = -np.inf
    return order, value
