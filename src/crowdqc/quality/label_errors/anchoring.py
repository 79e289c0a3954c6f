"""Whether a pre-label draws answers to itself: an experiment that shows it to half of the workers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid


class InvalidExperiment(Invalid):
    """An experiment needs answers with the pre-label shown, and answers without."""


@dataclass(frozen=True, slots=True)
class Anchoring:
    """How often answers equal a pre-label, where it was shown and where it was not.

    Attributes
    ----------
    shown, hidden
        How many answers were given with and without it.
    follow_shown, follow_hidden
        The share of them that equal it.
    difference, low, high
        How much more often answers equal it where it was shown, and the 95% interval of that.
    p_value
        How probable a difference as great as this or greater, either way, would be if showing it did nothing.
    words
        The result in a sentence.
    """

    shown: int
    hidden: int
    follow_shown: float
    follow_hidden: float
    difference: float
    low: float
    high: float
    p_value: float
    words: str


def anchoring(
    equal: ArrayLike, shown: ArrayLike, *, wrong: ArrayLike | None = None, level: float = 0.95
) -> Anchoring:
    """Compare answers with the pre-label shown and without, bool[n] each: does the answer equal it, was it shown.

    Whether it is shown must have been drawn by chance for each answer, and no answer depend on another. `wrong`,
    bool[n], keeps the answers to items whose pre-label is known to be wrong: there, following it is a mistake.

    Notes
    -----
    The interval is Newcombe's (his tenth), from two of Wilson's; the test is Fisher's exact one.

    Raises
    ------
    InvalidExperiment

    References
    ----------
    R. G. Newcombe (1998), Interval estimation for the difference between independent proportions, Statistics in
    Medicine 17.

    Examples
    --------
    >>> found = anchoring([True] * 40 + [False] * 60 + [True] * 10 + [False] * 90, [True] * 100 + [False] * 100)
    >>> round(found.difference, 2), round(found.low, 2), round(found.high, 2), found.p_value < 0.001
    (0.3, 0.18, 0.41, True)
    """
    from scipy.special import ndtri
    from scipy.stats import fisher_exact  # takes longer to import than all of numpy

    follows, seen = np.asarray(equal, dtype=bool), np.asarray(shown, dtype=bool)
    if follows.ndim != 1 or follows.shape != seen.shape or not 0 < level < 1:
        raise InvalidExperiment
    if wrong is not None:
        kept = np.asarray(wrong, dtype=bool)
        if kept.shape != follows.shape:
            raise InvalidExperiment
        follows, seen = follows[kept], seen[kept]
    n, hits = [int(seen.sum()), int((~seen).sum())], [int(follows[seen].sum()), int(follows[~seen].sum())]
    if not all(n):
        raise InvalidExperiment
    z = float(ndtri((1 + level) / 2))
    (p, low_p, high_p), (q, low_q, high_q) = (_wilson(hit, of, z) for hit, of in zip(hits, n, strict=True))
    difference = p - q
    low = difference - float(np.hypot(p - low_p, high_q - q))
    high = difference + float(np.hypot(high_p - p, q - low_q))
    table = np.array([hits, [n[0] - hits[0], n[1] - hits[1]]])
    p_value = float(fisher_exact(table).pvalue)
    known = "more often" if low > 0 else "less often" if high < 0 else None
    what = "a wrong pre-label" if wrong is not None else "the pre-label"
    words = (
        f"Shown {what}, workers follow it in {p:.0%} of {n[0]:,} answers; not shown, {q:.0%} of {n[1]:,} say the "
        "same: "
        + (f"{known} by {abs(difference):.0%}" if known else "no difference is proven")
        + f" ({level:.0%} interval {low:+.0%} to {high:+.0%})."
    )
    return Anchoring(n[0], n[1], p, q, difference, low, high, p_value, words)


def _wilson(hits: int, n: int, z: float) -> tuple[float, float, float]:
    """Give a share and the ends of Wilson's interval."""
    p = hits / n
    middle, half = (p + z * z / (2 * n)), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return p, float((middle - half) / (1 + z * z / n)), float((middle + half) / (1 + z * z / n))
