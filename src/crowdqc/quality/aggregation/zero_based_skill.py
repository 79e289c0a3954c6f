"""Zero-based skill: a weighted vote whose weights move, step by step, to each worker's agreement with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.majority_vote import by_votes
from crowdqc.quality.aggregation.wawa import agreement, weighed_by
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.votes import Votes

#: Skills nearer to their agreement than this stay where they are.
STILL = 1e-12


@dataclass(frozen=True, slots=True)
class ZeroBasedSkill:
    """Repeat: vote with the skills for weights, and move each skill to the worker's agreement with the result.

    `Wawa` is one round of it, from equal skills and at a rate of 1. The skill is the weight of the last vote. Ties
    share the credit, gold stands in for the vote and weights of answers are left aside, as in `Wawa`.

    Parameters
    ----------
    max_iterations
        Rounds at most; it stops where nothing moves any more, as no later round would change that.
    rate
        How far a skill moves: 1 is all the way.
    rate_steps, rate_factor
        The rate is multiplied by the factor in each round whose number is a multiple of `rate_steps`.
    eps
        What a skill is above 1 / K at the beginning, K being the number of labels that occur.

    References
    ----------
    crowd-kit's `ZeroBasedSkill`, which is equal but for ties; its names for the parameters are n_iter, lr_init,
    lr_steps_to_reduce, lr_reduce_factor and eps.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 1, 2, 2, 2, 3, 3], list("abcabcac"), list("xxyyyxxy"))
    >>> consensus = ZeroBasedSkill().fit(votes)
    >>> consensus.skill.tolist(), consensus.converged
    ([1.0, 1.0, 0.0], True)
    """

    max_iterations: int = 100
    rate: float = 1.0
    rate_steps: int = 20
    rate_factor: float = 0.5
    eps: float = 1e-5

    def __post_init__(self) -> None:
        check_whole(self, "max_iterations", "rate_steps")
        check_number(self, "rate", "rate_factor", high=1)
        check_number(self, "eps")

    def fit(self, votes: Votes, gold: Gold | Truth | None = None) -> Consensus:
        """Vote until the skills stand still; an item without answers is uniform and has no label."""
        gold = Gold.given(votes, gold)
        labels = int(np.count_nonzero(np.bincount(votes.label, minlength=votes.n_classes)))
        skill = np.full(votes.n_workers, 1 / max(labels, 1) + self.eps)
        skill[votes.answers_per_worker() == 0] = np.nan
        rate, round_, converged = self.rate, 0, False
        while not converged and round_ < self.max_iterations:
            round_ += 1
            if round_ % self.rate_steps == 0:
                rate *= self.rate_factor
            away = agreement(votes, weighed_by(votes, skill), gold) - skill
            converged = not (np.abs(away) > STILL).any()
            skill = skill + rate * away
        consensus = by_votes(weighed_by(votes, skill), votes, gold, skill=skill)
        return replace(consensus, iterations=round_, converged=converged)
