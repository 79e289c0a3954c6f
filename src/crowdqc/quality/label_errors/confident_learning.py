"""Confident learning: how many labels of each class are truly of which other one, by confident predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Counts, Flags, Floats, brief
from crowdqc.quality.label_errors.given import Table, blocks, check_given, class_counts

#: Thresholds lie from here up; that of a class that no label has is never reached.
LEAST, NEVER = 2e-6, 2.0
#: A probability so little below a threshold reaches it.
ROUNDING = 1e-6


@brief
@dataclass(frozen=True, slots=True, eq=False)
class ConfidentJoint:
    """Counts of given and true classes, and what follows from them.

    Attributes
    ----------
    thresholds
        float64[K], the mean probability of a class over the rows that are labelled with it: who reaches it is
        confidently of the class.
    counts
        int64[K, K], rows that are labelled with the first class and are confidently of the second; the diagonal is
        at least 1.
    given
        int64[K], how many rows each class labels.
    off_diagonal
        bool[n], rows that are counted under another class than their label.
    """

    thresholds: Floats
    counts: Counts
    given: Counts
    off_diagonal: Flags

    @classmethod
    def of(cls, label: ArrayLike, probabilities: Table) -> ConfidentJoint:
        """Count, from labels, int[n], and out-of-sample probabilities[n, K].

        A row that reaches several thresholds counts under its likeliest class.

        References
        ----------
        C. G. Northcutt, L. Jiang, I. L. Chuang (2021), Confident learning: estimating uncertainty in dataset
        labels, JAIR 70, section 3.1.

        Examples
        --------
        >>> table = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.1, 0.9]])
        >>> joint = ConfidentJoint.of([0, 0, 0, 1, 1], table)
        >>> joint.counts.tolist(), joint.off_diagonal.tolist()
        ([[2, 1], [0, 1]], [False, False, True, False, False])
        """
        given = check_given(label, probabilities)
        n, K = probabilities.shape
        often = class_counts(given, K)
        thresholds = confident_thresholds(given, probabilities)
        counts, other = np.zeros(K * K, dtype=np.int64), np.zeros(n, dtype=bool)
        for rows in blocks(n, K):
            part, own = probabilities[rows], given[rows]
            reached = part >= thresholds - ROUNDING
            several = np.count_nonzero(reached, axis=1) > 1
            true = np.where(several, part.argmax(axis=1), reached.argmax(axis=1))
            sure = reached.any(axis=1)
            counts += np.bincount(own[sure] * np.int64(K) + true[sure], minlength=K * K)
            other[rows] = sure & (true != own)
        counts = counts.reshape(K, K)
        np.fill_diagonal(counts, np.maximum(counts.diagonal(), 1))
        return cls(thresholds, counts, often, other)

    @property
    def calibrated(self) -> Counts:
        """The counts scaled so that each class has as many rows as it labels, int64[K, K]."""
        rows = self.counts.sum(axis=1, keepdims=True)
        scaled = self.counts / np.maximum(rows, 1e-100) * self.given[:, None]
        scaled = scaled / max(scaled.sum(), 1e-100) * self.given.sum()
        return np.stack([_whole(row) for row in scaled]) if scaled.size else self.counts

    @property
    def joint(self) -> Floats:
        """Probability of each given and true class, float64[K, K]; sums to 1."""
        counts = self.calibrated
        return np.asarray(counts / max(counts.sum(), 1))

    @property
    def noise(self) -> Floats:
        """How a true class is labelled, P(given | true), float64[K, K]: columns sum to 1 (0 without rows)."""
        joint = self.joint
        return np.asarray(joint / np.maximum(joint.sum(axis=0, keepdims=True), 1e-100))

    @property
    def inverse_noise(self) -> Floats:
        """What labels truly are, P(true | given), float64[K, K]: rows sum to 1, or are 0 without rows."""
        joint = self.joint
        return np.asarray(joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-100))

    @property
    def expected_errors(self) -> int:
        """How many labels are expected to be wrong."""
        counts = self.calibrated
        return int(counts.sum() - counts.trace())


def confident_thresholds(label: ArrayLike, probabilities: Table) -> Floats:
    """Mean probability of each class over the rows that it labels, float64[K]; 2 where it labels none."""
    given = check_given(label, probabilities)
    n, K = probabilities.shape
    total, often = np.zeros(K), class_counts(given, K)
    for rows in blocks(n, K):
        own = given[rows]
        total += np.bincount(own, weights=probabilities[rows][np.arange(own.size), own], minlength=K)
    mean = np.divide(total, often, out=np.full(K, NEVER), where=often > 0)
    return np.asarray(np.maximum(mean, LEAST))


def _whole(row: Floats) -> Counts:
    """Round to whole numbers with the same sum: those are moved that rounding moved farthest the other way."""
    rounded = np.round(row)
    short = round(float(row.sum())) - int(rounded.sum())
    if short:
        order = np.argsort(row - rounded)
        moved = order[::-1][:short] if short > 0 else order[:-short]
        rounded[moved] += np.sign(short)
    return rounded.astype(np.int64)
