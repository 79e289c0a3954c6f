"""Whom rules find in a crowd whose truth is known, how often they are wrong, and what they say."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binom

from crowdqc.quality.aggregation import DawidSkene
from crowdqc.quality.rules import (
    COLLECTORS,
    PRESETS,
    Events,
    Figure,
    Rule,
    dry_run,
    evaluate,
    figures_of,
    preset,
)
from crowdqc.quality.rules.regions import Region
from crowdqc.quality.simulation import Crowd, Simulation
from crowdqc.quality.workers import examine, score_workers
from tests.quality.rules.histories import rule


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    return Simulation(items=3000, workers=60, classes=3, overlap=3, accuracy=(0.75, 0.95), spammers=0.2).run(
        seed=4
    )


def answered(crowd: Crowd, share: float = 0.3) -> Events:
    votes = crowd.votes
    rng = np.random.default_rng(7)
    right = votes.label == crowd.truth[votes.item]
    gold = np.where(rng.random(votes.n_items)[votes.item] < share, right, -1)
    who = [votes.workers[code] for code in votes.worker]
    return Events.of(who, rng.permutation(len(votes)) * 60.0, gold=gold, among=votes.workers)


def test_spammers_are_found_and_the_good_are_left_alone(crowd: Crowd) -> None:
    seen = answered(crowd)
    asked = preset("careless")
    found = {firing.worker for firing in evaluate(asked, seen)}
    spammers = {worker for worker, kind in enumerate(crowd.kinds) if kind == "spammer"}
    assert found <= spammers
    assert len(found) >= 0.6 * len(spammers) > 0
    # asked after each answer, it finds more of them, sooner, and nobody else
    trial = dry_run(asked, seen)
    assert found <= set(trial.workers.tolist()) <= spammers
    assert trial.workers.size >= 0.8 * len(spammers)
    assert not trial.unjust.any()
    assert trial.lost.sum() > 0.12 * sum(np.bincount(seen.worker)[list(spammers)])
    # without being sure some of the good would have been acted on, and the trial says how unjustly
    hasty = Rule.of(asked.to_json() | {"sure": False, "window": {"answers": 10}})
    trial = dry_run(hasty, seen)
    good = ~np.isin(trial.workers, list(spammers))
    assert good.sum() >= 3
    assert trial.unjust[good].all()
    assert "surely" in trial.words()


def test_figures_of_the_evidence_find_them_too(crowd: Crowd) -> None:
    votes, seen = crowd.votes, answered(crowd)
    consensus = DawidSkene().fit(votes)
    evidence, scores = examine(votes, consensus, order=np.arange(len(votes))), score_workers(votes, consensus)
    others = [*reversed(votes.workers), "nobody"]
    figures = figures_of(evidence, scores, votes.workers, among=others)
    assert set(figures) == {name for name, source in COLLECTORS.items() if source.outcome is None}
    moved = Events.of([votes.workers[code] for code in seen.worker], seen.time, among=others)
    found = {moved.workers[firing.worker] for firing in evaluate(preset("spammer"), moved, figures)}
    spammers = {worker for worker, kind in zip(votes.workers, crowd.kinds, strict=True) if kind == "spammer"}
    assert found <= spammers
    assert len(found) >= 0.7 * len(spammers)
    for name in ("drifting", "colluding"):
        assert len(evaluate(preset(name), moved, figures)) <= 1
    np.testing.assert_array_equal(figures["model_accuracy"].value[:-1], scores.consensus_accuracy[::-1])
    assert np.isnan(figures["model_accuracy"].value[-1])


def test_those_who_collude_are_named_by_their_surest_pair(crowd: Crowd) -> None:
    votes = crowd.votes
    consensus = DawidSkene().fit(votes)
    evidence = examine(votes, consensus)
    figure = figures_of(evidence, score_workers(votes, consensus), votes.workers)["collusion"]
    pairs = evidence.collusion
    for worker in range(votes.n_workers):
        mine = (pairs.first == worker) | (pairs.second == worker)
        best = pairs.q_value[mine].min() if mine.any() else np.nan
        np.testing.assert_equal(figure.q_value[worker], best)


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.8])
def test_who_is_just_good_enough_is_rarely_acted_on(threshold: float) -> None:
    """One look at a worker whose accuracy is the threshold: wrong in 2.5% of cases, as the level says."""
    n = np.arange(10, 200)
    asked = rule("gold", ("accuracy", "below", threshold))
    region = Region.of(asked.keyed(), n, asked.looks)
    alarms = np.asarray(binom.cdf(region.high, n, threshold))
    assert alarms.mean() < 0.03
    assert alarms.max() < 0.06
    # and the better a worker is, the more rarely
    assert np.max(binom.cdf(region.high, n, threshold + 0.15)) < 0.005


def test_the_words() -> None:
    seen = Events.of(
        ["ann"] * 20, np.arange(20) * 3600.0, gold=[1, 0] * 8 + [0] * 4, seconds=[1, 1, 1, 9] * 5,
    )  # fmt: skip
    careless = rule(
        "gold", ("answers", "at_least", 10), ("accuracy", "below", 0.7), window={"answers": 20, "days": 2},
        action={"kind": "restrict", "scope": "all", "hours": 168}, name="careless", version=3,
    )  # fmt: skip
    (firing,) = evaluate(careless, seen)
    assert firing.to_worker() == (
        "Of your last 20 answers to items whose truth is known in the last 2 days 8 were right (40%). "
        "At least 70% is asked for here, and we are 95% sure that your share is below that. "
        "You get no items in any project for 7 days."
    )
    often = Rule.of(careless.to_json() | {"interval": "anytime", "level": 0.7})
    (again,) = evaluate(often, seen)
    assert "and we are 70% sure, however often we look, that your share is below that." in again.to_worker()
    assert "(14.8% to 69% at every look) is surely below 70%" in again.to_lead()
    assert (again.to_json()["interval"], firing.to_json()["interval"]) == ("anytime", "one_look")
    assert firing.to_lead() == (
        "Rule 'careless' (version 3): answers 20 is at least 10; accuracy 40% (21.1% to 61.6%) is surely below "
        "70%; 20 count."
    )
    assert (firing.main.key, firing.main.threshold, firing.count, firing.hits) == ("accuracy", 0.7, 20, 8)
    assert firing.evidence.tolist() == list(range(20))
    kept = json.loads(json.dumps(firing.to_json(), allow_nan=False))
    assert (kept["rule"], kept["version"], kept["window"]) == ("careless", 3, {"answers": 20, "days": 2})
    assert kept["reasons"][1]["value"] == 0.4

    fast = rule("fast", ("rate", "above", 0.5), seconds=2, sure=False, action={"kind": "pay", "pay": False})
    assert evaluate(fast, seen)[0].to_worker() == (
        "Of your 20 answers 15 took less than 2 seconds (75%). The line here is 50%. These answers are not paid."
    )
    skips = Events.of(["bob"] * 3, [0, 1, 2], skipped=[False, True, True])
    in_a_row = rule("skips", ("in_a_row", "at_least", 2), action={"kind": "restrict", "hours": 0.5})
    assert evaluate(in_a_row, skips)[0].to_worker() == (
        "You skipped the last 2 items in a row; the line is 2. You get no items in this project for 30 minutes."
    )
    many = rule("answers", ("answers", "at_least", 20))
    assert evaluate(many, seen)[0].to_worker() == (
        "Your 20 answers count here; the line is 20. Nothing else follows from this by itself."
    )


def test_every_key_has_words_for_the_worker() -> None:
    seen = Events.of(
        ["ann"] * 4, range(4), gold=[1, 0, 1, 1], agreed=[1, 0, 1, 1], accepted=[1, 0, 1, 1], seconds=[1, 9, 1, 1],
    )  # fmt: skip
    skipped = Events.of(["ann"] * 3, range(3), skipped=[True, False, True])
    half = np.array([0.5])
    figure = Figure(half, half - 0.1, half + 0.1, half * 40, half / 10)
    for name, source in COLLECTORS.items():
        for key, meaning in source.keys.items():
            parts = {"seconds": 2.5} if source.timed else {}
            threshold = 1 if meaning.whole else 0.2
            op = "at_most" if meaning.part == "q_value" else "at_least"
            asked = rule(name, (key, op, threshold), sure=False, **parts)
            (firing,) = evaluate(asked, skipped if name == "skips" else seen, {name: figure})
            for said in (firing.to_worker(), firing.to_lead()):
                assert said[0].isupper()
                assert said.endswith(".")
                assert not {"{", "nan", "None"} & set(said.replace(".", " ").split())
                assert "{" not in said


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_can_be_saved_and_says_why(name: str) -> None:
    assert Rule.of(preset(name).to_json()) == preset(name)
    assert PRESETS[name].why.endswith(".")
    assert preset(name).sure
