"""Where the deployed model is unsure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from crowdqc.quality.arrays import Floats
from crowdqc.quality.parameters import check_choice
from crowdqc.quality.predictions import Predictions
from crowdqc.quality.sampling.chunks import chunks, entropy
from crowdqc.quality.sampling.pool import Pool
from crowdqc.quality.sampling.ranking import Ranking, ranked

Measure = Literal["margin", "least_confidence", "entropy"]


@dataclass(frozen=True, slots=True)
class LowConfidence:
    """The least sure prediction of the student first.

    Parameters
    ----------
    measure
        "margin": 1 less the difference of the two likeliest classes; looks for items between two classes.
        "least_confidence": 1 less the probability of the likeliest. "entropy": of all classes, as a share of the
        greatest possible; with many classes it looks at the tail as well. All from 0 to 1; with two classes all
        give the same order.

    References
    ----------
    B. Settles (2009), Active learning literature survey, University of Wisconsin-Madison, section 3.1.
    T. Scheffer, C. Decomain, S. Wrobel (2001), Active hidden Markov models for information extraction, IDA: the
    margin.

    Examples
    --------
    >>> pool = Pool.of(3, classes=["cat", "dog"], student=[[0.9, 0.1], [0.55, 0.45], [0.3, 0.7]])
    >>> ranking = LowConfidence().rank(pool, np.random.default_rng(0))
    >>> ranking.item.tolist(), ranking.score.round(2).tolist(), ranking.why(1)
    ([1, 2, 0], [0.9, 0.6, 0.2], 'the model is unsure: cat 0.55, dog 0.45')
    """

    measure: Measure = "margin"

    def __post_init__(self) -> None:
        check_choice(self, "measure", get_args(Measure))

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        pool.need("low_confidence", "student")
        student = pool.student
        assert student is not None
        score = np.full(pool.n_items, np.nan)
        for rows in chunks(student):
            score[student.item[rows]] = self.doubt(student.probabilities[rows].astype(np.float64))

        def why(item: int) -> str:
            row = student.probabilities[row_of(student, item)]
            best = np.argsort(-row, kind="stable")[:2]
            return "the model is unsure: " + ", ".join(f"{pool.class_name(k)} {row[k]:.2f}" for k in best.tolist())

        return ranked(pool, score, rng, why)

    def doubt(self, probabilities: Floats) -> Floats:
        """Give the doubt of each row of probabilities, float64[m] from float64[m, K]."""
        K = probabilities.shape[1]
        if self.measure == "entropy":
            return np.asarray(entropy(probabilities) / np.log(max(K, 2)))
        if self.measure == "least_confidence" or K < 2:
            return np.asarray(1 - probabilities.max(axis=1))
        two = np.partition(probabilities, K - 2, axis=1)
        return np.asarray(1 - (two[:, -1] - two[:, -2]))


def row_of(said: Predictions, item: int) -> int:
    """Find the row of an item that has one."""
    return int(np.flatnonzero(said.item == item)[0])
