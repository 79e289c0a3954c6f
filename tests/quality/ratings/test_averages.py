"""Averages against numpy and scipy, item by item."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.ratings import GoldValues, InvalidRatings, Mean, Median, Ratings, TrimmedMean

answers = st.lists(
    st.lists(st.integers(-1000, 1000).map(lambda value: value / 8), max_size=25), min_size=1, max_size=4
)


def read(table: list[list[float]]) -> Ratings:
    rows = [(item, worker, value) for item, values in enumerate(table) for worker, value in enumerate(values)]
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    return Ratings.of(*columns, all_items=range(len(table)))


@given(answers)
def test_the_mean_has_students_interval(table: list[list[float]]) -> None:
    estimates = Mean(level=0.9).fit(read(table))
    for item, values in enumerate(table):
        if len(values) > 1:
            assert estimates.value[item] == pytest.approx(np.mean(values), abs=1e-9)
            assert estimates.error[item] == pytest.approx(stats.sem(values), abs=1e-9)
            reach = estimates.error[item] * stats.t(len(values) - 1).ppf(0.95)
            assert estimates.high[item] - estimates.value[item] == pytest.approx(reach, abs=1e-9)
        else:
            assert np.isnan(estimates.error[item])
            assert (estimates.low[item], estimates.high[item]) == (-np.inf, np.inf)
            assert np.isnan(estimates.value[item]) == (not values)


@given(answers, st.sampled_from([0.5, 0.9, 0.95]))
def test_the_median_has_the_interval_of_order_statistics(table: list[list[float]], level: float) -> None:
    estimates = Median(level=level).fit(read(table))
    for item, values in enumerate(table):
        if not values:
            assert np.isnan(estimates.value[item])
            continue
        assert estimates.value[item] == np.median(values)
        n = len(values)
        inside = [k for k in range(n // 2 + 1) if 2 * stats.binom(n, 0.5).cdf(k) <= 1 - level + 1e-12]
        low, high = (sorted(values)[max(inside)], sorted(values)[n - 1 - max(inside)]) if inside else (None, None)
        assert estimates.low[item] == (-np.inf if low is None else low)
        assert estimates.high[item] == (np.inf if high is None else high)
        assert estimates.low[item] <= estimates.value[item] <= estimates.high[item]


def test_the_median_of_many_answers() -> None:
    values = np.random.default_rng(0).normal(size=10_000)
    estimates = Median().fit(Ratings.of(np.zeros(10_000, dtype=int), np.arange(10_000), values))
    theirs = stats.quantile_test(values, q=0, p=0.5).confidence_interval(0.95)
    assert estimates.low[0] == theirs.low
    assert estimates.high[0] == theirs.high
    # the large-sample error of a median of normal values
    assert estimates.error[0] == pytest.approx(np.sqrt(np.pi / 2 / 10_000), rel=0.25)


@given(answers, st.sampled_from([0.0, 0.1, 0.2, 0.4]))
def test_the_trimmed_mean_is_that_of_scipy(table: list[list[float]], share: float) -> None:
    estimates = TrimmedMean(share=share).fit(read(table))
    for item, values in enumerate(table):
        if not values:
            continue
        assert estimates.value[item] == pytest.approx(stats.trim_mean(values, share), abs=1e-9)
        if int(share * len(values)) and len(values) - 2 * int(share * len(values) + 1e-9) > 1:
            low, high = stats.mstats.trimmed_mean_ci(values, limits=(share, share), inclusive=(True, True))
            assert estimates.low[item] == pytest.approx(float(low), abs=1e-8)
            assert estimates.high[item] == pytest.approx(float(high), abs=1e-8)


@pytest.mark.parametrize("method", [Mean(), Median(), TrimmedMean()])
def test_gold_is_held_and_nobody_is_no_value(method: Mean | Median | TrimmedMean) -> None:
    ratings = Ratings.of([1, 1, 2], ["a", "b", "a"], [4, 6, 1], all_items=[1, 2, 3, 4])
    estimates = method.fit(ratings, GoldValues.of(ratings, {2: 9, 3: 8}))
    np.testing.assert_array_equal(estimates.value, [5, 9, 8, np.nan])
    assert estimates.low[1] == estimates.high[1] == 9
    assert estimates.error[1] == 0
    assert estimates.known.tolist() == [False, True, True, False]
    assert estimates.answers.tolist() == [2, 1, 0, 0]
    assert estimates.raters is None
    assert (estimates.iterations, estimates.converged) == (0, True)


def test_parameters_are_checked() -> None:
    with pytest.raises(InvalidParameter, match=r"level is 1; it must be a number from 0.01 to 0.9999"):
        Mean(level=1)
    with pytest.raises(InvalidParameter, match=r"share is 0.5; it must be a number from 0 to 0.499"):
        TrimmedMean(share=0.5)
    ratings = Ratings.of([1], ["a"], [4])
    with pytest.raises(InvalidRatings, match="gold is that of 2 items; there are 1"):
        Median().fit(ratings, GoldValues(np.zeros(2)))
