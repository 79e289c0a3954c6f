"""Bodies that are no JSON, of another type or shape, plans that cannot be: each fault is named by its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crowdqc.assembly import Installation
from crowdqc.roles import Role
from tests.app.doors import Entrance, counts, sent
from tests.app.test_access import assert_problem

PROJECT = {"name": "P", "question": "What?", "classes": ["a", "b"]}

MALFORMED = {
    "nothing": b"",
    "no JSON": b"{'name': 1}",
    "half": b'{"name": "x"',
    "two": b"{} {}",
    "not UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "NaN": b'{"name": NaN}',
    "Infinity": b'{"name": -Infinity}',
    "overflow": b'{"name": 1e999}',
    "long number": b'{"name": ' + b"9" * 5000 + b"}",
    "deep": b"[" * 100_000,
    "deep and whole": b'{"plan": ' + b"[" * 400 + b"]" * 400 + b"}",
    "deep objects": b'{"a":' * 90_000 + b"1" + b"}" * 90_000,
    "twice": b'{"name": "a", "name": "b"}',
    "NUL": b'{"name": "\x00"}',
}


def test_a_body_that_is_no_json(entrance: Entrance, installation: Installation) -> None:
    owner = entrance.door(Role.REQUESTER)
    before = counts(installation)
    for name, body in MALFORMED.items():
        told = assert_problem(sent(owner, "POST", "/projects", body), 422)
        assert told["type"] == "urn:crowdqc:problem:not-json", name
        assert told["mend"] == "Send one JSON object, in UTF-8."
        assert len(told["detail"]) <= 300
    assert counts(installation) == before


@pytest.mark.parametrize("body", ["[]", "null", '"text"', "1", "true"])
def test_a_body_that_is_no_object(entrance: Entrance, body: str) -> None:
    told = assert_problem(sent(entrance.door(Role.REQUESTER), "POST", "/projects", body), 422)
    assert told["type"] == "urn:crowdqc:problem:bad-shape"
    assert told["errors"][0]["where"] == "body"


def test_a_body_of_another_type(entrance: Entrance) -> None:
    owner = entrance.door(Role.REQUESTER)
    for content_type in ("text/plain", "application/xml", "multipart/form-data", "application/problem+json", ""):
        told = assert_problem(sent(owner, "POST", "/projects", json.dumps(PROJECT), content_type), 415)
        assert told["type"] == "urn:crowdqc:problem:unsupported-media-type"
        assert told["mend"] == "Send Content-Type: application/json."
    made = sent(
        owner,
        "POST",
        "/projects",
        b"\xef\xbb\xbf" + json.dumps(PROJECT).encode(),
        "application/json; charset=utf-8",
    )
    assert made.status_code == 201


#: (what is changed in a whole project, the place that the problem names)
SHAPES: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "body.name"),
    ({"name": ""}, "body.name"),
    ({"name": " \t"}, "body.name"),
    ({"name": "x" * 201}, "body.name"),
    ({"name": 5}, "body.name"),
    ({"question": ""}, "body.question"),
    ({"question": "x" * 100_001}, "body.question"),
    ({"classes": "a,b"}, "body.classes"),
    ({"classes": ["a"]}, "body.classes"),
    ({"classes": ["a", None]}, "body.classes.1"),
    ({"classes": [str(n) for n in range(1001)]}, "body.classes"),
    ({"answer_type": "boxes"}, "body.answer_type"),
    ({"plan": []}, "body.plan"),
    ({"owner": 1}, "body.owner"),
]


def test_a_body_of_another_shape(entrance: Entrance, installation: Installation) -> None:
    owner = entrance.door(Role.REQUESTER)
    before = counts(installation)
    for change, where in SHAPES:
        told = assert_problem(owner("POST", "/projects", json=PROJECT | change), 422)
        assert told["type"] == "urn:crowdqc:problem:bad-shape"
        assert where in {fault["where"] for fault in told["errors"]}, change
        assert all(fault["what"] for fault in told["errors"])
        assert where in told["detail"]
    missing = assert_problem(owner("POST", "/projects", json={}), 422)
    assert {fault["where"] for fault in missing["errors"]} == {"body.name", "body.question", "body.classes"}
    assert counts(installation) == before


@pytest.mark.parametrize(
    ("classes", "where", "what"),
    [
        (["a", "b", "a"], "classes[2]", "is named twice"),
        (["a", " b"], "classes[1]", "spaces around it"),
        (["a", "b|c"], "classes[1]", "joins accepted labels"),
    ],
)
def test_a_list_of_classes_that_cannot_be(entrance: Entrance, classes: list[str], where: str, what: str) -> None:
    owner = entrance.door(Role.REQUESTER)
    told = assert_problem(owner("POST", "/projects", json=PROJECT | {"classes": classes}), 422)
    assert told["type"] == "urn:crowdqc:problem:bad-classes"
    assert [fault["where"] for fault in told["errors"]] == [where]
    assert what in told["errors"][0]["what"]
    assert told["mend"] == "Name two classes or more, each once, without spaces around it."
    assert owner.get("/projects")["data"] == []


#: Plans that cannot be, each with a place that must be named.
PLANS: list[tuple[dict[str, Any], str]] = [
    ({"overlap": 0}, "plan.overlap"),
    ({"overlap": 10**300}, "plan.overlap"),
    ({"overlap": 3.5}, "plan.overlap"),
    ({"overlap": True}, "plan.overlap"),
    ({"overlap": 7, "max_overlap": 5}, "plan.max_overlap"),
    ({"lease_seconds": 1}, "plan.lease_seconds"),
    ({"lease_seconds": 10**12}, "plan.lease_seconds"),
    ({"gold_share": 1.1}, "plan.gold_share"),
    ({"gold_share": "half"}, "plan.gold_share"),
    ({"gold_share": -(10**400)}, "plan.gold_share"),
    ({"method": "magic"}, "plan.method"),
    ({"method": []}, "plan.method"),
    ({"method": {"a": 1}}, "plan.method"),
    ({"method": 5}, "plan.method"),
    ({"parameters": []}, "plan."),
    ({"parameters": "x"}, "plan."),
    ({"parameters": {"no_such": 1}}, "plan."),
    ({"parameters": {"max_iterations": "many"}}, "plan."),
    ({"parameters": {"tolerance": 10**400}}, "plan."),
    ({"parameters": {"tolerance": [1]}}, "plan."),
    ({"review": 5}, "plan.review"),
    ({"review": "x"}, "plan.review"),
    ({"review": {}}, "plan.review"),
    ({"review": [5]}, "plan.review"),
    ({"review": [{}]}, "plan.review"),
    ({"review": [{"when": {"signal": "x", "op": "is", "value": 1}, "route": "review"}]}, "plan.review"),
    ({"review": [{"when": {"signal": [], "op": {}, "value": []}, "route": []}]}, "plan.review"),
    ({"review": [{"when": {"signal": "tied", "op": "is", "value": 10**400}, "route": "review"}]}, "plan.review"),
    (
        {"review": [{"when": {"signal": "tied", "op": "is", "value": 1}, "route": "review", "weight": 10**400}]},
        "plan.review",
    ),
    ({"costs": 5}, "plan.costs"),
    ({"costs": [[0, 1]]}, "plan.costs"),
    ({"costs": [[0, -1], [1, 0]]}, "plan.costs"),
    ({"costs": [[1, 1], [1, 0]]}, "plan.costs"),
    ({"costs": [[0, 10**400], [1, 0]]}, "plan.costs"),
    ({"costs": [["x", "y"], [1, 0]]}, "plan.costs"),
    ({"no_such": 1}, "plan.no_such"),
    ({"": 1}, "plan."),
]


def test_a_plan_that_cannot_be(entrance: Entrance, installation: Installation) -> None:
    owner = entrance.door(Role.REQUESTER)
    mine = owner.post("/projects", **PROJECT)
    before = counts(installation)
    for plan, where in PLANS:
        for response in (
            owner("POST", "/projects", json=PROJECT | {"plan": plan}),
            owner("PATCH", f"/projects/{mine['id']}", json={"plan": plan}),
        ):
            assert response.status_code == 422, (plan, response.text[:300])
            told = assert_problem(response, 422)
            assert any(fault["where"].startswith(where) for fault in told["errors"]), (plan, told)
            assert told["mend"], plan
    assert counts(installation) == before
    assert owner.get(f"/projects/{mine['id']}") == mine
