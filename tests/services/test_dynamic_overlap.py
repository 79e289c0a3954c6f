"""Answers are asked for where they pay: from the plan through runs to the items, and what a run keeps of it."""

from __future__ import annotations

from crowdqc.assembly import Installation
from crowdqc.records import Item
from crowdqc.services import projects, runs
from tests.services import factories
from tests.services.factories import aggregate, answer_all, do

PAYS = {"when": {"signal": "saving", "op": "above", "value": 0}, "route": "ask_more"}
EXPERT = {"when": {"signal": "expert_saving", "op": "above", "value": 0}, "route": "review"}


def test_items_get_answers_as_long_as_these_pay(place: Installation) -> None:
    owner, crowd = factories.requester(place), factories.crowd(place, 5)
    plan = {"overlap": 2, "max_overlap": 4, "review": [PAYS, EXPERT], "answer_cost": 0.02, "expert_cost": 0.05}
    project = factories.project(place, owner, items=12, classes=["cat", "dog"], **plan)
    hard = {"i0", "i1"}
    # On hard items every second worker says otherwise.
    for number, worker in enumerate(crowd[:2]):
        answer_all(place, worker, project, lambda item, n=number: "dog" if item.key in hard and n % 2 else "cat")
    run = aggregate(place, owner, project)
    assert run.saving == {"price": 0.02, "expert_price": 0.05, "maximum": 4}
    items = {item.key: item for item in factories.every(place, Item, Item.project_id == project.id)}
    assert {(item.overlap, item.state) for key, item in items.items() if key not in hard} == {(2, "accepted")}
    assert {(items[key].overlap, items[key].state) for key in hard} <= {(3, "open"), (2, "in_review")}
    # Without an expert, and with answers that cost next to nothing, the crowd is asked on, up to what it may.
    do(place, projects.update, owner, project.uid, plan={"expert_cost": None, "answer_cost": 0.001})
    for number, worker in enumerate(crowd[2:], 2):
        aggregate(place, owner, project)
        answer_all(place, worker, project, lambda item, n=number: "dog" if item.key in hard and n % 2 else "cat")
    aggregate(place, owner, project)
    items = {item.key: item for item in factories.every(place, Item, Item.project_id == project.id)}
    assert {items[key].answered for key in hard} <= {3, 4}
    assert max(item.overlap for item in items.values()) <= 4
    assert {items[key].answered for key in items.keys() - hard} == {2}


def test_a_run_is_repeated_at_the_prices_that_it_had(place: Installation) -> None:
    owner, crowd = factories.requester(place), factories.crowd(place, 2)
    project = factories.project(place, owner, items=3, classes=["cat", "dog"], overlap=2, review=[PAYS])
    for worker in crowd:
        answer_all(place, worker, project, lambda item: "cat")
    first = aggregate(place, owner, project)
    do(place, projects.update, owner, project.uid, plan={"answer_cost": 5.0})
    again = do(place, runs.repeat, owner, first.uid)
    assert again.saving == first.saving == {"price": 0.01, "expert_price": None, "maximum": 5}
