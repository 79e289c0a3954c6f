"""Rules that look again and again: who is good enough is hit about as rarely as they say, whatever the window."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.rules import Condition, Events, Looks, Rule, Window, dry_run

DAY = 86_400.0


def hit(
    window: dict[str, object], interval: str, accuracy: float, *, workers: int = 600, answers: int = 250
) -> float:
    """The share of workers that a rule 'accuracy below 0.6' hits at some time, ten answers a day."""
    rule = Rule.of(
        {
            "name": "r",
            "collector": "gold",
            "window": window,
            "level": 0.9,
            "interval": interval,
            "when": [{"key": "accuracy", "op": "below", "value": 0.6}],
            "action": {"kind": "restrict", "hours": None},
        }
    )
    right = np.random.default_rng(12).random(workers * answers) < accuracy
    who = np.repeat(np.arange(workers), answers)
    when = np.tile(np.arange(answers) * DAY / 10, workers)
    return float(dry_run(rule, Events.of(who.tolist(), when, gold=right)).workers.size / workers)


WINDOWS = [{}, {"answers": 30}, {"days": 3}, {"answers": 40, "days": 4}]


@pytest.mark.parametrize("window", WINDOWS)
def test_who_is_just_good_enough_is_ever_hit_as_rarely_as_is_said(window: dict[str, object]) -> None:
    assert hit(window, "anytime", 0.6) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 600)
    assert hit(window, "one_look", 0.6) > 0.15


@pytest.mark.parametrize("window", WINDOWS)
def test_who_is_careless_is_found(window: dict[str, object]) -> None:
    assert hit(window, "anytime", 0.25, workers=100) >= 0.95


def test_all_that_is_kept_for_stretches_is_the_whole() -> None:
    for window in (Window(), Window(5), Window(None, 2.0)):
        looks = Looks(level=0.9, interval="anytime", window=window)
        stretches = looks.stretches(np.arange(1 << 16)) if window != Window() else np.zeros(1, dtype=int)
        spent = (1 - looks.levels(stretches)).sum()
        assert 0.09 < spent <= 0.1 + 1e-9


def test_who_becomes_careless_is_found_by_a_window() -> None:
    rule = {
        "name": "r", "collector": "gold", "window": {"answers": 30}, "interval": "anytime", "level": 0.9,
        "when": [{"key": "accuracy", "op": "below", "value": 0.6}], "action": {"kind": "restrict", "hours": None},
    }  # fmt: skip
    rng = np.random.default_rng(1)
    right = rng.random((50, 400)) < np.where(np.arange(400) < 200, 0.9, 0.25)
    events = Events.of(np.repeat(np.arange(50), 400).tolist(), np.tile(np.arange(400.0), 50), gold=right.ravel())
    found = dry_run(Rule.of(rule), events)
    assert found.workers.size >= 45
    assert np.median(found.at) < 300
    # all answers together hardly show it
    assert dry_run(Rule.of(rule | {"window": {}}), events).workers.size < found.workers.size


@pytest.mark.parametrize("op", ["below", "at_most", "at_least", "above"])
def test_the_quick_question_has_the_answer_of_the_ends(op: str) -> None:
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 60, 400)
    hits = rng.binomial(counts, 0.5)
    share = np.divide(hits, counts, out=np.full(400, np.nan), where=counts > 0)
    for stretch in (0, 3):
        for window in (Window(), Window(None, 4.0)):
            looks = Looks(level=0.8, interval="anytime", window=window)
            for value in (0.0, 0.3, 0.6, 1.0):
                asked = Condition("accuracy", op, value)
                slow = asked.holds(share, *looks.ends(hits, counts, stretch))
                assert looks.holds(asked, hits, counts, stretch).tolist() == slow.tolist()
