"""What one more answer is worth."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.aggregation import Consensus, DawidSkene, MajorityVote
from crowdqc.quality.aggregation.decision import InvalidCosts
from crowdqc.quality.gold import Gold
from crowdqc.quality.items import gain as module
from crowdqc.quality.items.gain import InvalidMatrix, expected_gains
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.matrices import Matrices
from tests.quality.crowds import simulate


def of(posterior: np.ndarray) -> Consensus:
    """A consensus with this posterior."""
    items, K = posterior.shape
    votes = Votes.of(range(items), ["a"] * items, ["0"] * items, classes=[str(k) for k in range(K)])
    logs = np.log(np.maximum(posterior, 1e-300))
    return Consensus.of(logs, votes, Gold.none(votes), class_prior=np.full(K, 1 / K))


def by_definition(p: np.ndarray, e: np.ndarray, costs: np.ndarray) -> tuple[float, float]:
    """Go through the answers that may come: what is believed then, and what the best label costs."""
    K = len(p)
    now = min(sum(p[k] * costs[k, label] for k in range(K)) for label in range(K))
    after = told = 0.0
    for answer in range(K):
        chance = sum(p[k] * e[k, answer] for k in range(K))
        if chance == 0:
            continue
        then = [p[k] * e[k, answer] / chance for k in range(K)]
        after += chance * min(sum(then[k] * costs[k, label] for k in range(K)) for label in range(K))
        told += chance * sum(q * np.log(q / p[k]) for k, q in enumerate(then) if q > 0)
    return now - after, told


@given(st.integers(2, 5), st.integers(0, 1000), st.booleans())
def test_is_what_may_come_weighed_by_its_chance(K: int, seed: int, priced: bool) -> None:
    rng = np.random.default_rng(seed)
    posterior, table = rng.dirichlet(np.full(K, 0.5), 6), rng.dirichlet(np.full(K, 0.5), K)
    costs = rng.exponential(size=(K, K)) * (1 - np.eye(K)) if priced else None
    gains = expected_gains(of(posterior), table, costs)
    price = 1 - np.eye(K) if costs is None else costs
    expected = np.array([by_definition(row, table, price) for row in posterior])
    np.testing.assert_allclose(gains.gain, expected[:, 0], atol=1e-9)
    np.testing.assert_allclose(gains.information, expected[:, 1], atol=1e-9)
    np.testing.assert_allclose(gains.cost, (posterior @ price).min(axis=1), atol=1e-9)
    assert (gains.gain >= 0).all()  # to know more never costs
    assert (gains.gain <= gains.cost + 1e-12).all()


def test_an_answer_of_a_better_worker_is_worth_more() -> None:
    posterior = np.random.default_rng(0).dirichlet(np.ones(3), 50)
    worth = [
        expected_gains(of(posterior), np.full((3, 3), (1 - a) / 2) + np.eye(3) * (a - (1 - a) / 2))
        for a in (1 / 3, 0.5, 0.8, 1.0)
    ]
    assert not worth[0].gain.any()
    assert np.allclose(worth[0].information, 0)
    for less, more in pairwise(worth):
        assert (less.gain <= more.gain + 1e-12).all()
        assert (less.information <= more.information + 1e-12).all()
    np.testing.assert_allclose(worth[3].gain, 1 - posterior.max(axis=1))


def test_who_always_errs_alike_is_worth_as_much_as_who_never_does() -> None:
    posterior = np.random.default_rng(0).dirichlet(np.ones(3), 20)
    right, turned = (expected_gains(of(posterior), table) for table in (np.eye(3), np.eye(3)[[1, 2, 0]]))
    np.testing.assert_allclose(right.gain, turned.gain)


def test_gold_gains_nothing_and_comes_last() -> None:
    votes = Votes.of([1, 1, 2, 2, 3, 3], list("ababab"), list("xyxyxx"), all_items=[1, 2, 3, 4])
    gold = Gold.of(votes, {1: ["x", "y"]})
    gains = expected_gains(MajorityVote().fit(votes, gold), [[0.7, 0.3], [0.3, 0.7]])
    assert (gains.gain[0], gains.information[0]) == (0, 0)
    assert gains.best(9).tolist() == [1, 3]
    assert gains.best(1).tolist() == [1]
    assert gains.best(9, open=[True, False, True, True]).tolist() == [3, 0, 2]
    assert gains.best(0).size == 0


def test_where_no_answer_can_turn_the_label_information_goes_on() -> None:
    gains = expected_gains(of(np.array([[0.95, 0.05], [0.99, 0.01]])), [[0.7, 0.3], [0.3, 0.7]])
    assert gains.gain.tolist() == [0, 0]
    assert gains.best(2).tolist() == [0, 1]


def test_asking_where_it_gains_most_beats_asking_anywhere() -> None:
    """The expected gain is what is won, over many items and answers that really come."""
    found = simulate(0, items=3000, workers=30, K=3, overlap=3, low=0.6, high=0.9)
    votes = found.votes
    consensus = DawidSkene().fit(votes)
    crowd = Matrices.of(votes, consensus).crowd
    gains = expected_gains(consensus, crowd)
    best = gains.best(600)
    rng = np.random.default_rng(1)
    accuracy = found.confusion[:, 0, 0].mean()
    wins = []
    for items in (best, rng.permutation(3000)[:600]):
        truth = found.truth[items]
        answer = np.where(rng.random(600) < accuracy, truth, (truth + rng.integers(1, 3, 600)) % 3)
        then = (consensus.posterior[items] * crowd.T[answer]).argmax(axis=1)
        wins.append((then == truth).mean() - (consensus.label[items] == truth).mean())
    assert wins[0] == pytest.approx(gains.gain[best].mean(), abs=0.04)
    assert wins[0] > wins[1] + 0.05


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    posterior = np.random.default_rng(0).dirichlet(np.ones(3), 20)
    whole = expected_gains(of(posterior), np.eye(3))
    monkeypatch.setattr(module, "CHUNK", 10)
    np.testing.assert_array_equal(expected_gains(of(posterior), np.eye(3)).gain, whole.gain)


def test_refused() -> None:
    consensus = of(np.array([[0.5, 0.5]]))
    with pytest.raises(InvalidMatrix, match=r"\(3, 3\); 2 classes need \(2, 2\)"):
        expected_gains(consensus, np.eye(3))
    for table in ([[0.5, 0.6], [0.5, 0.5]], [[1.5, -0.5], [0.0, 1.0]], [[np.nan, 1.0], [0.0, 1.0]]):
        with pytest.raises(InvalidMatrix):
            expected_gains(consensus, table)
    with pytest.raises(InvalidCosts):
        expected_gains(consensus, np.eye(2), [[1, 0], [0, 1]])


def test_what_is_no_matrix_is_refused_with_what_to_give() -> None:
    votes = simulate(1, items=20, K=2).votes
    consensus = DawidSkene().fit(votes)
    with pytest.raises(InvalidMatrix, match=r"is a PairConfusion; it must be one table, float64\[2, 2\].*\.crowd"):
        expected_gains(consensus, consensus.confusion)  # type: ignore[arg-type]
