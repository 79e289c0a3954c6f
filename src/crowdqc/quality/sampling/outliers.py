"""Items that are like no other: broken files, foreign things, rare cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.parameters import check_whole
from crowdqc.quality.sampling.neighbours import graph
from crowdqc.quality.sampling.pool import Pool
from crowdqc.quality.sampling.ranking import Ranking, ranked


@dataclass(frozen=True, slots=True)
class Outliers:
    """The items first whose nearest neighbours are far: 1 less the mean cosine similarity to them.

    Parameters
    ----------
    neighbours
        How many are looked at; with few, a pair of alike outliers hide each other.

    References
    ----------
    J. Kuan, J. Mueller (2022), Back to the basics: revisiting out-of-distribution detection baselines, ICML
    workshop on principles of distribution shift: the mean distance to the nearest neighbours.

    Examples
    --------
    >>> pool = Pool.of(4, embeddings=[[1, 0], [1, 0.1], [1, -0.1], [-1, 0]])
    >>> ranking = Outliers(neighbours=2).rank(pool, np.random.default_rng(0))
    >>> ranking.item[:1].tolist(), ranking.why(3)
    ([3], 'unlike all others: the mean similarity to the nearest 2 is -1.00')
    """

    neighbours: int = 10

    def __post_init__(self) -> None:
        check_whole(self, "neighbours", high=1000)

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        pool.need("outliers", "embeddings")
        assert pool.embeddings is not None
        near = graph(pool.embeddings, self.neighbours)
        k = near.item.shape[1]
        score = 1 - near.similarity.mean(axis=1, dtype=np.float64) if k else np.full(pool.n_items, np.nan)

        def why(item: int) -> str:
            return f"unlike all others: the mean similarity to the nearest {k} is {1 - score[item]:.2f}"

        return ranked(pool, score, rng, why)
