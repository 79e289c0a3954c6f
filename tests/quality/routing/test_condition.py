"""Conditions: what holds, in which words, to and from JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.routing import OPS, SIGNALS, InvalidCondition, InvalidSignals, Signals, condition

NAN = float("nan")
LEAVES = st.fixed_dictionaries(
    {
        "signal": st.sampled_from(sorted(SIGNALS)),
        "op": st.sampled_from(OPS),
        "value": st.sampled_from([0, 0.5, 1, 3]),
    }
)
TREES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.fixed_dictionaries({"all": st.lists(parts, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(parts, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": parts}),
    ),
    max_leaves=8,
)
SIGNALS_OF_ITEMS = st.lists(
    st.dictionaries(st.sampled_from(sorted(SIGNALS)), st.sampled_from([0.0, 0.25, 0.5, 1.0, NAN])),
    min_size=1,
    max_size=5,
).map(
    lambda items: Signals(
        len(items), {name: np.array([item.get(name, NAN) for item in items]) for name in sorted(SIGNALS)}
    )
)


@given(TREES)
def test_to_json_and_back(json: dict[str, Any]) -> None:
    assert condition(json).to_json() == json
    assert condition(condition(json).to_json()) == condition(json)


@given(TREES, SIGNALS_OF_ITEMS)
def test_there_is_a_reason_exactly_where_it_holds(json: dict[str, Any], signals: Signals) -> None:
    tree = condition(json)
    holds = tree.holds(signals)
    for item in range(signals.n_items):
        reasons = tree.reasons(signals, item)
        assert bool(reasons) == holds[item]
        assert all(0 <= reason.severity <= 1 for reason in reasons)
        assert all(signals.values[reason.signal][item] == reason.value for reason in reasons)


@given(TREES, SIGNALS_OF_ITEMS)
def test_a_condition_and_its_negation_never_both_hold(json: dict[str, Any], signals: Signals) -> None:
    one, other = condition(json).holds(signals), condition({"not": json}).holds(signals)
    assert not (one & other).any()
    complete = ~np.isnan([signals.values[name] for name in condition(json).names()]).any(axis=0)
    assert (one | other)[complete].all()


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("below", [True, False, False, False]),
        ("at_most", [True, True, False, False]),
        ("at_least", [False, True, True, False]),
        ("above", [False, False, True, False]),
        ("is", [False, True, False, False]),
        ("is_not", [True, False, True, False]),
    ],
)
def test_ops_and_the_unknown(op: str, expected: list[bool]) -> None:
    signals = Signals(4, {"agreement": np.array([0.2, 0.5, 0.8, NAN])})
    assert condition({"signal": "agreement", "op": op, "value": 0.5}).holds(signals).tolist() == expected
    assert not condition({"signal": "entropy", "op": op, "value": 0.5}).holds(signals).any()


@pytest.mark.parametrize(
    ("leaf", "value", "words", "severity"),
    [
        (("agreement", "below", 0.5), 1 / 3, "agreement 0.33 is below 0.50", 1 / 3),
        (("confidence", "at_most", 0.8), 0.6, "confidence 0.60 is at most 0.80", 0.25),
        (("entropy", "above", 0.5), 0.75, "entropy 0.75 is above 0.50", 0.5),
        (("tied", "is", 1), 1, "the answers are tied", 1),
        (("reports", "at_least", 1), 4, "reports: 4 (at least 1)", 0.75),
        (("audit", "below", 0.05), 0.01, "audit draw 0.01 is below 0.05", 0.8),
        (("contradiction", "at_least", 1), 1, "contradiction 1.00 is at least 1.00", 1),
    ],
)
def test_words_and_severity(leaf: tuple[str, str, float], value: float, words: str, severity: float) -> None:
    tree = condition(dict(zip(("signal", "op", "value"), leaf, strict=True)))
    [reason] = tree.reasons(Signals(1, {leaf[0]: np.array([value], dtype=float)}), 0)
    assert reason.words == words
    assert reason.severity == pytest.approx(severity)
    assert reason.to_json()["threshold"] == leaf[2]


@pytest.mark.parametrize(
    ("json", "wheres"),
    [
        (3, ["."]),
        ({}, ["."]),
        ({"all": []}, ["all"]),
        ({"all": [], "any": []}, ["."]),
        ({"signal": "mood", "op": "below", "value": 1}, ["signal"]),
        ({"signal": "answers", "op": "under", "value": "3"}, ["op", "value"]),
        ({"signal": "answers", "op": "below", "value": NAN}, ["value"]),
        ({"signal": "answers", "op": "below", "value": 1, "note": ""}, ["note"]),
        ({"any": [{"not": {"signal": "mood", "op": "is", "value": 1}}, 1]}, ["any[0].not.signal", "any[1]"]),
    ],
)
def test_faults_are_named_where_they_stand(json: object, wheres: list[str]) -> None:
    with pytest.raises(InvalidCondition) as refusal:
        condition(json)
    assert [fault["where"] for fault in refusal.value.errors] == wheres


def test_signals_must_be_known_and_of_every_item() -> None:
    with pytest.raises(InvalidSignals):
        Signals(2, {"mood": np.zeros(2)})
    with pytest.raises(InvalidSignals):
        Signals(2, {"agreement": np.zeros(3)})
