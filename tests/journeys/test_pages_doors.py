"""Who gets through which page, and what a page never shows: over plain HTTP, as without scripts."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.factory import create_app
from app.pages import contents, frame
from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.roles import Role
from crowdqc.services import people
from tests.ground.clock import Clock

PASSWORD = "a long enough one"
EVERYBODY = [*Role, "nobody in particular"]


@pytest.fixture
def app(installation: Installation) -> Flask:
    return create_app(installation)


@pytest.fixture
def visitor(app: Flask, installation: Installation) -> Callable[..., FlaskClient]:
    """Give a way to make somebody with roles, who is signed in."""

    def made(*roles: Role, name: str | None = None) -> FlaskClient:
        called = name or "-".join(roles) or "nobody"
        with installation.transaction() as tx:
            people.create(tx, name=called, password=PASSWORD, roles=roles)
        client = app.test_client()
        response = client.post("/sign-in", data={"name": called, "password": PASSWORD})
        assert response.status_code == 303
        return client

    return made


def csrf(client: FlaskClient) -> str:
    found = re.search('name="csrf" value="([0-9a-f]+)"', client.get("/account").text)
    assert found
    return found[1]


def send(client: FlaskClient, path: str, **form: object) -> TestResponse:
    return client.post(path, data={"csrf": csrf(client), **form})


def filled(path: str) -> str:
    return re.sub("<uuid:[a-z]+>", lambda _: str(uuid.uuid4()), path)


def test_every_page_names_who_may_see_it(app: Flask) -> None:
    served = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(("/api/", "/static/"))
    }
    assert served == {(page.method, page.path) for page in frame.PAGES}
    assert {page.path for page in frame.PUBLIC} == {"/sign-in"}


def test_a_stranger_is_sent_to_sign_in(app: Flask) -> None:
    client = app.test_client()
    for method, path, roles in frame.PAGES:
        if roles is None:
            continue
        response = client.open(filled(path), method=method)
        assert response.status_code in (303, 401), path
        if response.status_code == 303:
            assert response.location.startswith("/sign-in"), path


@pytest.mark.parametrize("role", EVERYBODY)
def test_a_page_is_for_its_roles(visitor: Callable[..., FlaskClient], role: str) -> None:
    roles = {Role(role)} if role in set(Role) else set()
    client = visitor(*roles)
    token = csrf(client)
    # Signing out comes last.
    for method, path, allowed in sorted(frame.PAGES, key=lambda page: page.path == "/sign-out"):
        if allowed is None:
            continue
        data = {"csrf": token} if method == "POST" else None
        response = client.open(filled(path), method=method, data=data)
        assert (response.status_code == 403) == (not roles & allowed), (method, path, response.status)
        assert response.status_code < 500, (method, path)
        assert response.mimetype == "text/html", path


def test_a_form_without_its_token_changes_nothing(visitor: Callable[..., FlaskClient]) -> None:
    client = visitor(*Role)
    for method, path, allowed in frame.PAGES:
        if method == "POST" and allowed is not None:
            response = client.post(filled(path), data={"csrf": "0" * 64})
            assert response.status_code == 403, path
            assert "did not come from a page of ours" in response.text


def test_signing_in_tells_nothing_of_names(app: Flask, visitor: Callable[..., FlaskClient]) -> None:
    visitor(Role.WORKER, name="ann")
    said = []
    for name in ("ann", "bob"):
        response = app.test_client().post("/sign-in", data={"name": name, "password": "wrong, as it is"})
        assert response.status_code == 401
        said.append(response.text.replace(name, "NAME"))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    "target",
    ["//evil.example/", "https://evil.example/", "/\\evil.example", "\\/evil.example", "javascript:1", "/\n"],
)
def test_signing_in_leads_nowhere_else(app: Flask, visitor: Callable[..., FlaskClient], target: str) -> None:
    visitor(Role.WORKER, name="ann")
    data = {"name": "ann", "password": PASSWORD, "next": target}
    assert app.test_client().post("/sign-in", data=data).location == "/"


def test_the_cookie_is_for_the_server_alone(app: Flask, visitor: Callable[..., FlaskClient]) -> None:
    visitor(Role.WORKER, name="ann")
    response = app.test_client().post("/sign-in", data={"name": "ann", "password": PASSWORD})
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_another_site_cannot_sign_in(app: Flask, visitor: Callable[..., FlaskClient]) -> None:
    visitor(Role.WORKER, name="ann")
    response = app.test_client().post(
        "/sign-in", data={"name": "ann", "password": PASSWORD}, headers={"Origin": "https://evil.example"}
    )
    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers


def test_what_was_sent_survives_a_session_that_ends(
    visitor: Callable[..., FlaskClient], installation: Installation, clock: Clock
) -> None:
    """The answer is handed on past the sign-in, late as it is."""
    project = opened(visitor(Role.REQUESTER), installation)
    client = visitor(Role.WORKER, name="ann")
    action = answer_form(client, project)
    token = csrf(client)
    clock.advance(days=15)
    response = client.post(action, data={"csrf": token, "label": "cat", "comment": "it <purrs>"})
    assert response.status_code == 401
    assert "nothing is lost" in response.text
    kept = {"kept:label": "cat", "kept:comment": "it <purrs>", "action": action}
    response = client.post("/sign-in", data={"name": "ann", "password": PASSWORD, **kept})
    assert "it &lt;purrs&gt;" in response.text
    response = send(client, action, label="cat", comment="it <purrs>")
    assert response.status_code == 303
    assert "said=late" in response.location


def test_a_worker_sees_what_is_shown_and_no_more(
    visitor: Callable[..., FlaskClient], installation: Installation
) -> None:
    project = opened(visitor(Role.REQUESTER), installation)
    client = visitor(Role.WORKER, name="ann")
    answer_form(client, project)
    page = client.get(f"/desk/{project}").text
    assert "&lt;b&gt;a text&lt;/b&gt;" in page
    for secret in ("item-name", "tell-tale", "<b>", "gold", "truth"):
        assert secret not in page


def test_a_wrong_answer_keeps_what_was_typed(
    visitor: Callable[..., FlaskClient], installation: Installation
) -> None:
    project = opened(visitor(Role.REQUESTER), installation)
    client = visitor(Role.WORKER, name="ann")
    response = send(client, answer_form(client, project), label="cow", comment="half a thought")
    assert response.status_code == 422
    assert "is not a class of this project" in response.text
    assert "half a thought" in response.text


def test_a_plan_with_faults_changes_nothing(
    visitor: Callable[..., FlaskClient], installation: Installation
) -> None:
    """The name in the same form is not kept either: a form is kept whole or not at all."""
    client = visitor(Role.REQUESTER)
    project = opened(client, installation)
    form = {"name": "renamed", "question": "Which?", "classes": "cat\ndog", "plan": '{"overlap": 0}'}
    response = send(client, f"/projects/{project}/settings", **form)
    assert response.status_code == 422
    assert "plan.overlap is not a whole number from 1 to 1000" in response.text.replace("&#39;", "'")
    assert "renamed" in response.text
    assert "renamed" not in client.get(f"/projects/{project}").text


def test_pictures_are_shown_and_addresses_linked() -> None:
    fields = contents.shown(
        {
            "text": "see https://a.example/x.png",
            "image": "https://a.example/x",
            "url": "https://a.example/x.PNG?y",
            "site": "http://a.example/x.png",
            "script": "javascript:alert(1)",
            "page": "data:text/html,x",
            "sound": "data:audio/wav;base64,UklGRg==",
            "n": 3,
            "list": ["a", 1],
        }
    )
    kinds = {field.name: field.kind for field in fields}
    assert kinds == {
        "image": "image",
        "url": "image",
        "sound": "audio",
        "text": "text",
        "site": "link",
        "script": "text",
        "page": "text",
        "n": "text",
        "list": "text",
    }


def opened(client: FlaskClient, installation: Installation) -> str:
    """Make a project with one item, open it, and give its identity."""
    made = send(client, "/projects/new", name="Pets", question="Which?", classes="cat\ndog", overlap="1")
    project = made.location.split("/")[2].split("?")[0]
    rows = b"item,text,meta:source\nitem-name,<b>a text</b>,tell-tale\n"
    client.post(
        f"/projects/{project}/uploads",
        data={"csrf": csrf(client), "kind": "items", "file": (io.BytesIO(rows), "pets.csv")},
    )
    jobs.perform_due(installation)
    assert send(client, f"/projects/{project}/state", state="open").status_code == 303
    return project


def answer_form(client: FlaskClient, project: str) -> str:
    """Take an item and give where its answer is sent to."""
    assert send(client, f"/desk/{project}/next").status_code == 303
    found = re.search('action="([^"]+/answer)"', client.get(f"/desk/{project}").text)
    assert found
    return found[1]
