"""What collectors find, against a plain loop; and of whom a rule holds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.confidence_sequences import fixed_interval, share_interval
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.rules import (
    Condition,
    Events,
    Figure,
    InvalidEvents,
    InvalidFigures,
    Rule,
    Window,
    evaluate,
    holds,
    measure,
)
from tests.quality.rules.histories import WINDOWED, WORKERS, events, rule, rules_json

DAY = 86_400.0


def outcome(collector: str, seen: Events, row: int, seconds: float) -> int:
    answered = not seen.skipped[row]
    if collector == "skips":
        return int(seen.skipped[row])
    if collector == "answers":
        return 1 if answered else -1
    if collector == "fast":
        return -1 if np.isnan(seen.seconds[row]) else int(seen.seconds[row] < seconds)
    return int({"gold": seen.gold, "agreement": seen.agreed, "acceptance": seen.accepted}[collector][row])


def by_hand(rule: Rule, seen: Events, worker: int, now: float, since: float) -> tuple[list[int], int, int, int]:
    """Give the rows in the window, the hits among them and in a row at the end, and how many it left behind."""
    rows = sorted(range(len(seen)), key=lambda row: (seen.time[row], row))
    rows = [row for row in rows if seen.worker[row] == worker and since < seen.time[row] <= now]
    hit = {row: outcome(rule.collector, seen, row, rule.seconds or 0) for row in rows}
    rows = [row for row in rows if hit[row] >= 0]
    every = len(rows)
    if rule.window.answers is not None:
        rows = rows[-rule.window.answers :]
    if rule.window.days is not None:
        rows = [row for row in rows if seen.time[row] > now - rule.window.days * DAY]
    run = 0
    while run < len(rows) and hit[rows[-1 - run]] == 1:
        run += 1
    return rows, sum(hit[row] for row in rows), run, every - len(rows)


def interval(rule: Rule, hits: int, n: int, behind: int) -> tuple[float, float]:
    """The interval of n events of a window that has left so many behind."""
    window = rule.window
    if rule.interval == "one_look":
        low, high = beta_interval(hits, n, rule.level)
    elif window.answers is None and window.days is None:
        low, high = share_interval(hits, n, rule.level, shape=1)
    elif not behind:
        low, high = share_interval(hits, n, 1 - (1 - rule.level) / 2, shape=1)
    else:
        k = math.floor(math.log2(behind))
        level = 1 - (1 - rule.level) / 2 / 2**k / ((k + 1) * (k + 2))
        low, high = (
            fixed_interval(hits, n, level) if window.days is None else share_interval(hits, n, level, shape=1)
        )
    return float(low), float(high)


def fires(rule: Rule, rows: list[int], hits: int, run: int, behind: int) -> bool:
    n = len(rows)
    low, high = interval(rule, hits, n, behind)
    for key, condition in rule.keyed():
        value = {"count": n, "hits": hits, "misses": n - hits, "run": run}.get(key.part, 0.0)
        least = most = float(value)
        if key.part == "rate":
            if not n:
                return False
            least, most = (low, high) if rule.sure else (hits / n, hits / n)
        held = {
            "below": most < condition.value,
            "at_most": most <= condition.value,
            "at_least": least >= condition.value,
            "above": least > condition.value,
        }[condition.op]
        if not held:
            return False
    return True


def unchecked(json: dict[str, Any]) -> Rule:
    """A rule that may never fire."""
    when = tuple(Condition(**condition) for condition in json["when"])
    return Rule(
        json["name"], json["collector"], when, window=Window(**json["window"]), sure=json["sure"],
        level=json["level"], seconds=json.get("seconds"), interval=json["interval"],
    )  # fmt: skip


@settings(deadline=None)
@given(events(), rules_json(WINDOWED), st.integers(-1, 13), st.lists(st.integers(-1, 12), min_size=3, max_size=3))
def test_it_is_what_a_plain_loop_finds(seen: Events, json: dict[str, Any], now: int, since: list[int]) -> None:
    rule = unchecked(json)
    after = [np.nan if moment < 0 else moment * DAY / 2 for moment in since]
    found = measure(rule, seen, now=now * DAY / 2, since=after)
    held = holds(rule, found)
    for worker in range(len(WORKERS)):
        start = -np.inf if np.isnan(after[worker]) else after[worker]
        rows, hits, run, behind = by_hand(rule, seen, worker, now * DAY / 2, start)
        assert found.evidence(worker).tolist() == rows
        assert (found.count[worker], found.hits[worker], found.run[worker]) == (len(rows), hits, run)
        assert held[worker] == fires(rule, rows, hits, run, behind)
    assert [firing.worker for firing in evaluate(rule, seen, now=now * DAY / 2, since=after)] == np.flatnonzero(
        held
    ).tolist()


@settings(deadline=None)
@given(events(), st.sampled_from(["below", "above"]), st.booleans(), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_a_stricter_threshold_never_acts_on_fewer(
    seen: Events, op: str, sure: bool, one: float, other: float
) -> None:
    mild, strict = sorted([one, other], reverse=op == "above")

    def acted(threshold: float) -> set[int]:
        asked = Rule("r", "gold", (Condition("accuracy", op, threshold),), sure=sure, level=0.8)
        return {firing.worker for firing in evaluate(asked, seen)}

    assert acted(mild) <= acted(strict)


@settings(deadline=None)
@given(events(), st.floats(0.05, 0.95))
def test_to_be_sure_acts_on_fewer(seen: Events, threshold: float) -> None:
    def acted(sure: bool, level: float) -> set[int]:
        asked = Rule("r", "gold", (Condition("accuracy", "below", threshold),), sure=sure, level=level)
        return {firing.worker for firing in evaluate(asked, seen)}

    assert acted(True, 0.99) <= acted(True, 0.6) <= acted(False, 0.6)


def test_nobody_and_nothing() -> None:
    careless = rule("gold", ("accuracy", "below", 0.5), sure=False)
    assert evaluate(careless, Events.of([], [])) == ()
    assert evaluate(careless, Events.of(["ann"], [0])) == ()  # nothing is known of her
    assert evaluate(careless, Events.of([], [], among=["ann"]), now=5.0) == ()
    few = rule("gold", ("answers", "below", 1))
    assert [firing.count for firing in evaluate(few, Events.of([], [], among=["ann"]))] == [0]


def test_columns_that_do_not_fit_are_named() -> None:
    with pytest.raises(InvalidEvents) as no:
        Events.of(["a", "b"], [1], gold=[1, 2], seconds=[-1, 0], agreed=["x", "y"], among=["a"])
    assert [fault["where"] for fault in no.value.errors] == ["workers", "times", "seconds", "gold", "agreed"]
    with pytest.raises(InvalidEvents):
        Events.of(["a"], [np.nan])
    with pytest.raises(InvalidEvents):
        measure(rule("gold", ("answers", "at_least", 1)), Events.of(["a"], [1]), since=[1, 2])


def test_times_may_be_dates() -> None:
    dates = np.array(["2024-01-01T00:00:00", "2024-01-03T00:00:00.5"], dtype="datetime64[ms]")
    seen = Events.of(["a", "a"], dates, skipped=[False, True], gold=[True, True], seconds=[1, 2])
    assert np.diff(seen.time).tolist() == [2 * DAY + 0.5]
    # a skip is no answer
    assert (seen.gold.tolist(), np.isnan(seen.seconds).tolist()) == ([1, -1], [False, True])


def test_a_figure_must_be_there_and_fit() -> None:
    asked = rule("model_accuracy", ("accuracy", "below", 0.5))
    seen = Events.of(["ann", "bob"], [0, 1])
    one, two = np.array([0.2]), np.array([0.2, 0.3])
    with pytest.raises(InvalidFigures, match="is not given"):
        evaluate(asked, seen)
    with pytest.raises(InvalidFigures, match="of 1 workers; the events have 2"):
        evaluate(asked, seen, {"model_accuracy": Figure(one, one, one, one, one)})
    with pytest.raises(InvalidFigures, match=r"at 0.95; the figure has 0.9"):
        evaluate(asked, seen, {"model_accuracy": Figure(two, two, two, two, two, 0.9)})
    high = np.array([0.4, 0.6])
    (firing,) = evaluate(asked, seen, {"model_accuracy": Figure(two, two / 2, high, two * 100, two)})
    assert (firing.worker, firing.count, firing.evidence.tolist()) == (0, 20, [0])
