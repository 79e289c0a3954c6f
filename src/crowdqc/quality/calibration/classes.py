"""How often each class that a model says is right, beside how sure of it the model is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.quality.arrays import Counts, Floats, brief
from crowdqc.quality.calibration.curves import InvalidConfidences
from crowdqc.quality.intervals import beta_interval

#: Rows that are looked at together: bounds memory, changes no result.
BLOCK = 1 << 15


@brief
@dataclass(frozen=True, slots=True, eq=False)
class ClassCalibration:
    """One row a class that a model says: its likeliest class, on the rows whose truth is known.

    Attributes
    ----------
    said
        int64[K], how often it is said.
    confidence, accuracy, low, high
        float64[K], the mean probability with which it is said, the share that is right and the interval of that;
        NaN, NaN, 0 and 1 where it is never said.
    present
        int64[K], how often it is true.
    found, found_low, found_high
        float64[K], the share of them that the model finds, and its interval; NaN, 0 and 1 where there are none.
    """

    said: Counts
    confidence: Floats
    accuracy: Floats
    low: Floats
    high: Floats
    present: Counts
    found: Floats
    found_low: Floats
    found_high: Floats

    @property
    def gap(self) -> Floats:
        """Confidence less accuracy, float64[K]: above 0 where the model is too sure of itself."""
        return self.confidence - self.accuracy

    @property
    def too_sure(self) -> NDArray[np.bool_]:
        """Classes whose confidence lies above the interval of their accuracy, bool[K]."""
        return (self.said > 0) & (self.confidence > self.high)


def class_calibration(
    probabilities: NDArray[np.floating], truth: ArrayLike, *, level: float = 0.95
) -> ClassCalibration:
    """Compare a model's likeliest classes, from probabilities[n, K], with the truth, int[n] (-1: not known).

    References
    ----------
    C. Gupta, A. Ramdas (2022), Top-label calibration and multiclass-to-binary reductions, ICLR.

    Examples
    --------
    >>> found = class_calibration(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]), [0, 1, 1])
    >>> found.said.tolist(), found.accuracy.tolist(), found.confidence.round(2).tolist()
    ([2, 1], [0.5, 1.0], [0.85, 0.7])
    """
    true = np.asarray(truth, dtype=np.int64)
    K = probabilities.shape[1]
    if true.shape != (len(probabilities),) or (true.size and not -1 <= true.min() <= true.max() < K):
        raise InvalidConfidences
    said, hits, sure = np.zeros(K, dtype=np.int64), np.zeros(K, dtype=np.int64), np.zeros(K)
    for start in range(0, true.size, BLOCK):
        known = true[start : start + BLOCK]
        table = probabilities[start : start + BLOCK][known >= 0]
        known = known[known >= 0]
        likeliest = table.argmax(axis=1)
        said += np.bincount(likeliest, minlength=K)
        hits += np.bincount(likeliest[likeliest == known], minlength=K)
        sure += np.bincount(likeliest, weights=table[np.arange(known.size), likeliest], minlength=K)
    present = np.bincount(true[true >= 0], minlength=K)
    nothing = np.full(K, np.nan)
    return ClassCalibration(
        said,
        np.divide(sure, said, out=nothing.copy(), where=said > 0),
        np.divide(hits, said, out=nothing.copy(), where=said > 0),
        *beta_interval(hits, said, level),
        present,
        np.divide(hits, present, out=nothing.copy(), where=present > 0),
        *beta_interval(hits, present, level),
    )
