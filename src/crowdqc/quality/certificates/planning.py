"""How many labels must be audited for a promise, should so many of them turn out wrong."""

from __future__ import annotations

from crowdqc.quality.certificates.audit import InvalidAudit
from crowdqc.quality.confidence_sequences import Draws, fixed_most, most


def audits_needed(
    target: float,
    size: int,
    *,
    wrong: int = 0,
    known: int = 0,
    level: float = 0.95,
    sequential: bool = True,
    corrected: bool = True,
) -> int | None:
    """Find the least number of audited labels after which at most `target` of a release is wrong, surely.

    Parameters
    ----------
    target
        Share of the release.
    size, known
        Labels of the release; those decided before the first draw.
    wrong
        How many of the audited turn out wrong, one after the other at the very end, which is the worst.
    sequential
        Looked at whenever one likes; else once, at that number.
    corrected
        Whether what is found is corrected.

    Returns
    -------
    int or None
        None where even an audit of all would not do.

    Raises
    ------
    InvalidAudit
        The target is no share, or the labels do not fit.

    Examples
    --------
    For 1% of 10,000 labels: with nothing wrong, with one and with two labels wrong; and with one look:

    >>> [audits_needed(0.01, 10_000, wrong=wrong) for wrong in range(3)]
    [366, 632, 829]
    >>> audits_needed(0.01, 10_000, sequential=False)
    291
    """
    pool = size - known
    if not (0 <= target <= 1 and 0 <= known <= size and wrong >= 0):
        raise InvalidAudit(f"The target is {target!r} of {size!r} labels, {known!r} known, {wrong!r} wrong.")
    allowed = int(target * size + 1e-9) + (wrong if corrected else 0)

    def enough(n: int) -> bool:
        bound = most(Draws.of(wrong, n, pool), level) if sequential else fixed_most(wrong, n, pool, level)
        return bound <= allowed

    low, high = wrong - 1, pool
    if wrong > pool or not enough(pool):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
