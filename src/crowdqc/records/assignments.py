"""Assignments (items leased to workers), each worker's place in a project's queue, and reports of problems."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from crowdqc.records.base import Base, Key, Keyed, Named, Word, insert_or_leave, new_uid, one_of
from crowdqc.records.items import Item, ItemState
from crowdqc.records.people import Worker


class AssignmentState(StrEnum):
    """What became of a lease."""

    OPEN = "open"
    SUBMITTED = "submitted"
    #: Its answer is accepted: at once, by somebody, or because the time to look at it was over.
    ACCEPTED = "accepted"
    #: Its answer is rejected, with a reason; it may be accepted later.
    REJECTED = "rejected"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    #: Given back for now.
    RETURNED = "returned"
    #: Never given: who reviewed an item does not answer it.
    WITHHELD = "withheld"


#: States of an assignment that was answered.
ANSWERED = (AssignmentState.SUBMITTED, AssignmentState.ACCEPTED, AssignmentState.REJECTED)


class Assignment(Named, Base):
    """An item leased to a worker until a time; a worker has one for an item, whatever comes of it."""

    __tablename__ = "assignments"
    __table_args__ = (
        CheckConstraint(one_of("state", AssignmentState), name="state"),
        CheckConstraint("price > 0", name="price"),
        UniqueConstraint("item_id", "worker_id"),
        Index(
            "ix_assignments_open",
            "project_id",
            "expires_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_assignments_worker", "worker_id", "project_id", "state"),
        # Answers that are accepted by themselves, unless somebody says otherwise first.
        Index(
            "ix_assignments_accept_by",
            "project_id",
            "accept_by",
            sqlite_where=text("state = 'submitted'"),
            postgresql_where=text("state = 'submitted'"),
        ),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    state: Mapped[str] = mapped_column(Word)
    #: Whether the lease holds one of the item's places; one of a gold item does not.
    counts: Mapped[bool]
    guideline_version: Mapped[int]
    leased_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    #: What the worker has so far, kept for him through a lost connection or a lapsed lease.
    draft: Mapped[dict[str, Any] | None]
    #: How often the draft was saved: who saves says which one he saw last.
    draft_version: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Why it was skipped.
    reason: Mapped[str | None] = mapped_column(Text)
    #: What its answer earns, in ticks: promised with the lease, gone with it. None in a project without a price.
    price: Mapped[int | None] = mapped_column(BigInteger)
    #: When its answer is accepted by itself, where somebody is to look at it first.
    accept_by: Mapped[datetime | None]


class Desk(Base):
    """A worker's place in a project's queue: he is never compared with what lies behind it."""

    __tablename__ = "desks"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"), primary_key=True)
    #: The key of the last item that the queue gave him.
    cursor: Mapped[int] = mapped_column(Key, default=0)
    #: How many items he was given, and how many of them were gold.
    given: Mapped[int] = mapped_column(default=0)
    gold_given: Mapped[int] = mapped_column(default=0)
    #: How many answers he gave, and how many of them on the day (UTC) on which he last gave one.
    answered: Mapped[int] = mapped_column(default=0, server_default="0")
    answered_today: Mapped[int] = mapped_column(default=0, server_default="0")
    day: Mapped[date | None]
    #: How many gold items he answered as accepted.
    gold_right: Mapped[int] = mapped_column(default=0, server_default="0")


class Report(Keyed, Base):
    """A worker says that something is wrong with an item."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("item_id", "worker_id"),)

    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    reason: Mapped[str] = mapped_column(Word)
    comment: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


def desk(session: Session, project_id: int, worker_id: int) -> Desk:
    """Give a worker's desk in a project, locked: one worker asks one question at a time."""
    query = (
        select(Desk)
        .where(Desk.project_id == project_id, Desk.worker_id == worker_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = session.scalar(query)
    if found is None:
        values = {"project_id": project_id, "worker_id": worker_id, "cursor": 0, "given": 0, "gold_given": 0}
        values |= {"answered": 0, "answered_today": 0, "gold_right": 0}
        insert_or_leave(session, Desk, [values])
        found = session.scalars(query).one()
    return found


def held(session: Session, project_id: int, worker_id: int, now: datetime) -> Sequence[tuple[Assignment, Item]]:
    """Give the assignments that a worker holds, the oldest first."""
    query = select(Assignment, Item).join(Item, Item.id == Assignment.item_id)
    query = query.where(
        Assignment.worker_id == worker_id,
        Assignment.project_id == project_id,
        Assignment.state == AssignmentState.OPEN,
        Assignment.expires_at > now,
    )
    return [(row[0], row[1]) for row in session.execute(query.order_by(Assignment.id))]


def lapsed(session: Session, project_id: int, now: datetime, *, limit: int = 200) -> Sequence[Assignment]:
    """Lock leases of a project whose time is over; those that somebody else has in hand are left to him."""
    query = select(Assignment).where(
        Assignment.project_id == project_id,
        Assignment.state == AssignmentState.OPEN,
        Assignment.expires_at <= now,
    )
    return session.scalars(
        query.order_by(Assignment.expires_at).limit(limit).with_for_update(key_share=True, skip_locked=True)
    ).all()


def free_items(
    session: Session,
    project_id: int,
    worker_id: int,
    *,
    after: int,
    until: int | None,
    limit: int,
) -> Sequence[Item]:
    """Lock items in a stretch of the queue that have room and that this worker never had.

    Rows that others hold are passed over. A row is looked at again once it is locked, so that one
    which filled up meanwhile is not given.
    """
    mine = exists().where(Assignment.item_id == Item.id, Assignment.worker_id == worker_id)
    query = select(Item).where(
        Item.project_id == project_id,
        Item.state == ItemState.OPEN,
        Item.id > after,
        Item.answered + Item.leased < Item.overlap,
        ~mine,
    )
    if until is not None:
        query = query.where(Item.id <= until)
    query = query.order_by(Item.id).limit(limit).with_for_update(key_share=True, skip_locked=True, of=Item)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def free_gold(session: Session, project_id: int, worker_id: int, *, limit: int) -> Sequence[Item]:
    """Give gold items that this worker never had, by chance; they have no places, so nobody is locked out."""
    mine = exists().where(Assignment.item_id == Item.id, Assignment.worker_id == worker_id)
    query = select(Item).where(Item.project_id == project_id, Item.state == ItemState.GOLD, ~mine)
    return session.scalars(query.order_by(func.random()).limit(limit)).all()


def any_unseen(session: Session, project_id: int, worker_id: int) -> bool:
    """Say whether there is an item that takes answers and that this worker never had, free or not."""
    mine = exists().where(Assignment.item_id == Item.id, Assignment.worker_id == worker_id)
    query = select(Item.id).where(Item.project_id == project_id, Item.state == ItemState.OPEN, ~mine)
    return session.scalar(query.limit(1)) is not None


def unseen(
    session: Session, project_id: int, worker_id: int, let_go: Collection[AssignmentState]
) -> tuple[bool, datetime | None]:
    """Say whether there are items that this worker may yet be given, and when a lease of one of them ends.

    Both of one moment: between two questions an item could go from one hand into another, and be in neither.
    """
    other = aliased(Assignment)
    mine = exists().where(other.item_id == Item.id, other.worker_id == worker_id, other.state.not_in(let_go))
    leases = (Assignment.item_id == Item.id, Assignment.state == AssignmentState.OPEN, Assignment.counts)
    query = (
        select(func.count(), func.min(Assignment.expires_at))
        .select_from(Item)
        .join(Assignment, and_(*leases), isouter=True)
        .where(Item.project_id == project_id, Item.state == ItemState.OPEN, ~mine)
    )
    number, ends = session.execute(query).one()
    return number > 0, ends


def let_go(
    session: Session, project_id: int, worker_id: int, states: Collection[AssignmentState], *, limit: int
) -> Sequence[tuple[Assignment, Item]]:
    """Lock items that a worker let go of and may be given again, those that he let go of first.

    Gold comes back as others do; an item that takes answers does where there is a place for him.
    """
    query = select(Assignment, Item).join(Item, Item.id == Assignment.item_id)
    free = and_(Item.state == ItemState.OPEN, Item.answered + Item.leased < Item.overlap)
    query = query.where(
        Assignment.worker_id == worker_id,
        Assignment.project_id == project_id,
        Assignment.state.in_(states),
        or_(free, Item.state == ItemState.GOLD),
    )
    query = query.order_by(Assignment.leased_at, Assignment.id).limit(limit)
    query = query.with_for_update(key_share=True, skip_locked=True)
    return [(row[0], row[1]) for row in session.execute(query.execution_options(populate_existing=True))]


def items_of(
    session: Session, project_id: int, worker_id: int, uids: Collection[uuid.UUID]
) -> dict[uuid.UUID, int]:
    """Give the keys of the items of a worker's assignments in a project."""
    query = select(Assignment.uid, Assignment.item_id).where(Assignment.project_id == project_id)
    query = query.where(Assignment.worker_id == worker_id, Assignment.uid.in_(uids))
    return {uid: item_id for uid, item_id in session.execute(query)}


def count_answers(
    session: Session, project_id: int, worker_id: int, day: date, number: int, *, right: int
) -> None:
    """Note at a worker's desk that he gave so many answers on a day, so many of them right by gold."""
    today = case((Desk.day == day, Desk.answered_today), else_=0) + number
    query = update(Desk).where(Desk.project_id == project_id, Desk.worker_id == worker_id)
    query = query.values(
        answered=Desk.answered + number, answered_today=today, day=day, gold_right=Desk.gold_right + right
    )
    if number:
        session.execute(query.execution_options(synchronize_session=False))


def by_uid(session: Session, uid: uuid.UUID, worker_id: int, *, lock: bool = False) -> Assignment | None:
    """Give an assignment of this worker; somebody else's is not found."""
    query = select(Assignment).where(Assignment.uid == uid, Assignment.worker_id == worker_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalar(query)


def add_report(session: Session, report: Report) -> bool:
    """Keep a report; say whether it is this worker's first of the item."""
    values = {
        "item_id": report.item_id,
        "worker_id": report.worker_id,
        "reason": report.reason,
        "comment": report.comment,
        "created_at": report.created_at,
    }
    return insert_or_leave(session, Report, [values]) == 1


def reports(session: Session, item_id: int) -> Sequence[tuple[Report, str]]:
    query = select(Report, Worker.name).join(Worker, Worker.id == Report.worker_id)
    return [
        (row[0], row[1]) for row in session.execute(query.where(Report.item_id == item_id).order_by(Report.id))
    ]


def had(session: Session, item_id: int, person_id: int) -> bool:
    """Say whether a person has or had an item before him as a worker, whatever he made of it."""
    query = select(Assignment.id).join(Worker, Worker.id == Assignment.worker_id)
    query = query.where(Assignment.item_id == item_id, Worker.person_id == person_id)
    return session.scalar(query.where(Assignment.state != AssignmentState.WITHHELD).limit(1)) is not None


def withhold(session: Session, item: Item, worker_id: int, guideline_version: int, now: datetime) -> None:
    """See to it that a worker is never given an item; one that he had already stays as it is."""
    values = {
        "uid": new_uid(),
        "project_id": item.project_id,
        "item_id": item.id,
        "worker_id": worker_id,
        "state": AssignmentState.WITHHELD,
        "counts": False,
        "guideline_version": guideline_version,
        "leased_at": now,
        "expires_at": now,
    }
    insert_or_leave(session, Assignment, [values])


def states_of_worker(session: Session, worker_id: int, project_id: int) -> dict[str, int]:
    query = select(Assignment.state, func.count()).where(
        Assignment.worker_id == worker_id, Assignment.project_id == project_id
    )
    return {state: number for state, number in session.execute(query.group_by(Assignment.state))}


def live(session: Session, project_id: int, now: datetime) -> int:
    query = select(func.count()).select_from(Assignment)
    query = query.where(Assignment.project_id == project_id, Assignment.state == AssignmentState.OPEN)
    return session.scalar(query.where(Assignment.expires_at > now)) or 0


def first_end(session: Session, project_id: int) -> datetime | None:
    """Say when the next of a project's leases ends."""
    query = select(func.min(Assignment.expires_at))
    return session.scalar(
        query.where(Assignment.project_id == project_id, Assignment.state == AssignmentState.OPEN)
    )


def promised(session: Session, project_id: int) -> int:
    """Sum what is promised to a project's open leases, in ticks."""
    query = select(func.coalesce(func.sum(Assignment.price), 0))
    query = query.where(Assignment.project_id == project_id, Assignment.state == AssignmentState.OPEN)
    return int(session.scalar(query) or 0)
