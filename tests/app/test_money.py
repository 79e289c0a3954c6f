"""Money through the doors: what is paid for, accepted, given and paid out, and what is refused with a reason."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from crowdqc.roles import Role
from tests.app.doors import CLASSES, Entrance, World, batch
from tests.app.test_access import assert_problem
from tests.ground.clock import Clock

PLAN = {"price": "0.05", "currency": "USD", "budget": "0.50", "acceptance": "review", "gold_share": 0.3}


@pytest.fixture
def paying(world: World) -> str:
    """Give a project that pays, with items."""
    made = world.owner.post("/projects", name="Paid", question="?", classes=CLASSES, plan=PLAN)
    world.owner.bring(made["id"], "batches", batch(6, 3))
    world.owner.put(f"/projects/{made['id']}/state", state="open")
    world.work()
    return str(made["id"])


def worked(world: World, project: str, count: int = 4) -> list[str]:
    worker = world.workers[0]
    given = [each["id"] for each in worker.post(f"/desk/{project}/next", count=count)["assignments"]]
    worker.post(f"/desk/{project}/answers", answers=[{"assignment": each, "label": "cat"} for each in given[1:]])
    worker.post(f"/assignments/{given[0]}/answer", label="cat")
    return given


def test_from_an_answer_to_a_payout(world: World, paying: str) -> None:
    given = worked(world, paying)
    worker, owner = world.workers[0], world.owner
    (mine,) = worker.get("/earnings")["data"]
    assert (mine["project"], mine["price"], mine["pending"], mine["owed"]) == (paying, "0.05", "0.20", "0.00")
    waiting = owner.get(f"/projects/{paying}/acceptances", state="submitted")["data"]
    assert {each["assignment"] for each in waiting} == set(given)
    who = waiting[0]["worker"]
    done = world.lead.post(f"/projects/{paying}/acceptances", state="accepted", assignments=given[:3])
    assert done == {"changed": 3, "left": 0}
    owner.post(f"/projects/{paying}/acceptances", state="rejected", everything=True, reason="It says dog.")
    told = {each["assignment"]: each for each in worker.get(f"/earnings/{paying}")["data"]}
    assert (told[given[3]]["state"], told[given[3]]["reason"]) == ("rejected", "It says dog.")
    bonus: dict[str, Any] = {"worker": who, "amount": "0.10", "reason": "Thanks.", "key": "1"}
    owner.post(f"/projects/{paying}/bonuses", **bonus)
    owner.post(f"/projects/{paying}/bonuses", **bonus)
    assert [each["amount"] for each in owner.get(f"/projects/{paying}/bonuses")["data"]] == ["0.10"]
    assert worker.get("/earnings")["bonuses"][0]["reason"] == "Thanks."
    payout = owner.post(f"/projects/{paying}/payouts", key="p")
    assert owner.post(f"/projects/{paying}/payouts", key="p") == payout
    path = f"/projects/{paying}/payouts/{payout['id']}/lines"
    files = [owner("GET", path) for _ in range(2)]
    assert files[0].data == files[1].data
    assert files[0].mimetype == "text/csv"
    (row,) = csv.DictReader(io.StringIO(files[0].text))
    assert (row["worker_id"], row["amount"], row["currency"]) == (who, "0.25", "USD")
    assert owner.get(f"/projects/{paying}/payouts")["data"] == [payout]
    spend = owner.get(f"/projects/{paying}/money")
    assert (spend["budget"], spend["left"], spend["paid"], spend["owed"]) == ("0.50", "0.25", "0.25", "0.00")
    assert spend["answers"] == {"accepted": 3, "rejected": 1}


def test_what_is_refused_says_why(world: World, paying: str) -> None:
    worked(world, paying)
    owner = world.owner
    told = assert_problem(owner("POST", f"/projects/{paying}/acceptances", json={"state": "rejected"}), 422)
    assert "needs a reason" in told["detail"]
    told = assert_problem(owner("POST", f"/projects/{paying}/acceptances", json={"state": "accepted"}), 422)
    assert told["type"].endswith("nothing-said")
    told = assert_problem(owner("POST", f"/projects/{paying}/payouts", json={}), 409)
    assert told["type"].endswith("nothing-owed")
    for amount in ("-1", "0", "=1+1", "1e9"):
        body = {"worker": world.ids["worker"], "amount": amount, "reason": "r", "key": "k"}
        assert owner("POST", f"/projects/{paying}/bonuses", json=body).status_code == 422, amount
    told = assert_problem(owner("PATCH", f"/projects/{paying}", json={"plan": {"budget": "0.19"}}), 409)
    assert "0.20 USD are spent or promised already" in told["detail"]
    told = assert_problem(owner("PATCH", f"/projects/{paying}", json={"plan": {"currency": "EUR"}}), 409)
    assert told["type"].endswith("other-currency")
    wrong = {"price": 0.05, "currency": "usd", "price_per": "hour", "acceptance_days": 31, "acceptance": "never"}
    told = assert_problem(owner("PATCH", f"/projects/{paying}", json={"plan": wrong}), 422)
    assert {each["where"] for each in told["errors"]} == {f"plan.{name}" for name in wrong}
    wrong = {"price": "0.0000001", "price_per": "page", "budget": "-5"}
    told = assert_problem(owner("PATCH", f"/projects/{paying}", json={"plan": wrong}), 422)
    assert {each["where"] for each in told["errors"]} == {"plan.price", "plan.page_size", "plan.budget"}
    assert assert_problem(owner("GET", f"/projects/{world.project}/money"), 404)["type"].endswith("no-money")
    # Open to him, and nothing of his there yet.
    assert world.workers[1].get(f"/earnings/{paying}")["data"] == []


def test_the_pages_of_money(entrance: Entrance, clock: Clock) -> None:
    client, guard = entrance.browser(Role.REQUESTER, Role.WORKER)

    def send(path: str, **form: Any) -> Any:
        response = client.post(path, data={"csrf": guard, **form})
        assert response.status_code == 303, response.text
        return client.get(response.location)

    api = "/api/v1/projects"
    headers = {"X-CSRF-Token": guard}
    body = {"name": "Paid", "question": "?", "classes": CLASSES, "plan": PLAN}
    made: Any = client.post(api, json=body, headers=headers).json
    project = made["id"]
    client.post(f"{api}/{project}/batches", data=batch(6, 3), content_type="text/csv", headers=headers)
    client.put(f"{api}/{project}/state", json={"state": "open"}, headers=headers)
    from crowdqc import jobs

    jobs.perform_due(entrance.installation)
    assert "Pays 0.05 USD an answer, once it is accepted: after 7 days" in client.get("/desk").text
    send(f"/desk/{project}/next")
    for _ in range(2):
        shown = client.get(f"/desk/{project}").text
        found = re.search(rf"/desk/{project}/([0-9a-f-]+)/answer", shown)
        assert found
        send(f"/desk/{project}/{found[1]}/answer", label="cat")
    money = f"/projects/{project}/money"
    chosen = re.findall(r'name="assignments" value="([0-9a-f-]+)"', client.get(money).text)
    assert len(chosen) == 2
    assert "The answers are accepted." in send(f"{money}/answers", assignments=chosen[0], state="accepted").text
    response = client.post(f"{money}/answers", data={"csrf": guard, "assignments": chosen[1], "state": "rejected"})
    assert response.status_code == 422
    send(f"{money}/answers", assignments=chosen[1], state="rejected", reason="Too <quick>.")
    assert "Too &lt;quick&gt;." in client.get(f"/earnings/{project}").text
    key = re.findall(r'name="key" value="([0-9a-f-]+)"', client.get(money).text)[0]
    shown = send(f"{money}/payouts", key=key).text
    assert "1: 0.05 USD to 1 worker" in shown
    assert "<strong>0.00</strong>" in client.get("/earnings").text
