"""Agreement without a correction for chance: the share of pairs who say the same, and that of the plurality."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.agreement.cells import Items
from crowdqc.quality.agreement.chance import Mean, disagreement
from crowdqc.quality.agreement.distances import Distance
from crowdqc.quality.agreement.measure import Agreement, Intervals, measure
from crowdqc.quality.agreement.weights import Weights, weighted
from crowdqc.quality.votes import Votes


def percent_agreement(
    votes: Votes,
    *,
    weights: Weights = "identity",
    values: ArrayLike | None = None,
    intervals: Intervals = None,
    level: float = 0.95,
    resamples: int = 1000,
) -> Agreement:
    """Share of pairs of workers who say the same of an item, as the mean over items with two answers or more.

    Each item weighs the same, however many answered it.

    Parameters
    ----------
    weights, values
        How far two classes agree, and the numbers they stand for (see `weighted`); by default only a class with
        itself.
    intervals, level, resamples
        How to make the interval (see `Agreement`): a generator for `resamples` bootstrap draws of items,
        "analytic" for Student's interval of the mean, None for none: low, high and error are then NaN.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 1, 2, 2], ["a", "b", "c", "a", "b"], ["x", "x", "y", "y", "y"])
    >>> round(percent_agreement(votes).value, 3)
    0.667
    """
    items = Items.of(votes, alike=isinstance(intervals, np.random.Generator))
    estimate = percent(items, weighted(weights, votes.n_classes, values))
    return measure(estimate, intervals=intervals, level=level, resamples=resamples)


def consensus_agreement(
    votes: Votes, *, intervals: Intervals = None, level: float = 0.95, resamples: int = 1000
) -> Agreement:
    """Share of an item's answers that its commonest class has, as the mean over items with two answers or more.

    An item with one answer would always have 1, so it is left out. The figure falls as items get more answers,
    because the plurality of few answers is large by chance: compare sets of equal overlap. Without `intervals`, as
    for `percent_agreement`, low, high and error are NaN.

    >>> votes = Votes.of([1, 1, 1, 2, 2], ["a", "b", "c", "a", "b"], ["x", "x", "y", "y", "y"])
    >>> round(consensus_agreement(votes).value, 3)
    0.833
    """
    items = Items.of(votes, alike=isinstance(intervals, np.random.Generator))
    return measure(consensus(items), intervals=intervals, level=level, resamples=resamples)


def percent(items: Items, distance: Distance) -> Mean:
    """Percent agreement of counted items."""
    return Mean(1 - disagreement(items, distance), items.pairable, items.answers, items.occurs)


def consensus(items: Items) -> Mean:
    """Consensus agreement of counted items."""
    cells, n = items.cells, items.answers
    starts = np.searchsorted(cells.group, np.arange(n.size))
    most = np.maximum.reduceat(cells.mass, starts) if n.size else n
    return Mean(np.asarray(most / n), items.pairable, n, items.occurs)
