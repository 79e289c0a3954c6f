"""How sure a share of right answers is: an interval for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Floats


class InvalidInterval(Invalid):
    """An interval needs a level between 0 and 1, and no more right answers than answers."""


def beta_interval(correct: ArrayLike, total: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Equal-tailed Jeffreys interval of a share: quantiles of Beta(correct + 1/2, total - correct + 1/2).

    Widened to hold the share itself: it reaches 0 where nothing is correct and 1 where everything is; (0, 1)
    where there is nothing.

    Parameters
    ----------
    correct, total
        Arrays of one shape; `correct` may be fractional (a sum of probabilities).

    Returns
    -------
    low, high
        float64, of that shape.

    References
    ----------
    Brown, Cai, DasGupta (2001), Interval estimation for a binomial proportion, section 3.1.2 and 4.

    Examples
    --------
    Three right of three is no better known than this; 480 of 500 is:

    >>> low, high = beta_interval([3, 480, 0], [3, 500, 0])
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.46, 0.94, 0.0], [1.0, 0.97, 1.0])
    """
    from scipy.special import betaincinv  # takes longer to import than all of numpy

    right = np.asarray(correct, dtype=np.float64)
    n = np.asarray(total, dtype=np.float64)
    rounding = 1e-9 * np.maximum(n, 1.0)  # of a sum of probabilities
    if not 0 < level < 1:
        raise InvalidInterval(f"level is {level!r}; it must lie between 0 and 1.")
    if not ((right >= -rounding) & (right <= n + rounding)).all():
        raise InvalidInterval
    right = np.clip(right, 0.0, n)
    tail = (1 - level) / 2
    shape = right + 0.5, n - right + 0.5
    # near the ends a Jeffreys interval would leave out the share itself, and coverage would suffer
    low = np.minimum(betaincinv(*shape, tail), np.divide(right, n, out=np.zeros_like(n), where=n > 0))
    high = np.maximum(betaincinv(*shape, 1 - tail), np.divide(right, n, out=np.ones_like(n), where=n > 0))
    return low, high
