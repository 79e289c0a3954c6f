"""A rule that can never fire is refused, and no other: against all histories there are."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.rules import COLLECTORS, Condition, Events, Figure, InvalidRule, Rule, evaluate
from crowdqc.quality.rules.checks import never
from crowdqc.quality.rules.looks import Interval
from crowdqc.quality.rules.windows import Window
from tests.quality.rules.histories import GIVEN, conditions

LONGEST = 6
#: One worker a history: all orders of hits and misses there are up to that length.
HISTORIES = [history for n in range(LONGEST + 1) for history in product((0, 1), repeat=n)]
ROWS = [(worker, place, hit) for worker, history in enumerate(HISTORIES) for place, hit in enumerate(history)]
WHO, WHEN, HIT = (np.array(column) for column in zip(*ROWS, strict=True))


def everything(collector: str) -> Events:
    column: dict[str, Any] = {
        "gold": {"gold": HIT},
        "skips": {"skipped": HIT},
        "fast": {"seconds": np.where(HIT == 1, 1.0, 9.0)},
    }[collector]
    return Events.of(WHO.tolist(), WHEN, **column, among=range(len(HISTORIES)))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_it_agrees_with_trying_everything(data: st.DataObject) -> None:
    collector = data.draw(st.sampled_from(["gold", "skips", "fast"]))
    interval: Interval = data.draw(st.sampled_from(["anytime", "one_look"]))
    # a full window must be able to leave an answer behind
    widest = LONGEST - (interval == "anytime")
    given = data.draw(conditions(collector, most=LONGEST + 1))
    rule = Rule(
        "r",
        collector,
        tuple(Condition(**condition) for condition in given),
        window=Window(data.draw(st.integers(1, widest))),
        sure=data.draw(st.booleans()),
        level=data.draw(st.sampled_from([0.5, 0.8, 0.95])),
        seconds=5.0 if collector == "fast" else None,
        interval=interval,
    )
    refused = never(rule.keyed(), rule.source, rule.looks, "rule")
    assert bool(refused) == (not evaluate(rule, everything(collector)))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_figures_agree_with_trying_many(data: st.DataObject) -> None:
    collector = data.draw(st.sampled_from(GIVEN))
    given = data.draw(conditions(collector))
    rule = Rule(
        "r", collector, tuple(Condition(**condition) for condition in given), sure=data.draw(st.booleans())
    )
    refused = never(rule.keyed(), rule.source, rule.looks, "rule")
    keys = {key.part: key for key in COLLECTORS[collector].keys.values()}
    # between and on all thresholds that are drawn
    grid = [-0.5, 0.0, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5, 0.55, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 1.0, 2.0]
    values = [value for value in grid if value >= keys["value"].low and value <= (keys["value"].high or np.inf)]
    rest = [value for value in grid if 0 <= value <= 1] if "q_value" in keys else [0.0]
    value, q, count = (
        np.array(column, dtype=float) for column in zip(*product(values, rest, range(9)), strict=True)
    )
    figure = Figure(value, value, value, count, q)
    nobody = Events.of([], [], among=range(value.size))
    assert bool(refused) == (not evaluate(rule, nobody, {collector: figure}))


def reason(when: list[tuple[str, str, float]], **parts: Any) -> tuple[str, str]:
    json = {
        "name": "r",
        "collector": "gold",
        "when": [{"key": key, "op": op, "value": value} for key, op, value in when],
        "action": {"kind": "notify"},
    }
    with pytest.raises(InvalidRule) as no:
        Rule.of(json | parts)
    (fault,) = no.value.errors
    return str(fault["where"]), str(fault["what"])


def test_the_reasons() -> None:
    assert reason([("answers", "at_least", 10)], window={"answers": 5}) == (
        "rule.when[0]",
        "answers at least 10 never holds: the window holds 5 at most",
    )
    assert reason([("answers", "at_least", 5), ("answers", "below", 3)]) == (
        "rule.when[1]",
        "answers below 3 and answers at least 5 never hold together, 95% sure",
    )
    assert reason([("accuracy", "below", 0.1)], window={"answers": 20})[1] == (
        "accuracy below 0.1 is never sure: even with none of 20 the 95% interval is 0.00 to 0.12, not below 0.1; "
        "a window of 24 would do"
    )
    assert reason([("accuracy", "below", 0.1)], window={"answers": 20}, interval="anytime")[1] == (
        "accuracy below 0.1 is never sure: even with none of 20 the 95% interval at every look is 0.00 to 0.26, "
        "not below 0.1; a window of 59 would do"
    )
    assert reason([("accuracy", "below", 0)])[1] == "accuracy below 0 never holds: nothing lies below 0"
    assert reason([("accuracy", "above", 1)])[1] == "accuracy above 1 never holds: nothing lies above 1"
    # a share at most 0 needs an interval that is a point
    assert "is never sure" in reason([("accuracy", "at_most", 0)], window={"answers": 9})[1]
    assert reason([("right", "at_least", 4), ("wrong", "at_least", 4)], window={"answers": 7}, sure=False)[1] == (
        "wrong at least 4 and right at least 4 never hold together with at most 7 in the window"
    )
    three: list[tuple[str, str, float]] = [
        ("wrong", "at_least", 3),
        ("right", "at_least", 3),
        ("answers", "at_most", 5),
    ]
    assert reason(three, sure=False) == (
        "rule.when",
        "wrong at least 3, right at least 3, answers at most 5 never hold together",
    )


def test_the_window_that_would_do_does() -> None:
    parts: dict[str, Any] = {"name": "r", "collector": "gold", "action": {"kind": "notify"}}
    when = [{"key": "accuracy", "op": "below", "value": 0.1}]
    Rule.of(parts | {"when": when, "window": {"answers": 24}})
    with pytest.raises(InvalidRule):
        Rule.of(parts | {"when": when, "window": {"answers": 23}})
