"""The plan of a round: said as data, read again as the same, refused with what is wrong in it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.errors import Invalid
from crowdqc.quality.certificates import StopRule
from crowdqc.quality.rounds import InvalidRound, RoundPlan
from crowdqc.quality.sampling import SuspectedErrors
from crowdqc.quality.sampling.yields import Yields

UNSURE: dict[str, object] = {
    "name": "unsure",
    "sampler": "low_confidence",
    "parameters": {"measure": "entropy"},
    "share": 2,
}
STRANGE: dict[str, object] = {"name": "strange", "sampler": "outliers"}


@given(
    st.integers(1, 10_000),
    st.floats(0.1, 0.25),
    st.lists(st.sampled_from([UNSURE, STRANGE]), unique_by=lambda part: str(part["name"])),
    st.sampled_from(["thompson", "upper_bound", "equal"]),
    st.floats(0.001, 0.5),
)
@settings(max_examples=40)
def test_is_the_same_when_it_is_read_again(
    size: int, random: float, parts: list[dict[str, object]], sharing: str, target: float
) -> None:
    given = {
        "size": size,
        "random": random,
        "parts": parts,
        "sharing": sharing,
        "stop": {"top": 0, "target": target},
    }
    plan = RoundPlan.of(given)
    assert RoundPlan.of(json.loads(json.dumps(plan.to_json()))) == plan
    assert plan.queue.parts[0].name == "suspects"
    assert [part.name for part in plan.queue.parts[1:]] == [part["name"] for part in parts]


def test_what_is_left_out_is_as_usual() -> None:
    plan = RoundPlan.of({})
    assert plan == RoundPlan()
    assert (plan.size, plan.queue.random, plan.stop) == (200, 0.15, StopRule(50, 0, 0.01, 0.95))
    [suspects] = plan.queue.parts
    assert suspects.sampler == SuspectedErrors()


def test_suspects_that_a_plan_names_keep_their_share_and_parameters() -> None:
    own = {"name": "suspects", "sampler": "suspected_errors", "parameters": {"neighbours": False}, "share": 3}
    plan = RoundPlan.of({"parts": [UNSURE, own], "stop": {"top": 10}})
    assert [(part.name, part.share) for part in plan.queue.parts] == [("unsure", 2), ("suspects", 3)]
    assert plan.queue.parts[1].sampler == SuspectedErrors(neighbours=False)


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ([], "an object"),
        ({"sise": 3, "stopp": {}}, "sise"),
        ({"size": 0}, "size"),
        ({"size": True}, "size"),
        ({"size": 2.0}, "size"),
        ({"size": 10**7}, "size"),
        ({"parts": "all"}, "parts"),
        ({"parts": [{"name": "x"}]}, "cannot be read"),
        ({"parts": [{"name": "x", "sampler": "best"}]}, "no sampler 'best'"),
        ({"parts": [STRANGE, STRANGE]}, "Two parts are named 'strange'"),
        ({"parts": [{"name": "random", "sampler": "outliers"}]}, "cannot name a part"),
        ({"parts": [{"name": "suspects", "sampler": "uniform"}]}, "suspected_errors"),
        ({"random": 0.5}, "random"),
        ({"sharing": "greedy"}, "greedy"),
        ({"sharing": ["thompson"]}, "sharing"),
        ({"stop": {"target": 2}}, "target"),
        ({"stop": []}, "stop rule"),
    ],
)
def test_what_cannot_be_is_refused_by_name(given: object, where: str) -> None:
    with pytest.raises(Invalid) as no:
        RoundPlan.of(given)
    assert where in f"{no.value} {[*no.value.errors]}"


def test_the_stop_rule_finds_room_in_the_queue() -> None:
    # of 100 items 15 are random, and of the other 85 half are suspects
    half = {"size": 100, "parts": [UNSURE | {"share": 1}]}
    assert RoundPlan.of(half | {"stop": {"top": 42}}).stop.top == 42
    with pytest.raises(InvalidRound, match="of 100 items 42 are for them"):
        RoundPlan.of(half | {"stop": {"top": 43}})
    assert RoundPlan.of({"size": 1, "stop": {"top": 0}}).size == 1


def test_shares_follow_yields_but_never_below_what_the_stop_rule_asks() -> None:
    plan = RoundPlan.of({"size": 100, "parts": [UNSURE | {"share": 1}], "stop": {"top": 40}})
    assert plan.shared([]) is plan
    better = Yields.of(["random", "suspects", "unsure"], [15, 42, 42], [1, 2, 40])
    shares = {part.name: part.share for part in plan.shared([better]).queue.parts}
    assert shares["suspects"] == pytest.approx(40 / 85)
    assert sum(shares.values()) == pytest.approx(1)
    worse = Yields.of(["random", "suspects", "unsure"], [15, 42, 42], [1, 40, 2])
    shares = {part.name: part.share for part in plan.shared([worse]).queue.parts}
    assert shares["suspects"] > 0.9
    assert shares["unsure"] > 0
    assert plan.shared([worse]).to_json() | {"parts": 0} == plan.to_json() | {"parts": 0}
