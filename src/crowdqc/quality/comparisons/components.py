"""Which items a chain of comparisons joins, and scores within each such component."""

from __future__ import annotations

import numpy as np

from crowdqc.quality.arrays import Codes, Floats


def components(left: Codes, right: Codes, n_items: int) -> Codes:
    """The connected component of each item, int32[n_items], by the code of its first item; -1 without any edge.

    >>> components(np.array([0, 4]), np.array([2, 5]), 6).tolist()
    [0, -1, 0, -1, 4, 4]
    """
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    edges = sparse.coo_array((np.ones(left.size, dtype=np.int8), (left, right)), shape=(n_items, n_items))
    _, number = connected_components(edges.tocsr(), directed=False)
    _, first, which = np.unique(number, return_index=True, return_inverse=True)
    alone = np.bincount(left, minlength=n_items) + np.bincount(right, minlength=n_items) == 0
    return np.where(alone, -1, first[which]).astype(np.int32)


def strongly_connected(winner: Codes, loser: Codes, component: Codes) -> bool:
    """Whether in each component a chain of wins joins every item to every other: else no maximum is finite."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    n_items = component.size
    wins = sparse.coo_array((np.ones(winner.size, dtype=np.int8), (winner, loser)), shape=(n_items, n_items))
    strong, _ = connected_components(wins.tocsr(), directed=True, connection="strong")
    return bool(strong == np.unique(component[component >= 0]).size + np.count_nonzero(component < 0))


def centred(score: Floats, component: Codes) -> Floats:
    """Move the scores to the mean 0 within each component, float64[n_items]; NaN where there is no component."""
    joined = component >= 0
    total = np.bincount(component[joined], weights=score[joined], minlength=score.size)
    size = np.bincount(component[joined], minlength=score.size)
    return np.where(joined, score - (total / np.maximum(size, 1))[component], np.nan)


def shares(score: Floats, component: Codes) -> Floats:
    """Each item's strength, exp(score), as a share of its component's, float64[n_items]; NaN without component."""
    joined = np.flatnonzero(component >= 0)
    highest = np.full(score.size, -np.inf)
    np.maximum.at(highest, component[joined], score[joined])
    strength = np.exp(score[joined] - highest[component[joined]])
    total = np.bincount(component[joined], weights=strength, minlength=score.size)
    found = np.full(score.size, np.nan)
    found[joined] = strength / total[component[joined]]
    return found
