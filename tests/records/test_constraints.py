"""What the database holds to, whoever writes: the promises do not rest on the services alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crowdqc.assembly import Installation
from crowdqc.records import (
    Answer,
    Appeal,
    Assignment,
    Attempt,
    Course,
    Exercise,
    Firing,
    Item,
    Job,
    Prediction,
    Project,
    Response,
    Restriction,
    Review,
    Rule,
    RuleVersion,
    Skill,
    Upload,
    Worker,
    WorkerWeight,
)
from tests.services import factories


def first(session: Session, table: type[Any]) -> Any:
    return session.query(table).order_by(table.id).first()


def copy(row: Any, **changes: Any) -> Any:
    values = {column.name: getattr(row, column.name) for column in row.__table__.columns}
    return type(row)(**({name: value for name, value in values.items() if name not in ("id", "uid")} | changes))


def set_(table: type[Any], **changes: Any) -> Callable[[Session], None]:
    def change(session: Session) -> None:
        row = session.query(table).order_by(table.id.desc()).first()
        for name, value in changes.items():
            setattr(row, name, value)

    return change


def again(table: type[Any], **changes: Any) -> Callable[[Session], None]:
    return lambda session: session.add(copy(first(session, table), **changes))


CHANGES = [
    set_(Item, answered=3, leased=1),
    set_(Item, leased=-1, answered=0),
    set_(Item, answered=-1, leased=0),
    set_(Item, overlap=2),
    set_(Item, truth=["cat"]),
    set_(Item, truth_source="gold"),
    set_(Item, state="lost"),
    again(Item),
    again(Answer),
    again(Answer, item_id=10**6),
    set_(Answer, label=None),
    set_(Answer, value={"box": 1}),
    set_(Answer, seconds=-1.0),
    again(Assignment),
    again(Job),
    set_(Job, state="stuck"),
    again(Worker, person_id=None),
    again(Prediction),
    again(Upload, storage_key="other"),
    set_(Project, state="archived"),
    set_(Review, state="decided"),
    again(Rule),
    set_(Rule, state="perhaps"),
    again(RuleVersion),
    set_(RuleVersion, version=0),
    again(Firing),
    set_(Firing, state="forgotten"),
    set_(Firing, state="lifted"),
    again(Appeal),
    set_(Appeal, state="upheld"),
    again(Restriction),
    set_(Restriction, firing_id=None),
    set_(Restriction, ends_at=Restriction.starts_at),
    set_(WorkerWeight, weight=1.0),
    again(WorkerWeight),
    set_(Review, verdict="accept"),
    set_(Review, state="claimed"),
    again(Course),
    set_(Course, kind="quiz"),
    set_(Course, state="lost"),
    set_(Course, pass_mark=100.5),
    again(Exercise),
    again(Attempt),
    again(Attempt, number=2, state="open"),
    again(Attempt, number=2, score=None),
    set_(Attempt, score=101.0),
    set_(Attempt, passed=None),
    again(Response),
    set_(Response, turn=0),
    again(Skill),
    set_(Skill, value=-1.0),
    set_(Skill, value=100.1),
    set_(Skill, source="rumour"),
]


def test_it_cannot_be_written(installation: Installation) -> None:
    project = factories.noise(installation)
    with installation.transaction() as tx:
        item, worker = first(tx.session, Item), first(tx.session, Worker)
        tx.session.add(
            Assignment(
                project_id=project.id, item_id=item.id, worker_id=worker.id, state="open", counts=False,
                guideline_version=1, leased_at=tx.now, expires_at=tx.now,
            )
        )  # fmt: skip
        tx.session.add(
            Job(name="aggregate", subject="project:1", state="waiting", due_at=tx.now, created_at=tx.now)
        )
    for number, change in enumerate(CHANGES):
        try:
            with installation.transaction() as tx:
                change(tx.session)
        except IntegrityError:
            continue
        pytest.fail(f"change {number} was written")


def test_an_item_has_one_live_review_and_any_number_that_are_over(installation: Installation) -> None:
    factories.noise(installation)
    with installation.transaction() as tx:
        review = first(tx.session, Review)
        tx.session.add_all([copy(review), copy(review, state="open")])
        item_id = review.item_id
    for state, by in (("open", None), ("claimed", 1)):
        with pytest.raises(IntegrityError), installation.transaction() as tx:
            tx.session.add(copy(first(tx.session, Review), state=state, claimed_by=by))
    found = factories.every(installation, Review, Review.item_id == item_id)
    assert [each.state for each in found] == ["withdrawn", "withdrawn", "open"]


def test_a_worker_has_one_open_attempt_at_a_course_and_one_latest_version_of_a_skill(
    installation: Installation,
) -> None:
    factories.noise(installation)
    over = {"finished_at": None, "score": None, "passed": None}
    with installation.transaction() as tx:
        attempt, skill = first(tx.session, Attempt), first(tx.session, Skill)
        tx.session.add_all([copy(attempt, number=2), copy(attempt, number=3, state="open", **over)])
        tx.session.add_all([copy(skill, latest=False), copy(skill, latest=False), copy(skill, name="other")])
    with pytest.raises(IntegrityError), installation.transaction() as tx:
        tx.session.add(copy(first(tx.session, Attempt), number=4, state="open", **over))
    with installation.transaction() as tx:
        retired = copy(first(tx.session, Exercise), retired_at=tx.now)
        tx.session.add_all([retired, copy(retired)])
    assert len(factories.every(installation, Exercise)) == 3


def test_an_upload_that_failed_does_not_stand_in_the_way_of_the_same_file(installation: Installation) -> None:
    factories.noise(installation)
    with installation.transaction() as tx:
        upload = first(tx.session, Upload)
        tx.session.add_all([copy(upload, state="failed"), copy(upload, state="failed")])
    assert len(factories.every(installation, Upload)) == 3


def test_an_equal_job_may_wait_beside_one_that_runs_or_is_over(installation: Installation) -> None:
    with installation.transaction() as tx:
        for state in ("running", "done", "failed", "waiting"):
            job = Job(name="aggregate", subject="project:1", state=state, due_at=tx.now, created_at=tx.now)
            tx.session.add(job)
            tx.session.flush()
    assert len(factories.every(installation, Job)) == 4
