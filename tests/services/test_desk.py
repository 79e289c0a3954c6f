"""The desk beyond one item at a time: keys, drafts, time, what comes back, pages, how much one may give."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from crowdqc.assembly import Installation
from crowdqc.errors import CrowdqcError
from crowdqc.records import Answer, Item
from crowdqc.services import assignments, desk, projects
from crowdqc.services.assignments import AlreadyAnswered, AlreadyEnded, StaleDraft
from crowdqc.services.desk import Handed, Supply
from crowdqc.services.leases import Kept, KeyUsed
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import do, look, take, take_one


def test_a_submission_sent_again_gives_what_came_of_the_first(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=2)
    one, other = (each for each, _ in take(place, ada, project, count=2).assignments)
    first = do(place, assignments.submit, ada, one.uid, label="dog", key="k-1")
    again = do(place, assignments.submit, ada, one.uid, label="cat", key="k-1")
    assert (first.new, again.new) == (True, False)
    assert (again.answer.submitted_at, again.label) == (first.answer.submitted_at, "dog")
    with pytest.raises(AlreadyAnswered):
        do(place, assignments.submit, ada, one.uid, label="cat", key="k-2")
    with pytest.raises(KeyUsed):
        do(place, assignments.submit, ada, other.uid, label="cat", key="k-1")
    assert len(factories.every(place, Answer, Answer.project_id == project.id)) == 1
    # A key is the worker's own.
    bob = factories.worker(place, "bob")
    assert do(place, assignments.submit, bob, take_one(place, bob, project).uid, label="cat", key="k-1").new


def test_a_draft_that_was_saved_elsewhere_is_not_overwritten(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    taken = take_one(place, ada, factories.project(place, owner, items=1))
    assert taken.draft_version == 0
    assert do(place, assignments.keep_draft, ada, taken.uid, draft={"label": "cat"}, version=0).draft_version == 1
    with pytest.raises(StaleDraft, match="at version 1; you have 0"):
        do(place, assignments.keep_draft, ada, taken.uid, draft={"label": "dog"}, version=0)
    found, *_ = look(place, assignments.get, ada, taken.uid)
    assert found.draft == {"label": "cat"}
    # Who does not say what he has seen overwrites.
    assert do(place, assignments.keep_draft, ada, taken.uid, draft={"label": "dog"}).draft_version == 2


def test_a_lease_goes_on_while_the_worker_is_at_it(place: Installation, clock: Clock) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=1, overlap=1, lease_seconds=60, lease_limit_seconds=150)
    taken = take_one(place, ada, project)
    begun = taken.leased_at
    for passed, until in ((50, 110), (50, 150), (30, 150)):
        clock.advance(passed)
        assert do(place, assignments.prolong, ada, taken.uid).expires_at == begun + timedelta(seconds=until)
        assert take(place, bob, project).supply == Supply.LATER
    # Over, yet nobody took the place: it is still his, but no longer than the plan allows.
    clock.advance(25)
    assert do(place, assignments.prolong, ada, taken.uid).expires_at == begun + timedelta(seconds=150)
    assert len(take(place, bob, project).assignments) == 1
    with pytest.raises(AlreadyEnded, match="over"):
        do(place, assignments.prolong, ada, taken.uid)


def test_a_lapsed_lease_whose_place_is_free_can_be_prolonged(place: Installation, clock: Clock) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=1, overlap=1, lease_seconds=60)
    taken = take_one(place, ada, project)
    clock.advance(100)
    assert do(place, assignments.prolong, ada, taken.uid).expires_at == clock.now + timedelta(seconds=60)
    assert not do(place, assignments.submit, ada, taken.uid, label="cat").answer.late
    with pytest.raises(AlreadyAnswered):
        do(place, assignments.prolong, ada, taken.uid)


def test_what_was_given_back_comes_last_with_its_draft(place: Installation) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=2, overlap=1)
    first = take_one(place, ada, project)
    do(place, assignments.keep_draft, ada, first.uid, draft={"label": "cat"})
    do(place, assignments.give_back, ada, first.uid)
    with pytest.raises(AlreadyEnded):
        do(place, assignments.submit, ada, first.uid, label="cat")
    second = take_one(place, ada, project)
    assert second.item_id != first.item_id
    do(place, assignments.submit, ada, second.uid, label="cat")
    # While another has it, it is not gone for good; then it is hers again, under its old name.
    bobs = take_one(place, bob, project)
    assert bobs.item_id == first.item_id
    assert take(place, ada, project).supply == Supply.LATER
    do(place, assignments.skip, bob, bobs.uid, reason="no")
    again = take_one(place, ada, project)
    assert (again.uid, again.draft, again.state) == (first.uid, {"label": "cat"}, "open")
    do(place, assignments.submit, ada, again.uid, label="cat")
    assert take(place, ada, project).supply == Supply.FINISHED
    items = factories.every(place, Item, Item.project_id == project.id)
    assert {(item.answered, item.leased, item.state) for item in items} == {(1, 0, "answered")}


@pytest.mark.parametrize(("policy", "comes_back"), [("to_others", False), ("to_me", True), ("to_nobody", False)])
def test_who_gets_what_was_skipped(place: Installation, policy: str, comes_back: bool) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=2, overlap=2, skipped=policy)
    first = take_one(place, ada, project)
    do(place, assignments.skip, ada, first.uid, reason="dull")
    do(place, assignments.submit, ada, take_one(place, ada, project).uid, label="cat")
    found = take(place, ada, project)
    assert [each.uid for each, _ in found.assignments] == ([first.uid] if comes_back else [])
    assert found.supply == (Supply.ASSIGNED if comes_back else Supply.FINISHED)
    skipped = next(each for each in factories.every(place, Item) if each.id == first.item_id)
    assert skipped.overlap == (1 if policy == "to_nobody" else 2)


def test_an_item_that_everybody_skips_still_wants_an_answer(place: Installation) -> None:
    owner, crowd = factories.requester(place), factories.crowd(place, 4)
    project = factories.project(place, owner, items=1, overlap=2, skipped="to_nobody")
    for worker in crowd[:3]:
        do(place, assignments.skip, worker, take_one(place, worker, project).uid, reason="dull")
    item = factories.item(place, project, "i0")
    assert (item.overlap, item.state) == (1, "open")
    do(place, assignments.submit, crowd[3], take_one(place, crowd[3], project).uid, label="cat")
    assert factories.item(place, project, "i0").state == "answered"


def test_the_last_place_that_is_given_up_completes_an_item(place: Installation) -> None:
    owner, (ada, bob) = factories.requester(place), factories.crowd(place, 2)
    project = factories.project(place, owner, items=1, overlap=2, skipped="to_nobody")
    do(place, assignments.submit, ada, take_one(place, ada, project).uid, label="cat")
    do(place, assignments.skip, bob, take_one(place, bob, project).uid, reason="dull")
    item = factories.item(place, project, "i0")
    assert (item.answered, item.leased, item.overlap, item.state) == (1, 0, 1, "answered")


def test_a_page_is_handed_in_and_the_next_is_given(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=7, overlap=1)
    page = [each for each, _ in take(place, ada, project, count=3).assignments]
    handed = [Handed(assignment=each.uid, label="cat", key=str(each.uid)) for each in page]
    bad = [
        Handed(assignment=page[0].uid, label="dog"),
        Handed(assignment=uuid.uuid4(), label="cat"),
        Handed(assignment=page[2].uid, label="emu"),
    ]
    outcomes, found = do(place, desk.hand_in, ada, project.uid, [bad[2], handed[0], handed[1], *bad[:2]], count=2)
    told = [type(each).__name__ if isinstance(each, CrowdqcError) else each.new for each in outcomes]
    assert told == ["UnknownClass", True, True, "AlreadyAnswered", "NoSuchAssignment"]
    # The one that was refused is still in hand, and a new one beside it.
    assert found.assignments[0][0].uid == page[2].uid
    assert len(found.assignments) == 2
    assert len(factories.every(place, Answer, Answer.project_id == project.id)) == 2
    # The whole request sent again changes nothing.
    outcomes, after = do(place, desk.hand_in, ada, project.uid, handed[:2], count=2)
    assert [isinstance(each, Kept) and each.new for each in outcomes] == [False, False]
    assert [each.uid for each, _ in after.assignments] == [each.uid for each, _ in found.assignments]
    assert len(do(place, desk.take, ada, project.uid, count=2, ahead=2).assignments) == 4


def test_a_page_of_another_project_is_refused(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    one, other = (factories.project(place, owner, items=1) for _ in range(2))
    taken = take_one(place, ada, one)
    (outcome,), _ = do(place, desk.hand_in, ada, other.uid, [Handed(assignment=taken.uid, label="cat")])
    assert isinstance(outcome, CrowdqcError)
    assert factories.every(place, Answer, Answer.project_id.in_([one.id, other.id])) == []


@pytest.mark.parametrize("cap", [{"worker_answers": 3}, {"worker_share": 0.3}])
def test_one_worker_gives_no_more_than_he_may(place: Installation, cap: dict[str, float]) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=10, overlap=2, **cap)
    # What he has in hand counts.
    assert len(take(place, ada, project, count=5).assignments) == 3
    assert factories.answer_all(place, ada, project, lambda item: "cat") == 3
    found = take(place, ada, project)
    assert (found.supply, found.retry_at, found.assignments) == (Supply.CAPPED, None, [])
    assert "one worker" in found.why
    assert len(take(place, bob, project).assignments) == 1


def test_a_day_has_an_end(place: Installation, clock: Clock) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=5, worker_daily=2)
    assert factories.answer_all(place, ada, project, lambda item: "cat") == 2
    found = take(place, ada, project)
    assert found.supply == Supply.CAPPED
    assert found.retry_at is not None
    assert (found.retry_at.hour, found.retry_at.date() - clock.now.date()) == (0, timedelta(days=1))
    clock.advance((found.retry_at - clock.now).total_seconds())
    assert factories.answer_all(place, ada, project, lambda item: "cat") == 2
    # The same answer again is counted once, and a plan that is changed holds at once.
    do(place, projects.update, owner, project.uid, plan={"worker_daily": None})
    assert len(take(place, ada, project).assignments) == 1


def test_gold_grows_rare_for_those_who_get_it_right(place: Installation) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    gold = [{"item": f"g{number}", "text": f"gold {number}", "gold": "cat"} for number in range(8)]
    plain = [{"item": f"i{number}", "text": f"thing {number}"} for number in range(30)]
    steps = [{"right": 2, "share": 0.0}]
    project = factories.project(
        place, owner, items=[*gold, *plain], gold_share=1.0, gold_steps=steps, gold_first=0
    )
    keys = {item.id: item.key for item in factories.every(place, Item, Item.project_id == project.id)}

    def next_of(worker, label):  # type: ignore[no-untyped-def]
        taken = take_one(place, worker, project)
        do(place, assignments.submit, worker, taken.uid, label=label)
        return keys[taken.item_id][0]

    assert [next_of(ada, "cat") for _ in range(5)] == ["g", "g", "i", "i", "i"]
    assert [next_of(bob, "dog") for _ in range(5)] == ["g"] * 5
