"""Intervals: the Beta distribution as scipy has it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crowdqc.quality.intervals import InvalidInterval, beta_interval


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n + 1))), st.floats(0.5, 0.99))
def test_equals_scipy(case: tuple[int, int], level: float) -> None:
    correct, total = case
    low, high = beta_interval(correct, total, level)
    expected = stats.beta(correct + 0.5, total - correct + 0.5).interval(level)
    np.testing.assert_allclose((low, high), expected, rtol=1e-9)


def test_the_ends() -> None:
    low, high = beta_interval([0, 0, 5], [0, 5, 5])
    assert low[:2].tolist() == [0, 0]
    assert high[[0, 2]].tolist() == [1, 1]
    assert 0 < high[1] < 0.5 < low[2] < 1


def test_three_of_three_ranks_below_480_of_500() -> None:
    low, _ = beta_interval([3, 480], [3, 500])
    assert low[0] < low[1]


def test_takes_sums_of_probabilities() -> None:
    low, high = beta_interval([2.5, 3 + 1e-12], [5, 3])
    assert low[0] < 0.5 < high[0]
    assert high[1] == 1


@pytest.mark.parametrize("true", [0.6, 0.9, 0.97])
def test_covers_a_true_share_as_often_as_it_says(true: float) -> None:
    correct = np.arange(101)
    low, high = beta_interval(correct, np.full(101, 100))
    covered = stats.binom(100, true).pmf(correct)[(low <= true) & (true <= high)].sum()
    assert 0.92 < covered < 0.98


def test_holds_the_share_however_near_to_the_ends() -> None:
    low, high = beta_interval([0.001, 2.999], [3, 3])
    assert low[0] <= 0.001 / 3
    assert high[1] >= 2.999 / 3


def test_nonsense_is_refused() -> None:
    with pytest.raises(InvalidInterval):
        beta_interval(2, 1)
    with pytest.raises(InvalidInterval, match="level"):
        beta_interval(1, 2, 95)
