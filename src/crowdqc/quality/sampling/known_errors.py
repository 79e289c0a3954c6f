"""Near what was wrong before, spread so that one kind of error does not fill the queue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.sampling.diversity import spread_out
from crowdqc.quality.sampling.neighbours import nearest, unit
from crowdqc.quality.sampling.pool import Pool
from crowdqc.quality.sampling.ranking import Ranking, ranked


@dataclass(frozen=True, slots=True)
class KnownErrors:
    """The items first that are alike to known errors and not to what is known to be right.

    An item's closeness is the mean cosine similarity to its nearest known errors, less `contrast` of that to its
    nearest items that were found right. The best `candidates` are then spread: what is like those before it waits
    (`diversity.spread_out`), so that near-duplicates do not follow each other, and a small kind of error has its
    turns beside a great one. The items behind them stand by closeness, valued as if all of those were their like.

    Parameters
    ----------
    neighbours
        Known errors, and items known right, that an item is compared with; fewer where there are fewer.
    contrast
        What similarity to right items takes away; 0: nothing.
    diversity
        Weight of being unlike those before, from 0, closeness alone, to 1.
    candidates
        Items that are spread.

    Examples
    --------
    >>> pool = Pool.of(5, embeddings=[[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [1, 1]], error=[0], right=[2])
    >>> ranking = KnownErrors().rank(pool, np.random.default_rng(0))
    >>> ranking.item.tolist(), ranking.why(1)
    ([1, 4, 3], 'like item 0, whose label was wrong (similarity 0.99)')
    """

    neighbours: int = 3
    contrast: float = 0.5
    diversity: float = 0.3
    candidates: int = 2000

    def __post_init__(self) -> None:
        check_whole(self, "neighbours", high=1000)
        check_whole(self, "candidates", high=20_000)
        check_number(self, "contrast", "diversity", high=1.0)

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        pool.need("known_errors", "embeddings", "error")
        assert pool.embeddings is not None
        vectors = unit(pool.embeddings)
        free = pool.free()
        wrong, right = np.flatnonzero(pool.error), np.flatnonzero(pool.right)
        close = nearest(vectors[free], vectors[wrong], self.neighbours)
        closeness = close.similarity.mean(axis=1, dtype=np.float64)
        if self.contrast and right.size:
            to_right = nearest(vectors[free], vectors[right], self.neighbours).similarity
            closeness -= self.contrast * to_right.mean(axis=1, dtype=np.float64)
        score = np.full(pool.n_items, np.nan)
        score[free] = closeness

        def why(item: int) -> str:
            at = int(np.searchsorted(free, item))
            return (
                f"like item {wrong[close.item[at, 0]]}, whose label was wrong "
                f"(similarity {close.similarity[at, 0]:.2f})"
            )

        order = ranked(pool, score, rng, why)
        if not self.diversity:
            return order
        first, rest = order.item[: self.candidates], order.item[self.candidates :]
        place, value = spread_out(vectors[first], score[first], self.diversity)
        behind = (1 - self.diversity) * score[rest] - self.diversity * np.log1p(first.size)
        return Ranking(np.concatenate([first[place], rest]), np.concatenate([value, behind]), why)
