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
    Firing,
    Item,
    Job,
    Prediction,
    Project,
    Restriction,
    Review,
    Rule,
    RuleVersion,
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
