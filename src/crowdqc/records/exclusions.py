"""Exclusions: items that a requester keeps from certain workers, as assignments that are never given."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crowdqc.records import assignments
from crowdqc.records.assignments import Assignment, AssignmentState
from crowdqc.records.items import Item
from crowdqc.records.people import Worker

#: By what such an assignment is told from one that keeps an item from its reviewer.
MARK = "unavailable"


def of_item(session: Session, item_id: int) -> Sequence[Worker]:
    """Give those from whom an item is kept, by name."""
    query = select(Worker).join(Assignment, Assignment.worker_id == Worker.id)
    query = query.where(
        Assignment.item_id == item_id, Assignment.state == AssignmentState.WITHHELD, Assignment.reason == MARK
    )
    return session.scalars(query.order_by(Worker.name)).all()


def had(session: Session, item_id: int, worker_ids: Collection[int]) -> set[int]:
    """Give those of the workers who have or had an item before them: it cannot be kept from them any more."""
    query = select(Assignment.worker_id).where(Assignment.item_id == item_id, Assignment.worker_id.in_(worker_ids))
    return {*session.scalars(query.where(Assignment.state != AssignmentState.WITHHELD))}


def replace(
    session: Session,
    item: Item,
    worker_ids: Collection[int],
    reviewers: Collection[int],
    guideline_version: int,
    now: datetime,
) -> None:
    """Keep a (locked) item from these workers and nobody else, but for its reviewers, who never get it."""
    ours = (
        Assignment.item_id == item.id,
        Assignment.state == AssignmentState.WITHHELD,
        Assignment.reason == MARK,
        Assignment.worker_id.not_in(worker_ids),
    )
    quietly = {"synchronize_session": False}
    stays = update(Assignment).where(*ours, Assignment.worker_id.in_(reviewers)).values(reason=None)
    session.execute(stays.execution_options(**quietly))
    session.execute(delete(Assignment).where(*ours).execution_options(**quietly))
    assignments.withhold(session, item, worker_ids, guideline_version, now, reason=MARK)
