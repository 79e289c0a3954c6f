"""Temperature scaling: one number a model that takes away that it is too sure of itself, or not sure enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Floats, brief

#: What is added to every probability before its logarithm is taken: the usual, and those that are tried.
LEAST, FLOORS = 1e-6, (1e-3, 1e-6, 1e-10, 1e-16)
#: Weights of a model's log probabilities: temperatures from 1/20 to 100.
BOUNDS = (0.01, 20.0)
#: Pseudo-rows for a temperature of 1, so that a handful of labels does not move it far.
ROWS = 5.0

Table = NDArray[np.floating]


class InvalidTemperature(Invalid):
    """Temperatures need probabilities of one shape, and a label of theirs for each row."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Temperature:
    """How far a model's probabilities are to be softened.

    Attributes
    ----------
    value
        Above 1 the model is too sure of itself, below 1 not sure enough.
    before, after
        Mean log loss as the probabilities are, and tempered, in nats a row; NaN without rows.
    rows
        How many labels it was learned from.
    """

    value: float
    before: float
    after: float
    rows: int


def tempered(probabilities: Table, weight: float, least: float = LEAST) -> Floats:
    """Raise probabilities[n, K] to a power, 1 / temperature, and let the rows sum to 1 again; float64[n, K].

    `least` is added first: what a model calls impossible happens once in a while.

    >>> tempered(np.array([[0.8, 0.2]]), 0.5).round(3).tolist()
    [[0.667, 0.333]]
    """
    return softmax(weight * logs(probabilities, least))


def logs(probabilities: Table, least: float = LEAST) -> Floats:
    """Logarithms of probabilities with a floor, float64 of their shape."""
    return np.asarray(np.log(np.asarray(probabilities, dtype=np.float64) + least))


def softmax(scores: Floats) -> Floats:
    """Turn float64[n, K] into rows that sum to 1; writes over the scores."""
    scores -= scores.max(axis=1, keepdims=True, initial=-np.inf)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def fit_temperature(probabilities: Table, label: ArrayLike) -> Temperature:
    """Find the temperature under which labels, int[n], are most probable.

    The predictions must be of items on which the model was not trained. Labels may be wrong here and there: that
    makes the model look as if it were too sure, by as much as labels are wrong.

    Raises
    ------
    InvalidTemperature
        Shapes that do not fit together, or a label that is no class.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), On calibration of modern neural networks, ICML,
    section 4.2.

    Examples
    --------
    A model that says 0.99 and is right three times of four:

    >>> sure = np.tile([0.99, 0.01], (400, 1))
    >>> found = fit_temperature(sure, np.arange(400) % 4 == 0)
    >>> round(found.value, 1), tempered(sure[:1], 1 / found.value).round(2).tolist()
    (4.1, [[0.75, 0.25]])
    """
    weight, (before, after) = weights_by_likelihood([probabilities], label)
    return Temperature(1 / float(weight[0]), before, after, len(probabilities))


def fit_floor(probabilities: Table, label: ArrayLike) -> float:
    """Find which of `FLOORS` to add to each probability, for the tempered ones to foretell labels, int[n], best.

    A model that says 0 where it has seen nothing wants much; one that is far too sure of itself, and whose 1e-12
    differ from 1e-9 all the same, wants next to nothing.
    """
    losses = [weights_by_likelihood([probabilities], label, [least])[1][1] for least in FLOORS]
    return FLOORS[int(np.nanargmin(losses))] if len(probabilities) else LEAST


def weights_by_likelihood(
    tables: Sequence[Table], label: ArrayLike, least: Sequence[float] | None = None
) -> tuple[Floats, tuple[float, float]]:
    """Find the weights of several models' log probabilities under which labels, int[n], are most probable.

    The weighted sum is a logarithmic opinion pool: with one model its weight is 1 / temperature, two copies share
    one weight, and a model that knows nothing gets next to none. What a model does not predict is a row of equal
    probabilities. The problem is convex. `least` is what is added to the probabilities of each.

    Returns
    -------
    weight
        float64[models].
    before, after
        Mean log loss with equal weights that sum to 1, and with these; NaN without rows.

    References
    ----------
    G. E. Hinton (2002), Training products of experts by minimizing contrastive divergence, Neural Computation 14.
    """
    from scipy.optimize import minimize  # takes longer to import than all of numpy

    given: Codes = np.asarray(label, dtype=np.int32)
    n, M = given.size, len(tables)
    if not M or any(table.shape != tables[0].shape or len(table) != n for table in tables) or given.ndim != 1:
        raise InvalidTemperature
    if n and not 0 <= given.min() <= given.max() < tables[0].shape[1]:
        raise InvalidTemperature
    start = np.full(M, 1 / M)
    if not n:
        return start, (float("nan"), float("nan"))
    logits = np.stack([logs(table, each) for table, each in zip(tables, least or [LEAST] * M, strict=True)])
    rows = np.arange(n)
    right = logits[:, rows, given].sum(axis=1)

    def loss(weight: Floats) -> tuple[float, Floats]:
        scores = np.tensordot(weight, logits, axes=1)
        highest = scores.max(axis=1, keepdims=True)
        said = np.exp(scores - highest)
        total = said.sum(axis=1, keepdims=True)
        said /= total
        value = float(np.log(total).sum() + highest.sum() - weight @ right)
        slope = np.array([np.vdot(said, each) for each in logits]) - right
        return value, slope

    def held(weight: Floats) -> tuple[float, Floats]:
        value, slope = loss(weight)
        away = weight - start
        return value + ROWS / 2 * float(away @ away), slope + ROWS * away

    found = minimize(held, start, jac=True, method="L-BFGS-B", bounds=[(BOUNDS[0] / M, BOUNDS[1])] * M)
    weight = np.asarray(found.x, dtype=np.float64)
    return weight, (loss(start)[0] / n, loss(weight)[0] / n)
