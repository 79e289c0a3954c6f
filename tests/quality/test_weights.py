"""Workers who count in part: at 0 they are left out, at 1 nothing changes, between they are heard less."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality import Problem, Votes, fingerprints, judge
from crowdqc.quality.aggregation.discounts import Discounted
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.simulation import Simulation

CROWD = Simulation(items=120, workers=9, classes=3, overlap=4).run(seed=5)
WEIGHING = ["majority_vote", "one_coin", "dawid_skene", "hierarchical_dawid_skene", "graded_dawid_skene"]


def problem(method: str, weights: object = None, votes: Votes = CROWD.votes) -> Problem:
    return Problem(votes, method=method, weights=weights, resamples=0)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", [*WEIGHING, "wawa", "glad", "auto"])
def test_nothing_counts_as_left_out(method: str) -> None:
    weights = np.ones(9)
    weights[2] = 0
    found = judge(problem(method, weights))
    without = judge(problem(method, votes=CROWD.votes.where(CROWD.votes.worker != 2)))
    assert np.array_equal(found.items.posterior, without.items.posterior)
    assert found.workers.answers[2] == 0
    assert found.heeded


@pytest.mark.parametrize("method", WEIGHING)
def test_whole_counts_as_it_does(method: str) -> None:
    found, plain = judge(problem(method, np.ones(9))), judge(problem(method))
    assert np.array_equal(found.items.posterior, plain.items.posterior)
    assert fingerprints.of_problem(problem(method, np.ones(9))) != fingerprints.of_problem(problem(method))


@pytest.mark.parametrize("method", WEIGHING)
def test_the_less_a_worker_counts_the_less_he_moves(method: str) -> None:
    """Between, his items lie between those with him and those without; close to 0 they are those without."""
    his = np.unique(CROWD.votes.item[CROWD.votes.worker == 2])
    without = judge(problem(method, votes=CROWD.votes.where(CROWD.votes.worker != 2))).items.posterior[his]
    moved = []
    for weight in (1.0, 0.5, 0.1, 0.001):
        weights = np.ones(9)
        weights[2] = weight
        moved.append(float(np.abs(judge(problem(method, weights)).items.posterior[his] - without).sum()))
    assert moved == sorted(moved, reverse=True)
    assert moved[-1] < 0.25 * moved[0]  # what the crowd has in common is learned from him too


def test_an_answer_can_be_taken_out_again() -> None:
    """Judged by all others, one's own part of the evidence is taken out, and no more."""
    weights = np.ones(9)
    weights[2] = 0.3
    votes, consensus = CROWD.votes, judge(problem("dawid_skene", weights)).consensus
    assert isinstance(consensus.confusion, Discounted)
    row = int(np.flatnonzero((votes.worker == 2) & ~consensus.known[votes.item])[0])
    others = np.flatnonzero((votes.item == votes.item[row]) & (votes.worker != 2))
    evidence = consensus.confusion.confusion.evidence(votes.worker[others], votes.label[others])
    scores = np.exp(np.log(consensus.class_prior) + evidence.sum(axis=0))
    expected = (scores / scores.sum())[votes.label[row]]
    assert consensus.without_own(votes)[row] == pytest.approx(expected, rel=1e-6)


def test_a_method_that_cannot_says_so() -> None:
    weights = np.full(9, 0.5)
    found, plain = judge(problem("wawa", weights)), judge(problem("wawa"))
    assert np.array_equal(found.items.posterior, plain.items.posterior)
    assert (found.heeded, plain.heeded) == (False, True)


@pytest.mark.parametrize("weights", [[1.0], np.full(9, 1.5), np.full(9, -0.1), np.full(9, np.nan)])
def test_weights_that_are_none_are_refused(weights: object) -> None:
    with pytest.raises(InvalidParameter):
        judge(problem("dawid_skene", weights))


def test_an_item_whose_answers_are_left_out_is_sent_on() -> None:
    votes = Votes.of(["a", "a", "b"], ["ann", "bob", "ann"], ["x", "x", "y"])
    found = judge(Problem(votes, weights=[0.0, 1.0], method="majority_vote", resamples=0))
    assert found.routes.names()[1] != "wait"
