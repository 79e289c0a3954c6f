"""Releases through the doors: made, verified, compared and taken out; who may; pages; erasing somebody."""

from __future__ import annotations

import hashlib
import io
import json
import re
import uuid
import zipfile

import pytest

from crowdqc.formats import frozen
from crowdqc.roles import Role
from crowdqc.services import release_files
from tests.app.doors import TELL, Door, World
from tests.app.test_access import assert_problem


@pytest.fixture
def two(world: World) -> tuple[str, str]:
    """Give two more releases of the world's project, between which an expert corrected a label."""
    first = world.owner.post(f"/projects/{world.project}/releases", note="before")["id"]
    world.work()
    review = world.expert.post("/reviews/next")["review"]
    world.expert.post(f"/reviews/{review['id']}/decision", verdict="correct", label="neither")
    world.work()
    second = world.lead.post(f"/projects/{world.project}/releases", note="after")["id"]
    world.work()
    return first, second


def test_a_release_from_its_making_to_its_files(world: World, two: tuple[str, str]) -> None:
    first, second = two
    listed = world.owner.get(f"/projects/{world.project}/releases")
    last = listed["data"][0]["number"]
    assert [each["number"] for each in listed["data"]] == [*range(last, 0, -1)]
    page = world.owner.get(f"/projects/{world.project}/releases", limit=1, after=second)
    assert ([each["id"] for each in page["data"]], page["next"]) == ([first], first)
    whole = world.owner.get(f"/releases/{second}")
    made, manifest = whole["release"], whole["manifest"]
    assert (made["state"], made["labels"], made["note"], made["project"]) == ("ready", 9, "after", world.project)
    assert manifest["previous"] == {
        "number": last - 1, "content_hash": world.owner.get(f"/releases/{first}")["release"]["content_hash"]
    }  # fmt: skip
    assert whole["certificates"] == []
    assert world.owner.get(f"/releases/{second}/proof") == {
        "id": second, "number": last, "holds": True, "faults": []
    }  # fmt: skip
    files = {}
    for name in release_files.NAMES:
        response = world.owner("GET", f"/releases/{second}/files/{name}")
        assert response.status_code == 200, name
        assert response.headers["Content-Disposition"] == f'attachment; filename="Cats-dogs-release-{last}-{name}"'
        files[name] = response.data
        assert f"{TELL}-worker".encode() not in response.data
    assert hashlib.sha256(files["manifest.json"]).hexdigest() == made["content_hash"]
    assert frozen.faults(files["manifest.json"], io.BytesIO(files["release.jsonl.gz"])) == []
    assert len(files["labels.csv"].splitlines()) == 10
    assert zipfile.ZipFile(io.BytesIO(files["hugging-face.zip"])).testzip() is None


def test_what_changed(world: World, two: tuple[str, str]) -> None:
    first, second = two
    told = world.owner.get(f"/releases/{second}/diff")
    assert (told["before"]["id"], told["after"]["id"]) == (first, second)
    assert (told["label_changed"], told["added"], told["removed"]) == (1, 0, 0)
    assert told["because"] == {"decision": 1}
    (pair,) = told["pairs"]
    assert (pair["after"], pair["labels"]) == ("neither", 1)
    assert told["items_before"] == told["items_after"] == 9
    assert world.owner.get(f"/releases/{second}/diff", since=first) == told
    response = world.owner("GET", f"/releases/{second}/diff/changes.jsonl", query_string={"since": first})
    (row,) = [row for row in map(json.loads, response.data.splitlines()) if row["kind"] == "label"]
    assert (row["label_after"], row["because"], row["detail"]["verdict"]) == ("neither", "decision", "correct")
    assert world.owner.get(f"/releases/{second}/diff", since=second)["unchanged"] == 9


def test_what_is_not_there(world: World, two: tuple[str, str]) -> None:
    first = world.owner.get(f"/projects/{world.project}/releases")["data"][-1]["id"]
    for path in (
        f"/releases/{uuid.uuid4()}",
        f"/releases/{two[0]}/files/labels.exe",
        f"/releases/{two[0]}/diff/labels.csv",
        f"/releases/{two[0]}/diff?since={uuid.uuid4()}",
        f"/releases/{first}/diff",
    ):
        assert_problem(world.owner("GET", path), 404)
    assert_problem(world.owner("GET", f"/releases/{two[0]}/diff?since=x"), 422)
    assert_problem(world.owner("POST", f"/projects/{world.project}/releases", json={"note": "a\0"}), 422)
    assert_problem(world.owner("POST", f"/projects/{world.project}/releases", json={"certificate": {}}), 422)
    waiting = world.owner.post(f"/projects/{world.project}/releases")["id"]
    for path in ("files/labels.csv", "files/manifest.json", "diff", "proof"):
        assert_problem(world.owner("GET", f"/releases/{waiting}/{path}"), 409)
    for role in (Role.WORKER, Role.EXPERT):
        door = world.entrance.door(role)
        assert door("GET", f"/releases/{two[0]}").status_code == 403
        assert door("GET", f"/releases/{two[0]}/files/labels.csv").status_code == 403


def test_the_pages(world: World, two: tuple[str, str]) -> None:
    first, second = two
    client, guard = world.entrance.browser(Role.ADMIN)
    made = client.post(f"/projects/{world.project}/releases", data={"csrf": guard, "note": "by <hand>"})
    assert made.status_code == 303
    listed = client.get(made.headers["Location"]).text
    assert "The labels are being frozen" in listed
    assert "by &lt;hand&gt;" in listed
    world.work()
    shown = client.get(f"/releases/{second}")
    assert shown.status_code == 200
    for address in re.findall(r'href="(/api/v1/releases/[^"]+)"', shown.text):
        assert client.get(address).status_code == 200, address
    assert "All hashes hold" in client.get(f"/releases/{second}?verify=1").text
    changes = client.get(f"/releases/{second}?since={first}").text
    assert "1 label changed" in changes
    assert "decision" in changes
    assert client.get(f"/releases/{second}?since=nonsense").status_code == 200
    waiting = world.owner.post(f"/projects/{world.project}/releases")["id"]
    assert "It is not built yet" in client.get(f"/releases/{waiting}?verify=1&since={first}").text
    assert client.get(f"/releases/{uuid.uuid4()}").status_code == 404
    refused = client.post(f"/projects/{world.project}/releases", data={"csrf": guard, "note": "x" * 5001})
    assert refused.status_code == 422


def test_erasing_over_the_api_and_on_the_page(world: World) -> None:
    admin = world.admin
    names = {each["name"]: each["id"] for each in admin.get("/people")["data"]}
    told = admin.post(f"/people/{names[f'{TELL}-worker-0']}/erasure", reason="asked")
    assert told["name"].startswith("erased-")
    assert told["payouts"] == 0
    assert world.workers[0]("GET", "/me").status_code == 401
    table = world.owner("GET", f"/projects/{world.project}/exports/answers.csv").text
    assert f"{TELL}-worker-0" not in table
    assert told["name"] in table
    assert world.owner.get(f"/releases/{world.ids['release']}/proof")["holds"]
    (kept,) = admin.get("/erasures")["data"]
    assert (kept["reason"], kept["made_by"]) == ("asked", admin.get("/me")["name"])
    client, guard = world.entrance.browser(Role.ADMIN)
    other = names[f"{TELL}-worker-1"]
    assert client.post(f"/people/{other}/erasure", data={"csrf": guard, "reason": " "}).status_code == 422
    assert f"{TELL}-worker-1" in client.get("/people").text
    assert client.post(f"/people/{other}/erasure", data={"csrf": guard, "reason": "asked"}).status_code == 303
    assert f"{TELL}-worker-1" not in client.get("/people").text
    worker = world.owner.get(f"/projects/{world.project}/workers")["data"][0]["id"]
    assert admin.post(f"/workers/{worker}/erasure", reason="asked")["name"].startswith("erased-")
    assert_problem(admin("POST", f"/people/{uuid.uuid4()}/erasure", json={"reason": "x"}), 404)
    assert_problem(admin("POST", f"/workers/{uuid.uuid4()}/erasure", json={"reason": "x"}), 404)
    assert_problem(admin("POST", f"/workers/{worker}/erasure", json={"reason": ""}), 422)
    for door in (world.owner, world.lead, world.expert, Door(client)):
        assert door("POST", f"/workers/{worker}/erasure", json={"reason": "x"}).status_code in (401, 403)
