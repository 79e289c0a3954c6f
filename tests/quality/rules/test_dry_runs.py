"""What a rule would have done, against asking it after each event."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.rules import Events, Figure, InvalidRule, Rule, dry_run, evaluate
from tests.quality.rules.histories import WINDOWED, WORKERS, actions, events, rule, rules_json

HOUR, DAY = 3600.0, 86_400.0


def one_by_one(rule: Rule, seen: Events) -> list[tuple[int, int, float, int]]:
    """Go through the events of each worker in time and ask after each that counts."""
    found: list[tuple[int, int, float, int]] = []
    for worker in range(seen.n_workers):
        mine = [int(row) for row in np.lexsort((np.arange(len(seen)), seen.time)) if seen.worker[row] == worker]
        since, until, told = np.nan, -np.inf, -1
        for place, row in enumerate(mine):
            now = float(seen.time[row])
            if now <= until:
                if told >= 0:
                    worker_, row_, until_, lost = found[told]
                    restricted = rule.action.kind == "restrict"
                    found[told] = (worker_, row_, until_, lost + int(restricted and not seen.skipped[row]))
                continue
            upto = part(seen, mine[: place + 1])
            firings = evaluate(rule, upto, now=now, since=[since])
            counts = evaluate_counts(rule, upto)
            if not firings or not counts[-1]:
                continue
            hours = getattr(rule.action, "hours", 0.0)
            until = now + (np.inf if hours is None else hours * HOUR)
            since, told = until, len(found)
            found.append((worker, row, until, 0))
    return sorted(found, key=lambda action: (seen.time[action[1]], action[0], action[1]))


def part(seen: Events, rows: list[int]) -> Events:
    return Events.of(
        ["x"] * len(rows), seen.time[rows], seconds=seen.seconds[rows], gold=seen.gold[rows],
        agreed=seen.agreed[rows], accepted=seen.accepted[rows], skipped=seen.skipped[rows], among=["x"],
    )  # fmt: skip


def evaluate_counts(rule: Rule, seen: Events) -> list[bool]:
    outcome = rule.source.outcome
    assert outcome is not None
    return [bool(counts >= 0) for counts in outcome(seen, rule.seconds or 0.0)]


@settings(deadline=None, max_examples=80)
@given(events(40), rules_json(WINDOWED))
def test_it_is_asking_after_each_event(seen: Events, json: dict[str, Any]) -> None:
    try:
        asked = Rule.of(json)
    except InvalidRule:
        return
    assert actions(dry_run(asked, seen)) == one_by_one(asked, seen)


def test_long_histories_go_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    n = 6000
    seen = Events.of(rng.integers(4, size=n).tolist(), np.arange(n) * 60.0, gold=rng.random(n) < 0.45)
    asked = rule(
        "gold", ("accuracy", "below", 0.5), window={"answers": 25, "days": 1},
        action={"kind": "restrict", "hours": 2},
    )  # fmt: skip
    found = actions(dry_run(asked, seen))
    monkeypatch.setattr("crowdqc.quality.rules.dry_runs._FIRST", 3)
    assert actions(dry_run(asked, seen)) == found
    assert len(found) > 10
    assert sum(lost for *_, lost in found) > 100


def test_it_tells_what_was_just_by_all_gold() -> None:
    # ann never knows, bob has a bad start, cid is as good as bob but nobody knows, dan is good
    gold = [0] * 40 + [0] * 8 + [1] * 92 + [-1] * 40 + [1] * 40
    who = ["ann"] * 40 + ["bob"] * 100 + ["cid"] * 40 + ["dan"] * 40
    seen = Events.of(who, range(220), gold=gold, skipped=[False] * 140 + [True] * 40 + [False] * 40)
    careless = rule(
        "gold", ("answers", "at_least", 8), ("accuracy", "below", 0.6), action={"kind": "restrict", "hours": None}
    )
    found = dry_run(careless, seen)
    assert found.workers.tolist() == [0, 1]
    assert (found.unjust.tolist(), found.surely_unjust.tolist()) == ([False, True], [False, True])
    assert (found.gold_answers.tolist(), found.gold_right.tolist()) == ([40, 100], [0, 92])
    low, high = beta_interval([0, 92], [40, 100])
    np.testing.assert_array_equal((found.low, found.high), (low, high))
    assert (found.fair, found.lost.tolist(), found.until.tolist()) == (0.6, [32, 92], [np.inf, np.inf])
    # a rule about something else is measured by what the whole crowd does, or by what is given
    skipping = rule("skips", ("in_a_row", "at_least", 10))
    found = dry_run(skipping, seen)
    assert (found.workers.tolist(), found.unjust.tolist(), found.fair) == ([2], [False], 132 / 180)
    assert "without any gold: 1." in found.words()
    assert dry_run(skipping, seen, fair=0.9).fair == 0.9
    # acting on the good is unjust to the rest of them where they are not good
    skilled = rule("gold", ("accuracy", "above", 0.8), action={"kind": "set_skill", "skill": "good"})
    found = dry_run(skilled, seen)
    assert (found.workers.tolist(), found.unjust.tolist()) == ([1, 3], [False, False])


def test_nobody_and_nothing() -> None:
    careless = rule("gold", ("accuracy", "below", 0.5))
    for seen in (Events.of([], []), Events.of([], [], among=WORKERS), Events.of(["ann"], [0])):
        found = dry_run(careless, seen)
        assert (found.acted.size, found.workers.size, found.answers) == (0, 0, len(seen))
        assert "0 of" in found.words()


def test_a_figure_is_asked_once() -> None:
    seen = Events.of(["ann", "bob"], [0, 9], gold=[1, 0])
    low, one = np.array([0.0, 0.8]), np.ones(2)
    figure = Figure(low, low, low + 0.05, one * 50, one)
    spammer = rule("spammer", ("score", "below", 0.1), action={"kind": "restrict", "hours": None})
    found = dry_run(spammer, seen, {"spammer": figure})
    assert actions(found) == [(0, -1, np.inf, 0)]
    assert (found.replayed, found.unjust.tolist()) == (False, [True])
    assert found.words().startswith(
        "Asked at the end of these events, 'r' would have acted on 1 of 2 workers, once."
    )
