"""Acceptances: that somebody, or time, accepted or rejected an answer, and why; rows are only ever added."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint, and_, func, or_, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from crowdqc.records.answers import Answer
from crowdqc.records.assignments import ANSWERED, Assignment, AssignmentState
from crowdqc.records.base import Base, Keyed, Word
from crowdqc.records.items import Item
from crowdqc.records.ledger import only_added
from crowdqc.records.people import Worker


class Acceptance(Keyed, Base):
    """An answer was accepted or rejected. One that is accepted at once has none: nobody looked at it."""

    __tablename__ = "acceptances"
    __table_args__ = (
        CheckConstraint("state IN ('accepted', 'rejected')", name="state"),
        CheckConstraint("state = 'accepted' OR (reason IS NOT NULL AND reason <> '')", name="reason"),
        # Rejected once, and accepted once: the first thing or the last.
        UniqueConstraint("assignment_id", "state"),
    )

    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignments.id"))
    state: Mapped[str] = mapped_column(Word)
    #: What the worker reads.
    reason: Mapped[str | None] = mapped_column(Text)
    #: Who said so; nobody where it was the time, or a rule.
    by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime]


only_added(Acceptance.__table__)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which answers are meant: all that fit everything that is said."""

    assignments: Collection[uuid.UUID] | None = None
    worker_id: int | None = None
    label: int | None = None
    #: Those that came before this moment.
    before: datetime | None = None
    #: Those whose time to be looked at is not over at this moment.
    in_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer with its assignment, and what was said of it last."""

    assignment: Assignment
    answer: Answer
    item: Item
    worker: Worker
    reason: str | None
    at: datetime | None


def add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(Acceptance.__table__.insert(), list(rows))  # type: ignore[attr-defined]


def answered(
    session: Session, project_id: int, which: Which, states: Collection[AssignmentState], *, limit: int
) -> Sequence[Assignment]:
    """Lock answered assignments in the order of their items, as all do who lock several."""
    query = _which(select(Assignment), project_id, which).where(Assignment.state.in_(states))
    query = query.order_by(Assignment.item_id, Assignment.id).limit(limit)
    return _locked(session, query)


def waiting(
    session: Session, project_id: int, worker_ids: Collection[int]
) -> Sequence[tuple[Assignment, datetime]]:
    """Lock workers' assignments whose answers wait to be accepted, in one order; with the times of the answers."""
    query = select(Assignment, Answer.submitted_at).join(Answer, Answer.assignment_id == Assignment.id)
    query = query.where(Assignment.project_id == project_id, Assignment.state == AssignmentState.SUBMITTED)
    query = query.where(Assignment.worker_id.in_(worker_ids)).order_by(Assignment.item_id, Assignment.id)
    query = query.with_for_update(key_share=True, of=Assignment).execution_options(populate_existing=True)
    return [(row[0], row[1]) for row in session.execute(query)]


def said(session: Session, worker_id: int, state: AssignmentState, reason: str) -> Sequence[Assignment]:
    """Lock a worker's assignments that are in a state for this reason, which a rule gave."""
    mine = select(Acceptance.assignment_id).where(Acceptance.state == state, Acceptance.reason == reason)
    query = select(Assignment).where(Assignment.worker_id == worker_id, Assignment.state == state)
    query = query.where(Assignment.id.in_(mine.where(Acceptance.by.is_(None))))
    return _locked(session, query.order_by(Assignment.item_id, Assignment.id))


def due(session: Session, project_id: int, now: datetime, *, limit: int) -> Sequence[Assignment]:
    """Lock assignments whose answers are to be accepted by themselves; others' are left to them."""
    query = _due(select(Assignment), now).where(Assignment.project_id == project_id)
    query = query.order_by(Assignment.accept_by, Assignment.id).limit(limit)
    return _locked(session, query, skip=True)


def next_due(session: Session, project_id: int) -> datetime | None:
    """Say when the next answer of a project is to be accepted by itself."""
    query = select(func.min(Assignment.accept_by)).where(Assignment.project_id == project_id)
    return session.scalar(query.where(Assignment.state == AssignmentState.SUBMITTED))


def due_of_worker(session: Session, worker_id: int, now: datetime) -> dict[int, int]:
    """Sum what answers of a worker earn that are as good as accepted: their time is over, but no job wrote it."""
    query = _due(select(Assignment.project_id, func.sum(Assignment.price)), now)
    query = query.where(Assignment.worker_id == worker_id, Assignment.price.is_not(None))
    return {row[0]: int(row[1]) for row in session.execute(query.group_by(Assignment.project_id))}


def count(session: Session, project_id: int, which: Which, states: Collection[AssignmentState]) -> int:
    query = _which(select(func.count()).select_from(Assignment), project_id, which)
    return session.scalar(query.where(Assignment.state.in_(states))) or 0


def states(session: Session, project_id: int) -> dict[str, int]:
    """Count a project's answered assignments by state."""
    query = select(Assignment.state, func.count()).where(Assignment.project_id == project_id)
    query = query.where(Assignment.state.in_(ANSWERED)).group_by(Assignment.state)
    return {state: number for state, number in session.execute(query)}


def rejected_at(session: Session, assignment_ids: Collection[int]) -> dict[int, datetime]:
    """Say when answers were rejected, by the keys of their assignments."""
    query = select(Acceptance.assignment_id, Acceptance.at).where(Acceptance.assignment_id.in_(assignment_ids))
    return {row[0]: row[1] for row in session.execute(query.where(Acceptance.state == AssignmentState.REJECTED))}


def page(
    session: Session,
    project_id: int,
    which: Which,
    states: Collection[AssignmentState],
    *,
    before: uuid.UUID | None,
    limit: int,
) -> Sequence[Judged]:
    """Give answers and what was said of them, the newest assignment first."""
    said = and_(Acceptance.assignment_id == Assignment.id, Acceptance.state == Assignment.state)
    query = (
        select(Assignment, Answer, Item, Worker, Acceptance.reason, Acceptance.at)
        .join(Answer, Answer.assignment_id == Assignment.id)
        .join(Item, Item.id == Assignment.item_id)
        .join(Worker, Worker.id == Assignment.worker_id)
        .join(Acceptance, said, isouter=True)
        .where(Assignment.state.in_(states))
    )
    query = _which(query, project_id, which)
    if before is not None:
        start = select(Assignment.id).where(Assignment.uid == before, Assignment.project_id == project_id)
        query = query.where(Assignment.id < start.scalar_subquery())
    rows = session.execute(query.order_by(Assignment.id.desc()).limit(limit))
    return [Judged(*row) for row in rows]


def _which(query: Any, project_id: int, which: Which) -> Any:
    query = query.where(Assignment.project_id == project_id)
    if which.assignments is not None:
        query = query.where(Assignment.uid.in_(which.assignments))
    if which.worker_id is not None:
        query = query.where(Assignment.worker_id == which.worker_id)
    if which.in_time is not None:
        query = query.where(or_(Assignment.accept_by.is_(None), Assignment.accept_by > which.in_time))
    # Under a name of its own: the query may ask for answers as well.
    its = aliased(Answer)
    of_it = select(its.id).where(its.assignment_id == Assignment.id)
    if which.label is not None:
        query = query.where(of_it.where(its.label == which.label).exists())
    if which.before is not None:
        query = query.where(of_it.where(its.submitted_at < which.before).exists())
    return query


def _due(query: Any, now: datetime) -> Any:
    return query.where(Assignment.state == AssignmentState.SUBMITTED, Assignment.accept_by <= now)


def _locked(session: Session, query: Any, *, skip: bool = False) -> Sequence[Assignment]:
    query = query.with_for_update(key_share=True, skip_locked=skip, of=Assignment)
    return session.scalars(query.execution_options(populate_existing=True)).all()
