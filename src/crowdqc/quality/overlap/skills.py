"""How often a worker is right, as Toloka's dynamic overlap reckons it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Floats
from crowdqc.quality.columns import Places
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes

#: Toloka's K: pseudo-answers that are right, and as many that are wrong.
SMOOTHING = 0.5


def accuracy_by_gold(votes: Votes, gold: Gold) -> Floats:
    """Give q = (K + correct) / (2 K + total) over the gold that each worker answered, with K = 0.5.

    Returns
    -------
    float64[n_workers]
        One half for a worker without answers to gold.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2], ["ann", "bob", "ann", "bob"], list("xyxx"))
    >>> accuracy_by_gold(votes, Gold.of(votes, {1: "x", 2: "x"})).round(3).tolist()
    [0.833, 0.5]
    """
    rows = np.flatnonzero(gold.known[votes.item])
    correct = gold.accepted[votes.item[rows], votes.label[rows]]
    return _smoothed(votes, rows, correct.astype(np.float64))


def accuracy_by_others(votes: Votes, consensus: Consensus) -> Floats:
    """Give the same where there is too little gold: what is correct is what everyone else makes of the item.

    An answer counts as correct with the probability of its label by the others' answers; one to an item that
    nobody else answered does not count. Gold speaks for itself.

    Returns
    -------
    float64[n_workers]
    """
    chances = consensus.without_own(votes)
    rows = np.flatnonzero(~np.isnan(chances))
    return _smoothed(votes, rows, chances[rows])


def accuracy_of_skill(skill: ArrayLike) -> Floats:
    """Read skills from 0 to 100, the percentage of right answers; a missing one, NaN, counts as 50.

    >>> accuracy_of_skill([70, 90, float("nan")]).tolist()
    [0.7, 0.9, 0.5]
    """
    share = np.asarray(skill, dtype=np.float64) / 100
    return np.where(np.isnan(share), 0.5, share)


def _smoothed(votes: Votes, rows: Places, correct: Floats) -> Floats:
    right = np.bincount(votes.worker[rows], weights=correct, minlength=votes.n_workers)
    total = np.bincount(votes.worker[rows], minlength=votes.n_workers)
    return np.asarray((SMOOTHING + right) / (2 * SMOOTHING + total))
