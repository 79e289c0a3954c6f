"""Fair dealing over the API: a careless worker is restricted, appeals, the gold was wrong, and he works again."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from crowdqc.roles import Role
from tests.app.doors import CLASSES, TELL, Door, Entrance, World, batch, labels_of, project_of
from tests.app.test_access import assert_problem
from tests.app.test_worker_sees_no_gold import HIDDEN, names
from tests.ground.clock import Clock

RULE: dict[str, Any] = {
    "name": "careless",
    "collector": "gold",
    "window": {"answers": 20},
    "interval": "one_look",  # so that few answers are enough for a test
    "when": [{"key": "answers", "op": "at_least", "value": 6}, {"key": "accuracy", "op": "below", "value": 0.6}],
    "action": {"kind": "restrict", "scope": "project", "hours": 24},
}


@pytest.fixture
def world(entrance: Entrance, clock: Clock) -> World:
    """Give a project that gives gold first, a QA lead, and a worker."""
    owner, worker = entrance.door(Role.REQUESTER), entrance.door(Role.WORKER, name="carl")
    made = World(
        entrance, clock, owner, [worker], owner, entrance.door(Role.QA_LEAD), entrance.door(Role.ADMIN),
        project_of(owner, gold_share=1.0),
    )  # fmt: skip
    owner.bring(made.project, "batches", batch(6, 14))
    owner.put(f"/projects/{made.project}/state", state="open")
    made.work()
    return made


def answer(made: World, worker: Door, number: int, *, right: bool) -> int:
    given = 0
    for _ in range(number):
        for each in worker.post(f"/desk/{made.project}/next", count=1)["assignments"]:
            label = labels_of(each["content"]["text"])
            if not right:
                label = CLASSES[(CLASSES.index(label) + 1) % len(CLASSES)]
            worker.post(f"/assignments/{each['id']}/answer", label=label)
            made.clock.advance(1)
            given += 1
    return given


def save(made: World, rule: dict[str, Any] = RULE) -> str:
    saved = made.lead.post(f"/projects/{made.project}/rules", rule=rule)
    assert (saved["state"], saved["version"]) == ("off", 1)
    assert made.lead.put(f"/rules/{saved['id']}/state", state="on")["state"] == "on"
    return str(saved["id"])


def test_a_worker_who_was_wronged_works_again(world: World) -> None:
    (worker,) = world.workers
    # Tried on history first: Carl errs at the beginning, and is good by all the gold that he answered.
    assert answer(world, worker, 6, right=False) == 6
    save(world)
    world.work()
    desk = worker.post(f"/desk/{world.project}/next")
    assert (desk["supply"], desk["assignments"]) == ("restricted", [])
    assert desk["retry_at"] is not None
    assert "until" in desk["why"]
    (mine,) = worker.get("/desk/firings")["data"]
    assert (mine["restricted"], mine["appealable"], mine["state"]) == (True, True, "standing")
    assert mine["words"].startswith("Of your last 6 answers to items whose truth is known 0 were right (0%).")
    assert not names(mine) & HIDDEN
    assert TELL not in worker("GET", "/desk/firings").text
    appealed = worker.post(f"/desk/firings/{mine['id']}/appeal", text="They are all cats.")
    assert (appealed["appeal_state"], appealed["appealable"]) == ("open", False)
    again = worker("POST", f"/desk/firings/{mine['id']}/appeal", json={"text": "Really."})
    assert_problem(again, 409)
    # The QA lead looks: the truth of these items was wrong.
    (appeal,) = world.lead.get("/appeals", project=world.project)["data"]
    assert (appeal["worker_name"], appeal["text"]) == ("carl", "They are all cats.")
    case = world.lead.get(f"/firings/{appeal['firing']}")
    assert len(case["evidence"]) == 6
    assert all(each["gold"] for each in case["evidence"])
    corrections = []
    for each in case["evidence"]:
        (truth,) = world.owner.get(f"/items/{each['item']}")["truth"]
        label = CLASSES[(CLASSES.index(truth) + 1) % len(CLASSES)]
        corrections.append({"item": each["item"], "labels": [label]})
    bad = [*corrections, {"item": world.project, "labels": ["bird"]}]
    body = {"uphold": True, "why": "So it is.", "corrections": bad}
    told = assert_problem(world.lead("POST", f"/appeals/{appeal['id']}/decision", json=body), 422)
    assert len(told["errors"]) == 2
    decided = world.lead.post(
        f"/appeals/{appeal['id']}/decision", uphold=True, why="The truth was wrong.", corrections=corrections
    )
    assert decided == {"state": "upheld", "overturned": 1}
    (mine,) = worker.get("/desk/firings")["data"]
    assert (mine["state"], mine["restricted"]) == ("overturned", False)
    assert mine["appeal_why"] == "The truth was wrong."
    assert answer(world, worker, 3, right=True) == 3
    world.work()
    world.work()
    assert [each["state"] for each in world.lead.get(f"/projects/{world.project}/firings")["data"]] == [
        "overturned"
    ]
    assert worker.post(f"/desk/{world.project}/next")["supply"] == "assigned"


def test_a_dry_run_counts_the_unjust(world: World) -> None:
    (worker,) = world.workers
    answer(world, worker, 6, right=False)
    answer(world, worker, 8, right=True)
    before = {**RULE, "when": [*RULE["when"][:1], {"key": "accuracy", "op": "below", "value": 0.55}]}
    found = world.lead.post(f"/projects/{world.project}/rules/dry-run", rule=before)
    assert (found["workers"], found["times"], found["among"]) == (1, 1, 1)
    assert (found["unjust"], found["surely_unjust"]) == (1, 0)
    assert found["data"][0]["answers_lost"] == 8
    assert "would have acted on 1 of 1 workers" in found["words"]
    # Nothing was saved, and nobody was acted on.
    assert world.lead.get(f"/projects/{world.project}/rules")["data"] == []
    assert world.lead.get(f"/projects/{world.project}/firings")["data"] == []


def test_rules_are_saved_whole_or_refused_with_every_fault(world: World) -> None:
    told = assert_problem(
        world.lead("POST", f"/projects/{world.project}/rules", json={"rule": {**RULE, "window": {"answers": 3}}}),
        422,
    )
    assert told["errors"][0] == {
        "where": "rule.when[0]", "what": "answers at least 6 never holds: the window holds 3 at most"
    }  # fmt: skip
    rule = save(world)
    assert_problem(world.lead("POST", f"/projects/{world.project}/rules", json={"rule": RULE}), 409)
    assert world.lead.put(f"/rules/{rule}", rule={**RULE, "level": 0.99})["version"] == 2
    assert [each["version"] for each in world.lead.get(f"/rules/{rule}")["versions"]] == [2, 1]
    assert {each["name"] for each in world.lead.get("/rules/presets")["data"]} >= {"careless", "spammer"}
    assert world.owner.get(f"/projects/{world.project}/rules")["data"][0]["state"] == "on"
    assert world.owner("POST", f"/projects/{world.project}/rules", json={"rule": RULE}).status_code == 403


def test_restrictions_by_hand(world: World) -> None:
    (worker,) = world.workers
    answer(world, worker, 1, right=True)
    world.work()
    world.work()
    carl = world.lead.get(f"/projects/{world.project}/workers")["data"][0]["id"]
    made = world.lead.post("/restrictions", worker=carl, project=world.project, hours=1.5, reason="Let us talk.")
    assert (made["worker_name"], made["firing"]) == ("carl", None)
    assert worker.post(f"/desk/{world.project}/next")["supply"] == "restricted"
    (mine,) = worker.get("/desk/firings")["data"]
    assert (mine["words"], mine["id"], mine["restricted"]) == ("Let us talk.", None, True)
    world.lead.post(f"/restrictions/{made['id']}/lift", why="We talked.")
    assert worker.post(f"/desk/{world.project}/next")["supply"] == "assigned"
    assert world.lead.get("/restrictions", project=world.project)["data"][0]["lifted_why"] == "We talked."


def test_the_same_on_pages(world: World) -> None:
    (worker,) = world.workers
    answer(world, worker, 6, right=False)
    client, guard = world.entrance.browser(Role.QA_LEAD)
    path = f"/projects/{world.project}/rules"
    assert "Whoever is surely wrong" in client.get(path).text
    assert "&#34;careless&#34;" in client.get(f"{path}?preset=careless").text
    tried = client.post(path, data={"csrf": guard, "do": "try", "rule": json.dumps(RULE)})
    assert "would have acted on 1 of 1 workers" in tried.text
    bad = client.post(path, data={"csrf": guard, "do": "save", "rule": json.dumps({**RULE, "collector": "golf"})})
    assert bad.status_code == 422
    assert "golf" in bad.text
    assert client.post(path, data={"csrf": guard, "do": "save", "rule": json.dumps(RULE)}).status_code == 303
    rule = world.lead.get(f"/projects/{world.project}/rules")["data"][0]["id"]
    switched = client.post(f"{path}/{rule}/state", data={"csrf": guard, "state": "on"})
    assert switched.status_code == 303
    world.work()
    shown = client.get(path).text
    assert "is surely below 60%" in shown
    firing = world.lead.get(f"/projects/{world.project}/firings")["data"][0]["id"]
    # The worker reads it, and appeals.
    assert worker.get("/desk/firings")["data"][0]["id"] == firing
    worker.post(f"/desk/firings/{firing}/appeal", text="They are cats.")
    page = client.get(f"/firings/{firing}").text
    assert "They are cats." in page
    appeal = re.search(r'name="appeal" value="([0-9a-f-]+)"', page)
    label = re.search(r'name="(label-[0-9a-f-]+)"', page)
    assert appeal
    assert label
    form = {"csrf": guard, "appeal": appeal[1], "do": "uphold", "why": "Yes.", label[1]: "cat"}
    assert client.post(f"/firings/{firing}/appeal", data=form).status_code == 303
    assert "The appeal is upheld" in client.get(f"/firings/{firing}?said=upheld").text
    assert worker.post(f"/desk/{world.project}/next")["supply"] == "assigned"


def test_a_worker_reads_and_appeals_on_his_page(world: World) -> None:
    client, guard = world.entrance.browser(Role.WORKER)
    save(world)
    desk = f"/desk/{world.project}"
    client.post(f"{desk}/next", data={"csrf": guard})
    for _ in range(7):
        page = client.get(desk).text
        found = re.search(rf"{desk}/([0-9a-f-]+)/answer", page)
        shown = re.search(r"(cat|dog|neither) number", page)
        assert found
        assert shown
        label = CLASSES[(CLASSES.index(shown[1]) + 1) % 3]
        client.post(f"{desk}/{found[1]}/answer", data={"csrf": guard, "label": label})
    world.work()
    page = client.get(desk).text
    found = re.search(rf"{desk}/([0-9a-f-]+)/answer", page)
    assert found  # what he has in hand he may hand in
    response = client.post(f"{desk}/{found[1]}/answer", data={"csrf": guard, "label": "cat"})
    told = client.get(response.location).text
    assert "Nothing new is given to you here until" in told
    page = client.get("/desk/firings").text
    assert "were right" in page
    firing = re.search(r"/desk/firings/([0-9a-f-]+)/appeal", page)
    assert firing
    client.post(f"/desk/firings/{firing[1]}/appeal", data={"csrf": guard, "text": "It is wrong."})
    assert "Somebody will look at it." in client.get("/desk/firings").text
    twice = client.post(f"/desk/firings/{firing[1]}/appeal", data={"csrf": guard, "text": "It is wrong."})
    assert twice.status_code == 409
    assert "You have appealed against this already" in twice.text
