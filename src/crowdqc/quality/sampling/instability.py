"""Where the model changes its mind when the item is only turned, cropped or said in other words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from crowdqc.quality.arrays import Floats
from crowdqc.quality.parameters import check_choice
from crowdqc.quality.sampling.chunks import Group, entropy
from crowdqc.quality.sampling.pool import Pool
from crowdqc.quality.sampling.ranking import Ranking, ranked

Measure = Literal["variance", "flips", "divergence"]


@dataclass(frozen=True, slots=True)
class Instability:
    """The items first whose augmented views the model takes for different things; an item needs two views.

    Parameters
    ----------
    measure
        "variance": of each class's probability over the views, summed over the classes; 0 to 1/2 for two views.
        "flips": the share of views whose class is not the commonest; ties among items are settled by the variance.
        "divergence": Jensen-Shannon divergence of the views in nats.

    References
    ----------
    M. Gao, Z. Zhang, G. Yu, S. Arik, L. Davis, T. Pfister (2020), Consistency-based semi-supervised active
    learning, ECCV: the variance over augmentations.

    Examples
    --------
    >>> views = [[[0.9, 0.1], [0.8, 0.2]], [[0.2, 0.8], [0.8, 0.2]], [[0.9, 0.1], [0.8, 0.2]]]
    >>> ranking = Instability().rank(Pool.of(2, views=views), np.random.default_rng(0))
    >>> ranking.item.tolist(), ranking.score.round(3).tolist(), ranking.why(0)
    ([0, 1], [0.218, 0.0], '1 of 3 views are not taken for class 0, as the others are')
    """

    measure: Measure = "variance"

    def __post_init__(self) -> None:
        check_choice(self, "measure", get_args(Measure))

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        pool.need("instability", "views")
        said = pool.views
        assert said is not None
        score = np.full(pool.n_items, np.nan)
        for group in Group.each(said):
            score[group.item] = self.unrest(group)

        def why(item: int) -> str:
            rows = said.probabilities[said.item == item]
            votes = np.bincount(rows.argmax(axis=1))
            usual = pool.class_name(int(votes.argmax()))
            if votes.max() == votes.sum():
                sure = rows[:, votes.argmax()]
                return f"all {votes.sum()} views are taken for {usual}, with {sure.min():.2f} to {sure.max():.2f}"
            return (
                f"{votes.sum() - votes.max()} of {votes.sum()} views are not taken for {usual}, as the others are"
            )

        return ranked(pool, score, rng, why)

    def unrest(self, group: Group) -> Floats:
        """Measure how the views of each item of a group differ, float64[g]."""
        if self.measure == "divergence":
            apart = entropy(group.mean()) - group.sums(entropy(group.probabilities)) / group.size
            return np.asarray(np.maximum(apart, 0.0))
        away = group.probabilities - np.repeat(group.mean(), group.size, axis=0)
        variance = group.sums(np.einsum("ij,ij->i", away, away)) / group.size
        if self.measure == "variance":
            return np.asarray(variance)
        # flips are multiples of 1/V; the variance, at most 1, settles what they leave even
        return np.asarray(1 - group.votes().max(axis=1) / group.size + variance * 1e-6)
