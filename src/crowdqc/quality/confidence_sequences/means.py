"""The mean of a finite set of numbers from 0 to 1, bounded by betting, at every look at once.

Whoever says that the mean is at least c says that the next draw is expected at
c_t = (N c - those drawn) / (N - t).
A gambler who doubts it stakes the part f of the wealth on less: it is multiplied by 1 + f (c_t - x) / (1 - c_t),
which is never negative, and expected to be at most 1 where the mean is c. Several gamblers, each with an f of his
own, share the first stake; together they ever reach 1 / alpha with a chance of at most alpha (Ville).

References
----------
Waudby-Smith, Ramdas (2024), Estimating means of bounded random variables by betting, sections 4 and 5 (without
replacement); the fixed parts stand for a tuned one and need no guess of the variance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.intervals import InvalidInterval

#: Parts of the wealth that are staked, one a gambler.
_PARTS = np.array([0.03, 0.06, 0.12, 0.25, 0.45, 0.7, 0.95])
#: Values of the mean that are tried.
_GRID = 1024


def highest_mean(draws: ArrayLike, size: int, level: float = 0.95) -> float:
    """Bound the mean of a finite set from above, from uniform draws without replacement, at all looks together.

    Parameters
    ----------
    draws
        float64[n], from 0 to 1, in the order in which they came.
    size
        Numbers in the set.

    Returns
    -------
    float
        Of a grid of 1,024 values the first beyond all that are not bet away; 1 where nothing was drawn.

    Raises
    ------
    InvalidInterval
        A level outside (0, 1), a number outside 0 to 1, or more draws than there are.

    Examples
    --------
    >>> highest_mean([0.5] * 300, 10_000), highest_mean([], 10)
    (0.5078125, 1.0)
    """
    x = np.asarray(draws, dtype=np.float64)
    if not 0 < level < 1:
        raise InvalidInterval(f"level is {level!r}; it must lie between 0 and 1.")
    if x.size > size or not ((x >= 0) & (x <= 1)).all():
        raise InvalidInterval("Draws must lie from 0 to 1, and be no more than there are.")
    grid = np.arange(_GRID) / _GRID
    log = np.zeros((_PARTS.size, grid.size))
    gone = np.zeros(grid.size, dtype=bool)
    before = np.append(0.0, np.cumsum(x)[:-1])
    for t, (value, sum_before) in enumerate(zip(x.tolist(), before.tolist(), strict=False)):
        c = (size * grid - sum_before) / (size - t)
        gone |= c > 1  # not even if all that is left were 1
        c = np.clip(c, 0.0, 1 - 1e-9)
        log += np.log1p(_PARTS[:, None] * ((c - value) / (1 - c)))
    wealth = np.logaddexp.reduce(log, axis=0) - np.log(_PARTS.size)
    left = np.flatnonzero(~gone & (wealth < -np.log1p(-level)))
    return float((left[-1] + 1) / _GRID) if left.size else float(before[-1] + x[-1]) / size
