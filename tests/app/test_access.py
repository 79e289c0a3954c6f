"""Every route names who may use it, and holds to it; tokens, sessions and their guard."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from flask import Flask

from app import access
from app.api.v1 import PREFIX
from app.http import Api, Operation
from app.problems import MEDIA_TYPE
from crowdqc.assembly import Installation
from crowdqc.roles import Role
from crowdqc.services import people
from tests.app.doors import PASSWORD, Door, Entrance, World
from tests.ground.clock import Clock

#: What is for everybody and is neither an operation of the API nor a page.
PUBLIC = {
    ("GET", "/static/<path:filename>"),
    ("GET", "/api/docs"),
    ("GET", "/api/docs/static/<path:filename>"),
    ("GET", f"{PREFIX}/openapi.json"),
}

#: What the API lets everybody do.
OPEN_OPERATIONS = {("GET", "/health"), ("POST", "/sign-in")}


def address(path: str) -> str:
    """Fill an address with ids of nothing."""
    filled = path.replace("{file}", "labels.csv")
    return re.sub(r"{\w+}|<uuid:\w+>", lambda _: str(uuid.uuid4()), filled)


def called(door: Door, operation: Operation) -> Any:
    """Call an operation in a way that comes past the check of roles and does nothing."""
    if operation.method == "GET":
        return door("GET", address(operation.path))
    if operation.takes:
        return door(operation.method, address(operation.path), data=b"item\n1\n", content_type="text/csv")
    return door(operation.method, address(operation.path), json={"no": "such field"})


def assert_problem(response: Any, status: int) -> dict[str, Any]:
    """Assert that a response is a problem document, and give it."""
    assert response.status_code == status, (response.status, response.get_data(as_text=True)[:500])
    assert response.mimetype == MEDIA_TYPE
    told: dict[str, Any] = response.json
    assert told.keys() <= {"type", "title", "status", "detail", "instance", "mend", "errors"}
    assert told["status"] == status
    assert re.fullmatch(r"urn:crowdqc:problem:[a-z0-9-]+", told["type"])
    assert told["title"]
    assert told["detail"]
    return told


def test_every_address_is_an_operation_a_page_or_public(application: Flask) -> None:
    from app.pages.frame import PAGES

    rules = {
        (method, rule.rule)
        for rule in application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    operations = {
        (each.method, PREFIX + each.path.replace("{file}", "<file>").replace("{", "<uuid:").replace("}", ">"))
        for each in Api.operations
    }
    pages = {(page.method, page.path) for page in PAGES}
    assert rules == operations | pages | PUBLIC
    assert len(Api.operations) == len(operations)


def test_every_operation_names_its_roles() -> None:
    unguarded = {(each.method, each.path) for each in Api.operations if each.roles is None}
    assert unguarded == OPEN_OPERATIONS
    assert [each.path for each in Api.operations if each.roles is not None and not each.roles <= set(Role)] == []
    assert [each.path for each in Api.operations if each.roles == frozenset()] == []


def test_operations_let_in_their_roles_and_nobody_else(entrance: Entrance) -> None:
    faults = []
    for role in Role:
        door = entrance.door(role)
        for operation in Api.operations:
            response = called(door, operation)
            may = operation.roles is None or role in operation.roles
            refused = response.status_code in (401, 403)
            # An id of nothing, a body of nothing: whoever is let in is told so.
            if operation.roles is not None and (refused == may or response.status_code >= 500):
                faults.append((role, operation.method, operation.path, response.status))
            if not may:
                assert assert_problem(response, 403)["type"] == "urn:crowdqc:problem:wrong-role"
    assert faults == []


def test_a_person_without_roles_can_see_only_himself(entrance: Entrance) -> None:
    door = entrance.door()
    open_to_all = frozenset(Role)
    for operation in Api.operations:
        if operation.roles is not None:
            response = called(door, operation)
            assert_problem(response, 403), operation
    assert open_to_all == {role for each in Api.operations if each.path == "/me" for role in each.roles or ()}


def shut_out(entrance: Entrance, how: str) -> Door:
    """Give the door of somebody who must be told that nobody is signed in."""
    if how == "nobody":
        return entrance.nobody()
    if how == "unknown":
        return Door(entrance.nobody().client, "cq_" + "x" * 43)
    door = entrance.door(*Role)
    if how == "revoked":
        token = door.get("/tokens")["data"][0]["id"]
        assert door("DELETE", f"/tokens/{token}").status_code == 204
    else:
        with entrance.installation.transaction() as tx:
            everybody = people.everybody(tx)
            keeper = people.create(tx, name="keeper", password=PASSWORD, roles=[Role.ADMIN])
            actor = people.named(tx, keeper.name)
            people.update(tx, actor, everybody[-1].uid, active=False)
    return door


@pytest.mark.parametrize("how", ["nobody", "unknown", "revoked", "inactive"])
def test_who_is_not_known_is_let_in_nowhere(entrance: Entrance, how: str) -> None:
    door = shut_out(entrance, how)
    for operation in Api.operations:
        response = called(door, operation)
        if operation.roles is None:
            assert response.status_code != 403
        else:
            told = assert_problem(response, 401)
            assert told["type"] == "urn:crowdqc:problem:not-signed-in"
            assert told["mend"]
            assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic YTpi", "bearer\t", "Bearer \x80\xff", "Token x", "Bearer a b c", "x" * 5000],
)
def test_a_header_that_is_no_token_is_nobody(entrance: Entrance, header: str) -> None:
    assert_problem(entrance.nobody()("GET", "/me", headers={"Authorization": header}), 401)


def test_a_token_is_shown_once_and_can_be_revoked(entrance: Entrance) -> None:
    door = entrance.door(Role.WORKER)
    made = door.post("/tokens", name="notebook")
    assert made["token"].startswith("cq_")
    assert len(made["token"]) > 40
    other = Door(door.client, made["token"])
    assert other.get("/me")["roles"] == ["worker"]
    listed = other.get("/tokens")["data"]
    assert {token["name"] for token in listed} == {"test", "notebook"}
    assert all(token.keys() == {"id", "name", "created_at"} for token in listed)
    assert made["token"] not in door("GET", "/tokens").text
    assert other("DELETE", f"/tokens/{made['id']}").status_code == 204
    assert_problem(other("GET", "/me"), 401)
    # Revoking again changes nothing; somebody else's is not there.
    assert door("DELETE", f"/tokens/{made['id']}").status_code == 204
    mine = door.get("/tokens")["data"][0]["id"]
    stranger = entrance.door(Role.ADMIN)
    assert_problem(stranger("DELETE", f"/tokens/{mine}"), 404)
    assert door.get("/me")["name"]


def test_signing_in_gives_a_token_and_says_not_what_was_wrong(entrance: Entrance) -> None:
    name, _ = entrance.person(Role.REQUESTER)
    nobody = entrance.nobody()
    made = nobody.post("/sign-in", name=name, password=PASSWORD)
    assert Door(nobody.client, made["token"]).get("/me") == {"name": name, "roles": ["requester"]}
    wrong = [
        nobody("POST", "/sign-in", json={"name": name, "password": "wrong"}),
        nobody("POST", "/sign-in", json={"name": "nobody", "password": PASSWORD}),
        nobody("POST", "/sign-in", json={"name": name, "password": ""}),
    ]
    assert len({response.data for response in wrong}) == 1
    assert assert_problem(wrong[0], 401)["type"] == "urn:crowdqc:problem:wrong-password"


def test_one_without_a_password_cannot_sign_in(entrance: Entrance) -> None:
    admin = entrance.door(Role.ADMIN)
    admin.post("/people", name="mute", roles=["worker"])
    assert_problem(entrance.nobody()("POST", "/sign-in", json={"name": "mute", "password": ""}), 401)


def test_roles_that_are_taken_away_are_gone_at_once(entrance: Entrance) -> None:
    admin, worker = entrance.door(Role.ADMIN), entrance.door(Role.WORKER, Role.REQUESTER)
    person = admin.get("/people")["data"][-1]
    assert worker("GET", "/projects").status_code == 200
    assert admin("PATCH", f"/people/{person['id']}", json={"roles": ["worker"]}).status_code == 200
    assert_problem(worker("GET", "/projects"), 403)
    assert admin("PATCH", f"/people/{person['id']}", json={"active": False}).status_code == 200
    assert_problem(worker("GET", "/desk"), 401)
    own = admin.get("/people")["data"][0]["id"]
    changes: list[dict[str, Any]] = [{"active": False}, {"roles": []}]
    for change in changes:
        told = assert_problem(admin("PATCH", f"/people/{own}", json=change), 409)
        assert told["type"] == "urn:crowdqc:problem:last-admin"
    assert admin.get("/me")["roles"] == ["admin"]


def test_a_session_changes_nothing_without_its_guard(entrance: Entrance) -> None:
    client, guard = entrance.browser(Role.REQUESTER)
    body = {"name": "Mine", "question": "What?", "classes": ["a", "b"]}

    def send(**headers: str) -> Any:
        return client.post(
            f"{PREFIX}/projects", json=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    assert client.get(f"{PREFIX}/projects").json == {"data": [], "next": None}
    for told in ({}, {access.HEADER: ""}, {access.HEADER: "0" * 64}, {access.HEADER: "\xff\x80"}):
        response = client.post(f"{PREFIX}/projects", json=body, headers=told)
        assert assert_problem(response, 403)["type"] == "urn:crowdqc:problem:forged"
    # The guard of another session is none.
    _, other = entrance.browser(Role.REQUESTER)
    assert_problem(client.post(f"{PREFIX}/projects", json=body, headers={access.HEADER: other}), 403)
    assert client.get(f"{PREFIX}/projects").json == {"data": [], "next": None}
    made = Door.done(client.post(f"{PREFIX}/projects", json=body, headers={access.HEADER: guard}))
    path = f"{PREFIX}/projects/{made['id']}"
    assert_problem(client.patch(path, json={"name": "x"}), 403)
    assert_problem(client.put(f"{path}/state", json={"state": "open"}), 403)
    assert_problem(client.post(f"{path}/batches?filename=a.csv", data=b"text\nhello\n"), 403)
    assert_problem(client.delete(f"{PREFIX}/tokens/{uuid.uuid4()}"), 403)
    brought = client.post(f"{path}/batches?filename=a.csv", data=b"text\nhello\n", headers={access.HEADER: guard})
    assert brought.status_code == 202
    assert send().status_code == 403


def test_a_form_of_another_site_reaches_nothing(entrance: Entrance) -> None:
    """A form can send neither a JSON type nor a header; a script of another site may not read our answers."""
    client, _ = entrance.browser(Role.REQUESTER)
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        response = client.post(
            f"{PREFIX}/projects",
            data='{"name": "x", "question": "y", "classes": ["a", "b"]}',
            content_type=content_type,
            headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        )
        assert_problem(response, 403)
    answer = client.options(f"{PREFIX}/projects", headers={"Origin": "https://evil.example"})
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]
    signing_in = entrance.nobody()(
        "POST", "/sign-in", data="name=a&password=b", headers={"Origin": "https://e.example"}
    )
    assert_problem(signing_in, 415)


def test_a_session_ends(entrance: Entrance, installation: Installation, clock: Clock) -> None:
    client, _ = entrance.browser(Role.WORKER)
    assert client.get(f"{PREFIX}/me").status_code == 200
    clock.advance(installation.settings.session_age + 1)
    assert_problem(client.get(f"{PREFIX}/me"), 401)


@pytest.mark.parametrize("cookie", ["", "x", '"\\303\\050"', "\x80\xff", "a" * 4000, "a;b=c"])
def test_a_cookie_that_is_no_session_is_nobody(entrance: Entrance, cookie: str) -> None:
    response = entrance.nobody()("GET", "/me", headers={"Cookie": f"{access.COOKIE}={cookie}"})
    assert_problem(response, 401)


def test_every_response_is_hardened_and_tells_no_secret(world: World) -> None:
    doors = [world.owner, world.workers[0], world.expert, world.lead, world.admin, world.entrance.nobody()]
    everything = Door(world.entrance.nobody().client, world.entrance.person(*Role)[1])
    with world.entrance.installation.reading() as tx:
        kept = {person.password_hash for person in people.everybody(tx)}
    for door in [*doors, everything]:
        for operation in Api.operations:
            path = operation.path.replace("{file}", "labels.csv")
            for name, value in world.ids.items():
                path = path.replace(f"{{{name}}}", value)
            response = door(operation.method, address(path), **({} if operation.method == "GET" else {"json": {}}))
            where = operation.method, operation.path, response.status
            assert response.headers["X-Content-Type-Options"] == "nosniff", where
            assert "default-src 'self'" in response.headers["Content-Security-Policy"], where
            assert response.headers["Referrer-Policy"] == "same-origin", where
            assert response.headers["Cache-Control"] == "no-store", where
            assert response.status_code < 500, where
            for secret in ("password_hash", "secret_hash", "argon2", "Traceback", *filter(None, kept)):
                assert secret not in response.text, where
    for path in ("/api/v1/openapi.json", "/api/docs", "/nothing", "/api/v1/nothing"):
        response = world.entrance.client().get(path)
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"]
