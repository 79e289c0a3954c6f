"""Logarithms of probabilities that may be zero, and the way back."""

from __future__ import annotations

import numpy as np

from crowdqc.quality.arrays import Floats, row_maxima, row_sums

#: Stands for log 0: one veto outweighs all other evidence, yet two vetoed classes can still be compared.
LOG_ZERO = -700.0
#: Up to here the exponential of a score, and the sum of many, is a number.
SAFE = 600.0


def safe_log(probabilities: Floats) -> Floats:
    """Take logarithms with a floor for zero that changes no ranking."""
    logs = np.full(probabilities.shape, LOG_ZERO)
    np.log(probabilities, out=logs, where=probabilities > 0)
    return np.asarray(np.maximum(logs, LOG_ZERO))


def log_sum(scores: Floats) -> Floats:
    """Log of the sum of exponentials of each row, float64[n] from float64[n, K]; -inf where all are.

    >>> log_sum(np.log([[0.25, 0.5], [0.0, 0.0]], where=[[True, True], [False, False]],
    ...                out=np.full((2, 2), -np.inf))).round(3).tolist()
    [-0.288, -inf]
    """
    if not scores.size:
        return np.full(len(scores), -np.inf)
    highest = row_maxima(scores)
    base = np.where(np.isfinite(highest), highest, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(row_sums(np.exp(scores - base[:, None]))) + base)


def normalised(scores: Floats, out: Floats | None = None) -> tuple[Floats, Floats]:
    """Turn log scores into a posterior, float64[n, K], and the log evidence of each row, float64[n].

    The posterior stands in `out`, which may be the scores, or in an array of its own.
    """
    if not scores.size:
        return np.ones(scores.shape), np.zeros(len(scores))
    highest = None
    if scores.min() < -SAFE or scores.max() > SAFE:
        highest = row_maxima(scores)
        scores = np.subtract(scores, highest[:, None], out=out)
    posterior = np.exp(scores, out=out)
    total = row_sums(posterior)
    posterior /= total[:, None]
    evidence = np.log(total)
    return posterior, evidence if highest is None else evidence + highest
