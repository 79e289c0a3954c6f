"""The coefficients of agreement: share of pairs, Fleiss' kappa, Gwet's AC1, Krippendorff's alpha.

All take an interval by `intervals`, a generator, and its `level` from `resamples` bootstrap draws of items.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from crowdqc.quality.agreement.measure import Agreement, InvalidAgreement, measure
from crowdqc.quality.arrays import Floats
from crowdqc.quality.votes import Votes

Level = Literal["nominal", "ordinal", "interval"]
NAN = float("nan")


def percent_agreement(
    votes: Votes, *, intervals: np.random.Generator | None = None, level: float = 0.95, resamples: int = 1000
) -> Agreement:
    """Share of pairs of workers who say the same of an item, as the mean over items with two answers or more.

    Each item weighs the same, however many answered it.

    >>> votes = Votes.of([1, 1, 1, 2, 2], ["a", "b", "c", "a", "b"], ["x", "x", "y", "y", "y"])
    >>> round(percent_agreement(votes).value, 3)
    0.667
    """
    return measure(votes, _observed, intervals=intervals, level=level, resamples=resamples)


def fleiss_kappa(
    votes: Votes, *, intervals: np.random.Generator | None = None, level: float = 0.95, resamples: int = 1000
) -> Agreement:
    """Fleiss' kappa: agreement beyond that of workers who draw from the pooled shares of the classes.

    Fleiss asks for equally many answers an item. Where they differ this is the usual generalisation: an item's
    agreement and its shares of classes weigh the same however many answered (as in Gwet's irrCAC).

    References
    ----------
    J. L. Fleiss (1971), Measuring nominal scale agreement among many raters, Psychological Bulletin 76(5).
    K. L. Gwet (2014), Handbook of inter-rater reliability, 4th ed., chapter 3.
    """

    def by_chance(shares: Floats) -> float:
        return float((shares**2).sum())

    return measure(votes, _corrected(by_chance), intervals=intervals, level=level, resamples=resamples)


def gwet_ac1(
    votes: Votes, *, intervals: np.random.Generator | None = None, level: float = 0.95, resamples: int = 1000
) -> Agreement:
    """Gwet's AC1, which stays high where one class is common and workers agree (the prevalence paradox of kappa).

    K is the number of declared classes: a class that nobody used changes the figure.

    References
    ----------
    K. L. Gwet (2008), Computing inter-rater reliability and its variance in the presence of high agreement,
    British Journal of Mathematical and Statistical Psychology 61(1), 29-48.
    """

    def by_chance(shares: Floats) -> float:
        K = shares.size
        return float((shares * (1 - shares)).sum() / (K - 1)) if K > 1 else 1.0

    return measure(votes, _corrected(by_chance), intervals=intervals, level=level, resamples=resamples)


def krippendorff_alpha(
    votes: Votes,
    *,
    scale: Level = "nominal",
    intervals: np.random.Generator | None = None,
    level: float = 0.95,
    resamples: int = 1000,
) -> Agreement:
    """Krippendorff's alpha: 1 less the observed disagreement over that expected by chance.

    Parameters
    ----------
    scale
        "nominal"; "ordinal", in the declared order of the classes; "interval", whose classes are numbers.

    References
    ----------
    K. Krippendorff (2011), Computing Krippendorff's alpha-reliability.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2, 3, 3], list("ababab"), ["1", "1", "2", "3", "3", "3"])
    >>> round(krippendorff_alpha(votes).value, 3), round(krippendorff_alpha(votes, scale="interval").value, 3)
    (0.545, 0.828)
    """
    if scale not in get_args(Level):
        raise InvalidAgreement(f"scale is {scale!r}; it must be one of {', '.join(get_args(Level))}.")
    values = _values(votes.classes) if scale == "interval" else None

    def alpha(counts: Floats, weight: Floats) -> float:
        n = counts.sum(axis=1)
        use = n >= 2
        counts, share = counts[use], weight[use] / (n[use] - 1)
        coincidences = counts.T @ (counts * share[:, None])
        coincidences[np.diag_indices_from(coincidences)] -= counts.T @ share
        marginal = coincidences.sum(axis=1)
        total = float(marginal.sum())
        if total <= 1:
            return NAN
        distance = _distance(scale, marginal, values)
        expected = float(marginal @ distance @ marginal) / (total - 1)
        return 1 - float((coincidences * distance).sum()) / expected if expected > 0 else NAN

    return measure(votes, alpha, intervals=intervals, level=level, resamples=resamples)


def _observed(counts: Floats, weight: Floats) -> float:
    n = counts.sum(axis=1)
    use = n >= 2
    counts, n, weight = counts[use], n[use], weight[use]
    if not weight.sum() > 0:
        return NAN
    return float(np.average((counts * (counts - 1)).sum(axis=1) / (n * (n - 1)), weights=weight))


def _corrected(by_chance: Callable[[Floats], float]) -> Callable[[Floats, Floats], float]:
    """Correct observed agreement for that by chance, a function of the mean shares of the classes."""

    def coefficient(counts: Floats, weight: Floats) -> float:
        if not weight.sum() > 0:
            return NAN
        shares = np.average(counts / counts.sum(axis=1, keepdims=True), axis=0, weights=weight)
        expected = by_chance(shares)
        # shares that are all of one class leave nothing to correct for
        return float((_observed(counts, weight) - expected) / (1 - expected)) if expected < 1 - 1e-12 else NAN

    return coefficient


def _distance(scale: Level, marginal: Floats, values: Floats | None) -> Floats:
    K = marginal.size
    if scale == "nominal":
        return 1 - np.eye(K)
    if scale == "ordinal":
        # squared number of values between two ranks, each end counted by half
        values = np.cumsum(marginal) - marginal / 2
    assert values is not None
    return np.asarray((values[:, None] - values[None, :]) ** 2)


def _values(classes: tuple[str, ...]) -> Floats:
    try:
        values = np.array([float(name) for name in classes])
    except ValueError:
        values = np.array([np.nan])
    if not np.isfinite(values).all():
        raise InvalidAgreement(
            f"An interval scale needs classes that are numbers; these are {', '.join(classes)}."
        )
    return values
