"""What belongs to a stranger is not there: it is answered as what never was."""

from __future__ import annotations

import re
import uuid
from typing import Any

from app.http import Api, Operation
from crowdqc.roles import Role
from tests.app.doors import Door, World, counts
from tests.app.test_access import assert_problem

#: Bodies that the operations would take, were the project one's own.
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PATCH", "/projects/{project}"): {"name": "mine now"},
    ("PUT", "/projects/{project}/state"): {"state": "closed"},
    ("POST", "/projects/{project}/guidelines"): {"text": "mine now"},
    ("POST", "/projects/{project}/courses"): {"kind": "exam", "name": "mine now"},
    ("PATCH", "/courses/{course}"): {"name": "mine now"},
    ("PUT", "/items/{item}/reserved-for"): {"workers": []},
    ("PUT", "/items/{item}/unavailable-for"): {"workers": []},
    ("POST", "/projects/{project}/gold"): {"items": [{"item": "a", "labels": ["cat"]}]},
    ("POST", "/projects/{project}/acceptances"): {"state": "accepted", "everything": True},
    ("POST", "/projects/{project}/bonuses"): {
        "worker": "0197a1b2-0000-7000-8000-000000000000",
        "amount": "1",
        "reason": "mine",
        "key": "k",
    },
    ("PUT", "/rounds/{round}/models"): {"student": {"name": "mine", "version": "1"}},
}

#: What of a project an address can name.
REACHED = {"project", "upload", "item", "run", "course", "exercise", "release", "round", "model"}

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def reached(operation: Operation) -> set[str]:
    """Give what an address names."""
    return set(re.findall(r"{(\w+)}", operation.path)) - {"file"}


def called(door: Door, operation: Operation, ids: dict[str, str], **query: str) -> Any:
    path = operation.path.replace("{file}", "labels.csv")
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", value)
    if operation.takes:
        told = {"model": "m", "version": "1"} if "predictions" in path else {}
        return door("POST", path, data=b"item,text\n1,a\n", content_type="text/csv", query_string=told)
    if operation.method == "GET":
        return door("GET", path, query_string=query)
    return door(operation.method, path, json=BODIES.get((operation.method, operation.path), {}))


def of_requesters() -> list[Operation]:
    """Give the operations that name a project, or a part of one, and that a requester may call."""
    return [
        each for each in Api.operations if each.roles and Role.REQUESTER in each.roles and reached(each) & REACHED
    ]


def test_a_strangers_project_is_not_found(world: World) -> None:
    stranger = world.entrance.door(Role.REQUESTER)
    before = counts(world.entrance.installation)
    known = {name: world.ids[name] for name in (*REACHED, "worker")}
    for operation in of_requesters():
        theirs = called(stranger, operation, known)
        nothing = called(stranger, operation, {name: str(uuid.uuid4()) for name in known})
        where = operation.method, operation.path
        assert theirs.status_code == nothing.status_code == 404, (where, theirs.status, nothing.status)
        assert UUID.sub("ID", theirs.text) == UUID.sub("ID", nothing.text), where
        assert {name for name, _ in theirs.headers} == {name for name, _ in nothing.headers}, where
    assert counts(world.entrance.installation) == before
    assert stranger.get("/projects")["data"] == []
    assert world.owner.get(f"/projects/{world.project}")["name"] == "Cats & dogs"


def test_these_are_all_ways_to_a_project() -> None:
    """A new operation for requesters names what it reaches by a word that the test above knows."""
    others = {
        (each.method, each.path)
        for each in Api.operations
        if each.roles and Role.REQUESTER in each.roles and each not in of_requesters()
    }
    own = {("GET", "/me"), ("GET", "/tokens"), ("POST", "/tokens"), ("DELETE", "/tokens/{token}")}
    assert others == own | {("GET", "/projects"), ("POST", "/projects")}


def test_a_strangers_row_is_no_place_to_go_on_from(world: World) -> None:
    stranger = world.entrance.door(Role.REQUESTER)
    made = stranger.post("/projects", name="Mine", question="What?", classes=["a", "b"])
    mine = f"/projects/{made['id']}"
    for path, name in (
        ("/projects", "project"),
        (f"{mine}/uploads", "upload"),
        (f"{mine}/items", "item"),
        (f"{mine}/runs", "run"),
        (f"{mine}/releases", "release"),
        (f"{mine}/rounds", "round"),
    ):
        theirs = stranger("GET", path, query_string={"after": world.ids[name]})
        nothing = stranger("GET", path, query_string={"after": str(uuid.uuid4())})
        assert theirs.status_code == nothing.status_code == 404, path
        assert UUID.sub("ID", theirs.text) == UUID.sub("ID", nothing.text)


def test_a_requester_sees_no_reviews(world: World) -> None:
    for path in ("/reviews", f"/reviews/{world.ids['review']}"):
        assert world.owner("GET", path).status_code == 403


def test_a_qa_lead_sees_all_projects_and_changes_none(world: World) -> None:
    assert [each["id"] for each in world.lead.get("/projects")["data"]] == [world.project]
    assert world.lead.get(f"/items/{world.ids['item']}")["given"]
    for method, path, body in (
        ("PATCH", f"/projects/{world.project}", {"name": "x"}),
        ("PUT", f"/projects/{world.project}/state", {"state": "closed"}),
    ):
        assert world.lead(method, path, json=body).status_code == 403
    # One who holds both roles sees a stranger's project as a QA lead, and is told that it is not his to change.
    both = world.entrance.door(Role.QA_LEAD, Role.REQUESTER)
    refused = both("PATCH", f"/projects/{world.project}", json={"name": "x"})
    assert assert_problem(refused, 403)["type"] == "urn:crowdqc:problem:refused"
    upload = both("POST", f"/projects/{world.project}/batches", data=b"text\na\n", content_type="text/csv")
    assert upload.status_code == 403


def test_an_assignment_of_somebody_else_is_not_found(world: World) -> None:
    newcomer, other = world.entrance.door(Role.WORKER), world.entrance.door(Role.WORKER)
    project = world.owner.post("/projects", name="P", question="?", classes=["cat", "dog"])["id"]
    world.owner.bring(project, "batches", "text\ncat\ndog\n")
    world.owner.put(f"/projects/{project}/state", state="open")
    world.work()
    (mine,) = newcomer.post(f"/desk/{project}/next", count=1)["assignments"]
    for method, part, body in (
        ("GET", "", None),
        ("PUT", "/draft", {"draft": {}}),
        ("POST", "/answer", {"label": "cat"}),
        ("POST", "/skip", {"reason": "r"}),
        ("POST", "/report", {"reason": "other"}),
    ):
        theirs = other(method, f"/assignments/{mine['id']}{part}", json=body)
        nothing = other(method, f"/assignments/{uuid.uuid4()}{part}", json=body)
        assert theirs.status_code == nothing.status_code == 404
        assert UUID.sub("ID", theirs.text) == UUID.sub("ID", nothing.text)
    assert newcomer.get(f"/assignments/{mine['id']}")["state"] == "open"


def test_a_closed_project_has_no_desk(world: World) -> None:
    worker = world.entrance.door(Role.WORKER)
    draft = world.owner.post("/projects", name="P", question="?", classes=["cat", "dog"])["id"]
    for path in (f"/desk/{draft}", f"/desk/{uuid.uuid4()}"):
        assert worker("GET", path).status_code == 404
    assert draft not in worker("GET", "/desk").text
