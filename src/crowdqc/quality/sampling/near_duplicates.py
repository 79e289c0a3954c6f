"""Items that are almost the same and bear different labels: one of the two is wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.parameters import InvalidParameter, check_number, check_whole
from crowdqc.quality.sampling.neighbours import graph
from crowdqc.quality.sampling.pool import Pool
from crowdqc.quality.sampling.ranking import Ranking, ranked


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Pairs that are alike beyond `similarity`, those with different labels first.

    An item scores its greatest similarity to another that bears a different label, 0 to 1; one whose
    near-duplicates all bear its own label scores 1 less, so that it stands behind them all. Items that were looked
    at are partners as well, though they are not given. Items without a near-duplicate are left out.

    Parameters
    ----------
    similarity
        Cosine from which two items are near-duplicates.
    neighbours
        Nearest neighbours that are looked at.
    same
        Give those whose near-duplicates bear the same label, or no label, as well.

    Examples
    --------
    >>> vectors = [[1, 0], [1, 0.01], [0, 1], [0.01, 1]]
    >>> pool = Pool.of(4, classes=["cat", "dog"], label=[0, 1, 0, 0], embeddings=vectors)
    >>> ranking = NearDuplicates().rank(pool, np.random.default_rng(0))
    >>> sorted(ranking.item.tolist()), ranking.why(0)
    ([0, 1], 'almost the same as item 1 (similarity 1.00), which is called dog and not cat')
    """

    similarity: float = 0.98
    neighbours: int = 10
    same: bool = False

    def __post_init__(self) -> None:
        check_number(self, "similarity", high=1.0)
        check_whole(self, "neighbours", high=1000)
        if not isinstance(self.same, bool):
            raise InvalidParameter(f"same is {self.same!r}; it must be true or false.", name="same")

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        pool.need("near_duplicates", "embeddings", *([] if self.same else ["label"]))
        assert pool.embeddings is not None
        near = graph(pool.embeddings, self.neighbours)
        label = np.full(pool.n_items, -1) if pool.label is None else pool.label
        theirs = label[near.item]
        twin = near.similarity >= self.similarity
        odd = twin & (theirs != label[:, None]) & (theirs >= 0) & (label[:, None] >= 0)
        score = np.where(odd, near.similarity, -np.inf).max(axis=1, initial=-np.inf).astype(np.float64)
        if self.same:
            alike = np.where(twin, near.similarity, -np.inf).max(axis=1, initial=-np.inf) - 1.0
            score = np.maximum(score, alike)
        score[~np.isfinite(score)] = np.nan

        def why(item: int) -> str:
            # neighbours stand in order: the first that fits is the most similar
            fits = odd[item] if odd[item].any() else twin[item]
            place = int(fits.argmax())
            other, how = int(near.item[item, place]), near.similarity[item, place]
            words = f"almost the same as item {other} (similarity {how:.2f})"
            if not odd[item].any():
                return words
            called, not_called = pool.class_name(int(label[other])), pool.class_name(int(label[item]))
            return f"{words}, which is called {called} and not {not_called}"

        return ranked(pool, score, rng, why)
