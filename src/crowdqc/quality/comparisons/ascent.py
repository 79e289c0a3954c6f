"""Climbing a log posterior by its gradient, and keeping what was reached after each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crowdqc.quality.arrays import Floats, brief

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

#: Steps that the approximation of the curvature remembers.
MEMORY = 10
#: How many times the tolerance the gradient may be where the line search, stopped by rounding, gave up.
ROUGH = 10.0
#: Of Newton's method: how near each step is solved for, how often it is halved at most, and what counts as level.
NEAR, HALVINGS, ROUNDING = 1e-4, 60, 1e-13
#: Conjugate gradients of a step at most.
ROUNDS = 500


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Top:
    """Where a climb ended: the parameters, the objective after each iteration, whether it ended by itself."""

    at: Floats
    objective: Floats
    converged: bool


def climb(
    value_and_gradient: Callable[[Floats], tuple[float, Floats]],
    start: Floats,
    *,
    max_iterations: int,
    tolerance: float,
) -> Top:
    """Maximise by L-BFGS until no part of the gradient exceeds `tolerance` times the root of the objective.

    The root, because the objective is known to its rounding, and its slope near the top to the root of that.

    References
    ----------
    D. C. Liu, J. Nocedal (1989), On the limited memory BFGS method for large scale optimization, Mathematical
    Programming 45, 503-528.
    """
    from scipy.optimize import OptimizeResult, minimize

    reached: list[float] = []

    def down(x: Floats) -> tuple[float, Floats]:
        value, gradient = value_and_gradient(x)
        return -value, -gradient

    def keep(intermediate_result: OptimizeResult) -> None:
        reached.append(-float(intermediate_result.fun))

    enough = tolerance * float(np.sqrt(1 + abs(value_and_gradient(start)[0])))
    found = minimize(
        down,
        start,
        jac=True,
        method="L-BFGS-B",
        callback=keep,
        options={
            "maxiter": max_iterations,
            "maxfun": 10 * max_iterations,
            "maxcor": MEMORY,
            "gtol": enough,
            "ftol": 0.0,
        },
    )
    left_over = float(np.abs(found.jac).max(initial=0.0))
    # a line search that finds no higher point stands at the top, as far as rounding shows
    return Top(found.x, np.array(reached), bool(left_over <= ROUGH * enough))


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Curvature:
    """The matrix of second derivatives, its sign turned: what it makes of a vector, and its diagonal."""

    times: Callable[[Floats], Floats]
    diagonal: Floats

    def over(self, vector: Floats) -> Floats:
        """Divide by the diagonal: near the inverse of the matrix."""
        return np.asarray(vector / self.diagonal)


def climb_straight(
    value_and_gradient: Callable[[Floats], tuple[float, Floats]],
    curvature: Callable[[Floats], Curvature],
    start: Floats,
    *,
    max_iterations: int,
    tolerance: float,
) -> Top:
    """Maximise what is concave by Newton's method, until a step moves no parameter by more than `tolerance`.

    Each step is solved for by conjugate gradients, and halved until it does not lead down.

    References
    ----------
    J. Nocedal, S. J. Wright (2006), Numerical optimization, 2nd ed., algorithm 7.1.
    """
    from scipy.sparse.linalg import cg

    x, moved = start, np.inf
    value, gradient = value_and_gradient(x)
    reached: list[float] = []
    while moved > tolerance and len(reached) < max_iterations:
        bend = curvature(x)
        step, _ = cg(
            _operator(bend.times, x.size), gradient, rtol=NEAR, maxiter=ROUNDS, M=_operator(bend.over, x.size)
        )
        before = value
        for _ in range(HALVINGS):
            value, gradient = value_and_gradient(x + step)
            if value >= before - ROUNDING * abs(before):
                break
            step = step / 2
        else:
            return Top(x, np.array([*reached, before]), False)
        x, moved = x + step, float(np.abs(step).max(initial=0.0))
        reached.append(max(value, before))
    return Top(x, np.array(reached), moved <= tolerance)


def _operator(times: Callable[[Floats], Floats], size: int) -> LinearOperator[Any]:
    from scipy.sparse.linalg import LinearOperator

    return LinearOperator((size, size), matvec=times, dtype=np.float64)


def evens(log_odds: Floats) -> tuple[Floats, Floats]:
    """Log density of one success and one failure at these log odds, and its derivative."""
    far = np.abs(log_odds)
    return np.asarray(-far - 2 * np.log1p(np.exp(-far))), np.asarray(-np.tanh(log_odds / 2))


def firmness(log_odds: Floats) -> Floats:
    """Information of one success and one failure on these log odds."""
    return np.asarray(0.5 / np.cosh(np.minimum(np.abs(log_odds), 700.0) / 2) ** 2)
