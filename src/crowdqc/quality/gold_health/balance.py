"""Whether gold has the classes that the other items have, and enough of each to know how well workers find it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Counts, Floats, brief
from crowdqc.quality.gold_health.answers import GoldAnswers
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.workers import Matrices, q_values

#: More gold items than this are never asked for.
GREATEST = 1 << 20


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """One entry a class.

    Attributes
    ----------
    gold, rest
        float64[K], gold items and other items of the class, by the consensus: sums of probabilities.
    gold_share, rest_share
        float64[K]; NaN where there are none.
    difference, low, high
        float64[K], gold_share - rest_share, and its interval.
    p_value, q_value
        float64[K], chance of so large a difference either way if gold were drawn from the rest; the same over all
        classes.
    needed, lacks
        int64[K], gold items of the class from which the interval of a worker's recall, who answers all of them
        and finds as many as the crowd does, is no wider than `width`; and how many of them there are not.
    width
        The width.
    chance
        The p-value of all classes together (chi square); NaN where there are no two classes.
    """

    gold: Floats
    rest: Floats
    gold_share: Floats
    rest_share: Floats
    difference: Floats
    low: Floats
    high: Floats
    p_value: Floats
    q_value: Floats
    needed: Counts
    lacks: Counts
    width: float
    chance: float


def weigh_classes(
    answers: GoldAnswers, consensus: Consensus, matrices: Matrices, width: float, level: float
) -> Balance:
    """Compare the classes of gold with those of all other items that have answers."""
    from scipy.special import chdtrc, erfc

    K = answers.n_classes
    gold = answers.truth.sum(axis=0)
    other = consensus.label >= 0
    other[answers.item] = False
    rest = consensus.posterior[other].sum(axis=0)
    m, n = float(gold.sum()), float(rest.sum())
    nothing = np.full(K, np.nan)
    p, low, high, chance = nothing, nothing, nothing, float("nan")
    gold_share = gold / m if m else nothing
    rest_share = rest / n if n else nothing
    if m and n:
        both = (gold + rest) / (m + n)
        error = np.sqrt(both * (1 - both) * (1 / m + 1 / n))
        apart = np.abs(gold_share - rest_share)
        some = error > 1e-12
        z = np.divide(apart, error, out=np.zeros(K), where=some)
        p = np.where(some, erfc(z / np.sqrt(2)), np.nan)
        there = both > 1e-9
        if there.sum() > 1:
            square = (m * (gold_share - both) ** 2 + n * (rest_share - both) ** 2)[there] / both[there]
            chance = float(chdtrc(float(there.sum() - 1), square.sum()))
        (a, c), (b, d) = beta_interval(gold, np.full(K, m), level), beta_interval(rest, np.full(K, n), level)
        low = gold_share - rest_share - np.hypot(gold_share - a, d - rest_share)  # Newcombe 1998, method 10
        high = gold_share - rest_share + np.hypot(c - gold_share, rest_share - b)
    needed = _needed(np.diag(matrices.crowd), width, level)
    return Balance(
        gold=gold,
        rest=rest,
        gold_share=gold_share,
        rest_share=rest_share,
        difference=gold_share - rest_share,
        low=low,
        high=high,
        p_value=p,
        q_value=q_values(p),
        needed=needed,
        lacks=np.maximum(needed - np.floor(gold + 1e-9), 0).astype(np.int64),
        width=width,
        chance=chance,
    )


def _needed(share: Floats, width: float, level: float) -> Counts:
    """From how many answers on the interval of each share is no wider, int64[K], by halving."""
    low, high = np.zeros(share.size, dtype=np.int64), np.full(share.size, GREATEST)
    while (high - low > 1).any():
        half = (low + high) // 2
        below, above = beta_interval(share * half, half, level)
        narrow = above - below <= width
        low, high = np.where(narrow, low, half), np.where(narrow, half, high)
    return high.astype(np.int64)
