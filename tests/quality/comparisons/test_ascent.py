"""Climbing: both ways reach the top of a known hill, and say where they gave up."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from crowdqc.quality.comparisons.ascent import Curvature, climb, climb_straight, evens, firmness

Floats = NDArray[np.float64]
PEAK = np.array([0.3, -1.5, 2.0])
SHAPE = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 3.0]])


def hill(x: Floats) -> tuple[float, Floats]:
    """Concave, not quadratic, greatest at PEAK: less the sum of log cosh of three combinations."""
    z = SHAPE @ (x - PEAK)
    return -float((np.abs(z) + np.log1p(np.exp(-2 * np.abs(z)))).sum()), -SHAPE.T @ np.tanh(z)


def bend(x: Floats) -> Curvature:
    matrix = SHAPE.T @ ((1 - np.tanh(SHAPE @ (x - PEAK)) ** 2)[:, None] * SHAPE)
    return Curvature(lambda v: matrix @ v, np.diag(matrix))


@pytest.mark.parametrize("start", [np.zeros(3), PEAK, np.array([3.0, 3.0, -3.0])])
def test_both_reach_the_top(start: Floats) -> None:
    straight = climb_straight(hill, bend, start, max_iterations=100, tolerance=1e-9)
    around = climb(hill, start, max_iterations=200, tolerance=1e-8)
    for top in (straight, around):
        assert top.converged
        np.testing.assert_allclose(top.at, PEAK, atol=1e-6)
        assert (np.diff(top.objective) >= -1e-12).all()


def test_says_that_it_gave_up() -> None:
    far = np.array([3.0, 3.0, -3.0])
    assert not climb_straight(hill, bend, far, max_iterations=1, tolerance=1e-9).converged
    assert not climb(hill, far, max_iterations=1, tolerance=1e-9).converged


def test_evens_are_one_success_and_one_failure() -> None:
    odds = np.linspace(-20, 20, 9)
    p = 1 / (1 + np.exp(-odds))
    density, slope = evens(odds)
    np.testing.assert_allclose(density, np.log(p * (1 - p)), rtol=1e-6)
    np.testing.assert_allclose(slope, 1 - 2 * p, atol=1e-12)
    np.testing.assert_allclose(firmness(odds), 2 * p * (1 - p), atol=1e-12)
    assert firmness(np.float64(5000.0)) >= 0
