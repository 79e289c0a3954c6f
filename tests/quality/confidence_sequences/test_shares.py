"""Bounds of a share at every look: against integration, against exact chances of ever being wrong, in streams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from crowdqc.quality.confidence_sequences import (
    fixed_interval,
    share_interval,
    share_lower,
    share_upper,
    surely_above,
    surely_below,
)
from crowdqc.quality.intervals import InvalidInterval

SEEN = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def wealth(c: float, h: int, m: int, a: float) -> float:
    """What the bet against c is worth, integrated by hand over q = c s with s = u^(1/a)."""
    found, _ = integrate.quad(
        lambda u: u ** (h / a) * ((1 - c * u ** (1 / a)) / (1 - c)) ** m, 0, 1, epsabs=0, epsrel=1e-10, limit=500
    )
    return float(found)


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(("h", "n"), [(0, 1), (0, 60), (3, 40), (20, 40), (39, 40), (5, 200)])
def test_at_the_bound_the_bet_has_just_won(h: int, n: int, shape: float) -> None:
    high = float(share_upper(h, n, 0.95, shape=shape))
    if high < 1:
        assert wealth(high, h, n - h, shape) == pytest.approx(20, rel=1e-6)
    assert wealth(min(high, 1 - 1e-9) * 0.999, h, n - h, shape) < 20


@pytest.mark.parametrize("shape", [0.5, 1.0])
@pytest.mark.parametrize("p", [0.02, 0.3, 0.6, 0.95])
def test_is_ever_wrong_with_at_most_its_chance(p: float, shape: float) -> None:
    """Exact: the chance of every path of hits and misses that has not been wrong yet, look by look."""
    looks = 120
    alive = np.array([1.0])
    for n in range(1, looks + 1):
        alive = np.append(alive * (1 - p), 0) + np.append(0, alive * p)
        low, high = share_interval(np.arange(n + 1), n, 0.9, shape=shape)
        alive = np.where((low <= p) & (p <= high), alive, 0)
    wrong = 1 - alive.sum()
    assert 0.01 < wrong <= 0.1


@given(SEEN, st.floats(0.5, 0.999), st.sampled_from([0.5, 1.0]))
def test_holds_the_share_and_the_interval_of_one_look(seen: tuple[int, int], level: float, shape: float) -> None:
    low, high = share_interval(*seen, level, shape=shape)
    once_low, once_high = fixed_interval(*seen, level)
    assert 0 <= low <= once_low + 1e-12
    assert once_high - 1e-12 <= high <= 1
    assert low <= seen[0] / seen[1] <= high


@given(SEEN)
def test_more_hits_raise_it_and_more_certainty_widens_it(seen: tuple[int, int]) -> None:
    h, n = seen
    every = share_upper(np.arange(n + 1), n)
    assert (np.diff(every) >= -1e-12).all()
    assert share_upper(h, n, 0.9) <= share_upper(h, n, 0.99)
    assert share_upper(h, n + 1) <= share_upper(h, n) + 1e-12
    assert share_lower(n - h, n) == pytest.approx(1 - share_upper(h, n))


@given(SEEN, st.floats(0.01, 0.99), st.sampled_from([0.9, 0.99, 0.9999]))
def test_the_quick_question_has_the_answer_of_the_bound(seen: tuple[int, int], value: float, level: float) -> None:
    assert surely_below(*seen, value, level) == (share_upper(*seen, level) < value)
    assert surely_above(*seen, value, level) == (share_lower(*seen, level) > value)


def test_thousands_of_streams_each_with_its_level() -> None:
    rng = np.random.default_rng(3)
    n = rng.integers(0, 5000, size=4000)
    h = rng.binomial(n, 0.7)
    level = rng.uniform(0.8, 0.9999, size=n.size)
    low, high = share_interval(h, n, level)
    assert low.shape == high.shape == (4000,)
    assert (low[n == 0] == 0).all() and (high[n == 0] == 1).all()  # noqa: PT018
    for place in (0, 17, 3999):
        assert low[place] == share_lower(h[place], n[place], (1 + level[place]) / 2)


def test_huge_and_certain() -> None:
    low, high = share_interval([0, 10**7, 5 * 10**6], 10**7, 1 - 1e-9)
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()
    assert high[0] < 1e-5
    assert low[1] > 1 - 1e-5
    assert 0.495 < low[2] < 0.5 < high[2] < 0.505


@pytest.mark.parametrize(
    ("hits", "total", "level", "shape"), [(1, 2, 1, 1), (3, 2, 0.9, 1), (-1, 2, 0.9, 1), (1, 2, 0.9, 0)]
)
def test_what_is_refused(hits: int, total: int, level: float, shape: float) -> None:
    with pytest.raises(InvalidInterval):
        share_interval(hits, total, level, shape=shape)
