"""Gold over the API and on the pages: made, corrected, retired, promoted, looked at."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crowdqc.roles import Role
from tests.app.doors import TELL, World


def items_of(world: World, **query: object) -> dict[str, dict[str, Any]]:
    found = world.owner.get(f"/projects/{world.project}/items", limit=500, **query)["data"]
    return {each["item"].removeprefix(f"{TELL}-key-"): each for each in found}


def test_gold_is_made_corrected_and_retired_over_the_api(world: World) -> None:
    path = f"/projects/{world.project}/gold"
    before = {each["item"] for each in world.owner.get(path)["data"]}
    assert before == {f"{TELL}-key-{number}" for number in (6, 7, 8)}
    items = items_of(world)
    fresh = next(each for each in items.values() if each["state"] in ("accepted", "answered"))
    made = world.owner.post(
        path, items=[{"item": fresh["item"], "labels": ["cat", "dog"], "reason": "either will do"}]
    )
    assert made["items"] == [fresh["id"]]
    listed = {each["item"]: each for each in world.owner.get(path)["data"]}
    assert listed[fresh["item"]]["labels"] == ["cat", "dog"]
    assert (listed[fresh["item"]]["reason"], listed[fresh["item"]]["source"]) == ("either will do", "api")
    steps = world.owner("PATCH", f"/items/{fresh['id']}/gold", json={"labels": ["dog"]}).json["data"]
    assert [(each["labels"], each["gold"], each["reason"]) for each in steps] == [
        (["cat", "dog"], True, "either will do"),
        (["dog"], True, "either will do"),
    ]
    assert {each["person"] for each in steps} != {None}
    bad = world.owner("PATCH", f"/items/{fresh['id']}/gold", json={"labels": ["emu"]})
    assert (bad.status_code, bad.json["errors"][0]["where"]) == (422, "labels")
    retired = world.owner("DELETE", f"/items/{fresh['id']}/gold", query_string={"truth": "drop", "reason": "no"})
    assert retired.json["data"][-1]["labels"] is None
    assert items_of(world)[fresh["item"].removeprefix(f"{TELL}-key-")]["state"] in ("open", "answered")
    again = world.owner("DELETE", f"/items/{fresh['id']}/gold")
    assert (again.status_code, again.json["type"].rsplit(":", 1)[-1]) == (409, "not-gold")
    refused = world.lead("POST", path, json={"items": [{"item": fresh["item"], "labels": ["cat"]}]})
    assert refused.status_code == 403


def test_health_and_its_table_over_the_api(world: World) -> None:
    found = world.lead.get(f"/projects/{world.project}/gold/health")
    assert found["items"] == 3
    assert found["workers"] == 3
    assert {each["name"] for each in found["classes"]} == {"cat", "dog", "neither"}
    exposed = [each for each in found["findings"] if each["kind"] == "exposed"]
    assert {each["about"] for each in exposed} == {f"{TELL}-key-{number}" for number in (6, 7, 8)}
    assert all(each["advice"].startswith("Retire") and each["id"] for each in exposed)
    table = world.lead("GET", f"/projects/{world.project}/exports/gold.csv").text
    assert table.splitlines()[0].startswith("item,gold,gold_reason,source,since,answers,says")
    assert len(table.splitlines()) == 4


def test_suspect_gold_goes_to_review_and_a_decision_to_gold(world: World) -> None:
    suspect = items_of(world)["6"]
    review = world.lead.post(f"/items/{suspect['id']}/gold/review", comment="look")
    assert review["reasons"][0]["signal"] == "gold_suspect"
    assert world.lead("POST", f"/items/{suspect['id']}/gold/review", json={}).status_code == 409
    world.expert.post(f"/reviews/{review['id']}/claim")
    world.expert.post(f"/reviews/{review['id']}/decision", verdict="correct", label="dog", comment="a dog")
    assert items_of(world)["6"]["state"] == "gold"
    case = world.expert.post("/reviews/next")["review"]
    world.expert.post(f"/reviews/{case['id']}/decision", verdict="correct", label="cat")
    steps = world.expert.post(f"/reviews/{case['id']}/promotion", reason="a good example")["data"]
    assert (steps[-1]["source"], steps[-1]["gold"], steps[-1]["reason"]) == ("promotion", True, "a good example")


def browser(world: World, door_role: Role) -> tuple[FlaskClient, str]:
    return world.entrance.browser(door_role)


def test_gold_is_looked_after_on_the_pages(world: World) -> None:
    client, guard = browser(world, Role.ADMIN)

    def send(path: str, **form: Any) -> TestResponse:
        return client.post(path, data={"csrf": guard, **form})

    page = client.get(f"/projects/{world.project}/gold")
    assert page.status_code == 200
    assert "newcomers can have been told of it" in page.text
    assert "Retire it, and bring new gold" in page.text
    items = items_of(world)
    fresh = next(each for each in items.values() if each["state"] == "accepted")
    item = f"/items/{fresh['id']}"
    assert "Make this gold" in client.get(item).text
    nothing = send(f"{item}/gold", reason="why")
    assert nothing.status_code == 422
    assert "names no label" in nothing.text
    done = send(f"{item}/gold", labels=["cat", "neither"], reason="it may be both")
    assert done.status_code == 303
    shown = client.get(done.headers["Location"]).text
    assert "The item is gold from now on." in shown
    assert "cat or neither: it may be both" in shown
    assert "gold is cat or neither, by page" in shown
    assert send(f"{item}/gold", labels=["cat"], reason="a cat").status_code == 303
    assert items_of(world)[fresh["item"].removeprefix(f"{TELL}-key-")]["truth"] == ["cat"]
    sent = send(f"{item}/gold/review", project=world.project)
    assert sent.headers["Location"].startswith(f"/projects/{world.project}/gold")
    assert send(f"{item}/gold/retire", truth="drop").status_code == 409
    assert send(f"{item}/gold/retire", truth="keep", reason="leaked").status_code == 303
    assert items_of(world)[fresh["item"].removeprefix(f"{TELL}-key-")]["state"] == "decided"
    # Who may only look has no buttons that change.
    lead, _ = browser(world, Role.QA_LEAD)
    looked = lead.get(f"/projects/{world.project}/gold").text
    assert "Send to review" in looked
    assert not re.search(r"/gold/retire", looked)


def test_a_decision_is_made_gold_on_its_page(world: World) -> None:
    case = world.expert.post("/reviews/next")["review"]
    world.expert.post(f"/reviews/{case['id']}/decision", verdict="correct", label="cat")
    client, guard = browser(world, Role.EXPERT)
    path = f"/reviews/{case['id']}"
    assert "Make it gold" in client.get(path).text
    assert client.post(f"{path}/promotion", data={"csrf": guard, "reason": "clear"}).status_code == 303
    assert "Make it gold" not in client.get(path).text
    assert next(each for each in items_of(world).values() if each["id"] == case["item_id"])["state"] == "gold"
