"""Agreement of two workers beyond chance, Cohen's kappa and Scott's pi, and their means over all pairs."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.agreement.cells import Items
from crowdqc.quality.agreement.crosstabs import Marginals
from crowdqc.quality.agreement.distances import Distance
from crowdqc.quality.agreement.measure import (
    NAN,
    Agreement,
    Intervals,
    InvalidAgreement,
    measure,
    symmetric,
)
from crowdqc.quality.agreement.pairs import joints
from crowdqc.quality.agreement.weights import Weights, weighted
from crowdqc.quality.arrays import Flags, Floats, brief
from crowdqc.quality.votes import Votes

#: Items that two workers must have in common for their kappa to count in a mean: of fewer it is mostly noise.
LEAST = 5


def cohen_kappa(
    votes: Votes,
    *,
    between: tuple[Hashable, Hashable] | None = None,
    least: int = LEAST,
    weights: Weights = "identity",
    values: ArrayLike | None = None,
    intervals: Intervals = None,
    level: float = 0.95,
    resamples: int = 1000,
) -> Agreement:
    """Cohen's kappa of two workers on the items both answered, or its mean over all pairs of workers.

    Parameters
    ----------
    between
        Two workers; None takes the mean over all pairs, each weighing the same, without those whose kappa is not
        defined because both always said the same one class.
    least
        Items that a pair must have in common to count in the mean; does not matter where there are two workers.
    weights, values
        How far two classes agree, and the numbers they stand for (see `weighted`): "linear" and "quadratic" are
        the usual weighted kappas.
    intervals, level, resamples
        "analytic" for the asymptotic interval of Fleiss, Cohen and Everitt, over a mean of pairs with regard to
        the items they share; a generator for `resamples` bootstrap draws of items, each of which compares all
        pairs anew; None for none: low, high and error are then NaN.

    References
    ----------
    J. Cohen (1960), A coefficient of agreement for nominal scales, Educational and Psychological Measurement
    20(1).
    J. Cohen (1968), Weighted kappa, Psychological Bulletin 70(4).
    J. L. Fleiss, J. Cohen, B. S. Everitt (1969), Large sample standard errors of kappa and weighted kappa,
    Psychological Bulletin 72(5).

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2, 3, 3, 4, 4], list("abababab"), list("xxxxyyxy"))
    >>> round(cohen_kappa(votes, between=("a", "b")).value, 3)
    0.5
    """
    distance = weighted(weights, votes.n_classes, values)
    [estimate] = two(votes, distance, "own", least=least, between=between, errors=intervals == "analytic")
    return measure(estimate, intervals=intervals, level=level, resamples=resamples)


def scott_pi(
    votes: Votes,
    *,
    between: tuple[Hashable, Hashable] | None = None,
    least: int = LEAST,
    weights: Weights = "identity",
    values: ArrayLike | None = None,
    intervals: Intervals = None,
    level: float = 0.95,
    resamples: int = 1000,
) -> Agreement:
    """Scott's pi of two workers on the items both answered, or its mean over all pairs of workers.

    As `cohen_kappa`, but chance draws for both from the shares of the two together, so that a difference of their
    shares counts as disagreement. For all workers at once see `fleiss_kappa`. Without `intervals`, as there, low,
    high and error are NaN.

    References
    ----------
    W. A. Scott (1955), Reliability of content analysis, Public Opinion Quarterly 19(3), 321-325.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2, 3, 3, 4, 4], list("abababab"), list("xxxxyyxy"))
    >>> round(scott_pi(votes).value, 3)
    0.467
    """
    distance = weighted(weights, votes.n_classes, values)
    [estimate] = two(votes, distance, "pooled", least=least, between=between, errors=intervals == "analytic")
    return measure(estimate, intervals=intervals, level=level, resamples=resamples)


def two(
    votes: Votes,
    distance: Distance,
    *marginals: Marginals,
    errors: bool,
    least: int = LEAST,
    between: tuple[Hashable, Hashable] | None = None,
) -> list[MeanOfPairs]:
    """Kappas of two, or the means of those of all pairs, one for each of `marginals`; without `errors` faster."""
    votes = votes.once()
    if between is not None:
        votes = _only(votes, between)
    if np.count_nonzero(votes.answers_per_worker()) <= 2:
        least = 1
    items = Items.of(votes)
    return [
        MeanOfPairs(votes, distance, each, least, items.answers, items.pairable, items.occurs, value, error)
        for each, value, error in _means(votes, distance, marginals, least, errors=errors)
    ]


@brief
@dataclass(frozen=True, slots=True, eq=False)
class MeanOfPairs:
    """The mean of the kappas of all pairs of workers, with its value and error of all items."""

    votes: Votes
    distance: Distance
    marginals: Marginals
    least: int
    answers: Floats
    pairable: Flags
    occurs: Floats
    value: float
    error: float

    def at(self, weight: Floats) -> float:
        if weight is self.occurs:
            return self.value
        [(_, value, _)] = _means(self.votes, self.distance, (self.marginals,), self.least, weight)
        return value

    def interval(self, level: float) -> tuple[float, float, float]:
        if float(self.occurs @ self.pairable) < 2:
            return NAN, NAN, NAN
        return symmetric(self.value, self.error, level)


def _means(
    votes: Votes,
    distance: Distance,
    marginals: Sequence[Marginals],
    least: int,
    weight: Floats | None = None,
    *,
    errors: bool = False,
) -> list[tuple[Marginals, float, float]]:
    """The mean of the kappas of all pairs and its standard error, for each of `marginals`."""
    sums, pairs = dict.fromkeys(marginals, 0.0), dict.fromkeys(marginals, 0)
    moved: dict[Marginals, Floats] = {}
    for joint in joints(votes, least=least, weight=weight):
        tables = joint.tables
        for each in marginals:
            if errors:
                kappa, linear = tables.linear(distance, each)
                per_item = joint.per_item(np.nan_to_num(linear) / tables.total[tables.group])
                moved[each] = moved.get(each, 0.0) + per_item
            else:
                kappa = tables.kappa(distance, each)
            sums[each] += float(np.nansum(kappa))
            pairs[each] += int(np.count_nonzero(~np.isnan(kappa)))
    found = []
    for each in marginals:
        n = pairs[each]
        error = float((moved[each] ** 2).sum()) ** 0.5 / n if n and errors else NAN
        found.append((each, sums[each] / n if n else NAN, error))
    return found


def _only(votes: Votes, between: tuple[Hashable, Hashable]) -> Votes:
    for worker in between:
        if worker not in votes.workers:
            raise InvalidAgreement(f"Worker {worker!r} of between is not among the workers.")
    if between[0] == between[1]:
        raise InvalidAgreement("between names one worker twice; see retest for one worker's repeated answers.")
    codes = [votes.workers.index(worker) for worker in between]
    return votes.where(np.isin(votes.worker, codes))
