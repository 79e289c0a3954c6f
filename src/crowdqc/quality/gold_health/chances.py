"""Chances of what is seen, where things differ anyhow: how much is usual, and what lies beyond it."""

from __future__ import annotations

import numpy as np

from crowdqc.quality.arrays import Floats

#: Median of a squared standard normal number.
MIDDLE = 0.4549364
#: From how many things how far they differ can be told.
FEW = 4


def usual_variance(apart: Floats, noise: Floats, slope: Floats) -> float:
    """Estimate how far things differ beyond noise, as a variance: `apart` is slope * own + noise.

    It is the one under which the median of apart^2 / (noise + slope^2 * variance) is that of a normal number: as
    long as most are as usual, the others do not move it.

    Parameters
    ----------
    apart, noise, slope
        float64[things]: deviation, its variance by noise alone, and by what one unit moves it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> apart = rng.normal(0, 3, 1000)
    >>> apart[:100] = 50.0
    >>> 8 < usual_variance(apart, np.ones(1000), np.ones(1000)) < 12
    True
    """
    told = (noise > 0) & (slope > 0) & np.isfinite(apart)
    if np.count_nonzero(told) < FEW:
        return 0.0
    square, noise, slope = apart[told] ** 2, noise[told], slope[told] ** 2

    def middle(variance: float) -> float:
        return float(np.median(square / (noise + slope * variance)))

    if middle(0.0) <= MIDDLE:
        return 0.0
    low, high = 0.0, 1.0
    while middle(high) > MIDDLE and high < 1e9:
        high *= 2
    for _ in range(40):
        half = (low + high) / 2
        low, high = (half, high) if middle(half) > MIDDLE else (low, half)
    return high


def many_right(right: Floats, answers: Floats, expected: Floats, variance: Floats) -> Floats:
    """Chance of so many right answers or more, float64, one entry a thing; NaN without answers.

    Binomial, of as many fewer answers as the variance is greater than that of independent ones. That of just so
    many counts half, for otherwise few answers would have large chances only.

    Parameters
    ----------
    right, answers, expected
        Right answers, all answers, and how many of them are expected to be right.
    variance
        Of the number of right answers.
    """
    from scipy.special import betainc

    p = np.full(right.size, np.nan)
    told = (answers > 0) & np.isfinite(expected)
    n = answers[told]
    mean = np.clip(expected[told] / n, 1e-6, 1 - 1e-6)
    size = n / np.maximum(variance[told] / (n * mean * (1 - mean)), 1.0)
    seen = right[told] / n * size
    least, more = np.maximum(seen, 1e-9), np.maximum(size - seen, 1e-9)
    so_many = np.where(seen > 1e-9, betainc(least, more + 1, mean), 1.0)
    p[told] = (so_many + np.where(size - seen > 1e-9, betainc(seen + 1, more, mean), 0.0)) / 2
    return p


def below(z: Floats) -> Floats:
    """Chance of a standard normal number so low or lower."""
    from scipy.special import ndtr

    return np.asarray(ndtr(z), dtype=np.float64)


def above(z: Floats, skew: Floats) -> Floats:
    """Chance of so high a number or a higher, of mean 0, variance 1 and this skewness: a gamma, moved."""
    from scipy.special import gammainc, gammaincc

    shape = 4 / np.maximum(np.abs(skew), 1e-3) ** 2
    right = gammaincc(shape, np.maximum(shape + z * np.sqrt(shape), 0.0))
    left = gammainc(shape, np.maximum(shape - z * np.sqrt(shape), 0.0))
    return np.asarray(np.where(skew > 0, right, left), dtype=np.float64)


def together(one: Floats, two: Floats, speaks: float) -> Floats:
    """Chance of two signs at once, by their p-values; NaN where one is not known.

    Both must speak for it, with a chance of at most `speaks`: then it is that of the sum of their normal scores,
    which hang together as they do over all things; otherwise the greater of the two.
    """
    from scipy.special import ndtri

    told = ~np.isnan(one) & ~np.isnan(two)
    a, b = (ndtri(np.clip(p[told], 1e-12, 1 - 1e-9)) for p in (one, two))
    alike = 0.0
    if a.size >= FEW:  # by ranks, so that a few that stand out say little
        ranks = np.argsort(np.argsort(a, kind="stable")), np.argsort(np.argsort(b, kind="stable"))
        alike = float(np.clip(np.corrcoef(*ranks)[0, 1], 0.0, 1.0))
    p = np.maximum(one, two)
    p[told] = np.where(p[told] <= speaks, below((a + b) / np.sqrt(2 + 2 * alike)), p[told])
    return np.asarray(p)


def quantile(level: float) -> float:
    """Standard normal quantile of a two-sided interval."""
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def sigmoid(odds: Floats) -> Floats:
    """Turn log odds into a chance."""
    return np.asarray(0.5 * (1 + np.tanh(odds / 2)))


def log_odds(share: Floats) -> Floats:
    """Turn a share into log odds; none beyond 1 in 10,000."""
    share = np.clip(share, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(share / (1 - share)))
