"""Leaning to a label, or to a place on the screen."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.aggregation import Aggregator, DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.columns import InvalidColumn
from crowdqc.quality.workers.matrices import Matrices
from crowdqc.quality.workers.positions import PositionTest
from tests.quality.workers.planted import all_gold, coin, crowd


def tables(seed: int, K: int, *, uneven: bool) -> np.ndarray:
    """Workers of different skill; where uneven the first class is hard for all, and looks like the second."""
    table = coin(np.random.default_rng(seed).uniform(0.65, 0.95, 20), K)
    if uneven:
        known = table[:, 0, 0] * 0.75
        table[:, 0] = 0
        table[:, 0, 0], table[:, 0, 1] = known, 1 - known
    return table


@pytest.mark.parametrize("model", [MajorityVote(), DawidSkene()])
@pytest.mark.parametrize(("K", "uneven"), [(2, False), (3, True), (5, True)])
def test_who_does_not_lean_is_not_found(model: Aggregator, K: int, uneven: bool) -> None:
    """Neither different skills, nor a class that is hard for all, nor unequal classes are leaning."""
    shares = np.arange(1.0, K + 1) / np.arange(1.0, K + 1).sum()
    p, any_found = [], []
    for seed in range(40):
        votes = crowd(seed, tables(seed, K, uneven=uneven), items=600, overlap=5, shares=shares).votes
        found = PositionTest().run(Matrices.of(votes, model.fit(votes)))
        p.append(found.p_value)
        any_found.append((found.q_value < 0.05).any())
    for chance in (0.01, 0.05, 0.1, 0.2):
        assert np.mean(np.concatenate(p) <= chance) <= 1.2 * chance + 0.006, chance
    assert np.mean(any_found) <= 0.15


def test_who_leans_is_found() -> None:
    hit, covered, false = [], [], []
    for seed in range(20):
        true = tables(seed, 3, uneven=True)
        honest = true[0].copy()
        true[0] = 0.7 * honest + 0.3 * np.eye(3)[2]
        found_crowd = crowd(seed, true, items=800, overlap=5)
        votes = found_crowd.votes
        found = PositionTest().run(Matrices.of(votes, DawidSkene().fit(votes)))
        hit.append(found.q_value[0] < 0.05 and found.place[0] == 2 and found.low[0] > 0)
        false.append((found.q_value[1:] < 0.05).sum())
        covered.append(found.low[0] <= 0.3 * (1 - honest[:, 2].mean()) <= found.high[0])
    assert np.mean(hit) >= 0.9
    assert np.mean(covered) >= 0.8
    assert np.sum(false) <= 5


def test_by_hand() -> None:
    """Fifty items of each class; the others are right as often, whatever it is, and he says the first far more."""
    others = [(item, worker, "xy"[item % 2] if (item // 2 + worker) % 5 else "yx"[item % 2])
              for worker in range(4) for item in range(100)]  # fmt: skip
    mine = [(item, 9, "x" if item % 2 == 0 or item % 5 < 2 else "y") for item in range(100)]
    votes = Votes.of(*zip(*others, *mine, strict=True))
    gold = Gold.of(votes, {item: "xy"[item % 2] for item in range(100)})
    found = PositionTest().run(Matrices.of(votes, DawidSkene().fit(votes, gold)))
    assert found.place[4] == 0
    assert found.answers[4] == pytest.approx(100)
    assert found.chosen[4] == pytest.approx(70)  # all 50, and 20 of those that are not
    assert found.expected[4] == pytest.approx(50, abs=0.5)  # twenty mistakes, evenly
    assert found.p_value[4] < 0.001
    assert (found.p_value[:4] > 0.2).all()


@pytest.mark.parametrize("lean", [0.0, 0.35])
def test_places_that_are_shuffled(lean: float) -> None:
    rng = np.random.default_rng(0)
    votes = crowd(0, coin(np.full(20, 0.8), 4), items=600, overlap=5).votes
    p, hit = [], []
    for _ in range(30):
        places = rng.integers(4, size=len(votes))
        places[(votes.worker == 0) & (rng.random(len(votes)) < lean)] = 3
        found = PositionTest().run_places(votes, places)
        p.append(found.p_value)
        if lean:
            assert found.place[0] == 3
            hit.append(found.q_value[0] < 0.05 and found.low[0] <= 0.75 * lean <= found.high[0])
    assert np.mean(hit or [1]) >= 0.8
    chances = np.concatenate([row[1:] for row in p])
    for chance in (0.01, 0.05, 0.2):
        assert np.mean(chances <= chance) <= 1.2 * chance + 0.006


def test_what_cannot_be_tested() -> None:
    votes = crowd(0, coin(np.full(5, 0.8), 3), items=10, overlap=3).votes
    found = PositionTest().run(Matrices.of(votes, DawidSkene().fit(votes)))
    assert found.place.tolist() == [-1] * 5
    assert np.isnan(found.p_value).all()
    assert np.isnan(PositionTest().run_places(votes, np.full(len(votes), -1)).q_value).all()
    assert np.isnan(PositionTest().run_places(votes, np.zeros(len(votes))).q_value).all()
    for places in (np.full(len(votes), 0.5), np.full(len(votes), 10_000)):
        with pytest.raises(InvalidColumn, match="whole numbers"):
            PositionTest().run_places(votes, places)


def test_known_truth_is_enough() -> None:
    found = crowd(3, coin(np.full(6, 0.8), 3), items=300, overlap=6)
    leanings = PositionTest().run(Matrices.of(found.votes, MajorityVote().fit(found.votes, all_gold(found))))
    np.testing.assert_allclose(leanings.answers, 300)
