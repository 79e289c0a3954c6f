"""Items for certain workers alone, and items kept from certain workers."""

from __future__ import annotations

from typing import Any

import pytest

from crowdqc.assembly import Installation
from crowdqc.errors import Missing, Refused
from crowdqc.records import Assignment, Item, Project, Review
from crowdqc.roles import Actor, Role
from crowdqc.services import assignments, reservations, reviews
from crowdqc.services.desk import Supply
from crowdqc.services.reservations import GoldIsForAll, UnknownWorkers
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import do, look, take


@pytest.fixture
def made(place: Installation) -> tuple[Actor, Actor, Actor, Project]:
    owner = factories.requester(place)
    ada, bob = factories.worker(place, "ada"), factories.worker(place, "bob")
    return owner, ada, bob, factories.project(place, owner, items=4, overlap=2)


def uids(place: Installation, *actors: Actor) -> list[Any]:
    return [factories.worker_row(place, actor).uid for actor in actors]


def keys(place: Installation, actor: Actor, project: Project, count: int = 50) -> list[str]:
    return sorted(item.key for _, item in take(place, actor, project, count=count).assignments)


def test_a_reserved_item_is_for_its_workers_and_comes_first(place: Installation, made: Any) -> None:
    owner, ada, bob, project = made
    last = factories.item(place, project, "i3")
    named = do(place, reservations.reserve, owner, last.uid, uids(place, ada))
    assert [each.name for each in named.workers] == ["ada"]
    assert keys(place, ada, project, count=1) == ["i3"]
    assert keys(place, ada, project) == ["i0", "i1", "i2", "i3"]
    assert keys(place, bob, project) == ["i0", "i1", "i2"]
    given_back, item = take(place, bob, project).assignments[0]
    do(place, assignments.give_back, bob, given_back.uid)
    # The one place that is free; the reserved item has two.
    assert keys(place, factories.worker(place, "carl"), project) == [item.key]


def test_what_is_reserved_for_others_is_not_waited_for(place: Installation, made: Any) -> None:
    owner, ada, bob, project = made
    for item in factories.every(place, Item, Item.project_id == project.id):
        do(place, reservations.reserve, owner, factories.item(place, project, item.key).uid, uids(place, ada))
    assert take(place, bob, project).supply == Supply.FINISHED
    lifted = factories.item(place, project, "i1")
    assert do(place, reservations.reserve, owner, lifted.uid, []).workers == []
    assert keys(place, bob, project) == ["i1"]
    assert not factories.item(place, project, "i1").reserved


def test_an_item_that_was_let_go_and_is_reserved_since_does_not_come_back(place: Installation, made: Any) -> None:
    owner, ada, bob, project = made
    taken = take(place, bob, project, count=4).assignments
    for assignment, _ in taken:
        do(place, assignments.give_back, bob, assignment.uid)
    for _, item in taken[1:]:
        do(place, reservations.reserve, owner, factories.item(place, project, item.key).uid, uids(place, ada))
    assert keys(place, bob, project) == [taken[0][1].key]


def test_reservations_keep_to_the_overlap(place: Installation, made: Any) -> None:
    owner, ada, bob, project = made
    item = factories.item(place, project, "i2")
    crowd = [ada, bob, factories.worker(place, "carl")]
    do(place, reservations.reserve, owner, item.uid, uids(place, *crowd))
    given = [keys(place, actor, project, count=1) for actor in crowd]
    assert given == [["i2"], ["i2"], ["i0"]]


def test_gold_is_for_all_and_unknown_workers_are_named(place: Installation, made: Any) -> None:
    owner, ada, _, project = made
    factories.bring(place, owner, project, factories.rows([{"item": "g", "text": "gold", "gold": "cat"}]))
    gold = factories.item(place, project, "g")
    with pytest.raises(GoldIsForAll):
        do(place, reservations.reserve, owner, gold.uid, uids(place, ada))
    nobody = factories.uid()
    with pytest.raises(UnknownWorkers) as refused:
        do(
            place,
            reservations.reserve,
            owner,
            factories.item(place, project, "i0").uid,
            [*uids(place, ada), nobody],
        )
    assert [fault["what"] for fault in refused.value.errors] == [f"{nobody} is no worker"]
    assert not factories.item(place, project, "i0").reserved


def test_an_item_is_kept_from_workers_until_that_is_lifted(place: Installation, made: Any) -> None:
    owner, ada, bob, project = made
    item = factories.item(place, project, "i0")
    assert keys(place, bob, project, count=1) == ["i0"]
    named = do(place, reservations.withhold, owner, item.uid, uids(place, ada, bob))
    assert ([each.name for each in named.workers], [each.name for each in named.had]) == (["ada"], ["bob"])
    assert keys(place, ada, project) == ["i1", "i2", "i3"]
    assert look(place, reservations.unavailable_for, owner, item.uid).workers[0].name == "ada"
    assert do(place, reservations.withhold, owner, item.uid, []).workers == []
    assert keys(place, ada, project) == ["i0", "i1", "i2", "i3"]
    assert keys(place, bob, project, count=1) == ["i0"]


def test_lifting_does_not_give_an_item_to_its_reviewer(place: Installation, made: Any, clock: Clock) -> None:
    owner, _, _, project = made
    both = factories.person(place, "eva", Role.EXPERT, Role.WORKER)
    item = factories.item(place, project, "i0")
    do(place, reservations.withhold, owner, item.uid, uids(place, both))
    with place.transaction() as tx:
        review = Review(
            project_id=project.id, item_id=item.id, state="open", reasons=[], priority=1.0, created_at=tx.now
        )
        tx.session.add(review)
    do(place, reviews.claim, both, review.uid)
    assert do(place, reservations.withhold, owner, item.uid, []).workers == []
    assert keys(place, both, project) == ["i1", "i2", "i3"]
    (kept,) = factories.every(place, Assignment, Assignment.item_id == item.id)
    assert (kept.state, kept.reason) == ("withheld", None)


def test_a_strangers_item_is_not_there(place: Installation, made: Any) -> None:
    _, ada, _, project = made
    item = factories.item(place, project, "i0")
    stranger = factories.requester(place, "sam")
    lead = factories.person(place, "lea", Role.QA_LEAD)
    for use in (reservations.reserve, reservations.withhold):
        with pytest.raises(Missing):
            do(place, use, stranger, item.uid, uids(place, ada))
        with pytest.raises(Refused):
            do(place, use, lead, item.uid, uids(place, ada))
    for see in (reservations.reserved_for, reservations.unavailable_for):
        with pytest.raises(Missing):
            look(place, see, stranger, item.uid)
        assert look(place, see, lead, item.uid).workers == []
