"""Standings to test with: posteriors as given, and simulated crowds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation import Consensus, DawidSkene
from crowdqc.quality.gold import Gold
from crowdqc.quality.overlap import Standing, WorkerGroups
from crowdqc.quality.votes import Votes
from tests.quality.crowds import simulate


def standing(
    posterior: ArrayLike,
    crowd: ArrayLike | WorkerGroups,
    answered: int | list[int] = 2,
    *,
    gold: dict[int, str] | None = None,
    draws: ArrayLike | None = None,
) -> Standing:
    """Give items with this posterior, float64[n, K], and so many answers each."""
    table = np.asarray(posterior, dtype=np.float64)
    n, K = table.shape
    counts = np.broadcast_to(answered, n)
    item = np.repeat(np.arange(n), counts)
    worker = np.concatenate([np.arange(count) for count in counts]) if n else item
    votes = Votes.coded(
        item,
        worker,
        np.zeros(item.size, dtype=np.int64),
        items=range(n),
        workers=range(int(counts.max(initial=1))),
        classes=[str(k) for k in range(K)],
    )
    truth = Gold.of(votes, gold or {})
    consensus = Consensus.of(np.log(np.maximum(table, 1e-300)), votes, truth, class_prior=np.full(K, 1 / K))
    return Standing.of(votes, consensus, truth, crowd=crowd, draws=draws)


def simulated(seed: int, K: int = 3, overlap: int = 3, items: int = 200) -> Standing:
    """Give a simulated crowd's answers, fitted."""
    votes = simulate(seed, items=items, K=K, overlap=overlap).votes
    return Standing.of(votes, DawidSkene().fit(votes))
