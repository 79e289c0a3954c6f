"""Workers' matrices by everyone else."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from crowdqc.quality.aggregation import DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import matrices as module
from crowdqc.quality.workers.matrices import Matrices, pseudo_answers
from tests.quality.crowds import simulate
from tests.quality.workers.planted import all_gold, coin, crowd

ALL = slice(0, 12)


def test_with_gold_it_is_a_table_of_counts() -> None:
    found = crowd(0, coin(np.linspace(0.4, 0.95, 12), 3))
    votes = found.votes
    for model in (MajorityVote(), DawidSkene()):
        matrices = Matrices.of(votes, model.fit(votes, all_gold(found)))
        table = np.zeros((12, 3, 3))
        np.add.at(table, (votes.worker, found.truth[votes.item], votes.label), 1)
        np.testing.assert_allclose(matrices.expected(ALL), table, atol=1e-9)
        np.testing.assert_allclose(matrices.evidence, table.sum(axis=2), atol=1e-6)
        pooled = table.sum(axis=0) + pseudo_answers(3)
        np.testing.assert_allclose(matrices.crowd, pooled / pooled.sum(axis=1, keepdims=True))
        np.testing.assert_allclose(matrices.dirichlet(ALL), table + matrices.crowd, atol=1e-6)


def test_the_estimate_has_the_greatest_posterior() -> None:
    """Of a matrix of two classes, against a search that knows nothing of expectation maximisation."""
    votes = simulate(1, items=60, workers=4, K=2, overlap=3).votes
    consensus = DawidSkene().fit(votes)
    others = np.concatenate([part for _, part in consensus.others(votes)])
    matrices = Matrices.of(votes, consensus)
    pseudo = pseudo_answers(2)
    for worker in range(4):
        mine = votes.worker == worker
        q, label = others[mine], votes.label[mine]

        def lack(x: np.ndarray, q: np.ndarray = q, label: np.ndarray = label) -> float:
            e = np.array([[x[0], 1 - x[0]], [1 - x[1], x[1]]])
            return -float(np.log((q * e[:, label].T).sum(axis=1)).sum() + (pseudo * np.log(e)).sum())

        best = minimize(lack, [0.7, 0.7], bounds=[(1e-4, 1 - 1e-4)] * 2, tol=1e-12)
        table = matrices.expected(slice(0, 4))[worker] + pseudo
        recall = np.diag(table / table.sum(axis=1, keepdims=True))
        assert lack(recall) == pytest.approx(best.fun, abs=2e-3)


def test_doubts_of_others_are_no_evidence() -> None:
    """Each item has one worker who knows and one who guesses, and nothing tells who is who."""
    rng = np.random.default_rng(0)
    labels = [*rng.integers(2, size=200), *rng.integers(2, size=200)]
    votes = Votes.of([*range(200)] * 2, ["a"] * 200 + ["b"] * 200, map(str, labels))
    matrices = Matrices.of(votes, MajorityVote().fit(votes))
    assert (matrices.evidence < 20).all()
    alone = Votes.of(range(5), ["a"] * 5, list("xyxyx"))
    assert Matrices.of(alone, DawidSkene().fit(alone)).evidence.tolist() == [[0, 0]]


def test_two_answers_to_one_item_do_not_vouch_for_each_other() -> None:
    votes = Votes.of(["i"] * 3 + ["j"] * 2, list("aabaa"), list("xxyyy"), repeats="all")
    matrices = Matrices.of(votes, MajorityVote().fit(votes))
    # on i only b speaks of a's truth, and of j nobody does
    assert matrices.expected(slice(0, 2))[0].sum() == pytest.approx(2)


def test_one_matrix_for_each_who_is_asked() -> None:
    votes = simulate(3, workers=12).votes
    matrices = Matrices.of(votes, DawidSkene().fit(votes))
    rows = matrices.dirichlet(ALL)
    rates = rows / rows.sum(axis=2, keepdims=True)
    np.testing.assert_allclose(matrices.rates(np.array([7, 2, 7], dtype=np.int32)), rates[[7, 2, 7]])


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = simulate(2, workers=12).votes
    gold = Gold.of(votes, {3: "1"})
    consensus = DawidSkene().fit(votes, gold)
    whole = Matrices.of(votes, consensus)
    monkeypatch.setattr(module, "CHUNK", 100)
    monkeypatch.setattr(module, "CELLS", 20)
    parted = Matrices.of(votes, consensus)
    # each part stops when it has converged by itself
    np.testing.assert_allclose(parted.counts, whole.counts, atol=0.1)
    np.testing.assert_allclose(parted.evidence, whole.evidence, atol=0.3)
    assert [part.stop - part.start for part in parted.parts()] == [2] * 6
