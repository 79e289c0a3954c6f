"""Exact intervals for a number of draws that was said beforehand, and is looked at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Floats
from crowdqc.quality.confidence_sequences.draws import Draws
from crowdqc.quality.intervals import InvalidInterval


def fixed_interval(hits: ArrayLike, total: ArrayLike, level: ArrayLike = 0.95) -> tuple[Floats, Floats]:
    """Bound a share from both sides, half of the error on each, for one look (Clopper and Pearson).

    Parameters
    ----------
    hits, total
        Whole numbers, arrays that broadcast together.

    Returns
    -------
    low, high
        float64; (0, 1) where nothing was seen.

    Raises
    ------
    InvalidInterval
        A level outside (0, 1), or more hits than outcomes.

    References
    ----------
    Clopper, Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the binomial.

    Examples
    --------
    >>> low, high = fixed_interval([0, 12], [400, 20])
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.3605], [0.0092, 0.8088])
    """
    from scipy.special import betaincinv

    h, n, sure = np.broadcast_arrays(*(np.asarray(part, dtype=np.float64) for part in (hits, total, level)))
    if not ((sure > 0) & (sure < 1)).all():
        raise InvalidInterval(f"level is {level!r}; it must lie between 0 and 1.")
    if not ((h >= 0) & (h <= n)).all():
        raise InvalidInterval
    tail = (1 - sure) / 2
    some, all_but = h > 0, h < n
    low = np.where(some, betaincinv(np.where(some, h, 1), n - h + 1, tail), 0.0)
    high = np.where(all_but, betaincinv(h + 1, np.where(all_but, n - h, 1), 1 - tail), 1.0)
    return low, high


def fixed_most(hits: int, drawn: int, size: int, level: float = 0.95) -> int:
    """Bound the number of hits in a finite set from above, for one look at a number of draws said beforehand.

    The greatest K under which so few hits have a chance of more than 1 - level: hypergeometric, exact.

    Raises
    ------
    InvalidInterval
        A level outside (0, 1).
    InvalidDraws
        More hits than draws, or more draws than there are.

    References
    ----------
    Buonaccorsi (1987), A note on confidence intervals for proportions in finite populations.

    Examples
    --------
    >>> fixed_most(0, 400, 10_000), fixed_most(2, 400, 10_000)
    (73, 154)
    """
    from scipy.stats import hypergeom

    if not 0 < level < 1:
        raise InvalidInterval(f"level is {level!r}; it must lie between 0 and 1.")
    draws = Draws.of(hits, drawn, size)
    low, high = draws.found, draws.found + draws.left + 1  # `low` is always possible, `high` never
    while high - low > 1:
        middle = (low + high) // 2
        if hypergeom.cdf(hits, size, middle, drawn) > 1 - level:
            low = middle
        else:
            high = middle
    return low
