"""Yields add up and fade; shares follow them and never forget anybody."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.sampling import (
    SHARINGS,
    InvalidQueue,
    InvalidSampler,
    InvalidYields,
    LowConfidence,
    Pool,
    QueuePlan,
    Thompson,
    UpperBound,
    Yields,
    sharing,
)

NAMES = ["a", "b", "c"]


def brought(*found: int, looked: int = 40) -> Yields:
    return Yields.of(NAMES, [looked] * 3, found)


def test_rates_and_intervals() -> None:
    yields = Yields.of(["random", "a"], [20, 0], [3, 0])
    assert yields.rate[0] == 0.15
    assert np.isnan(yields.rate[1])
    low, high = yields.interval(0.9)
    assert (low.tolist(), high.tolist()) == tuple(each.tolist() for each in beta_interval([3, 0], [20, 0], 0.9))
    assert yields.targeted().names == ("a",)


def test_rounds_add_up_by_name() -> None:
    total = Yields.of(["a", "b"], [10, 5], [1, 2]) + Yields.of(["c", "a"], [7, 10], [0, 4])
    assert total.names == ("a", "b", "c")
    assert (total.looked.tolist(), total.found.tolist()) == ([20, 5, 7], [5, 2, 0])
    assert (total + Yields.none()).names == total.names


@pytest.mark.parametrize(
    ("names", "looked", "found", "words"),
    [
        (["a"], [3], [4], "a found 4 errors in 3 items"),
        (["a", "b"], [3], [1], "2 names"),
        (["a", "a"], [3, 3], [1, 1], "2 names"),
        (["a"], [3], [-1], "a found -1"),
        (["a"], [np.nan], [1], "a found 1"),
    ],
)
def test_counts_that_cannot_be_are_refused(
    names: list[str], looked: list[float], found: list[int], words: str
) -> None:
    with pytest.raises(InvalidYields, match=words):
        Yields.of(names, looked, found)


def test_outcomes_fit_to_the_queue() -> None:
    queue = QueuePlan.of({"a": LowConfidence()}).build(Pool.of(9, student=[[0.5, 0.5]] * 9), 5, 0)
    with pytest.raises(InvalidYields, match="4 outcomes for a queue of 5"):
        Yields.from_queue(queue, [True] * 4)
    with pytest.raises(InvalidYields, match="nobody looked"):
        Yields.from_queue(queue, [True] * 5, [False] * 5)


@pytest.mark.parametrize("name", sorted(SHARINGS))
def test_every_rule_shares_all_and_forgets_nobody(name: str) -> None:
    rule = sharing(name)
    for rounds in ([], [brought(0, 0, 0)], [brought(40, 0, 1)] * 30, [Yields.of(["z"], [5], [5])]):
        shares = rule.shares(NAMES, rounds)
        assert [*shares] == NAMES
        assert sum(shares.values()) == pytest.approx(1)
        assert min(shares.values()) >= 0.1 / 3 - 1e-12
        assert shares == rule.shares(NAMES, rounds)
    with pytest.raises(InvalidQueue, match="no names"):
        rule.shares([], [])


@pytest.mark.parametrize("rule", [Thompson(), UpperBound()])
def test_shares_follow_yield_and_its_change(rule: Thompson | UpperBound) -> None:
    early = rule.shares(NAMES, [brought(20, 2, 2)] * 5)
    assert max(early, key=early.__getitem__) == "a"
    assert early["a"] > 0.8
    late = rule.shares(NAMES, [brought(20, 2, 2)] * 5 + [brought(1, 20, 2)] * 12)
    assert late["b"] > 0.8


def test_thompson_is_the_probability_of_being_best() -> None:
    rule = Thompson(memory=1, floor=0, draws=50_000)
    shares = rule.shares(["a", "b"], [Yields.of(["a", "b"], [10, 10], [5, 3])])
    rng = np.random.default_rng(1)
    exact = (rng.beta(5.5, 5.5, 400_000) > rng.beta(3.5, 7.5, 400_000)).mean()
    assert shares["a"] == pytest.approx(exact, abs=0.01)


def test_beats_equal_shares_where_samplers_differ() -> None:
    rates = np.array([0.3, 0.05, 0.02])
    found = {}
    for name in ("thompson", "equal"):
        total = 0.0
        for seed in range(5):
            rng = np.random.default_rng(seed)
            rounds: list[Yields] = []
            for _ in range(8):
                shares = sharing(name).shares(NAMES, rounds)
                looked = np.round([30 * shares[each] for each in NAMES])
                rounds.append(Yields.of(NAMES, looked, rng.binomial(looked.astype(int), rates)))
                total += rounds[-1].found.sum()
        found[name] = total
    assert found["thompson"] > 1.5 * found["equal"]


def test_an_unknown_rule_or_parameter_is_named() -> None:
    with pytest.raises(InvalidSampler, match=r"no rule of sharing 'best'.*thompson"):
        sharing("best")
    with pytest.raises(InvalidSampler, match="no parameter 'epsilon'"):
        sharing("thompson", epsilon=0.1)
    with pytest.raises(InvalidParameter, match="memory"):
        Thompson(memory=1.1)
