"""Rules as data: read and written, and every fault named at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crowdqc.quality.rules import ACTIONS, COLLECTORS, InvalidRule, Rule, read_all
from tests.quality.rules.histories import GIVEN, WINDOWED, rules_json

RULE: dict[str, Any] = {
    "name": "careless",
    "collector": "gold",
    "window": {"answers": 20},
    "when": [{"key": "accuracy", "op": "below", "value": 0.6}],
    "action": {"kind": "restrict"},
}


def read(given: object) -> tuple[Rule | None, Sequence[Mapping[str, object]]]:
    try:
        return Rule.of(given), ()
    except InvalidRule as no:
        return None, no.errors


def faults(given: object) -> dict[str, str]:
    with pytest.raises(InvalidRule) as no:
        Rule.of(given)
    return {str(fault["where"]): str(fault["what"]) for fault in no.value.errors}


@settings(deadline=None, max_examples=60)
@given(rules_json(WINDOWED + GIVEN))
def test_what_is_written_is_read_again(given: dict[str, Any]) -> None:
    rule, named = read(given)
    # what the strategy gives is in order: only that it can never fire may be said
    assert all("never" in str(fault["what"]) for fault in named)
    assume(rule is not None)
    assert rule is not None
    written = json.loads(json.dumps(rule.to_json()))
    assert Rule.of(written) == rule
    assert Rule.of(written).to_json() == written


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_nothing_that_is_given_breaks_it(data: st.DataObject) -> None:
    given = dict(RULE)
    for key in data.draw(st.lists(st.sampled_from([*RULE, "sure", "level", "seconds", "version"]), min_size=1)):
        given[key] = data.draw(VALUES)
    rule, named = read(given)
    assert (rule is None) == bool(named)
    assert all(str(fault["where"]).startswith("rule") and fault["what"] for fault in named)


def test_all_faults_are_named_at_once() -> None:
    found = faults(
        {
            "name": " ",
            "version": 0,
            "collector": "gold",
            "seconds": 3,
            "colour": "red",
            "window": {"answers": 0, "days": -1, "weeks": 2},
            "when": [
                {"key": "speed", "op": "below", "value": 1},
                {"key": "accuracy", "op": "<", "value": 60},
                {"key": "answers", "op": "at_least", "value": 2.5},
                "x",
            ],
            "sure": "yes",
            "level": 95,
            "action": {"kind": "restrict", "scope": "pool", "hours": 0, "ban": True},
        }
    )
    assert set(found) == {
        "rule.name", "rule.version", "rule.seconds", "rule.colour", "rule.window.answers", "rule.window.days",
        "rule.window.weeks", "rule.when[0].key", "rule.when[1].op", "rule.when[1].value", "rule.when[2].value",
        "rule.when[3]", "rule.sure", "rule.level", "rule.action.scope", "rule.action.hours", "rule.action.ban",
    }  # fmt: skip
    assert found["rule.when[1].value"] == "60 does not lie from 0 to 1"
    assert found["rule.when[0].key"].endswith("these are: accuracy, answers, right, wrong")


def test_what_is_unknown_is_answered_by_what_is_known() -> None:
    found = faults(RULE | {"collector": "luck", "action": {"kind": "ban"}})
    assert found["rule.collector"] == f"'luck' is not one of {', '.join(COLLECTORS)}"
    assert found["rule.action.kind"] == f"'ban' is not one of {', '.join(ACTIONS)}"


@pytest.mark.parametrize(
    ("action", "where"),
    [
        ({"kind": "set_skill"}, "skill"),
        ({"kind": "set_skill", "skill": "care", "value": 2}, "value"),
        ({"kind": "ask_more", "answers": 0}, "answers"),
        ({"kind": "discount", "weight": 0}, "weight"),
        ({"kind": "discount", "weight": 1}, "weight"),
        ({"kind": "pay", "pay": 1}, "pay"),
        ({"kind": "notify", "whom": "me"}, "whom"),
    ],
)
def test_an_action_is_checked(action: dict[str, Any], where: str) -> None:
    assert list(faults(RULE | {"action": action})) == [f"rule.action.{where}"]


def test_fast_answers_need_seconds_and_figures_have_no_window() -> None:
    fast = RULE | {"collector": "fast", "when": [{"key": "rate", "op": "above", "value": 0.5}]}
    assert list(faults(fast)) == ["rule.seconds"]
    assert list(faults(fast | {"seconds": 0})) == ["rule.seconds"]
    assert Rule.of(fast | {"seconds": 2}).seconds == 2
    assert list(faults(RULE | {"collector": "model_accuracy"})) == ["rule.window"]


def test_a_list_of_rules_has_names_of_their_own() -> None:
    other = RULE | {"name": "other"}
    assert [rule.name for rule in read_all([RULE, other])] == ["careless", "other"]
    with pytest.raises(InvalidRule) as no:
        read_all([RULE, other | {"level": 2}, RULE], "plan.rules")
    assert [fault["where"] for fault in no.value.errors] == ["plan.rules[1].level", "plan.rules[2].name"]
    with pytest.raises(InvalidRule):
        read_all({})
