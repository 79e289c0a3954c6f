"""A policy: which rule wins, with which priority and reasons."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.routing import InvalidPolicy, Policy, Signals, audit_draws


def rule(signal: str, op: str, value: float, route: str = "review", weight: float = 50) -> dict[str, object]:
    return {"when": {"signal": signal, "op": op, "value": value}, "route": route, "weight": weight}


def test_the_first_rule_that_holds_decides() -> None:
    policy = Policy.of(
        [
            rule("confidence", "above", 0.99, "accept"),
            rule("answers", "below", 3, "ask_more"),
            rule("agreement", "below", 0.5),
        ]
    )
    signals = Signals(
        4,
        {
            "confidence": np.array([1.0, 0.5, 0.5, 0.5]),
            "answers": np.array([2.0, 2, 3, 3]),
            "agreement": np.array([0.0, 0, 0, 1]),
        },
    )
    routes = policy.route(signals)
    assert routes.names() == ["accept", "ask_more", "review", "accept"]
    # the reasons are those of the decided route only
    assert [[reason.signal for reason in reasons] for reasons in routes.reasons] == [
        [],
        ["answers"],
        ["agreement"],
        [],
    ]
    assert routes.priority[[0, 3]].tolist() == [0, 0]


def test_priority_is_the_greatest_weight_plus_severity() -> None:
    policy = Policy.of([rule("agreement", "below", 0.5, weight=40), rule("reports", "at_least", 1, weight=80)])
    signals = Signals(3, {"agreement": np.array([0.25, 0, 0.25]), "reports": np.array([1.0, 0, 0])})
    routes = policy.route(signals)
    np.testing.assert_allclose(routes.priority, [80, 41, 40.5])
    assert [reason.signal for reason in routes.reasons[0]] == ["agreement", "reports"]
    assert routes.taking("review").tolist() == [0, 1, 2]


def test_settled_and_waiting_items_are_never_routed() -> None:
    policy = Policy.of([rule("agreement", "below", 1)])
    signals = Signals(4, {"agreement": np.zeros(4)})
    settled, waiting = np.array([True, False, True, False]), np.array([False, True, True, False])
    routes = policy.route(signals, settled=settled, waiting=waiting)
    assert routes.names() == ["accept", "wait", "accept", "review"]
    assert routes.reasons[:3] == ((), (), ())


def test_to_json_and_back() -> None:
    policy = Policy.default()
    assert Policy.of(policy.to_json()) == policy
    assert policy.names() == {"tied", "contradiction", "confidence", "agreement", "reports", "audit"}


def test_no_rules_accept_everything() -> None:
    policy = Policy.of([])
    assert policy.names() == set()
    assert policy.route(Signals(2, {})).names() == ["accept", "accept"]


@pytest.mark.parametrize(
    ("json", "wheres"),
    [
        ({}, ["review"]),
        ([1], ["review[0]"]),
        ([{"when": {"signal": "mood", "op": "is", "value": 1}, "route": "review"}], ["review[0].when.signal"]),
        (
            [{"route": "wait", "weight": 101, "why": ""}],
            ["review[0].why", "review[0].when", "review[0].route", "review[0].weight"],
        ),
    ],
)
def test_faults_are_named_where_they_stand(json: object, wheres: list[str]) -> None:
    with pytest.raises(InvalidPolicy) as refusal:
        Policy.of(json)
    assert [fault["where"] for fault in refusal.value.errors] == wheres


def test_the_audit_is_a_uniform_draw_fixed_by_seed_and_item() -> None:
    draws = audit_draws(range(20000), seed=1)
    assert ((draws >= 0) & (draws < 1)).all()
    assert np.mean(draws < 0.05) == pytest.approx(0.05, abs=0.006)
    assert draws[7] == audit_draws([7], seed=1)[0]
    assert np.mean(draws == audit_draws(range(20000), seed=2)) == 0
    assert audit_draws([], seed=1).shape == (0,)
