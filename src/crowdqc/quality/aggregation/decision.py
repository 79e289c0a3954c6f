"""From a posterior to a label: the likeliest, or the one that is expected to cost least."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Flags, Floats, row_maxima, row_sums

#: Scores nearer than this are a tie: far above rounding, far below what one answer weighs.
TIE = 1e-9


class InvalidCosts(Invalid):
    """The costs of mistakes are not a square table with a zero diagonal."""


def top(scores: Floats) -> tuple[Codes, Flags]:
    """Find each row's greatest score: its class, and whether another class ties with it.

    A tie goes to the first of the tied classes in their declared order, so no order of rows matters.

    >>> label, tied = top(np.array([[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]]))
    >>> label.tolist(), tied.tolist()
    ([0, 2], [True, False])
    """
    if not scores.size:
        return np.full(len(scores), -1, dtype=np.int32), np.zeros(len(scores), dtype=bool)
    near = scores >= row_maxima(scores)[:, None] - TIE
    return near.argmax(axis=1).astype(np.int32), row_sums(near.astype(np.float64)) > 1


def decide(posterior: Floats, costs: ArrayLike) -> Codes:
    """Choose the label with the least expected cost of a mistake.

    Parameters
    ----------
    posterior
        float64[n, K], the probability of each class.
    costs
        float64[K, K], `costs[true, said]`, with a zero diagonal.

    References
    ----------
    Ipeirotis, Provost, Wang (2010), Quality management on Amazon Mechanical Turk, section 4.

    Examples
    --------
    To miss the second class costs ten times a false alarm:

    >>> decide(np.array([[0.8, 0.2], [0.95, 0.05]]), [[0, 1], [10, 0]]).tolist()
    [1, 0]
    """
    return top(-(posterior @ check_costs(costs, posterior.shape[1])))[0]


def check_costs(costs: ArrayLike, K: int) -> NDArray[np.float64]:
    """Read a table of costs; raises `InvalidCosts` where it is no such table."""
    table = np.asarray(costs, dtype=np.float64)
    if table.shape != (K, K):
        raise InvalidCosts(f"The costs have the shape {table.shape}; {K} classes need {(K, K)}.")
    if not np.isfinite(table).all() or (table < 0).any() or np.diag(table).any():
        raise InvalidCosts("Costs must be finite and not below zero, and a right answer must cost nothing.")
    return table
