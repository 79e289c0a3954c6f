"""Gold that is known: better and faster than look-alikes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import optimize

from crowdqc.quality.aggregation import DawidSkene
from crowdqc.quality.gold_health.answers import GoldAnswers
from crowdqc.quality.gold_health.chances import sigmoid
from crowdqc.quality.gold_health.easiness import Easiness
from crowdqc.quality.gold_health.lookalikes import Likely
from crowdqc.quality.workers import Matrices
from tests.quality.gold_health.planted import Gilded, below, found, gilded, leaked


@pytest.mark.parametrize(
    "crowd", [{}, {"hard": 0.7}, {"spammers": 0.2}, {"share": 0.1}, {"accuracy": (0.85, 0.99)}, {"classes": 2}]
)
def test_where_nobody_knows_the_gold_chances_are_no_smaller_than_they_say(crowd: dict[str, Any]) -> None:
    runs = [gilded(seed, **crowd).examine() for seed in range(15)]
    for part in ("leaks", "knowing"):
        for name, extra in (("p_better", 0.01), ("p_faster", 0.025), ("p_value", 0.01)):
            p = np.concatenate([getattr(getattr(health, part), name) for health in runs])
            for chance in (0.01, 0.05, 0.1, 0.2):
                assert below(chance, p) <= chance + extra, (part, name, chance)
    assert sum(len(found(health, kind)) for health in runs for kind in ("leak", "knowing")) <= 3


def test_chances_are_about_uniform_where_answers_are_many() -> None:
    runs = [gilded(seed, workers=100, items=1000, golds=60).examine() for seed in range(8)]
    for part in ("leaks", "knowing"):
        for name in ("p_better", "p_faster"):
            p = np.concatenate([getattr(getattr(health, part), name) for health in runs])
            for chance in (0.1, 0.25, 0.5, 0.75):
                assert below(chance, p) == pytest.approx(chance, abs=0.07), (part, name, chance)


def test_gold_items_that_are_known_are_found() -> None:
    hits, falsely = [], 0
    for seed in range(8):
        drawn = gilded(seed, workers=120, items=800, accuracy=(0.5, 0.8), long=0.2)
        crowd = leaked(drawn, items=range(3), seed=seed)
        small = np.flatnonzero(crowd.examine().leaks.q_value <= 0.05)
        hits.append(np.isin(range(3), small).mean())
        falsely += int((small >= 3).sum())
    assert np.mean(hits) >= 0.9
    assert falsely <= 1


def test_easy_gold_is_no_leak() -> None:
    """It is answered better and takes its time: with seconds it is told from a leak, without them it is not."""

    def ease(crowd: Gilded) -> Gilded:
        easy = leaked(crowd, items=range(3))
        easy.votes.seconds[:] = crowd.votes.seconds  # type: ignore[index]
        return easy

    easy, falsely = [], 0
    for seed in range(8):
        crowd = ease(gilded(seed, workers=120, items=800, accuracy=(0.5, 0.8)))
        falsely += len(found(crowd.examine(), "leak"))
        easy.append(len(found(crowd.examine(seconds=False), "leak")))
    assert falsely <= 4  # of 24
    assert np.sum(easy) >= 12


@pytest.mark.parametrize("accuracy", [(0.6, 0.95), (0.4, 0.7)])
def test_workers_who_know_the_gold_are_found(accuracy: tuple[float, float]) -> None:
    hits, falsely = [], 0
    for seed in range(10):
        crowd = leaked(gilded(seed, accuracy=accuracy), workers=range(3))
        knowing = crowd.examine().knowing
        small = np.flatnonzero(knowing.q_value <= 0.05)
        hits.append(np.isin(range(3), small).mean())
        falsely += int((small >= 3).sum())
        assert (knowing.pace[:3] < 0.7).all()
    assert np.mean(hits) >= 0.9
    assert falsely <= 2


def test_who_is_right_on_gold_and_guesses_elsewhere_is_found_without_seconds() -> None:
    crowd = gilded(5, accuracy=(0.75, 0.95), golds=60)
    rng = np.random.default_rng(0)
    guesses = crowd.votes.worker == 7
    crowd.votes.label[guesses] = rng.integers(3, size=int(guesses.sum()))
    health = leaked(crowd, workers=[7]).examine(seconds=False)
    assert found(health, "knowing") == [crowd.votes.workers[7]]
    assert health.knowing.right[7] == 1
    assert health.knowing.expected[7] < 0.7
    assert health.knowing.low[7] > 0.1
    assert np.isnan(health.knowing.pace).all()


def test_gold_that_is_known_as_a_whole_is_seen_as_a_whole() -> None:
    crowd = gilded(7)
    before = crowd.examine().ease
    after = leaked(crowd, items=range(40)).examine()
    assert before.low < 0.02
    assert before.pace_high > 0.95
    assert after.ease.low > 0.1
    assert after.ease.pace_high < 0.8
    assert found(after, "ease") == [None, None]


def test_answers_that_get_better_the_more_have_seen_them_are_found() -> None:
    hits, falsely = [], 0
    for seed in range(5):
        crowd = gilded(seed, workers=250, items=1200, share=0.8, accuracy=(0.5, 0.8), golds=20)
        trends = leaked(crowd, items=range(3), spreads=True, seed=seed).examine().trends
        assert trends is not None
        small = np.flatnonzero(trends.q_value <= 0.05)
        hits.append(np.isin(range(3), small).mean())
        falsely += int((small >= 3).sum())
        assert (trends.low[:3] > -0.5).all()
    assert np.mean(hits) >= 0.8
    assert falsely <= 2


def test_where_nothing_spreads_chances_of_a_rise_are_uniform() -> None:
    p = []
    for seed in range(40):
        trends = gilded(seed).examine(seconds=False).trends
        assert trends is not None
        p.append(trends.p_value)
    told = np.concatenate(p)
    for chance in (0.01, 0.05, 0.1, 0.25, 0.5, 0.75):
        assert below(chance, told) == pytest.approx(chance, abs=0.04), chance


def test_the_interval_of_gold_as_a_whole_holds_what_it_says() -> None:
    """Where gold is drawn from the rest: about as quick, and hardly better; a consensus that errs flatters it."""
    runs = [gilded(seed, workers=100, share=0.3).examine(order=False).ease for seed in range(60)]
    assert np.mean([ease.pace_low <= 1 <= ease.pace_high for ease in runs]) >= 0.88
    assert np.mean([ease.low <= 0.01 and ease.high >= 0 for ease in runs]) >= 0.9


def test_what_look_alikes_let_expect_is_near_the_worker_s_accuracy_on_them() -> None:
    """By a plain loop over the other items of the class, where answers are many and the consensus is sure."""
    case = gilded(8, items=4000, workers=12, accuracy=(0.7, 0.98))
    votes = case.votes
    consensus = DawidSkene().fit(votes, case.gold)
    answers = GoldAnswers.of(votes, consensus, case.gold)
    likely = Likely.of(answers, Matrices.of(votes, consensus))
    for row in range(0, len(answers), 17):
        alike = int(case.gold.accepted[answers.item[answers.place[row]]].argmax())
        own = (votes.worker == answers.worker[row]) & (votes.item >= 40) & (consensus.label[votes.item] == alike)
        assert sigmoid(likely.odds)[row] == pytest.approx(np.mean(votes.label[own] == alike), abs=0.05)


def test_the_ease_of_items_by_a_plain_loop() -> None:
    case = gilded(9, items=100, workers=15)
    answers = GoldAnswers.of(case.votes, DawidSkene().fit(case.votes, case.gold), case.gold)
    rng = np.random.default_rng(0)
    odds, weight = rng.normal(1, 1, len(answers)), (rng.random(len(answers)) < 0.9).astype(float)
    easiness = Easiness.of(answers, odds, weight, 0.3, 0.7)
    others = easiness.others(answers, odds, weight)

    def likeliest(rows: Any) -> float:
        def against(ease: float) -> float:
            chance = 1 / (1 + np.exp(-odds[rows] - ease))
            logs = np.where(answers.right[rows], np.log(chance), np.log(1 - chance))
            return float((ease - 0.3) ** 2 / 1.4 - (logs * weight[rows]).sum())

        return float(optimize.minimize_scalar(against, bounds=(-8, 8), method="bounded").x)

    for g in range(40):
        rows = np.flatnonzero(answers.place == g)
        assert easiness.ease[g] == pytest.approx(likeliest(rows), abs=1e-3)
        for row in rows:
            assert others[row] == pytest.approx(likeliest(rows[rows != row]), abs=0.2)


def test_shares_of_right_answers_by_a_plain_loop() -> None:
    case = gilded(10, items=100, workers=15)
    health = case.examine()
    right = case.gold.accepted[case.votes.item, case.votes.label]
    gold = case.gold.known[case.votes.item]
    for g in range(40):
        rows = case.votes.item == g
        assert health.leaks.right[g] == pytest.approx(right[rows].mean())
        assert health.leaks.answers[g] == rows.sum()
    for w in range(15):
        rows = gold & (case.votes.worker == w)
        assert health.knowing.right[w] == pytest.approx(right[rows].mean())
    assert health.ease.right == pytest.approx(right[gold].mean())
