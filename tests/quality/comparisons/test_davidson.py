"""Davidson's log posterior: gradient and curvature against differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from crowdqc.quality.comparisons.davidson import Pairs, Posterior
from tests.quality.comparisons.test_bradley_terry import simulate


@pytest.mark.parametrize(("leans", "ties"), [(True, True), (True, False), (False, True), (False, False)])
def test_gradient_and_curvature_are_those_of_the_value(leans: bool, ties: bool) -> None:
    pairs = Pairs.of(simulate(1, items=5, n=80, tie=0.7)[0])
    posterior = Posterior(pairs, 5, 1.3, leans, ties)
    x = np.random.default_rng(0).normal(0, 0.7, 7)
    learned = np.array([True] * 5 + [leans, ties])
    value = optimize.approx_fprime(x, lambda x: posterior.slope(x)[0], 1e-6)
    np.testing.assert_allclose(posterior.slope(x)[1], np.where(learned, value, 0), atol=1e-3)
    bends = -np.array(
        [(posterior.slope(x + step)[1] - posterior.slope(x - step)[1]) / 2e-5 for step in 1e-5 * np.eye(7)]
    )
    curvature = posterior.curvature(x)
    matrix = np.array([curvature.times(each) for each in np.eye(7)])
    np.testing.assert_allclose(matrix[np.ix_(learned, learned)], bends[np.ix_(learned, learned)], atol=1e-5)
    np.testing.assert_allclose(np.diag(matrix), curvature.diagonal)
    np.testing.assert_allclose(matrix[~learned][:, learned], 0)
    information = posterior.information(x)
    assert (information.position is not None) == leans


def test_pairs_are_counted() -> None:
    comparisons, _ = simulate(2, items=4, n=50, tie=0.5)
    pairs = Pairs.of(comparisons)
    assert pairs.n.sum() == 50
    assert pairs.same.sum() == (comparisons.choice == 2).sum()
    assert pairs.lead.sum() == (comparisons.choice == 0).sum() - (comparisons.choice == 1).sum()
    winner, loser = pairs.wins()
    said = {
        pair
        for left, right, choice in zip(comparisons.left, comparisons.right, comparisons.choice, strict=True)
        for pair in ([(left, right)] if choice != 1 else []) + ([(right, left)] if choice != 0 else [])
    }
    assert {*zip(winner.tolist(), loser.tolist(), strict=True)} == said
