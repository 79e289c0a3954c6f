"""Gwet's coefficients, which stay high where one class is common and workers agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.agreement.cells import Items
from crowdqc.quality.agreement.chance import Corrected, shares
from crowdqc.quality.agreement.distances import Distance
from crowdqc.quality.agreement.kappas import even_distance
from crowdqc.quality.agreement.measure import Agreement, Intervals, measure
from crowdqc.quality.agreement.weights import Weights, weighted
from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.votes import Votes


def gwet_ac1(
    votes: Votes, *, intervals: Intervals = None, level: float = 0.95, resamples: int = 1000
) -> Agreement:
    """Gwet's AC1, which stays high where one class is common and workers agree (the prevalence paradox of kappa).

    K is the number of declared classes: a class that nobody used changes the figure.

    Parameters
    ----------
    intervals, level, resamples
        A generator for `resamples` bootstrap draws of items; "analytic" for Gwet's variance; None for none: low,
        high and error are then NaN.

    References
    ----------
    K. L. Gwet (2008), Computing inter-rater reliability and its variance in the presence of high agreement,
    British Journal of Mathematical and Statistical Psychology 61(1), 29-48.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2, 3, 3, 4, 4], list("abababab"), list("xxxxxxxy"))
    >>> round(gwet_ac1(votes).value, 2)
    0.68
    """
    return gwet_ac2(votes, weights="identity", intervals=intervals, level=level, resamples=resamples)


def gwet_ac2(
    votes: Votes,
    *,
    weights: Weights = "quadratic",
    values: ArrayLike | None = None,
    intervals: Intervals = None,
    level: float = 0.95,
    resamples: int = 1000,
) -> Agreement:
    """Gwet's AC2: AC1 for classes that agree in part, by weights.

    Parameters
    ----------
    weights, values
        How far two classes agree, and the numbers they stand for (see `weighted`); quadratic in the declared
        order by default.
    intervals, level, resamples
        As for `gwet_ac1`; without, low, high and error are NaN.

    References
    ----------
    K. L. Gwet (2014), Handbook of inter-rater reliability, 4th ed., chapters 3 and 5.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2, 3, 3], list("ababab"), ["1", "1", "2", "3", "3", "3"])
    >>> round(gwet_ac2(votes).value, 3), round(gwet_ac2(votes, weights="ordinal").value, 3)
    (0.786, 0.737)
    """
    items = Items.of(votes, alike=isinstance(intervals, np.random.Generator))
    estimate = gwet(items, weighted(weights, votes.n_classes, values))
    return measure(estimate, intervals=intervals, level=level, resamples=resamples)


def gwet(items: Items, distance: Distance) -> Corrected:
    """AC1 or AC2 of counted items."""
    K = items.cells.codes
    alike = (K * K - even_distance(distance, K)) / (K * (K - 1)) if K > 1 else 0.0
    return Corrected.of(items, distance, _HardItems(items, alike))


@brief
@dataclass(frozen=True, slots=True, eq=False)
class _HardItems:
    """Workers are lost on some items and guess there; `alike` is the sum of all weights over K (K - 1)."""

    items: Items
    alike: float

    def expected(self, weight: Floats) -> float:
        share = shares(self.items, weight)
        return 1 - self.alike * float(share @ (1 - share)) if share.size > 1 else 0.0

    def influence(self) -> Floats:
        cells, n = self.items.cells, self.items.answers
        share = shares(self.items, self.items.occurs)
        rare = cells.per_group(cells.mass * (1 - share)[cells.code]) / n
        return np.asarray(self.alike * (rare - float(share @ (1 - share))))
