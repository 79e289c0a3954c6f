"""Who answers whatever the truth is: the spammer score, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Counts, Flags, Floats, brief
from crowdqc.quality.workers.matrices import Matrices


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Spammers:
    """One entry a worker.

    Attributes
    ----------
    score
        float64, the spammer score of the worker's estimated matrix: 0 for one who answers by chance or always
        the same, 1 for one who is always right, or always wrong in the same way. Chance alone lifts it above 0:
        judge by the interval. NaN where he met fewer than two classes.
    low, high
        float64, its interval; 0 and 1 where it is not known. A high end near 0 tells a spammer, a low end above
        0 somebody who looks at the items.
    met
        int64, classes that enter: those of which there is evidence enough. A class that he never met says
        nothing.
    """

    score: Floats
    low: Floats
    high: Floats
    met: Counts


def spammer_score(confusion: ArrayLike) -> Floats:
    """Measure how far matrices are from those of a spammer, whose rows are all alike.

    The mean over pairs of true classes of half the squared distance of their rows; of two classes, (sensitivity
    + specificity - 1) squared.

    Parameters
    ----------
    confusion
        float64[..., K, K], P(said | true), rows true.

    Returns
    -------
    float64[...]
        0 for every matrix of rank one, 1 for the identity and for any permutation of it; NaN with fewer than two
        classes.

    References
    ----------
    V. C. Raykar, S. Yu (2012), Eliminating spammers and ranking annotators for crowdsourced labeling tasks, JMLR
    13, 491-518, sections 3.1 and 3.2.

    Examples
    --------
    >>> spammer_score([[[0.9, 0.1], [0.2, 0.8]], [[0.7, 0.3], [0.7, 0.3]], [[0, 1], [1, 0]]]).round(2).tolist()
    [0.49, 0.0, 1.0]
    """
    table = np.asarray(confusion, dtype=np.float64)
    return _score(table, np.ones(table.shape[:-1], dtype=bool))


def score_spammers(matrices: Matrices, *, level: float = 0.95, least: float = 3.0) -> Spammers:
    """Give the spammer score of each worker.

    Parameters
    ----------
    least
        Evidence, in answers, that there must be of a class for it to enter.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import DawidSkene
    >>> from crowdqc.quality.votes import Votes
    >>> said = {"ann": "nnyyn" * 6, "bob": "nnyyn" * 6, "cid": "nnyyy" * 6, "dan": "y" * 30}
    >>> rows = [(item, worker, label) for worker, labels in said.items() for item, label in enumerate(labels)]
    >>> votes = Votes.of(*zip(*rows), classes=["n", "y"])
    >>> found = score_spammers(Matrices.of(votes, DawidSkene().fit(votes)))
    >>> found.low.round(1).tolist(), found.high.round(1).tolist()
    ([0.8, 0.8, 0.2, 0.0], [1.0, 1.0, 0.8, 0.0])
    """
    W = matrices.n_workers
    score, low, high = np.full(W, np.nan), np.zeros(W), np.ones(W)
    met = matrices.evidence >= least
    for part in matrices.parts():
        rows = matrices.dirichlet(part)
        score[part] = _score(rows / rows.sum(axis=2, keepdims=True), met[part])
        low[part], high[part] = _interval(rows, met[part], level)
    return Spammers(score, np.fmin(low, score), np.fmax(high, score), met.sum(axis=1))


def _score(table: Floats, met: Flags) -> Floats:
    """Score matrices, float64[..., K, K], over the rows that are met, bool[..., K]."""
    rows = table * met[..., None]
    m = met.sum(axis=-1)
    # the sum over pairs of |a - b|^2 is m times the sum of |a|^2 less |sum of a|^2
    apart = m * (rows**2).sum(axis=(-1, -2)) - (rows.sum(axis=-2) ** 2).sum(axis=-1)
    score = np.divide(apart, m * (m - 1), out=np.full(apart.shape, np.nan), where=m > 1)
    return np.asarray(np.clip(score, 0.0, 1.0))


def _interval(rows: Floats, met: Flags, level: float) -> tuple[Floats, Floats]:
    """Invert the distribution of the score: a square is never below 0, so that of a spammer is all noise.

    The score is a quadratic form Q of rows that are nearly normal, hence nearly a multiple of a noncentral
    chi-square. Its scale and degrees of freedom match the mean that noise alone gives it and its variance where
    it stands: 2 tr (Q S)^2 + 4 d' Q S Q d, with S the covariance of the rows, a Dirichlet's, and d the rows.

    Parameters
    ----------
    rows
        float64[workers, K, K], parameters of the Dirichlet distribution of each row.
    """
    from scipy.special import chndtr, chndtrinc

    low, high = np.zeros(len(rows)), np.ones(len(rows))
    known = np.flatnonzero(met.sum(axis=1) > 1)
    if not known.size:
        return low, high
    rows, met = rows[known], met[known]
    m = met.sum(axis=1)
    q = 1 / (m * (m - 1))
    mass = rows.sum(axis=2)
    table = rows / mass[:, :, None]
    share = np.where(met, 1 / (mass + 1), 0.0)

    square = (table**2).sum(axis=2)
    noise = q * (m - 1) * (share * (1 - square)).sum(axis=1)
    # tr of the product of two rows' covariances
    cubic = np.einsum("wck,wdk->wcd", table, table**2)
    product = np.einsum("wck,wdk->wcd", table, table)
    traces = (product - cubic - cubic.transpose(0, 2, 1) + product**2) * share[:, :, None] * share[:, None, :]
    own = np.einsum("wcc->w", traces)
    spread = q**2 * ((m - 1) ** 2 * own + traces.sum(axis=(1, 2)) - own)
    away = (m[:, None, None] * table - (table * met[:, :, None]).sum(axis=1, keepdims=True)) * q[:, None, None]
    across = (share * ((table * away**2).sum(axis=2) - (table * away).sum(axis=2) ** 2)).sum(axis=1)

    score = _score(table, met)
    scale = (2 * spread + 4 * np.maximum(across - spread, 0)) / (2 * noise + 4 * np.maximum(score - noise, 0))
    degrees, at, tail = noise / scale, score / scale, (1 - level) / 2
    for end, chance in ((low, 1 - tail), (high, tail)):
        beyond = chndtr(at, degrees, 0.0) > chance  # otherwise no noncentrality is small enough
        end[known] = 0.0
        end[known[beyond]] = scale[beyond] * chndtrinc(at[beyond], degrees[beyond], chance)
    return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
