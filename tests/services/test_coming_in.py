"""What is coming in while a run is made: nothing is missed, nothing is read twice, nobody waits in a circle.

Each test holds one transaction open and lets another run into it; SQLite has one writer at a time, so that there
is nothing to hold.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.quality import judge
from crowdqc.records import Answer, Assignment, Item, Project, queue
from crowdqc.records.items import by_id
from crowdqc.records.reviews import Verdict
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Role
from crowdqc.services import answers, assignments, evidence, people, projects, reviews, runs, uploads
from crowdqc.services import desk as desks
from crowdqc.services.assignments import ReportReason
from crowdqc.services.desk import Supply
from crowdqc.services.people import LastAdmin
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import aggregate, do, look, submit, take_one
from tests.services.test_reviews import reviewed

ALL = {"when": {"signal": "confidence", "op": "at_least", "value": 0.0}, "route": "review", "weight": 40}


@pytest.fixture(params=["postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def waits_for_a_lock(place: Installation, future: Future[object], patience: float = 5.0) -> bool:
    """Say whether somebody in the database comes to wait for another, before the future is done."""
    until = time.monotonic() + patience
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while time.monotonic() < until and not future.done():
        with place.engine.connect() as connection:
            if connection.scalar(query):
                return True
        time.sleep(0.01)
    return False


def test_an_answer_that_found_the_job_waiting_is_in_its_run(
    place: Installation, clock: Clock, beside: ThreadPoolExecutor
) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=1)
    submit(place, ada, take_one(place, ada, project), "cat")
    his = take_one(place, bob, project)
    clock.advance(60)
    with place.transaction() as tx:
        assignments.submit(tx, bob, his.uid, label="cat")
        running = beside.submit(jobs.perform_due, place)
        assert waits_for_a_lock(place, running)
    assert running.result(20) == 1
    run = look(place, runs.latest, owner, project.uid)
    assert run is not None
    assert (run.summary or {})["answers"] == 2


def test_a_report_that_found_the_job_waiting_is_in_its_run(
    place: Installation, clock: Clock, beside: ThreadPoolExecutor
) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    rule = {"when": {"signal": "reports", "op": "at_least", "value": 1}, "route": "review", "weight": 80}
    project = factories.project(place, owner, items=1, review=[rule])
    submit(place, ada, take_one(place, ada, project), "cat")
    his = take_one(place, bob, project)
    clock.advance(60)
    with place.transaction() as tx:
        assignments.report(tx, bob, his.uid, reason=ReportReason.OTHER, comment="")
        running = beside.submit(jobs.perform_due, place)
        assert waits_for_a_lock(place, running)
    assert running.result(20) == 1
    assert factories.states(place, project) == {"i0": "in_review"}


def test_a_decision_that_found_the_job_waiting_is_in_its_run(
    place: Installation, clock: Clock, beside: ThreadPoolExecutor
) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = factories.project(place, owner, items=1, overlap=1, review=[ALL])
    content = b"worker,item,label\na,i0,cat\n"
    factories.bring(place, owner, project, content, filename="a.csv", kind=UploadKind.ANSWERS)
    aggregate(place, owner, project)
    review = do(place, reviews.claim_next, eve)
    assert review is not None
    clock.advance(60)
    with place.transaction() as tx:
        reviews.decide(tx, eve, review.uid, verdict=Verdict.CORRECT, label="owl")
        running = beside.submit(jobs.perform_due, place)
        assert waits_for_a_lock(place, running)
    running.result(20)
    _, _, scored = look(place, evidence.items_page, owner, project.uid)
    assert scored[0].score is not None
    assert (scored[0].score.label, scored[0].score.confidence) == (2, 1.0)


def test_a_repetition_reads_no_answer_that_was_only_coming_in(
    place: Installation, beside: ThreadPoolExecutor
) -> None:
    owner, crew = factories.requester(place), factories.crowd(place, 2)
    project = factories.project(place, owner, items=1)
    slow, quick = (take_one(place, actor, project) for actor in crew)
    run = do(place, runs.request, owner, project.uid)
    with place.transaction() as tx:
        # Another item of his in between, so that the quick answer need not wait for the slow one's item.
        tx.session.execute(text("SELECT nextval('answers_id_seq')"))
        first = tx.session.execute(text("SELECT nextval('answers_id_seq')")).scalar_one()
        projects.projects.contribute(tx.session, project.id)
        submit(place, crew[1], quick, "cat")
        running = beside.submit(jobs.perform_due, place)
        assert waits_for_a_lock(place, running)
        item = by_id(tx.session, slow.item_id, lock=True)
        item.answered, item.leased = item.answered + 1, item.leased - 1
        lease = tx.session.scalars(select(Assignment).where(Assignment.uid == slow.uid)).one()
        lease.state = "submitted"
        tx.session.add(
            Answer(
                id=first, project_id=project.id, item_id=slow.item_id, worker_id=lease.worker_id, label=1,
                assignment_id=lease.id, guideline_version=1, submitted_at=tx.now,
            )
        )  # fmt: skip
    assert running.result(20) == 1
    found = look(place, runs.get, owner, run.uid)
    assert (found.summary or {})["answers"] == 2
    again = do(place, runs.repeat, owner, run.uid)
    jobs.perform_due(place)
    summary = look(place, runs.get, owner, again.uid).summary or {}
    assert (summary["same_input"], summary["same_output"]) == (True, True)


def test_an_answer_and_a_run_that_is_written_do_not_wait_in_a_circle(
    place: Installation, clock: Clock, beside: ThreadPoolExecutor
) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=1, overlap=1, lease_seconds=60, review=[ALL])
    late = take_one(place, ada, project)
    clock.advance(61)
    submit(place, bob, take_one(place, bob, project), "cat")
    run = do(place, runs.request, owner, project.uid)
    do(place, runs.bound, run.id)
    reading = do(place, runs.read, run.id)
    judgement = judge(reading.problem)
    with place.transaction() as tx:
        # As a late answer does: the item first, then the row that points at the project.
        item = by_id(tx.session, late.item_id, lock=True)
        running = beside.submit(do, place, runs.write, reading, judgement)
        assert waits_for_a_lock(place, running)
        assert not assignments.submit(tx, ada, late.uid, label="dog")[0].counted
        assert item.id == late.item_id
    assert running.result(20).state == "done"
    assert factories.states(place, project) == {"i0": "in_review"}


def test_an_answer_and_uploaded_answers_do_not_wait_in_a_circle(
    place: Installation, beside: ThreadPoolExecutor
) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=2, overlap=2)
    taken = take_one(place, ada, project)
    content = b"worker,item,label\na,i0,cat\na,i1,cat\n"
    upload, _ = factories.send(place, owner, project, content, filename="a.csv", kind=UploadKind.ANSWERS)
    reading = do(place, uploads.begin, upload.id)
    assert reading is not None
    (rows,) = uploads.chunks(place.storage, place.settings, reading)
    with place.transaction() as tx:
        by_id(tx.session, taken.item_id, lock=True)
        running = beside.submit(do, place, answers.keep, upload.id, rows)
        assert waits_for_a_lock(place, running)
        assignments.submit(tx, ada, taken.uid, label="dog")
    running.result(20)
    found = factories.every(place, Item, Item.project_id == project.id)
    assert [item.answered for item in found] == [2, 1]


def test_nobody_is_finished_while_an_item_goes_from_hand_to_hand(
    place: Installation, beside: ThreadPoolExecutor
) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=1, overlap=1)
    taken = take_one(place, ada, project)
    unseen = queue.left

    def skipped_meanwhile(*about):  # type: ignore[no-untyped-def]
        beside.submit(do, place, assignments.skip, ada, taken.uid, reason="no").result(20)
        return unseen(*about)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "left", skipped_meanwhile)
        desk = factories.take(place, bob, project)
    assert desk.supply == Supply.LATER
    assert desk.retry_at == place.clock()
    assert take_one(place, bob, project).item_id == taken.item_id


def test_an_item_that_another_has_locked_is_not_waited_for(
    place: Installation, beside: ThreadPoolExecutor
) -> None:
    """Who waits for an item while he may hold another could wait in a circle; he is told to come again at once."""
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=1, overlap=2)
    with place.transaction() as tx:
        desks.take(tx, ada, project.uid)
        desk = beside.submit(factories.take, place, bob, project).result(20)
    assert (desk.supply, desk.assignments) == (Supply.LATER, [])
    assert desk.retry_at is not None
    assert len(factories.take(place, bob, project).assignments) == 1
    assert factories.item(place, project, "i0").leased == 2


def test_two_admins_cannot_demote_each_other_at_once(place: Installation, beside: ThreadPoolExecutor) -> None:
    one, two = (factories.person(place, name, Role.ADMIN) for name in ("one", "two"))
    by_name = {each.name: each.uid for each in look(place, people.everybody)}
    with place.transaction() as tx:
        people.update(tx, one, by_name["two"], roles=[Role.WORKER])
        running = beside.submit(do, place, people.update, two, by_name["one"], roles=[Role.WORKER])
        assert waits_for_a_lock(place, running)
    with pytest.raises(LastAdmin):
        running.result(20)


def test_a_change_of_overlap_and_a_worker_do_not_wait_in_a_circle(
    place: Installation, beside: ThreadPoolExecutor
) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=3, overlap=2)
    with place.transaction() as tx:
        desks.take(tx, ada, project.uid)
        running = beside.submit(do, place, projects.update, owner, project.uid, plan={"overlap": 4})
        assert waits_for_a_lock(place, running)
        # He takes more, while the change waits for the first.
        tx.session.get_one(Project, project.id)
        desks.take(tx, ada, project.uid, count=3)
    running.result(20)
    found = factories.every(place, Item, Item.project_id == project.id)
    assert {(item.overlap, item.leased) for item in found} == {(4, 1)}


def test_a_decision_does_not_wait_for_scores_that_are_being_written(
    place: Installation, beside: ThreadPoolExecutor
) -> None:
    """A run writes scores, which point at items, and wants reviews; an expert has a review and wants its item."""
    owner, eve = factories.requester(place), factories.expert(place)
    project = reviewed(place, owner, 1)
    review = do(place, reviews.claim_next, eve)
    assert review is not None
    with place.transaction() as tx:
        pointed_at = select(Item).where(Item.project_id == project.id).with_for_update(read=True, key_share=True)
        assert len(tx.session.scalars(pointed_at).all()) == 1
        beside.submit(do, place, reviews.decide, eve, review.uid, verdict=Verdict.ACCEPT).result(20)
    assert factories.item(place, project, "i0").state == "decided"
