"""Bad input of every kind gets a problem document, never a 500, and leaves nothing half-written."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from app import problems
from app.http import Api
from crowdqc.assembly import Installation
from crowdqc.errors import Invalid, Missing
from crowdqc.roles import Role
from tests.app.doors import Door, Entrance, World, counts, sent
from tests.app.test_access import address, assert_problem

PROJECT = {"name": "P", "question": "What?", "classes": ["a", "b"]}

#: Texts that a database, or a second reader, would choke on, as they stand in JSON.
HOSTILE = ["\\u0000", "a\\u0000b", "\\ud800", "x\\udfff", "\\ud83d"]


def test_texts_that_cannot_be_kept(world: World) -> None:
    """NUL characters and halves of surrogate pairs, in every text that a body or a query has."""
    everybody = Door(world.workers[0].client, world.entrance.person(*Role)[1])
    project = world.owner.post("/projects", name="Open", question="?", classes=["a", "b"])["id"]
    world.owner.bring(project, "batches", "text\none\ntwo\n")
    world.owner.put(f"/projects/{project}/state", state="open")
    world.work()
    held = everybody.post(f"/desk/{project}/next")["assignments"][0]["id"]
    review = everybody.post("/reviews/next")["review"]["id"]
    bodies = [
        ("POST", "/projects", '{"name": "%s", "question": "q", "classes": ["a", "b"]}'),
        ("POST", "/projects", '{"name": "n", "question": "%s", "classes": ["a", "b"]}'),
        ("POST", "/projects", '{"name": "n", "question": "q", "classes": ["a", "%s"]}'),
        ("POST", "/projects", '{"name": "n", "question": "q", "classes": ["a", "b"], "guidelines": "%s"}'),
        ("POST", "/projects", '{"name": "n", "question": "q", "classes": ["a", "b"], "plan": {"%s": 1}}'),
        ("POST", "/projects", '{"name": "n", "question": "q", "classes": ["a", "b"], "plan": {"method": "%s"}}'),
        ("POST", f"/projects/{world.project}/guidelines", '{"text": "%s"}'),
        ("POST", "/sign-in", '{"name": "%s", "password": "password"}'),
        ("POST", "/sign-in", '{"name": "x", "password": "%s"}'),
        ("POST", "/sign-in", '{"name": "x", "password": "y", "token_name": "%s"}'),
        ("POST", "/tokens", '{"name": "%s"}'),
        ("POST", "/people", '{"name": "%s", "roles": []}'),
        ("POST", "/people", '{"name": "x", "password": "password%s", "roles": []}'),
        ("PUT", f"/assignments/{held}/draft", '{"draft": {"label": "%s"}}'),
        ("PUT", f"/assignments/{held}/draft", '{"draft": {"%s": 1}}'),
        ("POST", f"/assignments/{held}/answer", '{"label": "%s"}'),
        ("POST", f"/assignments/{held}/answer", '{"label": "a", "comment": "%s"}'),
        ("POST", f"/assignments/{held}/skip", '{"reason": "%s"}'),
        ("POST", f"/assignments/{held}/report", '{"reason": "other", "comment": "%s"}'),
        ("POST", f"/reviews/{review}/comments", '{"text": "%s"}'),
        ("POST", f"/reviews/{review}/decision", '{"verdict": "correct", "label": "%s"}'),
        ("POST", f"/reviews/{review}/decision", '{"verdict": "discard", "comment": "%s"}'),
    ]
    before = counts(world.entrance.installation)
    for method, path, body in bodies:
        for text in HOSTILE:
            response = sent(everybody, method, path, body % text)
            assert response.status_code == 422, (path, body, text, response.text[:300])
            assert_problem(response, 422)
    queries = [
        (f"/projects/{world.project}/items", {"item": "\0"}),
        (f"/projects/{world.project}/items", {"state": "\0"}),
        (f"/projects/{world.project}/items", {"\0": "x"}),
        (f"/projects/{world.project}/uploads", {"after": "\0"}),
        ("/reviews", {"project": "\0"}),
    ]
    for path, query in queries:
        assert_problem(everybody("GET", path, query_string=query), 422)
    # What is no UTF-8 in an address is read as characters that stand for it, and is a name of nothing.
    assert Door.done(everybody("GET", f"/projects/{world.project}/items?item=%ff%ed%a0%80"))["data"] == []
    for path in (f"/projects/{world.project}/exports/%00.csv", f"/projects/{world.project}/exports/%ff.csv"):
        assert_problem(everybody("GET", path), 404)
    uploads = f"/projects/{world.project}/batches?filename="
    assert_problem(sent(world.owner, "POST", uploads + "a%00.csv", b"text\n1\n", "text/csv"), 422)
    assert_problem(
        sent(world.owner, "POST", f"/projects/{world.project}/predictions?model=%00&version=1", b"x"), 422
    )
    for key in ("", " " * 300, "\x01", "k" * 256):
        response = world.owner("POST", uploads + "a.csv", data=b"text\n1\n", headers={"Idempotency-Key": key})
        assert_problem(response, 422)
    assert counts(world.entrance.installation) == before
    assert everybody.get(f"/assignments/{held}")["draft"] is None


def test_a_draft_that_cannot_be_kept(world: World) -> None:
    worker = world.entrance.door(Role.WORKER)
    project = world.owner.post("/projects", name="Open", question="?", classes=["a", "b"])["id"]
    world.owner.bring(project, "batches", "text\none\n")
    world.owner.put(f"/projects/{project}/state", state="open")
    world.work()
    held = worker.post(f"/desk/{project}/next")["assignments"][0]["id"]
    path = f"/assignments/{held}/draft"
    deepest, longest = "[" * 200 + "]" * 200, "x" * 70_000
    drafts = ["[]", "null", "1", '{"a": 1e999}', '{"a": NaN}', f'{{"a": {deepest}}}', f'{{"a": "{longest}"}}']
    for draft in drafts:
        assert_problem(sent(worker, "PUT", path, f'{{"draft": {draft}}}'), 422)
    # As deep as may be, and back again.
    deep: Any = 1
    for _ in range(95):
        deep = [deep]
    worker.put(path, draft={"a": deep, "big": 10**100, "odd": "\u2028 \U0001f600 é"})
    kept = worker.get(f"/desk/{project}")["assignments"][0]["draft"]
    assert kept["a"] == deep
    assert kept["odd"] == "\u2028 \U0001f600 é"


def test_numbers_that_are_none(world: World) -> None:
    worker = world.entrance.door(Role.WORKER)
    project = world.owner.post("/projects", name="Open", question="?", classes=["a", "b"])["id"]
    world.owner.bring(project, "batches", "text\none\n")
    world.owner.put(f"/projects/{project}/state", state="open")
    world.work()
    held = worker.post(f"/desk/{project}/next")["assignments"][0]["id"]
    wrong: list[Any] = [-1, "5", True, [], 10**400, -(10**400)]
    for seconds in wrong:
        told = assert_problem(
            worker("POST", f"/assignments/{held}/answer", json={"label": "a", "seconds": seconds}), 422
        )
        assert told["errors"][0]["where"] == "body.seconds"
    for count in (0, -1, 51, 10**30, 1.5, "many", None):
        assert_problem(worker("POST", f"/desk/{project}/next", json={"count": count}), 422)
    for limit in ("0", "501", "-1", "1e3", "9" * 5000, "nan", ""):
        assert_problem(world.owner("GET", "/projects", query_string={"limit": limit}), 422)
    for after in ("-1", str(1 << 54), "9" * 30, "x"):
        assert_problem(
            world.owner("GET", f"/uploads/{world.ids['upload']}/faults", query_string={"after": after}), 422
        )
    answer = worker.post(f"/assignments/{held}/answer", label="a", seconds=1e308)
    assert answer["seconds"] == 0.0


def test_an_answer_of_no_class(world: World) -> None:
    worker = world.entrance.door(Role.WORKER)
    world.owner.bring(world.project, "batches", "text\nfresh one\nfresh two\nfresh three\n")
    world.work()
    held = worker.post(f"/desk/{world.project}/next")["assignments"][0]["id"]
    before = counts(world.entrance.installation)
    told = assert_problem(worker("POST", f"/assignments/{held}/answer", json={"label": "bird"}), 422)
    assert told["type"] == "urn:crowdqc:problem:unknown-class"
    assert told["mend"] == "Choose one of: cat, dog, neither."
    assert told["errors"] == [{"where": "label", "what": "is not one of: cat, dog, neither"}]
    assert counts(world.entrance.installation) == before
    assert worker.get(f"/assignments/{held}")["state"] == "open"


def test_an_answer_without_a_live_assignment(world: World) -> None:
    first, second = world.entrance.door(Role.WORKER), world.entrance.door(Role.WORKER)
    project = world.owner.post("/projects", name="Open", question="?", classes=["a", "b"], plan={"overlap": 1})[
        "id"
    ]
    world.owner.bring(project, "batches", "text\none\ntwo\nthree\n")
    world.owner.put(f"/projects/{project}/state", state="open")
    world.work()
    late, skipped, lost = [each["id"] for each in first.post(f"/desk/{project}/next", count=3)["assignments"]]
    first.post(f"/assignments/{skipped}/skip", reason="no")
    told = assert_problem(first("POST", f"/assignments/{skipped}/answer", json={"label": "a"}), 409)
    assert (told["type"], told["mend"]) == ("urn:crowdqc:problem:already-ended", "Ask for the next item.")
    world.clock.advance(3600)
    # Its lease is over: late, and kept. Whether it counts is not told to a worker.
    kept = first.post(f"/assignments/{late}/answer", label="a")
    assert (kept["late"], "counted" in kept) == (True, False)
    # Somebody else took the place: told the same.
    while found := second.post(f"/desk/{project}/next", count=3)["assignments"]:
        for each in found:
            second.post(f"/assignments/{each['id']}/answer", label="b")
    kept = first.post(f"/assignments/{lost}/answer", label="a")
    assert kept["late"] is True
    # Again the same changes nothing, another is refused.
    assert first.post(f"/assignments/{lost}/answer", label="a") == kept
    told = assert_problem(first("POST", f"/assignments/{lost}/answer", json={"label": "b"}), 409)
    assert told["type"] == "urn:crowdqc:problem:already-answered"
    assert_problem(first("POST", f"/assignments/{lost}/skip", json={"reason": "x"}), 409)
    assert_problem(first("POST", f"/assignments/{uuid.uuid4()}/answer", json={"label": "a"}), 404)
    assert world.owner.get(f"/projects/{project}/progress")["answers"] == 4


def test_states_that_do_not_follow(world: World) -> None:
    told = assert_problem(world.owner("PUT", f"/projects/{world.project}/state", json={"state": "draft"}), 409)
    assert told["type"] == "urn:crowdqc:problem:no-way"
    assert told["mend"] == "It can become: closed, paused."
    review = world.ids["review"]
    told = assert_problem(world.expert("POST", f"/reviews/{review}/decision", json={"verdict": "accept"}), 409)
    assert told["type"] == "urn:crowdqc:problem:not-in-hand"
    assert_problem(world.expert("POST", f"/reviews/{review}/release", json={}), 409)
    assert_problem(world.expert("POST", f"/reviews/{review}/undo", json={}), 409)
    world.expert.post(f"/reviews/{review}/claim")
    told = assert_problem(world.entrance.door(Role.EXPERT)("POST", f"/reviews/{review}/claim"), 409)
    assert told["type"] == "urn:crowdqc:problem:in-other-hands"
    before = counts(world.entrance.installation)
    for body in (
        {"verdict": "correct"},
        {"verdict": "correct", "label": "bird"},
        {"verdict": "more_answers", "more": 99},
    ):
        assert_problem(world.expert("POST", f"/reviews/{review}/decision", json=body), 422)
    assert counts(world.entrance.installation) == before


def test_a_name_that_is_taken_or_none(entrance: Entrance) -> None:
    admin = entrance.door(Role.ADMIN)
    admin.post("/people", name="somebody", roles=[])
    told = assert_problem(admin("POST", "/people", json={"name": "somebody", "roles": []}), 409)
    assert told["type"] == "urn:crowdqc:problem:name-taken"
    for name in ("two words", "a/b", "<b>", "x" * 101, ""):
        assert_problem(admin("POST", "/people", json={"name": name, "roles": []}), 422)
    for length, status in ((100, 201), (101, 422)):
        assert admin("POST", "/tokens", json={"name": "x" * length}).status_code == status
    for change in ({"password": "short"}, {"password": "x" * 1001}, {"roles": ["king"]}):
        assert_problem(admin("POST", "/people", json={"name": "other", "roles": []} | change), 422)
    assert len(admin.get("/people")["data"]) == 2


def test_bodies_that_are_too_large(entrance: Entrance, installation: Installation) -> None:
    owner = entrance.door(Role.REQUESTER)
    before = counts(installation)
    body = json.dumps(PROJECT | {"question": "x" * (1 << 20)})
    told = assert_problem(sent(owner, "POST", "/projects", body), 413)
    assert told["mend"] == problems.MENDS[413]
    told = assert_problem(
        owner("POST", "/projects", data=b"{}", environ_overrides={"CONTENT_LENGTH": "99999999"}), 413
    )
    assert counts(installation) == before


def test_addresses_that_are_none(entrance: Entrance) -> None:
    door = entrance.door(*Role)
    for path in (
        "/nothing",
        "/projects/",
        "/projects/1",
        "/projects/not-a-uuid",
        "/runs/" + "0" * 36,
        "/%ff",
        "/\\",
        "/..",
    ):
        told = assert_problem(door("GET", path), 404)
        assert told["type"] == "urn:crowdqc:problem:not-found"
        assert "openapi.json" in told["mend"]
    upper = str(uuid.uuid4()).upper()
    assert assert_problem(door("GET", f"/projects/{upper}"), 404)["type"] == "urn:crowdqc:problem:no-such-project"


def test_query_parameters_that_nobody_knows(entrance: Entrance) -> None:
    door = entrance.door(*Role)
    for operation in Api.operations:
        if operation.path == "/sign-in":
            continue
        told = assert_problem(
            door(operation.method, address(operation.path), query_string={"no_such": "1"}, json={}), 422
        )
        assert "query.no_such" in {fault["where"] for fault in told["errors"]}, operation.path
    told = assert_problem(door("GET", "/projects?limit=1&limit=2"), 422)
    assert told["errors"][0]["where"] == "query.limit"


def test_methods_that_are_not_there(entrance: Entrance) -> None:
    door = entrance.door(*Role)
    by_path: dict[str, set[str]] = {}
    for operation in Api.operations:
        by_path.setdefault(operation.path, set()).add(operation.method)
    for path, methods in by_path.items():
        here = address(path)
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - methods:
            response = door(method, here)
            told = assert_problem(response, 405)
            assert "Allow" in told["mend"]
            allowed = {name.strip() for name in response.headers["Allow"].split(",")}
            assert allowed - {"HEAD", "OPTIONS"} == methods
        options = door("OPTIONS", here)
        assert options.status_code == 200
        assert not options.data
        if "GET" in methods:
            head, get = door("HEAD", here), door("GET", here)
            assert not head.data
            assert (head.status, head.mimetype) == (get.status, get.mimetype)


def test_a_database_that_is_busy_says_so(
    entrance: Entrance, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crowdqc.services import projects

    door = entrance.door(Role.REQUESTER)

    def busy(*_: object, **__: object) -> None:
        raise OperationalError("INSERT secrets", {}, Exception("database is locked"))

    monkeypatch.setattr(projects, "create", busy)
    response = door("POST", "/projects", json=PROJECT)
    told = assert_problem(response, 503)
    assert response.headers["Retry-After"] == "1"
    assert "secrets" not in response.text
    assert told["mend"]


def test_a_mistake_of_ours_tells_nothing(entrance: Entrance, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    from crowdqc.services import projects

    door = entrance.door(Role.REQUESTER)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("/etc/secret/path")

    monkeypatch.setattr(projects, "create", broken)
    response = door("POST", "/projects", json=PROJECT)
    told = assert_problem(response, 500)
    assert told["type"] == "urn:crowdqc:problem:internal"
    assert "secret" not in response.text
    assert "/etc/secret/path" in caplog.text


def test_every_kind_of_error_has_its_status() -> None:
    class NoSuchThing(Missing):
        """There is no such thing."""

    class OddThing(Invalid):
        """That is odd."""

    assert problems.status_of(NoSuchThing()) == 404
    assert problems.status_of(OddThing()) == 422
    assert [problems.status_of(kind()) for kind, _ in problems.STATUS] == [status for _, status in problems.STATUS]
