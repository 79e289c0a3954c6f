"""The spammer score and its interval."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.aggregation import DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.matrices import Matrices
from crowdqc.quality.workers.spammers import score_spammers, spammer_score
from tests.quality.workers.planted import all_gold, coin, crowd, mixed


def by_definition(table: np.ndarray) -> float:
    """Raykar and Yu: the sum over pairs of classes, over K (K - 1)."""
    K = len(table)
    pairs = combinations(range(K), 2)
    return sum(float(((table[a] - table[b]) ** 2).sum()) for a, b in pairs) / (K * (K - 1))


@given(st.integers(2, 6), st.integers(0, 1000))
def test_is_the_published_formula(K: int, seed: int) -> None:
    table = np.random.default_rng(seed).dirichlet(np.ones(K), K)
    assert spammer_score(table) == pytest.approx(by_definition(table))
    if K == 2:
        assert spammer_score(table) == pytest.approx((table[0, 0] + table[1, 1] - 1) ** 2)
    # rank one is a spammer, and any permutation of the truth is not
    assert spammer_score(np.tile(table[:1], (K, 1))) == pytest.approx(0, abs=1e-12)
    assert spammer_score(np.eye(K)[np.random.default_rng(seed).permutation(K)]) == pytest.approx(1)


def test_one_class_has_no_score() -> None:
    assert np.isnan(spammer_score([[1.0]]))


@pytest.mark.parametrize("K", [2, 3, 5])
def test_intervals_cover_where_the_truth_is_known(K: int) -> None:
    spammers, others = [], []
    for seed in range(60):
        true = mixed(seed, 16, K)
        found = crowd(seed, true, items=60 * K, overlap=8)
        matrices = Matrices.of(found.votes, MajorityVote().fit(found.votes, all_gold(found)))
        scores, exact = score_spammers(matrices, level=0.9), spammer_score(true)
        covered = (scores.low <= exact + 1e-12) & (exact <= scores.high)
        spammers.append(covered[exact < 1e-9])
        others.append(covered[exact > 1e-9])
    assert np.mean(spammers) >= 0.85
    assert 0.85 <= np.mean(others) <= 0.97


def test_intervals_cover_where_it_is_not() -> None:
    covered, spammers, told = [], [], []
    for seed in range(60):
        true = mixed(seed, 20, 3)
        votes = crowd(seed, true, items=500, overlap=6).votes
        scores, exact = score_spammers(Matrices.of(votes, DawidSkene().fit(votes)), level=0.9), spammer_score(true)
        covered.append((scores.low <= exact + 1e-12) & (exact <= scores.high))
        spammers.append(scores.high[exact < 1e-9] < 0.15)
        told.append(scores.low[exact > 0.3] > 0)
    assert np.mean(covered) >= 0.84
    assert np.concatenate(spammers).mean() > 0.9
    assert np.concatenate(told).mean() > 0.98


def test_classes_that_nobody_met_make_no_spammer() -> None:
    """All items are of the first two of five classes: the other rows are prior alone."""
    true = coin(np.full(8, 0.9), 5)
    found = crowd(0, true, items=200, overlap=8, shares=[0.5, 0.5, 0, 0, 0])
    scores = score_spammers(Matrices.of(found.votes, MajorityVote().fit(found.votes, all_gold(found))))
    assert scores.met.tolist() == [2] * 8
    assert (scores.low > 0.5).all()


def test_one_class_met_tells_nothing() -> None:
    votes = Votes.of(range(20), ["a"] * 20, ["x"] * 20, classes=["x", "y"])
    gold = Gold.of(votes, dict.fromkeys(range(20), "x"))
    scores = score_spammers(Matrices.of(votes, DawidSkene().fit(votes, gold)))
    np.testing.assert_equal((scores.score, scores.low, scores.high), ([np.nan], [0.0], [1.0]))


def test_few_answers_leave_it_open() -> None:
    """Ten workers, each with three answers of each class, all of them right."""
    items, workers = np.tile(np.arange(6), 10), np.repeat(np.arange(10), 6)
    votes = Votes.of(items, workers, np.array(["x", "y"])[items % 2])
    gold = Gold.of(votes, {item: "xy"[item % 2] for item in range(6)})
    matrices = Matrices.of(votes, DawidSkene().fit(votes, gold))
    scores = score_spammers(matrices)
    assert (scores.low < 0.75).all()
    assert (scores.high == 1).all()
    unknown = score_spammers(matrices, least=4)
    np.testing.assert_equal((unknown.score, unknown.low, unknown.high), ([np.nan] * 10, [0] * 10, [1] * 10))
