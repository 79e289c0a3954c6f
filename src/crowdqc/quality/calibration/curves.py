"""Whether a confidence means what it says: how often labels of a given confidence are right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.intervals import beta_interval


class InvalidConfidences(Invalid):
    """Confidences must be probabilities, one for each label that is right or wrong."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A reliability curve: labels in bins of their confidence.

    Attributes
    ----------
    edges
        float64[bins + 1].
    items
        int64[bins].
    confidence, accuracy, low, high
        float64[bins], mean confidence, share that is right and its interval; NaN, 0 and 1 in an empty bin.
    error
        Expected calibration error: mean distance of confidence and share over the bins, weighted by their items;
        NaN without items.
    """

    edges: Floats
    items: NDArray[np.int64]
    confidence: Floats
    accuracy: Floats
    low: Floats
    high: Floats
    error: float


def calibration(confidence: ArrayLike, right: ArrayLike, *, bins: int = 10, level: float = 0.95) -> Calibration:
    """Compare confidences, float[n], with what is right, bool[n], in bins of equal width.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), On calibration of modern neural networks, ICML, section 2.

    Examples
    --------
    >>> found = calibration([0.9, 0.9, 0.9, 0.9, 0.6, 0.6], [True, True, True, False, True, False], bins=2)
    >>> found.accuracy.tolist()[1], round(found.error, 2)
    (0.6666666666666666, 0.13)
    """
    sure, correct = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=bool)
    if sure.shape != correct.shape or sure.ndim != 1:
        raise InvalidConfidences
    rounding = 1e-9
    if not ((sure >= -rounding) & (sure <= 1 + rounding)).all():
        raise InvalidConfidences
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, sure, side="right") - 1, 0, bins - 1)
    items = np.bincount(place, minlength=bins)
    hits = np.bincount(place, weights=correct, minlength=bins)
    total = np.bincount(place, weights=sure, minlength=bins)
    nothing = np.full(bins, np.nan)
    mean = np.divide(total, items, out=nothing.copy(), where=items > 0)
    share = np.divide(hits, items, out=nothing.copy(), where=items > 0)
    low, high = beta_interval(hits, items, level)
    error = float(np.abs(total - hits).sum() / items.sum()) if items.sum() else float("nan")
    return Calibration(edges, items, mean, share, low, high, error)
