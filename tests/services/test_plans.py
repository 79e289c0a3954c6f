"""Plans: every threshold there is, each fault named, all at once."""

from __future__ import annotations

import pytest

from crowdqc.services.plans import BadPlan, Plan, read

CLASSES = ["cat", "dog"]


def faults(values: dict[str, object], base: Plan | None = None) -> list[str]:
    with pytest.raises(BadPlan) as told:
        read(values, CLASSES, base=base)
    assert all(each["what"] for each in told.value.errors)
    return sorted(str(each["where"]) for each in told.value.errors)


def test_a_plan_says_all_that_it_is() -> None:
    plan = read({"overlap": 4, "costs": [[0, 1], [5, 0]]}, CLASSES)
    assert read(plan.json(), CLASSES).json() == plan.json()
    assert (plan.overlap, plan.max_overlap, plan.costs) == (4, 5, [[0, 1], [5, 0]])


def test_every_fault_is_named_at_once() -> None:
    assert faults(
        {
            "overlap": 0,
            "max_overlap": "five",
            "lease_seconds": 9,
            "review_seconds": True,
            "gold_share": 1.5,
            "method": "oracle",
            "review": [{"when": {"signal": "mood", "op": "below", "value": 1}, "route": "nowhere", "weight": 101}],
            "costs": [[0, 1]],
            "colour": "red",
        }
    ) == [
        "plan.colour", "plan.costs", "plan.gold_share", "plan.lease_seconds", "plan.max_overlap", "plan.method",
        "plan.overlap", "plan.review[0].route", "plan.review[0].weight", "plan.review[0].when.signal",
        "plan.review_seconds",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"overlap": 4, "max_overlap": 3}, ["plan.max_overlap"]),
        ({"overlap": 1001}, ["plan.overlap"]),
        ({"overlap": 2.0}, ["plan.overlap"]),
        ({"gold_share": float("nan")}, ["plan.gold_share"]),
        ({"parameters": {"diagonal": -1}}, ["plan.method"]),
        ({"parameters": {"colour": 1}}, ["plan.parameters.colour"]),
        ({"review": {}}, ["plan.review"]),
        ({"costs": [[0, 1], [1, 1]]}, ["plan.costs"]),
        ({"costs": [[0, -1], [1, 0]]}, ["plan.costs"]),
        ({"costs": [[0, "1"], [1, 0]]}, ["plan.costs"]),
        ({"costs": [[0, float("inf")], [1, 0]]}, ["plan.costs"]),
    ],
)
def test_a_fault_is_named_where_it_is(values: dict[str, object], where: list[str]) -> None:
    assert faults(values) == where


def test_what_is_right_beside_a_fault_is_not_blamed() -> None:
    assert faults({"overlap": 0, "max_overlap": 1}, base=Plan(overlap=3)) == ["plan.overlap"]


def test_a_change_keeps_the_rest() -> None:
    base = Plan(overlap=2, max_overlap=2, lease_seconds=99)
    changed = read({"overlap": 6}, CLASSES, base=base)
    assert (changed.overlap, changed.max_overlap, changed.lease_seconds) == (6, 6, 99)


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ({"skipped": "to_the_moon"}, "to_others"),
        ({"worker_share": 1.5}, "from 0 to 1"),
        ({"worker_answers": 0}, "from 1"),
        ({"worker_daily": "many"}, "whole number"),
        ({"lease_limit_seconds": 1}, "from 10"),
        ({"gold_steps": {"right": 1}}, "list of steps"),
        ({"gold_steps": [{"right": 3}]}, "step 1"),
        ({"gold_steps": [{"right": 3, "share": 0.1}, {"right": 3, "share": 0.1}]}, "step 2"),
        ({"gold_steps": [{"right": 3, "share": 2}]}, "from 0 to 1"),
    ],
)
def test_what_a_desk_cannot_do_is_refused(part: dict[str, object], what: str) -> None:
    with pytest.raises(BadPlan) as told:
        read(part, CLASSES)
    (fault,) = told.value.errors
    assert fault["where"] == f"plan.{next(iter(part))}"
    assert what in str(fault["what"])
