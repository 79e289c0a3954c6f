"""More like these: a small classifier of what a reviewer marked ranks all the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Flags, Floats
from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.sampling.evidence import Vectors
from crowdqc.quality.sampling.neighbours import unit
from crowdqc.quality.sampling.pool import Pool
from crowdqc.quality.sampling.ranking import Ranking, ranked

#: What an item of the rest weighs beside one that is marked as not wanted.
REST = 0.1


@dataclass(frozen=True, slots=True)
class Search:
    """The items first that a logistic regression on the embeddings takes for what is wanted.

    It is trained anew each time on what is marked, in a fraction of a second: mark some, rank, mark what came up
    and is not wanted, rank again. Beside those marked as unwanted stands a random sample of the rest, each with a
    tenth of the weight: most of the rest is not what is searched for, so that the first mark is enough to begin.
    Both sides together weigh the same. Marked items are not given again.

    Parameters
    ----------
    penalty
        Of the squared weights, beside the log loss; more of it trusts the marks less.
    sample
        Items of the rest that stand for the unwanted.

    References
    ----------
    C. Elkan, K. Noto (2008), Learning classifiers from only positive and unlabeled data, KDD: the unmarked as
    negatives give the same order.

    Examples
    --------
    >>> vectors = [[1, 0], [0.9, 0.2], [0, 1], [0.1, 0.9], [0.7, 0.7]]
    >>> pool = Pool.of(5, embeddings=vectors, wanted=[0], unwanted=[2])
    >>> ranking = Search().rank(pool, np.random.default_rng(0))
    >>> ranking.item.tolist(), ranking.why(1)
    ([1, 4, 3], 'like what was marked as wanted: likelihood 0.79')
    """

    penalty: float = 0.01
    sample: int = 1000

    def __post_init__(self) -> None:
        check_number(self, "penalty", low=1e-9, high=1e9)
        check_whole(self, "sample", low=0, high=1_000_000)

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        pool.need("search", "embeddings", "wanted")
        assert pool.embeddings is not None
        vectors = unit(pool.embeddings)
        rest = np.flatnonzero(~(pool.wanted | pool.unwanted))
        drawn = rng.permutation(rest)[: self.sample]
        taken = np.concatenate([np.flatnonzero(pool.wanted), np.flatnonzero(pool.unwanted), drawn])
        wanted = pool.wanted[taken]
        weight = np.where(pool.unwanted[taken] | wanted, 1.0, REST)
        for side in (wanted, ~wanted):
            weight[side] /= weight[side].sum()
        middle = vectors[taken].mean(axis=0)
        direction, offset = fitted(vectors[taken] - middle, wanted, weight, self.penalty)
        score = _sigmoid((vectors @ direction).astype(np.float64) + (offset - float(middle @ direction)))
        score[pool.wanted | pool.unwanted] = np.nan

        def why(item: int) -> str:
            return f"like what was marked as wanted: likelihood {score[item]:.2f}"

        return ranked(pool, score, rng, why)


def fitted(vectors: Vectors, wanted: Flags, weight: Floats, penalty: float) -> tuple[Vectors, float]:
    """Fit a logistic regression with an L2 penalty: float32[d] and the offset.

    Parameters
    ----------
    vectors, wanted, weight
        float32[m, d], bool[m], float64[m]. Minimises the weighted log loss and penalty / 2 of the squared weights,
        by L-BFGS from zero; convex, so that nothing depends on the start.
    """
    from scipy.optimize import minimize  # takes longer to import than all of numpy

    X = vectors.astype(np.float64)
    sign = np.where(wanted, 1.0, -1.0)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        direction, offset = parameters[:-1], parameters[-1]
        margin = sign * (X @ direction + offset)
        slope = -weight * sign * _sigmoid(-margin)
        value = weight @ np.logaddexp(0.0, -margin) + penalty / 2 * direction @ direction
        return float(value), np.append(X.T @ slope + penalty * direction, slope.sum())

    found = minimize(loss, np.zeros(X.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return found.x[:-1].astype(np.float32), float(found.x[-1])


def _sigmoid(logit: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(logit / 2)))
