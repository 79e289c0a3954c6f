"""The share of wrong labels from all evidence: what models suspect, put right by what the audit found.

With a suspicion f_i from 0 to 1 for every label that could be drawn, and y_i = 1 where the audit found a label not
right, the share is

    mean of f over all  +  mean of (y - f) over the audited

which is right on average whatever the suspicions are worth, and the closer the better they are: the audit has to
measure their mistakes alone (the difference estimator; prediction-powered inference).

References
----------
Cassel, Sarndal, Wretman (1976), Some results on generalized difference estimation. Angelopoulos, Bates, Fannjiang,
Jordan, Zrnic (2023), Prediction-powered inference. Angelopoulos, Duchi, Zrnic (2023), PPI++ (the tuned weight).
Waudby-Smith, Ramdas (2024) for the interval; see `crowdqc.quality.confidence_sequences.means`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Floats
from crowdqc.quality.certificates.audit import Audit, InvalidAudit
from crowdqc.quality.confidence_sequences import highest_mean


@dataclass(frozen=True, slots=True)
class AssistedRate:
    """A share of labels that are not right among those that could be drawn.

    Attributes
    ----------
    value
        The estimate with the weight of the suspicions that suits them best, from 0 to 1.
    error
        Its standard error, as if the weight had been known; 0 where the audit found no mistake of the suspicions.
    weight
        0: the suspicions are worth nothing, and the value is that of the audit alone; 1: they count whole.
    low, high
        An interval with the suspicions whole, that holds at every look; for it they need not be good.
    level
    """

    value: float
    error: float
    weight: float
    low: float
    high: float
    level: float


def assisted_rate(audit: Audit, suspicion: ArrayLike, everywhere: ArrayLike, level: float = 0.95) -> AssistedRate:
    """Estimate the share of labels that are not right, with the help of suspicions.

    Valid where the audit is uniform, nothing else left the pool between its draws, and no suspicion was worked out
    from what the audit found. In-sample or badly calibrated suspicions make it wider and never wrong.

    Parameters
    ----------
    suspicion
        float64[n], from 0 to 1, of the audited labels in the order of the draws.
    everywhere
        float64[N], of all labels that could be drawn, the audited ones among them.

    Raises
    ------
    InvalidAudit
        The numbers do not fit, or the audit is not as said above.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> everywhere = np.repeat([0.02, 0.8], [9000, 1000])
    >>> wrong = rng.random(10_000) < everywhere
    >>> drawn = rng.permutation(10_000)[:500]
    >>> audit = Audit.of(wrong[drawn].astype(int), size=10_000)
    >>> found = assisted_rate(audit, everywhere[drawn], everywhere)
    >>> round(wrong.mean(), 3), round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (np.float64(0.098), 0.099, 0.071, 0.129)
    """
    f, F = np.asarray(suspicion, dtype=np.float64), np.asarray(everywhere, dtype=np.float64)
    n, N = len(audit), audit.left
    faults: list[dict[str, object]] = []
    for where, column, size in (("suspicion", f, n), ("everywhere", F, N)):
        if column.shape != (size,) or not ((column >= 0) & (column <= 1)).all():
            faults.append({"where": where, "what": f"must be {size:,} numbers from 0 to 1"})
    if not audit.uniform or len(audit.draws().drawn) > 1:
        faults.append({"where": "audit", "what": "must be uniform, and nothing else may leave the pool meanwhile"})
    if n < 2:
        faults.append({"where": "audit", "what": "must have two draws at least"})
    if faults:
        raise InvalidAudit(errors=faults)
    y = audit.not_right.astype(np.float64)
    spread = float(np.var(f))
    weight = float(np.clip(np.cov(y, f, bias=True)[0, 1] / spread, 0, 1)) if spread > 0 else 0.0
    rest = y - weight * f
    value = float(np.clip(weight * F.mean() + rest.mean(), 0, 1))
    error = float(np.sqrt(rest.var(ddof=1) / n * (1 - n / N)))
    half = (1 + level) / 2
    high = _highest(y - f, float(F.max()), 1.0, N, half) + F.mean()
    low = F.mean() - _highest(f - y, 1.0, float(F.max()), N, half)
    return AssistedRate(value, error, weight, float(np.clip(low, 0, 1)), float(np.clip(high, 0, 1)), level)


def _highest(draws: Floats, below: float, above: float, size: int, level: float) -> float:
    """Bound a mean of numbers from -below to above."""
    width = below + above
    return highest_mean((draws + below) / width, size, level) * width - below
