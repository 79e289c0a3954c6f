"""Agreement class by class: of which classes workers say the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.agreement.cells import Items
from crowdqc.quality.agreement.chance import NOTHING, shares
from crowdqc.quality.agreement.measure import InvalidAgreement
from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.votes import Votes


@brief
@dataclass(frozen=True, slots=True, eq=False)
class ClassAgreement:
    """Agreement of each class against all others; arrays have an entry a class, figures NaN where not defined.

    Attributes
    ----------
    answers
        int64[K], answers of the class to items with two answers or more.
    specific
        float64[K], share of the other answers to the same item that say the class too, over the answers of the
        class: how sure is it that a second worker says it, given that one did?
    kappa, alpha
        float64[K], Fleiss' kappa and Krippendorff's nominal alpha of "this class or another".
    low, high
        float64[3, K], intervals of specific, kappa and alpha; NaN unless asked for.
    """

    answers: NDArray[np.int64]
    specific: Floats
    kappa: Floats
    alpha: Floats
    low: Floats
    high: Floats


def per_class(
    votes: Votes, *, intervals: np.random.Generator | None = None, level: float = 0.95, resamples: int = 1000
) -> ClassAgreement:
    """Measure the agreement of each class against all others; time follows the answers, not answers times classes.

    Parameters
    ----------
    intervals, level, resamples
        A generator for `resamples` bootstrap draws of items; None for none: their intervals are then NaN.

    References
    ----------
    J. L. Fleiss (1971), Measuring nominal scale agreement among many raters, Psychological Bulletin 76(5): the
    kappa of a class. D. V. Cicchetti, A. R. Feinstein (1990), High agreement but low kappa II, Journal of Clinical
    Epidemiology 43(6): agreement that is specific to a class.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2, 3, 3, 4, 4], list("abababab"), list("xxxxxyyy"))
    >>> found = per_class(votes)
    >>> found.specific.round(2).tolist(), found.kappa.round(2).tolist()
    ([0.8, 0.67], [0.47, 0.47])
    """
    if not 0 < level < 1:
        raise InvalidAgreement(f"level is {level!r}; it must lie between 0 and 1.")
    items = Items.of(votes, alike=intervals is not None)
    found = _figures(items, items.occurs)
    low, high = np.full((2, *found.shape), np.nan)
    if intervals is not None and items.occurs.size:
        n = int(items.occurs.sum())
        draws = np.array(
            [
                _figures(items, intervals.multinomial(n, items.occurs / n).astype(np.float64))
                for _ in range(resamples)
            ]
        )
        defined = ~np.isnan(draws).all(axis=0)
        low[defined], high[defined] = np.nanquantile(draws[:, defined], [(1 - level) / 2, (1 + level) / 2], axis=0)
    cells = items.cells
    counted = cells.per_code((items.occurs * items.pairable)[cells.group] * cells.mass)
    return ClassAgreement(counted.astype(np.int64), found[0], found[1], found[2], low, high)


def _figures(items: Items, weight: Floats) -> Floats:
    """Specific agreement, kappa and alpha of each class, float64[3, K]."""
    cells, pairable = items.cells, weight * items.pairable
    count, n, times = cells.mass, items.answers[cells.group], pairable[cells.group]
    others = np.maximum(n - 1, 1)
    said = cells.per_code(times * count)
    # twice the pairs of answers of which just one is of the class, over the answers it could differ from
    mixed = times * 2 * count * (n - count) / others
    apart, alone = cells.per_code(mixed), cells.per_code(mixed / n)
    share, total = shares(items, weight), float(said.sum())
    of_shares = 2 * share * (1 - share) * float(pairable.sum())
    of_answers = 2 * said * (total - said) / max(total - 1, 1)
    return 1 - _over(np.array([apart / 2, alone, apart]), np.array([said, of_shares, of_answers]))


def _over(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > NOTHING))
