"""Where the members of an ensemble disagree: what the models do not know, and not what nobody can know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from crowdqc.quality.arrays import Floats
from crowdqc.quality.parameters import check_choice
from crowdqc.quality.sampling.chunks import LEAST, Group, entropy
from crowdqc.quality.sampling.pool import Pool
from crowdqc.quality.sampling.ranking import Ranking, ranked

Measure = Literal["bald", "vote_entropy", "pairwise_kl"]


@dataclass(frozen=True, slots=True)
class EnsembleDisagreement:
    """The items first on which the members say different things; an item needs the word of at least two.

    Members that are all unsure agree: such an item is ambiguous, and `LowConfidence` finds it.

    Parameters
    ----------
    measure
        All in nats. "bald": entropy of the mean prediction less the mean entropy, what one would learn of the
        members by knowing the label; 0 to log(M). "vote_entropy": entropy of the members' votes; coarse, and sees
        no difference of confidence. "pairwise_kl": mean Kullback-Leibler divergence over all ordered pairs of
        members; a single sure dissenter weighs most. Probabilities below 1e-6 count as 1e-6 in it.

    References
    ----------
    N. Houlsby, F. Huszar, Z. Ghahramani, M. Lengyel (2011), Bayesian active learning for classification and
    preference learning: BALD. I. Dagan, S. Engelson (1995), Committee-based sampling for training probabilistic
    classifiers, ICML: vote entropy. A. McCallum, K. Nigam (1998), Employing EM and pool-based active learning for
    text classification, ICML: divergence.

    Examples
    --------
    >>> said = [[[0.9, 0.1], [0.5, 0.5]], [[0.1, 0.9], [0.5, 0.5]]]
    >>> ranking = EnsembleDisagreement().rank(Pool.of(2, ensemble=said), np.random.default_rng(0))
    >>> ranking.item.tolist(), ranking.score.round(3).tolist(), ranking.why(0)
    ([0, 1], [0.368, 0.0], '2 models disagree: 1 say class 0, 1 say class 1')
    """

    measure: Measure = "bald"

    def __post_init__(self) -> None:
        check_choice(self, "measure", get_args(Measure))

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        pool.need("ensemble_disagreement", "ensemble")
        said = pool.ensemble
        assert said is not None
        score = np.full(pool.n_items, np.nan)
        for group in Group.each(said):
            score[group.item] = self.disagreement(group)

        def why(item: int) -> str:
            votes = np.bincount(said.probabilities[said.item == item].argmax(axis=1))
            told = [
                f"{votes[k]} say {pool.class_name(k)}"
                for k in np.argsort(-votes, kind="stable").tolist()
                if votes[k]
            ]
            how = "disagree" if len(told) > 1 else "are not equally sure"
            return f"{votes.sum()} models {how}: {', '.join(told)}"

        return ranked(pool, score, rng, why)

    def disagreement(self, group: Group) -> Floats:
        """Measure the disagreement on each item of a group, float64[g] in nats."""
        if self.measure == "vote_entropy":
            return entropy(group.votes() / group.size[:, None])
        if self.measure == "bald":
            apart = entropy(group.mean()) - group.sums(entropy(group.probabilities)) / group.size
            return np.asarray(np.maximum(apart, 0.0))
        # over all M^2 pairs the sum needs no pairs: M sum_i p_i log p_i - (sum_i p_i)(sum_j log p_j)
        p = np.maximum(group.probabilities, LEAST)
        p /= p.sum(axis=1, keepdims=True)
        logs = np.log(p)
        own = group.size * group.sums(np.einsum("ij,ij->i", p, logs))
        cross = np.einsum("ij,ij->i", group.sums(p), group.sums(logs))
        return np.asarray(np.maximum(own - cross, 0.0) / (group.size * (group.size - 1)))
