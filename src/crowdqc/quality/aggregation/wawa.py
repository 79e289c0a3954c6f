"""Wawa: a vote weighted by each worker's agreement with the majority."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.majority_vote import by_votes, leading
from crowdqc.quality.aggregation.weighted_vote import weighed
from crowdqc.quality.arrays import Floats, row_sums
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.votes import Votes

#: Stands for the weight of an item that has none.
LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class Wawa:
    """Worker agreement with aggregate: a first vote says how good workers are, a second weighs them by it.

    The skill is the share of a worker's answers that agree with the first vote, or with gold where the truth is
    known. An answer that is one of several tied labels counts for its part, 1/2 where two tie: no label is
    favoured by its place. An item of which all workers have the skill 0 is left to the plain vote. Weights of
    answers are left aside.

    References
    ----------
    Appen (Figure Eight), "Worker agreement with aggregate"; crowd-kit's `Wawa`, which is equal but for ties.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 1, 2, 2, 2, 3, 3], list("abcabcac"), list("xxyyyxxy"))
    >>> consensus = Wawa().fit(votes)
    >>> consensus.skill.round(2).tolist()
    [0.83, 1.0, 0.17]
    >>> consensus.label.tolist()  # the third item is a tie in the first vote only
    [0, 1, 0]
    """

    def fit(self, votes: Votes, gold: Gold | Truth | None = None) -> Consensus:
        """Vote, measure, and vote again; an item without answers gets the uniform distribution and no label."""
        gold = Gold.given(votes, gold)
        skill = agreement(votes, weighed(votes, None), gold)
        return by_votes(weighed_by(votes, skill), votes, gold, skill=skill)


def agreement(votes: Votes, counts: Floats, gold: Gold) -> Floats:
    """Give the share of each worker's answers that agree with a vote, or with gold, float64[n_workers].

    `counts`, float64[n_items, K], are the weighted votes. Tied labels share the credit; NaN without answers.
    """
    best = leading(counts / np.maximum(row_sums(counts), LEAST)[:, None]).astype(np.float64)
    credit = best / row_sums(best)[:, None]
    credit[gold.known] = gold.accepted[gold.known]
    n = votes.answers_per_worker()
    earned = np.bincount(votes.worker, weights=credit[votes.item, votes.label], minlength=votes.n_workers)
    return np.asarray(np.divide(earned, n, out=np.full(n.shape, np.nan), where=n > 0))


def weighed_by(votes: Votes, skill: Floats) -> Floats:
    """Weigh the votes by skill, float64[n_workers]; where all weigh nothing they all weigh the same."""
    counts = weighed(votes, skill[votes.worker])
    void = row_sums(counts) == 0
    if void.any():
        counts[void] = weighed(votes, None)[void]
    return counts
