"""How many hits a finite set holds at most and at least, from draws without replacement, at every look at once.

Let the set hold K hits, and let each draw be uniform over what is left. Then the chance L(K) of the very draws
that came is known (`Draws.log_likelihood`), also where meanwhile other ways, as clever as they like, take things
out of the set and look at them. Against each K stands a bet that there are fewer, with weights w(k) = G(k + a) /
k! for k <= K (G the gamma function; together they are W(K) = G(K + 1 + a) / (a K!)); its wealth is

    M(K) = sum over k <= K of w(k) L(k)  /  (W(K) L(K))

If K is the truth, M(K) is a nonnegative martingale that begins at 1 (a supermartingale where some k became
impossible); by Ville's inequality it *ever* reaches 1 / alpha with a chance of at most alpha. What has not been
bet away is a confidence set at every look, and its greatest number the bound. Draws of everything leave no doubt.

The weights are those of the beta-binomial distribution with b = 1, cut off at K: in a large set the bound becomes
that of `shares`.

References ---------- Waudby-Smith, Ramdas (2020), Confidence sequences for sampling without replacement, theorem
2.1 and section 2.2 (prior over posterior, hypergeometric); cut off as in Howard et al. (2021), proposition 7. That
the set may be emptied by others in between follows as the likelihood of a draw depends on the past alone; the same
is behind risk-limiting audits of elections: Waudby-Smith, Stark, Ramdas (2021), RiLACS.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Counts, Floats
from crowdqc.quality.confidence_sequences.draws import Draws
from crowdqc.quality.intervals import InvalidInterval

#: The a of the weights: close where hits are rare.
SHAPE = 0.5


def most(draws: Draws, level: float = 0.95, *, shape: float = SHAPE, cap: int | None = None) -> int:
    """Bound the number of hits in the set from above, at all looks together.

    Parameters
    ----------
    level
        The chance, at least, with which the bound holds at every look.
    shape
        The a of the weights.
    cap
        What is greater is of no interest: the cap is given in its place, in much less time where it is small.

    Returns
    -------
    int
        At most so many hits were in the set before the first draw, those known meanwhile among them. If the draws
        themselves are less likely than 1 - level under any number, those known.

    Raises
    ------
    InvalidInterval
        A level outside (0, 1), or a shape that is not positive.

    Examples
    --------
    No hit among 400 out of 10,000; none among all:

    >>> most(Draws.of(0, 400, 10_000)), most(Draws.of(0, 10_000, 10_000))
    (92, 0)
    """
    wanted = _wanted(level, shape)
    least, greatest = draws.found, draws.found + draws.left
    if cap is not None:
        if least >= cap:
            return cap
        greatest = min(greatest, cap)
    drawn = int(draws.drawn.sum())
    reach = 64 + (draws.left * (int(draws.hits.sum()) + 8)) // (drawn + 1)
    while True:  # M grows beyond the likeliest number, so that what is bet away once is so for all beyond
        totals = np.arange(least, min(greatest, least + reach) + 1)
        log = _log_wealth(draws, totals, shape)
        if totals[-1] == greatest or log[-1] >= wanted:
            fits = np.flatnonzero(log < wanted)
            return int(totals[fits[-1]]) if fits.size else least
        reach *= 4


def fewest(draws: Draws, level: float = 0.95, *, shape: float = SHAPE) -> int:
    """Bound the number of hits in the set from below, at all looks together; see `most`.

    >>> fewest(Draws.of(20, 400, 10_000)), fewest(Draws.of(0, 400, 10_000))
    (195, 0)
    """
    return draws.size - most(draws.mirrored(), level, shape=shape)


def log_evidence(draws: Draws, totals: ArrayLike, *, shape: float = SHAPE) -> Floats:
    """Logarithm of the wealth of the bet that there are fewer hits than each of some numbers, M above.

    >>> log_evidence(Draws.of(0, 400, 10_000), [50, 93]).round(2).tolist()
    [1.53, 3.03]
    """
    wanted = np.asarray(totals, dtype=np.int64)
    up_to = np.arange(int(wanted.max(initial=0)) + 1)
    return np.asarray(_log_wealth(draws, up_to, _positive(shape))[wanted])


def _log_wealth(draws: Draws, totals: Counts, a: float) -> Floats:
    """M at consecutive numbers that begin where the likelihood does, or before."""
    from scipy.special import gammaln

    k = totals.astype(np.float64)
    likely = draws.log_likelihood(k)
    weight = gammaln(k + a) - gammaln(k + 1)
    whole = gammaln(k + 1 + a) - np.log(a) - gammaln(k + 1)
    mixed = np.logaddexp.accumulate(weight + likely)
    with np.errstate(invalid="ignore"):
        found = mixed - whole - likely
    return np.where(np.isneginf(likely), np.inf, found)


def _wanted(level: float, shape: float) -> float:
    if not 0 < level < 1:
        raise InvalidInterval(f"level is {level!r}; it must lie between 0 and 1.")
    _positive(shape)
    return float(-np.log1p(-level))


def _positive(shape: float) -> float:
    if not shape > 0:
        raise InvalidInterval(f"shape is {shape!r}; it must be positive.")
    return shape
