"""MACE: crowd-kit's iterations step by step, its objectives by brute force, and crowds with spammers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from crowdqc.quality.aggregation.mace import MACE, TRIAL, Crowd, Habits
from crowdqc.quality.estimation.class_prior import ClassPrior
from crowdqc.quality.gold import Gold
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes
from tests.quality.aggregation.crowd_kit import fitted
from tests.quality.crowds import Row, rows, simulate, votes_of
from tests.quality.test_real_crowds import DATA, accuracy, answers, reference

Floats = NDArray[np.float64]


def with_spammers(seed: int, *, items: int = 300, K: int = 3, spammers: int = 4) -> tuple[Votes, Floats, Floats]:
    """Ten workers answer all; the first ones mostly from habit. Votes, truth, competence."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(K, size=items)
    competence = np.concatenate([np.full(spammers, 0.1), rng.uniform(0.6, 0.95, 10 - spammers)])
    habit = rng.dirichlet(np.ones(K), size=10)
    item, worker = np.repeat(np.arange(items), 10), np.tile(np.arange(10), items)
    guess = (rng.random(item.size)[:, None] > habit[worker].cumsum(axis=1)).sum(axis=1).clip(max=K - 1)
    label = np.where(rng.random(item.size) < competence[worker], truth[item], guess)
    names = [str(k) for k in range(K)]
    return (
        Votes.coded(item, worker, label, items=range(items), workers=range(10), classes=names),
        truth,
        competence,
    )


def in_order_of_appearance(votes: Votes) -> Votes:
    """Name workers and classes by their first answers: crowd-kit mixes up their rows where codes do not rise."""
    columns = []
    for codes in (votes.worker, votes.label):
        seen = list(dict.fromkeys(codes.tolist()))
        columns.append(np.array([seen.index(code) for code in codes.tolist()]))
    return Votes.coded(votes.item, *columns, items=votes.items, workers=votes.workers, classes=votes.classes)


@pytest.mark.parametrize(("inference", "method"), [("variational", "vb"), ("em", "em")])
def test_equals_crowd_kit_iteration_by_iteration(inference: Any, method: str) -> None:
    votes = in_order_of_appearance(simulate(1, items=80, workers=9, K=3, overlap=4).votes)
    draws = [1 + 1.5 * np.random.RandomState(0).uniform(size=(9, width)) for width in (2, 3)]  # what it draws
    spam, habit = (table / table.sum(axis=1, keepdims=True) for table in draws)
    gold = Gold.none(votes)
    crowd = Crowd.of(votes, gold, ClassPrior.of(votes, gold, "uniform", 0))
    begun = crowd.begun(Habits.of_logs(spam[:, 1], habit, np.log(spam[:, 0]), np.log(spam[:, 1]), np.log(habit)))
    for iterations in (1, 7):
        theirs = fitted("MACE", votes, method=method, n_restarts=1, n_iter=iterations)
        run = MACE(inference, tolerance=0)._followed(crowd, begun, iterations)
        missed = theirs.spamming_[:, :1] * theirs.thetas_
        np.testing.assert_allclose(run.habits.log_miss, np.log(missed), atol=1e-8)
        np.testing.assert_allclose(run.habits.lead, np.log1p(theirs.spamming_[:, 1:] / missed), atol=1e-8)
        np.testing.assert_allclose(run.posterior, theirs.probas_.sort_index().to_numpy(), atol=1e-8)


def brute(votes: Votes, competence: Floats, habit: Floats) -> Floats:
    """Log probability of all answers for parameters [..., W], [..., W, K], by the model as it is told."""
    K = votes.n_classes
    joint = np.zeros((*competence.shape[:-1], votes.n_items, K))
    for item, worker, label in zip(votes.item, votes.worker, votes.label, strict=True):
        for true in range(K):
            told = (1 - competence[..., worker]) * habit[..., worker, label] + competence[..., worker] * (
                true == label
            )
            joint[..., item, true] += np.log(told)
    return np.asarray((np.logaddexp.reduce(joint, axis=-1) - np.log(K)).sum(axis=-1))


def test_the_objective_of_em_is_the_smoothed_likelihood() -> None:
    votes = simulate(2, items=30, workers=5, K=3, overlap=3).votes
    consensus = MACE("em", max_iterations=500, tolerance=1e-10, smoothing=0.3).fit(votes)
    habits = consensus.confusion
    assert isinstance(habits, Habits)
    likelihood = brute(votes, habits.competence, habits.habit)
    smoothed = np.log(habits.competence).sum() + np.log(1 - habits.competence).sum() + np.log(habits.habit).sum()
    assert consensus.log_likelihood == pytest.approx(float(likelihood))
    assert consensus.objective[-1] == pytest.approx(float(likelihood + 0.1 * smoothed))
    for inference in ("em", "variational"):
        again = MACE(inference).fit(votes)  # type: ignore[arg-type]
        assert isinstance(again.confusion, Habits)
        expected = brute(votes, again.confusion.competence, again.confusion.habit)
        assert again.log_likelihood == pytest.approx(float(expected))


def test_the_bound_lies_below_the_evidence_and_near_it() -> None:
    """The evidence by drawing 200,000 crowds from the prior."""
    votes = Votes.of([1, 1, 2, 2, 3, 3, 4], list("abababa"), list("xxyyxyx"))
    rng = np.random.default_rng(0)
    n = 200_000
    found = brute(votes, rng.beta(1.5, 2.0, size=(n, 2)), rng.dirichlet([3.0, 3.0], size=(n, 2)))
    evidence = float(np.logaddexp.reduce(found) - np.log(n))
    bound = MACE(guess=2.0, know=1.5, habit=3.0, tolerance=0).fit(votes).objective[-1]
    assert evidence - 1 < bound < evidence + 0.01
    # where the prior leaves nothing open the bound is the evidence
    sure = MACE(guess=4e6, know=6e6, habit=1e6, tolerance=0).fit(votes).objective[-1]
    assert sure == pytest.approx(float(brute(votes, np.full(2, 0.6), np.full((2, 2), 0.5))), abs=1e-4)


@settings(max_examples=50)
@given(rows())
def test_the_objective_never_falls(table: list[Row]) -> None:
    votes = votes_of(table)
    gold = Gold.of(votes, {"a": "P", "b": ["P", "Q"]})
    for model in (MACE(restarts=2), MACE("em", restarts=2), MACE("em", restarts=2, class_prior="learned")):
        objective = model.fit(votes, gold).objective
        assert (np.diff(objective) >= -1e-9 * (1 + np.abs(objective[:-1]))).all()


@pytest.mark.parametrize("inference", ["variational", "em"])
def test_spammers_are_found(inference: Any) -> None:
    votes, truth, competence = with_spammers(3)
    consensus = MACE(inference).fit(votes)
    assert np.mean(consensus.label == truth) > 0.98
    assert consensus.skill is not None
    np.testing.assert_allclose(consensus.skill, competence, atol=0.1)


def test_the_table_is_what_workers_say() -> None:
    votes, truth, _ = with_spammers(4, items=3000)
    consensus = MACE().fit(votes)
    assert consensus.confusion is not None
    table = consensus.confusion.table()
    np.testing.assert_allclose(table.sum(axis=2), 1)
    said = np.zeros_like(table)
    np.add.at(said, (votes.worker, truth[votes.item], votes.label), 1)
    np.testing.assert_allclose(table, said / said.sum(axis=2, keepdims=True), atol=0.08)


@pytest.mark.parametrize("inference", ["variational", "em"])
def test_the_evidence_of_answers_adds_up_to_the_posterior(inference: Any) -> None:
    """So that what an answer added can be taken out again."""
    votes = simulate(5, items=40, workers=6, K=3, overlap=3).votes
    consensus = MACE(inference).fit(votes)
    assert consensus.confusion is not None
    scores = np.zeros((votes.n_items, 3))
    np.add.at(scores, votes.item, consensus.confusion.evidence(votes.worker, votes.label))
    scores -= np.logaddexp.reduce(scores, axis=1, keepdims=True)
    np.testing.assert_allclose(consensus.log_posterior, scores, atol=1e-9)


def test_more_starts_find_no_less() -> None:
    votes = simulate(6, items=60, workers=12, K=2, overlap=3, low=0.4).votes
    one = MACE("em", restarts=1, tolerance=0).fit(votes).objective[TRIAL - 1]
    assert MACE("em", restarts=20, tolerance=0).fit(votes).objective[TRIAL - 1] >= one - 1e-6
    same = [MACE(seed=seed, restarts=3).fit(votes).posterior for seed in (1, 1)]
    np.testing.assert_array_equal(*same)


def test_gold_trains_the_workers() -> None:
    said = {"a": "xyxyxyxy", "b": "xyxyxyxy", "c": "yxyxyxyx", "d": "yxyxyxyx"}
    rows = [(item, worker, label) for worker, labels in said.items() for item, label in enumerate(labels)]
    votes = Votes.of(*zip(*rows, strict=True))
    assert MACE().fit(votes).tied.all()
    consensus = MACE().fit(votes, Gold.of(votes, {0: "y", 1: "x"}))
    assert consensus.label.tolist() == [1, 0] * 4
    assert consensus.skill is not None
    assert (consensus.skill[:2] < 0.2).all()
    assert (consensus.skill[2:] > 0.8).all()


def test_parameters_are_checked() -> None:
    for wrong in ({"inference": "gibbs"}, {"know": 0}, {"smoothing": 0}, {"restarts": 0}, {"seed": -1}):
        with pytest.raises(InvalidParameter, match=next(iter(wrong))):
            MACE(**wrong)  # type: ignore[arg-type]


@pytest.mark.skipif(not DATA.is_dir(), reason="the real crowds are not at hand")
@pytest.mark.parametrize(
    "name", ["bluebird", "web", "music_genre", "product", "face", "rte", "sp_amt", "sentiment_sp"]
)
def test_on_real_crowds(name: str) -> None:
    """No worse than crowd-kit's, whose counts of workers are mixed up."""
    assert accuracy(name, MACE().fit(answers(name))) >= reference(name, "MACE") - 0.005
