"""Many tests at once: which of them may be called discoveries, so that few of these are false."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Floats


def q_values(p_values: ArrayLike, tests: int | None = None) -> Floats:
    """Give each p-value the least rate of false discoveries at which it is one (Benjamini and Hochberg).

    Calling all with a q-value up to 0.05 discoveries, one of twenty of these is false on average, however many
    tests there were: the tests must be independent, or depend on one another positively.

    Parameters
    ----------
    p_values
        NaN where there was no test; it stays NaN.
    tests
        How many tests there were, where those with a large p-value were left out.

    References
    ----------
    Y. Benjamini, Y. Hochberg (1995), Controlling the false discovery rate, JRSS B 57(1), 289-300.

    Examples
    --------
    >>> q_values([0.01, 0.04, 0.03, float("nan"), 0.9]).round(3).tolist()
    [0.04, 0.053, 0.053, nan, 0.9]
    """
    p = np.asarray(p_values, dtype=np.float64)
    q = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    if not tested.size:
        return q
    order = tested[np.argsort(p[tested], kind="stable")]
    m = tested.size if tests is None else max(tests, tested.size)
    raised = p[order] * m / np.arange(1, tested.size + 1)
    q[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return q
