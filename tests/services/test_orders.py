"""In which order items go out, and that nobody gets one twice whatever the order."""

from __future__ import annotations

import pytest

from crowdqc.assembly import Installation
from crowdqc.records import Item
from crowdqc.services import assignments, orders, projects
from crowdqc.services.desk import Supply
from crowdqc.services.plans import BadPlan
from tests.services import factories
from tests.services.factories import aggregate, answer_all, do, rows, submit, take


def keys(place: Installation, actor, at, count: int = 1) -> list[str]:  # type: ignore[no-untyped-def]
    """Give the items that a worker is given one after another; he answers each."""
    found = []
    for _ in range(count):
        ((lease, item),) = take(place, actor, at).assignments
        submit(place, actor, lease, "cat")
        found.append(item.key)
    return found


def test_what_came_first_goes_first(place: Installation) -> None:
    project = factories.project(place, factories.requester(place), items=4, order="arrival")
    assert keys(place, factories.worker(place, "ada"), project, 4) == ["i0", "i1", "i2", "i3"]


def test_each_item_gets_an_answer_before_any_gets_two(place: Installation) -> None:
    project = factories.project(place, factories.requester(place), items=4, overlap=2, order="fewest_answers")
    ada, bob = factories.worker(place, "ada"), factories.worker(place, "bob")
    assert keys(place, ada, project, 2) == ["i0", "i1"]
    assert keys(place, bob, project, 4) == ["i2", "i3", "i0", "i1"]
    assert keys(place, ada, project, 2) == ["i2", "i3"]
    assert take(place, ada, project).supply == Supply.FINISHED


def test_a_place_that_comes_free_brings_an_item_to_the_front(place: Installation) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=2, overlap=2, order="fewest_answers")
    ((lease, _),) = take(place, ada, project).assignments
    assert [each.rank for each in factories.every(place, Item, Item.project_id == project.id)] == [1, 0]
    do(place, assignments.give_back, ada, lease.uid)
    assert [each.rank for each in factories.every(place, Item, Item.project_id == project.id)] == [0, 0]
    assert keys(place, bob, project, 2) == ["i0", "i1"]


def test_what_matters_most_goes_first_also_when_it_comes_later(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    first = [{"item": name, "text": name, "priority": rank} for name, rank in (("a", 0), ("b", 5), ("c", -3))]
    project = factories.project(place, owner, items=first, order="priority")
    assert keys(place, ada, project) == ["b"]
    factories.bring(place, owner, project, rows([{"item": "d", "text": "d", "priority": 9}]))
    assert keys(place, ada, project, 3) == ["d", "a", "c"]


@pytest.mark.parametrize("priority", ["high", 1.5, 100_001, True])
def test_a_priority_is_a_whole_number(place: Installation, priority: object) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    upload = factories.bring(place, owner, project, rows([{"item": "a", "text": "a", "priority": priority}]))
    assert factories.faults(place, owner, upload) == [(1, "priority")]


def test_by_chance_is_not_by_arrival_and_leaves_nothing_out(place: Installation) -> None:
    project = factories.project(place, factories.requester(place), items=40, order="random")
    found = keys(place, factories.worker(place, "ada"), project, 40)
    assert sorted(found) == sorted(f"i{each}" for each in range(40))
    # One in 40! by chance.
    assert found != [f"i{each}" for each in range(40)]


@pytest.mark.parametrize("order", ["uncertainty", "expected_gain"])
def test_what_a_run_is_least_sure_of_goes_first(place: Installation, order: str) -> None:
    owner, crew = factories.requester(place), factories.crowd(place, 3)
    project = factories.project(
        place, owner, items=3, overlap=3, order=order, method="majority_vote", answer_cost=0.01
    )
    says = {"i0": ("cat", "cat"), "i1": ("cat", "dog"), "i2": ("cat", "cat")}
    for number, worker in enumerate(crew[:2]):
        answer_all(place, worker, project, lambda item, number=number: says[item.key][number])  # type: ignore[misc]
    aggregate(place, owner, project)
    assert keys(place, crew[2], project) == ["i1"]
    ranks = {each.key: each.rank for each in factories.every(place, Item, Item.project_id == project.id)}
    assert ranks["i1"] < ranks["i0"] == ranks["i2"]


def test_another_order_holds_from_now_on(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    items = [{"item": name, "text": name, "priority": rank} for name, rank in (("a", 0), ("b", 1), ("c", 2))]
    project = factories.project(place, owner, items=items)
    assert keys(place, ada, project) == ["a"]
    do(place, projects.update, owner, project.uid, plan={"order": "priority"})
    assert keys(place, ada, project) == ["c"]
    do(place, projects.update, owner, project.uid, plan={"order": "arrival"})
    assert keys(place, ada, project) == ["b"]
    assert take(place, ada, project).supply == Supply.FINISHED


def test_an_order_that_nobody_knows_is_refused(place: Installation) -> None:
    with pytest.raises(BadPlan) as told:
        factories.project(place, factories.requester(place), order="best")
    assert "arrival, fewest_answers" in str(told.value.errors[0]["what"])


@pytest.mark.parametrize("order", [*orders.ORDERS])
def test_each_item_goes_to_each_worker_once(place: Installation, order: str) -> None:
    project = factories.project(place, factories.requester(place), items=12, overlap=3, order=order)
    for worker in factories.crowd(place, 3):
        assert answer_all(place, worker, project, lambda item: "cat") == 12
    assert {each.answered for each in factories.every(place, Item, Item.project_id == project.id)} == {3}
