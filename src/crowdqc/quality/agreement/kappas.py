"""Agreement of all workers at once beyond chance: Fleiss' kappa and Brennan and Prediger's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.agreement.cells import Cells, Items
from crowdqc.quality.agreement.chance import Corrected, shares
from crowdqc.quality.agreement.distances import Distance
from crowdqc.quality.agreement.measure import Agreement, Intervals, measure
from crowdqc.quality.agreement.weights import Weights, weighted
from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.votes import Votes


def fleiss_kappa(
    votes: Votes,
    *,
    weights: Weights = "identity",
    values: ArrayLike | None = None,
    intervals: Intervals = None,
    level: float = 0.95,
    resamples: int = 1000,
) -> Agreement:
    """Fleiss' kappa: agreement beyond that of workers who draw from the pooled shares of the classes.

    Fleiss asks for equally many answers an item. Where they differ this is the usual generalisation: an item's
    agreement and its shares of classes weigh the same however many answered (as in Gwet's irrCAC). With two
    workers who answer every item it is Scott's pi.

    Parameters
    ----------
    weights, values
        How far two classes agree, and the numbers they stand for (see `weighted`).
    intervals, level, resamples
        A generator for `resamples` bootstrap draws of items; "analytic" for Gwet's variance; None for none: low,
        high and error are then NaN.

    References
    ----------
    J. L. Fleiss (1971), Measuring nominal scale agreement among many raters, Psychological Bulletin 76(5).
    K. L. Gwet (2014), Handbook of inter-rater reliability, 4th ed., chapters 3 and 5.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2, 3, 3], list("ababab"), ["1", "1", "2", "3", "3", "3"])
    >>> round(fleiss_kappa(votes).value, 3), round(fleiss_kappa(votes, weights="quadratic").value, 3)
    (0.455, 0.793)
    """
    items = Items.of(votes, alike=isinstance(intervals, np.random.Generator))
    estimate = fleiss(items, weighted(weights, votes.n_classes, values))
    return measure(estimate, intervals=intervals, level=level, resamples=resamples)


def brennan_prediger(
    votes: Votes,
    *,
    weights: Weights = "identity",
    values: ArrayLike | None = None,
    intervals: Intervals = None,
    level: float = 0.95,
    resamples: int = 1000,
) -> Agreement:
    """Brennan and Prediger's kappa: agreement beyond that of workers who throw a die with a face for each class.

    Also called S (Bennett), free-marginal or uniform kappa. K is the number of declared classes: a class that
    nobody used changes the figure. Parameters are those of `fleiss_kappa`.

    References
    ----------
    R. L. Brennan, D. J. Prediger (1981), Coefficient kappa: some uses, misuses, and alternatives, Educational and
    Psychological Measurement 41(3), 687-699.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2, 3, 3], list("ababab"), ["1", "1", "2", "3", "3", "3"])
    >>> round(brennan_prediger(votes).value, 3)
    0.5
    """
    items = Items.of(votes, alike=isinstance(intervals, np.random.Generator))
    estimate = brennan(items, weighted(weights, votes.n_classes, values))
    return measure(estimate, intervals=intervals, level=level, resamples=resamples)


def fleiss(items: Items, distance: Distance) -> Corrected:
    """Fleiss' kappa of counted items."""
    return Corrected.of(items, distance, _Pooled(items, distance))


def brennan(items: Items, distance: Distance) -> Corrected:
    """Brennan and Prediger's kappa of counted items."""
    K = items.cells.codes
    return Corrected.of(items, distance, _Uniform(items.occurs.size, even_distance(distance, K) / max(K * K, 1)))


def even_distance(distance: Distance, K: int) -> float:
    """Sum of the distances of all ordered pairs of classes, the largest being 1."""
    every = Cells.pooled(np.ones(K))
    return float(distance.toward(every, every).sum()) / distance.largest


@brief
@dataclass(frozen=True, slots=True, eq=False)
class _Pooled:
    """Two answers drawn from the pooled shares."""

    items: Items
    distance: Distance

    def expected(self, weight: Floats) -> float:
        pool = Cells.pooled(shares(self.items, weight))
        return float(pool.mass @ self.distance.toward(pool, pool)) / self.distance.largest

    def influence(self) -> Floats:
        cells, n = self.items.cells, self.items.answers
        pool = Cells.pooled(shares(self.items, self.items.occurs))
        toward = self.distance.toward(pool, pool) / self.distance.largest
        return np.asarray(float(pool.mass @ toward) - cells.per_group(cells.mass * toward[cells.code]) / n)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class _Uniform:
    """Two answers drawn from all declared classes alike."""

    rows: int
    apart: float

    def expected(self, weight: Floats) -> float:
        return self.apart

    def influence(self) -> Floats:
        return np.zeros(self.rows)
