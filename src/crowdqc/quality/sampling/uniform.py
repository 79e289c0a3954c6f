"""By pure chance: the one way of choosing from which the share of wrong labels can be told without bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.sampling.pool import Pool
from crowdqc.quality.sampling.ranking import Ranking


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every item that nobody has looked at is as likely as any other, at each place.

    The first k are a simple random sample: each had the chance k / n (`Ranking.chance`), and stopping at any place
    leaves a fair sample.

    Examples
    --------
    >>> ranking = Uniform().rank(Pool.of(5, right=[0]), np.random.default_rng(0))
    >>> ranking.item.tolist(), ranking.chance(2).tolist(), ranking.why(2)
    ([3, 1, 2, 4], [0.5, 0.5], 'drawn by chance among 4 items')
    """

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        item = rng.permutation(pool.free())
        words = f"drawn by chance among {item.size:,} items"
        return Ranking(item, np.zeros(item.size), lambda _: words, np.zeros(item.size, dtype=np.int32))
