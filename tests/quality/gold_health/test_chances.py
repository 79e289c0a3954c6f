"""Chances where things differ anyhow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crowdqc.quality.gold_health.chances import above, many_right, together, usual_variance


def test_what_is_usual_is_found_beside_what_is_not() -> None:
    rng = np.random.default_rng(0)
    noise = rng.uniform(0.5, 2, 2000)
    apart = rng.normal(0, np.sqrt(noise + 4.0))
    apart[:200] += 100
    assert usual_variance(apart, noise, np.ones(2000)) == pytest.approx(4.0, rel=0.4)
    assert usual_variance(rng.normal(0, 0.5, 2000), np.ones(2000), np.ones(2000)) == 0
    assert usual_variance(np.full(3, 9.0), np.ones(3), np.ones(3)) == 0


def test_many_right_is_binomial_with_half_of_just_so_many() -> None:
    right = np.array([0.0, 3.0, 10.0, 2.0])
    n = np.array([10.0, 10.0, 10.0, 0.0])
    p = many_right(right, n, 0.3 * n, 0.21 * n)
    exact = stats.binom.sf(right[:3], 10, 0.3) + stats.binom.pmf(right[:3], 10, 0.3) / 2
    np.testing.assert_allclose(p[:3], exact, rtol=1e-6, atol=1e-9)
    assert np.isnan(p[3])


def test_the_more_they_vary_the_less_it_means() -> None:
    n = np.full(3, 40.0)
    p = many_right(np.full(3, 36.0), n, 0.7 * n, np.array([1.0, 2.0, 5.0]) * 0.21 * n)
    assert (np.diff(p) > 0).all()
    assert p[0] < 0.01 < 0.05 < p[2]


def test_a_skewed_sum() -> None:
    """Of independent answers, few of which are wrong."""
    rng = np.random.default_rng(1)
    for chance in (0.9, 0.1):
        sums = (rng.random((40_000, 60)) < chance).sum(axis=1) - 60 * chance
        z = sums / np.sqrt(60 * chance * (1 - chance))
        skew = (1 - 2 * chance) / np.sqrt(60 * chance * (1 - chance))
        for at in (1.0, 1.5, 2.0):
            beyond = np.mean(z > at) + np.mean(np.isclose(z, at)) / 2
            assert above(np.array([at]), np.array([skew]))[0] == pytest.approx(beyond, abs=0.035)
    assert above(np.array([1.645]), np.zeros(1))[0] == pytest.approx(0.05, abs=1e-3)


def test_two_signs_at_once() -> None:
    rng = np.random.default_rng(2)
    one, two = rng.random((2, 20_000))
    p = together(one, two, 0.25)
    for chance in (0.001, 0.01, 0.05, 0.1, 0.5):
        assert np.mean(p <= chance) <= chance * 1.1
    assert together(np.array([0.001, 0.001, np.nan]), np.array([0.02, 0.6, 0.1]), 0.25)[1] == 0.6
    assert together(np.array([0.02]), np.array([0.02]), 0.25)[0] < 0.01
