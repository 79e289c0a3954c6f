"""Stop rules: as data, and asked part by part."""

from __future__ import annotations

import pytest

from crowdqc.quality.certificates import Audit, InvalidStopRule, StopRule, certify, evaluate

GOOD = certify(Audit.of([0] * 400, size=10_000))
POOR = certify(Audit.of([1] * 10 + [0] * 390, size=10_000))


def test_all_parts_must_be_met() -> None:
    rule = StopRule(top=4)
    assert evaluate(rule, GOOD, [0, 0, 0, 0, 1]).stop
    one = evaluate(rule, GOOD, [0, 0, 1, 0])
    assert [part.met for part in one.parts] == [False, True]
    assert one.parts[0].value == 1
    assert one.words().endswith("Go on.")
    assert evaluate(StopRule(top=4, obvious=1), GOOD, [0, 0, 1, 0]).stop
    assert [part.met for part in evaluate(rule, POOR, [0] * 4).parts] == [True, False]


def test_nobody_looked_is_not_met_and_fewer_mistakes_are() -> None:
    rule = StopRule(top=4)
    assert not evaluate(rule, GOOD, [0, 0, 0, -1]).stop
    few = evaluate(rule, GOOD, [0, 0])
    assert few.stop
    assert few.parts[0].words.startswith("Of all 2 most confident mistakes 2 were looked at")
    assert len(evaluate(StopRule(top=0), GOOD).parts) == 1


def test_the_verdict_as_json() -> None:
    told = evaluate(StopRule(top=1), GOOD, [0]).to_json()
    assert told["stop"] is True
    assert [part["name"] for part in told["parts"]] == ["top", "error_rate"]  # type: ignore[attr-defined]


def test_what_is_refused() -> None:
    with pytest.raises(InvalidStopRule) as no:
        StopRule.of({"top": -1, "obvious": 0.5, "target": True, "level": 0.4, "more": 1})
    assert [error["where"] for error in no.value.errors] == ["more", "top", "obvious", "target", "level"]
    with pytest.raises(InvalidStopRule):
        StopRule.of([])
    with pytest.raises(InvalidStopRule, match="asks for"):
        evaluate(StopRule(level=0.99), GOOD, [0])
    with pytest.raises(InvalidStopRule, match="looked at"):
        evaluate(StopRule(), GOOD, [2])
    assert (
        StopRule(top=9, obvious=2).words().startswith("Stop when at most 2 of the 9 most confident mistakes are")
    )
    assert StopRule(top=0).words().startswith("Stop when at most 1% of the labels")
