"""How good each given label looks by the probabilities alone: scores from 0, surely wrong, to 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Codes, Floats
from crowdqc.quality.label_errors.confident_learning import confident_thresholds
from crowdqc.quality.label_errors.given import Table, blocks, check_given


def self_confidence(label: ArrayLike, probabilities: Table) -> Floats:
    """Probability of the given label, float64[n].

    >>> self_confidence([0, 1], np.array([[0.7, 0.3], [0.9, 0.1]])).tolist()
    [0.7, 0.1]
    """
    given = check_given(label, probabilities)
    return probabilities[np.arange(given.size), given].astype(np.float64)


def normalised_margin(label: ArrayLike, probabilities: Table) -> Floats:
    """Half of 1 + the probability of the given label less that of the likeliest other, float64[n].

    >>> normalised_margin([0, 1], np.array([[0.7, 0.3], [0.9, 0.1]])).round(3).tolist()
    [0.7, 0.1]
    """
    given = check_given(label, probabilities)
    own = self_confidence(given, probabilities)
    return np.asarray((own - _likeliest_other(given, probabilities) + 1) / 2)


def adjusted(label: ArrayLike, probabilities: Table) -> Floats:
    """Take from each class its confident threshold, so that classes that are hard are not blamed; float64[n, K].

    The rows sum to 1 again. Scores of these probabilities are those *adjusted by thresholds*.

    References
    ----------
    C. G. Northcutt, L. Jiang, I. L. Chuang (2021), Confident learning, JAIR 70, section 3.1.
    """
    thresholds = confident_thresholds(label, probabilities)
    table = probabilities - thresholds + thresholds.max(initial=0.0)
    return np.asarray(table / table.sum(axis=1, keepdims=True))


#: The scores by name; each takes labels and probabilities.
SCORES: Mapping[str, Callable[[ArrayLike, Table], Floats]] = {
    "self_confidence": self_confidence,
    "normalised_margin": normalised_margin,
}


def _likeliest_other(given: Codes, probabilities: Table) -> Floats:
    n, K = probabilities.shape
    best = np.zeros(n)
    for rows in blocks(n, K):
        part, own = probabilities[rows].copy(), given[rows]
        part[np.arange(own.size), own] = -np.inf
        best[rows] = part.max(axis=1, initial=-np.inf)
    return best
