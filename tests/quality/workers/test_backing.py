"""What everyone else makes of an answer, as an estimate of its worker's accuracy."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.aggregation import Aggregator, DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.backing import Backing
from tests.quality.workers.planted import coin, crowd


def test_gold_counts_as_it_accepts() -> None:
    votes = Votes.of(range(4), ["a"] * 4, list("xyxy"), classes=["x", "y", "z"])
    gold = Gold.of(votes, {0: "x", 1: ["y", "z"], 2: "y"})
    backing = Backing.of(votes, DawidSkene().fit(votes, gold), gold)
    np.testing.assert_allclose(backing.chance, [1, 1, 0, np.nan])
    accuracy, evidence = backing.shares(votes.worker, 1)
    assert accuracy[0] == pytest.approx(2 / 3)
    assert evidence[0] == pytest.approx(3)


def test_estimates_are_unbiased_and_weighed_by_their_variance() -> None:
    """By the model itself: answers to items whose posterior is known, of a worker of known accuracy."""
    rng = np.random.default_rng(0)
    n, K, a = 200_000, 3, 0.7
    q = np.array([[0.6, 0.3, 0.1], [0.05, 0.05, 0.9], [1 / 3, 1 / 3, 1 / 3], [0, 1, 0]])[rng.integers(4, size=n)]
    truth = (rng.random(n)[:, None] > q.cumsum(axis=1)).sum(axis=1)
    label = np.where(rng.random(n) < a, truth, (truth + rng.integers(1, K, size=n)) % K)
    chance = q[np.arange(n), label]
    backing = Backing(chance, (q**2).sum(axis=1), (q**3).sum(axis=1), K)
    estimate, weight = backing.weigh(np.full(n, a))
    for kind in (0.6, 0.9, 1.0):
        rows = np.isclose(q.max(axis=1), kind)
        assert estimate[rows].mean() == pytest.approx(a, abs=0.02)
        # a weight is the variance of an answer with known truth over this one's
        assert a * (1 - a) / estimate[rows].var() == pytest.approx(weight[rows][0], rel=0.03)
    assert not weight[np.isclose(q.max(axis=1), 1 / 3)].any()
    assert weight[np.isclose(q.max(axis=1), 1.0)][0] == pytest.approx(1)


@pytest.mark.parametrize("model", [MajorityVote(), DawidSkene()])
@pytest.mark.parametrize(("K", "overlap", "shares"), [(2, 3, [0.75, 0.25]), (4, 3, None)])
def test_intervals_cover(model: Aggregator, K: int, overlap: int, shares: list[float] | None) -> None:
    covered, errors = [], []
    for seed in range(30):
        true = np.random.default_rng(seed).uniform(0.55, 0.95, 15)
        votes = crowd(seed, coin(true, K), items=500, overlap=overlap, shares=shares).votes
        accuracy, evidence = Backing.of(votes, model.fit(votes)).shares(votes.worker, 15)
        low, high = beta_interval(accuracy * evidence, evidence, 0.9)
        covered.append((low <= true) & (true <= high))
        errors.append(accuracy - true)
    assert 0.85 <= np.mean(covered) <= 0.97
    assert abs(np.mean(errors)) < 0.015


def test_groups_and_nobody() -> None:
    votes = Votes.of([1, 1, 2], list("aba"), list("xxy"))
    backing = Backing.of(votes, MajorityVote().fit(votes))
    accuracy, evidence = backing.shares(np.array([-1, 2, -1]), 4)
    assert np.isnan(accuracy[[0, 1, 3]]).all()
    assert (evidence > 0).tolist() == [False, False, True, False]
    assert backing.shares(np.array([-1, -1, -1]), 0)[0].size == 0
