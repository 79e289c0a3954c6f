"""Bounds on a finite set: against sums by hand, against exact chances of ever being wrong, with help of others."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crowdqc.quality.confidence_sequences import (
    Draws,
    InvalidDraws,
    fewest,
    fixed_most,
    log_evidence,
    most,
    share_upper,
)
from crowdqc.quality.intervals import InvalidInterval


def chance(K: int, N: int, hits: int, drawn: int) -> float:
    """The chance of draws in one order, one by one."""
    found, h = 1.0, 0
    for t in range(drawn):
        hit = t < hits
        found *= max((K - h) if hit else (N - t - K + h), 0) / (N - t)
        h += hit
    return found


@pytest.mark.parametrize(("hits", "drawn", "N"), [(0, 5, 9), (2, 5, 9), (3, 3, 9), (1, 30, 200), (0, 0, 4)])
def test_the_wealth_is_the_sum(hits: int, drawn: int, N: int) -> None:
    for K in range(hits, N - (drawn - hits) + 1):
        weight = [math.gamma(k + 0.5) / math.gamma(k + 1) if k < 100 else k**-0.5 for k in range(K + 1)]
        by_hand = sum(w * chance(k, N, hits, drawn) for k, w in enumerate(weight))
        by_hand /= sum(weight) * chance(K, N, hits, drawn)
        assert log_evidence(Draws.of(hits, drawn, N), [K])[0] == pytest.approx(math.log(by_hand), abs=2e-3)


@pytest.mark.parametrize("N", [6, 25])
@pytest.mark.parametrize("level", [0.6, 0.9])
def test_is_ever_wrong_with_at_most_its_chance(N: int, level: float) -> None:
    """Exact, for every number of hits: each path through the draws, until nothing is left."""
    bound = cache(lambda h, n: most(Draws.of(h, n, N), level))
    worst = 0.0
    for K in range(N + 1):
        alive = {0: 1.0}
        for n in range(N):
            after: dict[int, float] = {}
            for h, weight in alive.items():
                p = (K - h) / (N - n)
                for more, share in ((1, p), (0, 1 - p)):
                    if share > 0 and bound(h + more, n + 1) >= K:
                        after[h + more] = after.get(h + more, 0) + weight * share
            alive = after
        worst = max(worst, 1 - sum(alive.values()))
    assert 0.05 * (1 - level) < worst <= 1 - level + 1e-12


def test_holds_while_others_take_things_after_what_the_draws_showed() -> None:
    """A search that begins in earnest once a draw was a hit, and is good at it, does not break the promise."""
    rng, N, K, level, wrong, runs = np.random.default_rng(7), 300, 30, 0.8, 0, 150
    for _ in range(runs):
        is_hit = rng.permutation(np.arange(N) < K)
        left = np.ones(N, dtype=bool)
        hits: list[bool] = []
        pools: list[int] = []
        elsewhere: list[int] = []
        found = 0
        for _ in range(40):
            pools.append(int(left.sum()))
            elsewhere.append(found)
            drawn = rng.choice(np.flatnonzero(left))
            left[drawn] = False
            hits.append(bool(is_hit[drawn]))
            if hits[-1]:  # nine suspects, most of them hits
                score = is_hit + rng.normal(0, 0.4, N)
                taken = [place for place in np.argsort(-score) if left[place]][:9]
                left[taken] = False
                found += int(is_hit[taken].sum())
            draws = Draws.one_by_one(hits, N, pool=pools, elsewhere=elsewhere)
            if most(draws, level) < K:
                wrong += 1
                break
    assert 0.01 * runs < wrong <= (1 - level) * runs


def test_one_by_one_is_the_same_as_at_once() -> None:
    hit = [0, 0, 1, 0, 0, 0, 1, 0]
    at_once, one_by_one = Draws.of(2, 8, 50), Draws.one_by_one(hit, 50)
    assert one_by_one.log_likelihood(range(51)) == pytest.approx(at_once.log_likelihood(range(51)))
    split = Draws.one_by_one(hit, 50, pool=[50, 49, 48, 46, 45, 44, 43, 42], elsewhere=[0, 0, 0, 1, 1, 1, 1, 1])
    assert split.drawn.tolist() == [3, 5]
    assert split.known.tolist() == [0, 2]
    assert (split.found, split.left) == (3, 41)
    by_hand = [
        (50 - K) / 50 * (49 - K) / 49 * K / 48 * math.prod((48 - K - t) / (46 - t) for t in range(3))
        * (K - 2) / 43 * (45 - K) / 42
        for K in range(4, 40)
    ]  # fmt: skip
    assert np.exp(split.log_likelihood(range(4, 40))) == pytest.approx(by_hand)


@given(st.integers(1, 60).flatmap(lambda N: st.integers(0, N).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.just(n), st.just(N)))))  # fmt: skip
def test_what_is_certain_and_what_grows(case: tuple[int, int, int]) -> None:
    hits, drawn, N = case
    draws = Draws.of(hits, drawn, N)
    high, low = most(draws), fewest(draws)
    assert hits <= low <= high <= N - (drawn - hits)
    assert most(draws, 0.8) <= high <= most(draws, 0.999)
    assert high >= fixed_most(hits, drawn, N)
    if drawn < N:
        assert most(Draws.of(hits, drawn + 1, N)) <= high
        assert most(Draws.of(hits + 1, drawn + 1, N)) >= high
    else:
        assert low == high == hits


def test_a_large_set_is_like_a_stream() -> None:
    for hits, drawn in ((0, 300), (4, 400), (40, 200)):
        share = float(share_upper(hits, drawn))
        assert most(Draws.of(hits, drawn, 10**6)) / 10**6 == pytest.approx(share, rel=2e-3)


@given(st.integers(1, 80).flatmap(lambda N: st.integers(0, N).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.just(n), st.just(N)))), st.floats(0.5, 0.999))  # fmt: skip
def test_one_look_is_the_hypergeometric_bound(case: tuple[int, int, int], level: float) -> None:
    hits, drawn, N = case
    high = fixed_most(hits, drawn, N, level)
    chances = stats.hypergeom.cdf(hits, N, np.arange(hits, N - (drawn - hits) + 1), drawn)
    assert high == hits + np.flatnonzero(chances > 1 - level)[-1]


@given(st.integers(1, 300).flatmap(lambda N: st.integers(0, N).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.just(n), st.just(N)))))  # fmt: skip
def test_the_wealth_grows_beyond_the_likeliest_number(case: tuple[int, int, int]) -> None:
    hits, drawn, N = case
    log = log_evidence(Draws.of(hits, drawn, N), range(hits, N - (drawn - hits) + 1))
    likeliest = int(N * hits / drawn) - hits if drawn else 0
    assert (np.diff(log[max(likeliest, 0) :]) >= -1e-9).all()


def test_what_is_refused() -> None:
    for hits, drawn, size in ((3, 2, 9), (0, 10, 9), (-1, 2, 9)):
        with pytest.raises(InvalidDraws):
            Draws.of(hits, drawn, size)
    with pytest.raises(InvalidDraws):
        Draws.one_by_one([0, 1], 9, pool=[9, 9])
    with pytest.raises(InvalidDraws):
        Draws.one_by_one([0, 1], 9, pool=[9, 6], elsewhere=[0, 3])
    with pytest.raises(InvalidDraws):
        Draws.one_by_one([0, 1], 9, pool=[9])
    for level in (0.0, 1.0):
        with pytest.raises(InvalidInterval):
            most(Draws.of(0, 1, 2), level)
        with pytest.raises(InvalidInterval):
            fixed_most(0, 1, 2, level)
    with pytest.raises(InvalidInterval):
        most(Draws.of(0, 1, 2), shape=0)
