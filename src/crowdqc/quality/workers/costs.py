"""What mistakes each worker's answers cause once they are read as well as they can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation.decision import check_costs
from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.workers.matrices import Matrices


@brief
@dataclass(frozen=True, slots=True, eq=False)
class WorkerCosts:
    """One entry a worker; costs are of one answer, in the unit of the table of costs.

    Attributes
    ----------
    least, least_low, least_high
        float64, expected cost of an item that only he answers, labelled as is cheapest given what he says and
        what his answers mean, and its interval. Who says the opposite of the truth causes none.
    expected, expected_low, expected_high
        float64, the same, labelled by a draw from the classes that his answer leaves possible.
    quality, low, high
        float64, 1 - least / spammer, from 0 to 1, and its interval: the share of a spammer's cost that he saves.
        NaN with the interval (0, 1) where nothing is known of him, and where a spammer costs nothing.
    spammer, spammer_expected
        The costs of one who says the same whatever is true, so that only the class prior is known.
    """

    least: Floats
    least_low: Floats
    least_high: Floats
    expected: Floats
    expected_low: Floats
    expected_high: Floats
    quality: Floats
    low: Floats
    high: Floats
    spammer: float
    spammer_expected: float


def expected_costs(
    confusion: ArrayLike, class_prior: ArrayLike, costs: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Find what a single answer of a worker with a known matrix leaves to be paid, in expectation.

    Parameters
    ----------
    confusion
        float64[..., K, K], P(said | true), rows true.
    class_prior
        float64[K].
    costs
        float64[K, K], `costs[true, said]`, zero diagonal; None: each mistake costs 1.

    Returns
    -------
    least, expected
        float64[...]: with the label that costs least, and with a draw from the soft label.

    References
    ----------
    P. Ipeirotis, F. Provost, J. Wang (2010), Quality management on Amazon Mechanical Turk, HCOMP, section 4.

    Examples
    --------
    One who is right nine times of ten, one who is wrong nine times of ten, and one who always says the first:

    >>> table = [[[0.9, 0.1], [0.1, 0.9]], [[0.1, 0.9], [0.9, 0.1]], [[1, 0], [1, 0]]]
    >>> least, expected = expected_costs(table, [0.5, 0.5])
    >>> least.round(2).tolist(), expected.round(2).tolist()
    ([0.1, 0.1, 0.5], [0.18, 0.18, 0.5])
    """
    prior = np.asarray(class_prior, dtype=np.float64)
    cost = _table(costs, prior.size)
    joint = prior[:, None] * np.asarray(confusion, dtype=np.float64)
    by_label = joint.swapaxes(-1, -2) @ cost
    return np.asarray(by_label.min(axis=-1, initial=np.inf).sum(axis=-1)), _draws(joint, cost)[0].sum(axis=-1)


def score_costs(
    matrices: Matrices, class_prior: Floats, costs: ArrayLike | None = None, *, level: float = 0.95
) -> WorkerCosts:
    """Give the expected cost of each worker's mistakes, from the posterior of his matrix.

    The interval of the expected cost is that of the Beta distribution with its mean and with the variance that
    the Dirichlet posterior of the rows gives to it, to first order. The least cost is the least of several
    uncertain ones, and so looks smaller than it is: its upper end is that of a reader who departs from the label
    he would choose without an answer only where the answers prove that it pays. The class prior is taken as
    known.

    Raises
    ------
    InvalidCosts
        The costs are no such table.
    """
    W, K = matrices.n_workers, matrices.n_classes
    cost = _table(costs, K)
    prior = np.asarray(class_prior, dtype=np.float64)
    top = float((prior * cost.max(axis=1, initial=0.0)).sum())
    found = np.full((6, W), np.nan)
    for part in matrices.parts():
        rows = matrices.dirichlet(part)
        found[:, part] = np.stack(
            [*_least(rows, prior, cost, top, level), *_expected(rows, prior, cost, top, level)]
        )
    found[:, ~matrices.evidence.any(axis=1)] = np.array([np.nan, 0.0, top] * 2)[:, None]
    least, least_low, least_high, expected, expected_low, expected_high = found
    spammer = float((prior @ cost).min(initial=np.inf)) if K else 0.0
    quality, low, high = np.full(W, np.nan), np.zeros(W), np.ones(W)
    if spammer > 0:
        quality = np.clip(1 - least / spammer, 0.0, 1.0)
        low, high = (np.clip(1 - end / spammer, 0.0, 1.0) for end in (least_high, least_low))
    return WorkerCosts(
        least=least,
        least_low=least_low,
        least_high=least_high,
        expected=expected,
        expected_low=expected_low,
        expected_high=expected_high,
        quality=quality,
        low=low,
        high=high,
        spammer=spammer,
        spammer_expected=float(prior @ cost @ prior),
    )


def _table(costs: ArrayLike | None, K: int) -> Floats:
    return np.ones((K, K)) - np.eye(K) if costs is None else check_costs(costs, K)


def _draws(joint: Floats, cost: Floats) -> tuple[Floats, Floats]:
    """Cost of a label drawn from the soft one, float64[..., labels said], and P(said), the same."""
    said = joint.sum(axis=-2)
    paid = (joint * (cost @ joint)).sum(axis=-2)
    return np.divide(paid, said, out=np.zeros_like(paid), where=said > 0), said


def _least(rows: Floats, prior: Floats, cost: Floats, top: float, level: float) -> tuple[Floats, Floats, Floats]:
    """Give the least cost and its interval, float64[workers] each, from Dirichlet rows, float64[workers, K, K]."""
    from scipy.special import ndtri

    mass = rows.sum(axis=2)
    table = rows / mass[:, :, None]
    by_label = (prior[:, None] * table).swapaxes(1, 2) @ cost  # [workers, said, labelled]
    read = by_label.argmin(axis=2)
    low = _beta(*_moments(table, mass, prior[:, None] * cost[:, read].swapaxes(0, 1)), top, level)[0]

    # what departing from the usual label saves, and how sure that is
    usual = int((prior @ cost).argmin())
    gain = prior[:, None] * (cost[:, usual, None] - cost)
    saved = by_label[:, :, usual, None] - by_label
    cell = table * (1 - table) / (mass + 1)[:, :, None]
    spread = np.sqrt(cell.swapaxes(1, 2) @ gain**2)
    each = (1 - level) / 2 / max(cost.size - len(cost), 1)  # of as many as could be proven by chance
    proven = np.where(saved > -ndtri(each) * spread, by_label, np.inf)
    proven[:, :, usual] = by_label[:, :, usual]
    careful = proven.argmin(axis=2)
    high = _beta(*_moments(table, mass, prior[:, None] * cost[:, careful].swapaxes(0, 1)), top, level)[1]
    return by_label.min(axis=2).sum(axis=1), low, high


def _expected(
    rows: Floats, prior: Floats, cost: Floats, top: float, level: float
) -> tuple[Floats, Floats, Floats]:
    """Give the expected cost and its interval, float64[workers] each.

    With s the soft label of what is said, noise in the joint probabilities v takes (dv - s dP)' C (dv - s dP) /
    P from the cost, P = P(said), and nothing gives it back to a spammer, who stands at the greatest cost that
    there is: the upper end goes up by twice as much, about the upper end of what so many squares may be.
    """
    mass = rows.sum(axis=2)
    table = rows / mass[:, :, None]
    joint = prior[:, None] * table
    paid, said = _draws(joint, cost)
    share = np.divide(joint, said[:, None], out=np.zeros_like(joint), where=said[:, None] > 0)
    own = np.divide(paid, said, out=np.zeros_like(paid), where=said > 0)
    both = (cost + cost.T) @ share
    mean, spread = paid.sum(axis=1), _moments(table, mass, prior[:, None] * (both - own[:, None]))[1]
    cell = prior[:, None] ** 2 * table * (1 - table) / (mass + 1)[:, :, None]
    lost = (cell * (both - own[:, None])).sum(axis=1)
    lost = np.divide(lost, said, out=np.zeros_like(lost), where=said > 0).sum(axis=1)
    low, high = _beta(mean, spread, top, level)
    return mean, low, np.clip(high + 2 * lost, high, max(top, 0.0))


def _moments(table: Floats, mass: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of a weighted sum of the cells of Dirichlet rows, float64[workers] each."""
    mean = (table * weight).sum(axis=2)
    variance = ((table * weight**2).sum(axis=2) - mean**2) / (mass + 1)
    return mean.sum(axis=1), variance.sum(axis=1)


def _beta(mean: Floats, variance: Floats, top: float, level: float) -> tuple[Floats, Floats]:
    """Interval of the Beta distribution from 0 to `top` that has these moments."""
    from scipy.special import betaincinv

    if top <= 0:
        return np.zeros_like(mean), np.zeros_like(mean)
    m = np.clip(mean / top, 1e-9, 1 - 1e-9)
    v = np.clip(variance / top**2, 1e-15, 0.999 * m * (1 - m))
    size, tail = m * (1 - m) / v - 1, (1 - level) / 2
    shape = m * size, (1 - m) * size
    return np.minimum(top * betaincinv(*shape, tail), mean), np.maximum(top * betaincinv(*shape, 1 - tail), mean)
