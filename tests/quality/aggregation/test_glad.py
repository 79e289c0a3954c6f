"""GLAD: its density written out, its optimum against scipy's and crowd-kit's, and crowds drawn from the model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from crowdqc.quality.aggregation.glad import GLAD, Odds, Side
from crowdqc.quality.gold import Gold
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes
from tests.quality.aggregation.crowd_kit import fitted
from tests.quality.crowds import Row, rows, simulate, votes_of
from tests.quality.test_real_crowds import DATA, accuracy, answers, reference

Floats = NDArray[np.float64]


def drawn(
    seed: int, *, items: int = 400, workers: int = 30, K: int = 2, overlap: int = 8
) -> tuple[Votes, Floats, ...]:
    """Votes of the model, the truth, the abilities and the difficulties."""
    rng = np.random.default_rng(seed)
    truth, ability, ease = rng.integers(K, size=items), rng.normal(1, 1, workers), rng.normal(1, 1, items)
    item = np.repeat(np.arange(items), overlap)
    worker = np.concatenate([rng.choice(workers, overlap, replace=False) for _ in range(items)])
    right = rng.random(item.size) < 1 / (1 + np.exp(-ability[worker] * np.exp(ease[item])))
    label = np.where(right, truth[item], (truth[item] + rng.integers(1, K, size=item.size)) % K)
    names = [str(k) for k in range(K)]
    votes = Votes.coded(item, worker, label, items=range(items), workers=range(workers), classes=names)
    return votes, truth, ability, np.exp(-ease)


def density(votes: Votes, ability: Floats, ease: Floats) -> float:
    """Log posterior up to a constant, answer by answer, all classes alike before any."""
    K = votes.n_classes
    joint = np.full((votes.n_items, K), -np.log(K))
    p = 1 / (1 + np.exp(-ability[votes.worker] * np.exp(ease[votes.item])))
    for item, label, right in zip(votes.item, votes.label, p, strict=True):
        joint[item] += np.log(np.where(np.arange(K) == label, right, (1 - right) / (K - 1)))
    prior = -0.5 * (np.square(ability - 1).sum() + np.square(ease - 1).sum())
    return float(np.logaddexp.reduce(joint, axis=1).sum() + prior)


@pytest.mark.parametrize("K", [2, 4])
def test_climbs_to_a_stand(K: int) -> None:
    """The objective is the density, and no parameter can be moved to a greater one."""
    votes, *_ = drawn(K, items=40, workers=8, K=K, overlap=5)
    consensus = GLAD(tolerance=1e-9, max_iterations=2000).fit(votes)
    assert consensus.converged
    assert consensus.skill is not None
    assert consensus.difficulty is not None
    at = consensus.skill, -np.log(consensus.difficulty)
    assert consensus.objective[-1] == pytest.approx(density(votes, *at), abs=1e-8)
    h = 1e-4
    for side in (0, 1):
        for place in range(at[side].size):
            up, down = (tuple(each.copy() for each in at) for _ in range(2))
            up[side][place] += h
            down[side][place] -= h
            slope = (density(votes, *up) - density(votes, *down)) / (2 * h)
            assert slope == pytest.approx(0, abs=1e-4)


@settings(max_examples=50)
@given(rows())
def test_the_objective_never_falls(table: list[Row]) -> None:
    votes = votes_of(table)
    for gold in (Gold.none(votes), Gold.of(votes, {"a": "P", "b": ["P", "Q"]})):
        for model in (GLAD(), GLAD(ability=-1, ease=3, ability_spread=3, ease_spread=3, class_prior="learned")):
            objective = model.fit(votes, gold).objective
            assert (np.diff(objective) >= -1e-9 * (1 + np.abs(objective[:-1]))).all()


@pytest.mark.parametrize(("seed", "K"), [(1, 2), (2, 3)])
def test_finds_no_less_than_crowd_kit(seed: int, K: int) -> None:
    """crowd-kit stops early: its parameters have a lesser density, and nearly the same labels."""
    votes, truth, *_ = drawn(seed, items=150, workers=15, K=K)
    theirs = fitted("GLAD", votes)
    ours = GLAD().fit(votes)
    at = theirs.alphas_.sort_index().to_numpy(), theirs.betas_.sort_index().to_numpy()
    assert ours.objective[-1] >= density(votes, *at) - 1e-6
    assert np.mean(ours.label == theirs.labels_.sort_index()) > 0.97
    assert ours.skill is not None
    assert np.corrcoef(ours.skill, at[0])[0, 1] > 0.99
    assert ours.difficulty is not None
    assert np.corrcoef(np.log(ours.difficulty), -at[1])[0, 1] > 0.99
    assert np.mean(ours.label == truth) >= np.mean(theirs.labels_.sort_index() == truth) - 0.01


def test_equals_crowd_kits_expectation() -> None:
    """Before any step: abilities and eases of 1."""
    votes = simulate(3, items=60, K=3).votes
    theirs = fitted("GLAD", votes, n_iter=0)
    theirs_posterior = theirs.probas_.sort_index().to_numpy()
    np.testing.assert_allclose(GLAD(max_iterations=1).fit(votes).posterior, theirs_posterior, atol=1e-12)


@pytest.mark.parametrize("K", [2, 4])
def test_recovers_what_it_was_drawn_from(K: int) -> None:
    votes, truth, ability, difficulty = drawn(10 + K, items=2000, workers=40, K=K, overlap=10)
    consensus = GLAD().fit(votes)
    assert np.mean(consensus.label == truth) > 0.9
    assert consensus.skill is not None
    np.testing.assert_allclose(consensus.skill[ability < 1.5], ability[ability < 1.5], atol=0.45)
    assert np.corrcoef(consensus.skill, ability)[0, 1] > 0.95
    assert consensus.difficulty is not None
    assert np.corrcoef(np.log(consensus.difficulty), np.log(difficulty))[0, 1] > 0.5
    # confidence is right on the whole
    assert np.nanmean(consensus.confidence) == pytest.approx(np.mean(consensus.label == truth), abs=0.03)


def test_a_step_that_overshoots_is_halved() -> None:
    """Saturated answers have no curvature: a Newton step by itself would go far down."""
    of_answer = np.zeros(50, dtype=np.int32)
    side = Side.of(of_answer, 1, mean=8.0, spread=10.0)
    hit = np.full(50, 0.2)
    slope = np.full(50, 4.0)
    here = Odds.of(side.of_answers() * slope)
    worth = [float((hit * here.log_odds + here.log_wrong).sum())]
    for _ in range(30):
        side, here = side.climbed(hit, here, slope, lambda at: Odds.of(at.of_answers() * slope))
        worth.append(float((hit * here.log_odds + here.log_wrong).sum()) + side.density())
    assert (np.diff(worth) >= -1e-9).all()
    assert here.right[0] == pytest.approx(0.2, abs=0.01)


def test_gold_trains_the_workers() -> None:
    said = {"a": "xyxyxyxy", "b": "xyxyxyxy", "c": "yxyxyxyx", "d": "yxyxyxyx"}
    rows = [(item, worker, label) for worker, labels in said.items() for item, label in enumerate(labels)]
    votes = Votes.of(*zip(*rows, strict=True))
    assert GLAD().fit(votes).tied.all()
    consensus = GLAD().fit(votes, Gold.of(votes, {0: "y", 1: "x"}))
    assert consensus.label.tolist() == [1, 0] * 4
    assert consensus.skill is not None
    assert (consensus.skill[:2] < 0).all()
    assert (consensus.skill[2:] > 1).all()


def test_one_class_teaches_nothing() -> None:
    votes = Votes.of([1, 2], ["a", "a"], ["x", "x"], all_items=[1, 2, 3])
    consensus = GLAD(ability=0.5, ease=0.0).fit(votes)
    assert consensus.label.tolist() == [0, 0, -1]
    assert consensus.skill is not None
    assert consensus.skill.tolist() == [0.5]
    np.testing.assert_array_equal(consensus.difficulty, [1, 1, np.nan])  # type: ignore[arg-type]


def test_parameters_are_checked() -> None:
    for wrong in ({"ability_spread": 0}, {"ease": float("nan")}, {"tolerance": -1}, {"class_prior": "flat"}):
        with pytest.raises(InvalidParameter, match=next(iter(wrong))):
            GLAD(**wrong)  # type: ignore[arg-type]


@pytest.mark.skipif(not DATA.is_dir(), reason="the real crowds are not at hand")
@pytest.mark.parametrize(
    "name", ["bluebird", "web", "music_genre", "product", "face", "rte", "sp_amt", "sentiment_sp"]
)
def test_on_real_crowds(name: str) -> None:
    """As crowd-kit's, which stops earlier."""
    assert accuracy(name, GLAD().fit(answers(name))) == pytest.approx(reference(name, "GLAD"), abs=0.01)
