"""Expected costs of workers' mistakes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.aggregation import DawidSkene, MajorityVote
from crowdqc.quality.aggregation.decision import InvalidCosts
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.costs import expected_costs, score_costs
from crowdqc.quality.workers.matrices import Matrices
from tests.quality.workers.planted import all_gold, coin, crowd, mixed


def by_definition(table: np.ndarray, prior: np.ndarray, costs: np.ndarray) -> tuple[float, float]:
    """Label by label: the soft label that it leaves, and what that costs."""
    least = expected = 0.0
    for said in range(len(prior)):
        chance = float(prior @ table[:, said])
        if chance == 0:
            continue
        soft = prior * table[:, said] / chance
        least += chance * min(float(soft @ costs[:, label]) for label in range(len(prior)))
        expected += chance * float(soft @ costs @ soft)
    return least, expected


@given(st.integers(2, 5), st.integers(0, 1000))
def test_is_the_published_definition(K: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table, prior = rng.dirichlet(np.ones(K), K), rng.dirichlet(np.ones(K))
    table[:, 0] *= rng.integers(2)  # a label that is never said
    table /= table.sum(axis=1, keepdims=True)
    costs = rng.exponential(size=(K, K)) * (1 - np.eye(K))
    np.testing.assert_allclose(expected_costs(table, prior, costs), by_definition(table, prior, costs))
    least, expected = expected_costs(table, prior, costs)
    assert least <= expected + 1e-12
    assert least <= (prior @ costs).min() + 1e-12  # an answer never makes it worse


def test_spammers_and_adversaries() -> None:
    """Each mistake costs 1, but to miss the second class costs 5."""
    costs = [[0, 1], [5, 0]]
    tables = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0.3, 0.7], [0.3, 0.7]]])
    least, expected = expected_costs(tables, [0.8, 0.2], costs)
    np.testing.assert_allclose(least, [0, 0, 0.8], atol=1e-12)
    np.testing.assert_allclose(expected, [0, 0, 0.8 * 0.2 * 6])


def gilded(labels: str, truth: str, classes: str = "xy") -> Matrices:
    votes = Votes.of(range(len(labels)), ["a"] * len(labels), list(labels), classes=list(classes))
    return Matrices.of(votes, MajorityVote().fit(votes, Gold.of(votes, dict(enumerate(truth)))))


def test_quality_of_one_who_says_the_opposite() -> None:
    costs = score_costs(gilded("xy" * 50, "yx" * 50), np.array([0.5, 0.5]))
    assert costs.quality[0] > 0.97
    assert costs.spammer == 0.5
    assert costs.spammer_expected == 0.5
    assert costs.low[0] > 0.9


def test_without_a_price_nothing_is_saved() -> None:
    """All mass on one class: a spammer costs nothing, and what share of nothing is saved is not defined."""
    costs = score_costs(gilded("xyxy", "xxxx"), np.array([1.0, 0.0]))
    assert costs.spammer == 0
    np.testing.assert_equal((costs.quality, costs.low, costs.high), ([np.nan], [0.0], [1.0]))
    assert np.isfinite(costs.expected).all()


def test_unknown_workers() -> None:
    votes = Votes.of([1, 2], ["a", "b"], ["x", "y"])
    costs = score_costs(Matrices.of(votes, DawidSkene().fit(votes)), np.array([0.5, 0.5]))
    np.testing.assert_equal(costs.least, [np.nan, np.nan])
    np.testing.assert_equal((costs.least_low, costs.least_high), ([0.0, 0.0], [1.0, 1.0]))
    np.testing.assert_equal((costs.low, costs.high), ([0.0, 0.0], [1.0, 1.0]))


def test_costs_must_be_costs() -> None:
    with pytest.raises(InvalidCosts):
        score_costs(gilded("xy", "xy"), np.array([0.5, 0.5]), [[1, 0], [0, 1]])


@pytest.mark.parametrize(("K", "shares"), [(2, None), (2, [0.8, 0.2]), (3, None), (5, None)])
def test_intervals_cover_where_the_truth_is_known(K: int, shares: list[float] | None) -> None:
    prior = np.full(K, 1 / K) if shares is None else np.array(shares)
    price = np.random.default_rng(9).uniform(0.5, 2, (K, K)) * (1 - np.eye(K))
    spammer = (prior @ price).min()
    covered: dict[str, list[np.ndarray]] = {"least": [], "expected": [], "quality": []}
    for seed in range(60):
        true = mixed(seed, 16, K)
        found = crowd(seed, true, items=60 * K, overlap=8, shares=shares)
        matrices = Matrices.of(found.votes, MajorityVote().fit(found.votes, all_gold(found)))
        costs = score_costs(matrices, prior, price, level=0.9)
        least, expected = expected_costs(true, prior, price)
        covered["least"].append((costs.least_low <= least + 1e-12) & (least <= costs.least_high + 1e-12))
        covered["expected"].append((costs.expected_low <= expected) & (expected <= costs.expected_high + 1e-12))
        quality = 1 - least / spammer
        covered["quality"].append((costs.low <= quality + 1e-12) & (quality <= costs.high + 1e-12))
    for name, kept in covered.items():
        assert 0.86 <= np.mean(kept) <= 0.99, name


def test_intervals_cover_where_it_is_not() -> None:
    covered, spammers = [], []
    for seed in range(60):
        true = coin(np.random.default_rng(seed).uniform(0.6, 0.95, 16), 3)
        true[:2] = [0.2, 0.5, 0.3]
        votes = crowd(seed, true, items=500, overlap=6).votes
        consensus = DawidSkene().fit(votes)
        costs = score_costs(Matrices.of(votes, consensus), consensus.class_prior, level=0.9)
        quality = 1 - expected_costs(true, [1 / 3] * 3)[0] / (2 / 3)
        covered.append((costs.low <= quality + 1e-12) & (quality <= costs.high + 1e-12))
        spammers.append((costs.low[:2] < 0.02) & (costs.high[:2] < 0.35))
    assert 0.86 <= np.mean(covered) <= 0.98
    assert np.concatenate(spammers).mean() > 0.9
