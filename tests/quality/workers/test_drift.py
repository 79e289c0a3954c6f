"""Change points in a worker's accuracy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import xlogy

from crowdqc.quality.aggregation import Aggregator, DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.backing import Backing
from crowdqc.quality.workers.columns import InvalidColumn
from crowdqc.quality.workers.drift import Drifts, DriftTest
from tests.quality.workers.planted import coin, crowd


def on_gold(right: np.ndarray, order: np.ndarray | None = None, least: float = 5) -> Drifts:
    """Test one worker whose answers are known to be right or wrong."""
    votes = Votes.of(range(right.size), ["a"] * right.size, np.where(right, "x", "y"))
    gold = Gold.of(votes, dict.fromkeys(range(right.size), "x" if right.any() else "y"))
    backing = Backing.of(votes, DawidSkene().fit(votes, gold), gold)
    return DriftTest(least=least).run(votes, backing, np.arange(right.size) if order is None else order)


def by_definition(right: np.ndarray, least: int) -> tuple[int, float]:
    """The split with the greatest log likelihood ratio of two shares against one."""

    def log_likelihood(part: np.ndarray) -> float:
        share = part.mean()
        return part.size * float(xlogy(share, share) + xlogy(1 - share, 1 - share))

    whole = log_likelihood(right)
    ratios = [
        (log_likelihood(right[:at]) + log_likelihood(right[at:]) - whole, -at)
        for at in range(least, right.size - least + 1)
    ]
    ratio, at = max(ratios)
    return -at, ratio


@pytest.mark.parametrize("seed", range(10))
def test_the_split_is_the_likeliest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    right = rng.random(60) < np.where(np.arange(60) < 35, 0.85, 0.5)
    found = on_gold(right)
    at, _ = by_definition(right, 5)
    assert (found.answers_before[0], found.answers_after[0]) == (at, 60 - at)
    assert found.at[0] == at
    assert found.before[0] == pytest.approx(right[:at].mean())
    assert found.change[0] == pytest.approx(right[at:].mean() - right[:at].mean())
    assert found.low[0] < found.change[0] < found.high[0]


def test_a_change_of_time_order_changes_the_answer_and_that_of_rows_does_not() -> None:
    right = np.array([True] * 30 + [False] * 30)
    assert on_gold(right).p_value[0] < 1e-8
    mixed = np.random.default_rng(0).permutation(60)
    assert on_gold(right, order=mixed).p_value[0] > 0.05
    np.testing.assert_allclose(on_gold(right[mixed], order=mixed).p_value, on_gold(right).p_value)


def test_answers_of_the_same_time_are_not_divided() -> None:
    right = np.array([True] * 30 + [False] * 30)
    found = on_gold(right, order=np.repeat([1, 2, 3], 20))
    assert found.answers_before[0] in (20, 40)
    assert np.isnan(on_gold(right, order=np.ones(60)).p_value[0])


def test_too_few_answers_are_no_test() -> None:
    found = on_gold(np.array([True] * 7 + [False] * 7))
    np.testing.assert_equal((found.p_value, found.q_value, found.at, found.change), [[np.nan]] * 4)
    assert found.answers_before.tolist() == [0]


def test_answers_without_a_time_are_left_out() -> None:
    right = np.array([True] * 30 + [False] * 30)
    order = np.where(np.arange(60) % 2, np.nan, np.arange(60.0))
    found = on_gold(right, order=order)
    assert (found.answers_before[0], found.answers_after[0], found.at[0]) == (15, 15, 30)
    with pytest.raises(InvalidColumn):
        on_gold(right, order=np.arange(59))


@pytest.mark.parametrize("model", [MajorityVote(), DawidSkene()])
def test_where_nobody_changes_it_finds_nobody(model: Aggregator) -> None:
    """P-values are as common as they say, or rarer; so are crowds with a false discovery."""
    p, any_found = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        votes = crowd(seed, coin(rng.uniform(0.6, 0.95, 20), 3), items=500, overlap=4).votes
        found = DriftTest().run(votes, Backing.of(votes, model.fit(votes)), rng.random(len(votes)))
        p.append(found.p_value)
        any_found.append((found.q_value < 0.1).any())
    for chance in (0.01, 0.05, 0.1, 0.2):
        assert 0.3 * chance < np.mean(np.concatenate(p) <= chance) < 1.2 * chance + 0.004, chance
    assert np.mean(any_found) <= 0.2


def test_who_gives_up_half_way_is_found() -> None:
    right, false = [], []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        true = coin(rng.uniform(0.7, 0.95, 20), 3)
        votes = crowd(seed, true, items=600, overlap=4).votes
        order = rng.random(len(votes))
        mine = np.flatnonzero(votes.worker == 0)
        late = mine[np.argsort(order[mine])][mine.size // 2 :]
        votes.label[late] = rng.integers(3, size=late.size)
        found = DriftTest().run(votes, Backing.of(votes, DawidSkene().fit(votes)), order)
        hit = found.q_value < 0.05
        near = abs(int(found.answers_before[0]) - mine.size // 2) < 20
        right.append(hit[0] and near and found.high[0] < 0)
        false.append(hit[1:].sum())
    assert np.mean(right) >= 0.8
    assert np.sum(false) <= 3
