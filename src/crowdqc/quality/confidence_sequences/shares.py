"""A share of hits among outcomes that keep coming, bounded at every look at once.

Let outcomes be hits with a chance of p, whatever went before. Against each value c stands a bet that p is smaller.
With h hits and m misses, and a density over the smaller values q = c s that has s^(a - 1) in it, its wealth is

    M(c) = integral over q < c of (q / c)^h ((1 - q) / (1 - c))^m
         = a B(a + h, m + 1) I_c(a + h, m + 1) / (c^(a + h) (1 - c)^m)

where B is the beta function and I its regularised incomplete one. Where p >= c each factor is expected to be at
most 1, so M(c) is a nonnegative supermartingale that begins at 1, and by Ville's inequality it *ever* reaches 1 /
alpha with a chance of at most alpha. M grows with c (for each s, (1 - c s) / (1 - c) does), so the values not yet
bet away are those below one bound. It is the ratio of a prior to its posterior, each cut off at c.

References ---------- Ville (1939), Etude critique de la notion de collectif. Robbins (1970), Statistical methods
related to the law of the iterated logarithm. Howard, Ramdas, McAuliffe, Sekhon (2021), Time-uniform,
nonparametric, nonasymptotic confidence sequences, section 3.2 and proposition 7 (the one-sided beta-binomial
mixture). Waudby-Smith, Ramdas (2020), Confidence sequences for sampling without replacement, section 2 (prior over
posterior).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Flags, Floats
from crowdqc.quality.intervals import InvalidInterval

#: Halvings of an interval of floats.
_HALVINGS = 50


def share_interval(
    hits: ArrayLike, total: ArrayLike, level: ArrayLike = 0.95, *, shape: float = 0.5
) -> tuple[Floats, Floats]:
    """Bound a share from both sides, half of the error on each, at all looks together.

    Parameters
    ----------
    hits, total
        Whole numbers, arrays that broadcast together: one entry a stream, all that was seen of it so far.
    level
        The chance, at least, with which the bounds hold at every look; one, or one a stream.
    shape
        The a of the density. Towards 0 the bound is closest where hits are rare; at 1 where they are common.

    Returns
    -------
    low, high
        float64; (0, 1) where nothing was seen. The share itself lies between.

    Raises
    ------
    InvalidInterval
        A level outside (0, 1), a shape that is not positive, or more hits than outcomes.

    Examples
    --------
    Wider than an interval of one look, by what many looks cost:

    >>> low, high = share_interval([0, 12, 480], [0, 20, 500])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.261, 0.925], [1.0, 0.886, 0.986])
    """
    half = (1 + np.asarray(level, dtype=np.float64)) / 2
    return share_lower(hits, total, half, shape=shape), share_upper(hits, total, half, shape=shape)


def share_upper(hits: ArrayLike, total: ArrayLike, level: ArrayLike = 0.95, *, shape: float = 0.5) -> Floats:
    """Bound a share from above at all looks together; 1 where nothing was seen. See `share_interval`.

    Examples
    --------
    No hit among 400; a plan of one look would have said 0.75%:

    >>> share_upper(0, 400).round(4)
    np.float64(0.0094)
    """
    h, n, wanted = _checked(hits, total, level, shape)
    low, high = np.divide(h, n, out=np.ones(h.shape), where=n > 0), np.ones(h.shape)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        beyond = _log_wealth(middle, h, n - h, shape) >= wanted
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return high[()]


def share_lower(hits: ArrayLike, total: ArrayLike, level: ArrayLike = 0.95, *, shape: float = 0.5) -> Floats:
    """Bound a share from below at all looks together; 0 where nothing was seen. See `share_interval`."""
    total = np.asarray(total, dtype=np.float64)
    return (1 - share_upper(total - np.asarray(hits), total, level, shape=shape))[()]


def surely_below(
    hits: ArrayLike, total: ArrayLike, value: float, level: ArrayLike = 0.95, *, shape: float = 0.5
) -> Flags:
    """Tell whether the upper bound lies below a value, without the search for the bound.

    >>> surely_below([2, 8], 20, 0.6).tolist()
    [True, False]
    """
    h, n, wanted = _checked(hits, total, level, shape)
    if not 0 < value < 1:
        return np.full(h.shape, value > 1)
    seen = (n > 0) & (h < n * value)
    log = _log_wealth(np.full(h.shape, value), np.where(seen, h, 0), np.where(seen, n - h, 0), shape)
    return seen & (log >= wanted)


def surely_above(
    hits: ArrayLike, total: ArrayLike, value: float, level: ArrayLike = 0.95, *, shape: float = 0.5
) -> Flags:
    """Tell whether the lower bound lies above a value.

    >>> surely_above([18, 12], 20, 0.4).tolist()
    [True, False]
    """
    total = np.asarray(total, dtype=np.float64)
    return surely_below(total - np.asarray(hits), total, 1 - value, level, shape=shape)


def _log_wealth(c: Floats, h: Floats, m: Floats, a: float) -> Floats:
    from scipy.special import betainc, betaln, xlog1py, xlogy  # takes longer to import than all of numpy

    # from the share of hits up the incomplete integral is never far below a half; below it nothing is asked
    inside = np.log(np.maximum(betainc(a + h, m + 1, c), np.finfo(float).tiny))
    with np.errstate(divide="ignore"):  # at c = 1 a miss is worth all
        return np.asarray(np.log(a) + betaln(a + h, m + 1) + inside - xlogy(a + h, c) - xlog1py(m, -c))


def _checked(hits: ArrayLike, total: ArrayLike, level: ArrayLike, shape: float) -> tuple[Floats, Floats, Floats]:
    """Broadcast, and give the logarithm of the wealth that is wanted."""
    h, n, wanted = np.broadcast_arrays(*(np.asarray(part, dtype=np.float64) for part in (hits, total, level)))
    if not ((wanted > 0) & (wanted < 1)).all():
        raise InvalidInterval(f"level is {level!r}; it must lie between 0 and 1.")
    if not ((h >= 0) & (h <= n)).all():
        raise InvalidInterval
    if not shape > 0:
        raise InvalidInterval(f"shape is {shape!r}; it must be positive.")
    return h, n, -np.log1p(-wanted)
