"""Assignments, items leased to workers, and reports of problems."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
    any_,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records import reservations
from crowdqc.records.base import (
    Base,
    Keyed,
    Loose,
    Named,
    Prepared,
    Together,
    Word,
    insert_or_leave,
    new_uid,
    one_of,
)
from crowdqc.records.desks import moved
from crowdqc.records.items import Item, ItemState, Shown
from crowdqc.records.jobs import Job, JobName
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


class Lease(NamedTuple):
    """An assignment as its worker sees it."""

    uid: uuid.UUID
    item_id: int
    state: str
    guideline_version: int
    leased_at: datetime
    expires_at: datetime
    draft: dict[str, Any] | None = None
    draft_version: int = 0

    @classmethod
    def of(cls, assignment: Assignment) -> Lease:
        return cls(*(getattr(assignment, name) for name in cls._fields))


class Report(Keyed, Base):
    """A worker says that something is wrong with an item."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("item_id", "worker_id"),)

    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    reason: Mapped[str] = mapped_column(Word)
    comment: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


#: Asked at each request for items: made once, for it costs more to make than to run.
_HELD = Prepared(
    select(
        Assignment.uid,
        Assignment.item_id,
        Assignment.state,
        Assignment.guideline_version,
        Assignment.leased_at,
        Assignment.expires_at,
        Assignment.draft,
        Assignment.draft_version,
        Item.key,
        Item.content,
        Item.rank,
        Item.state,
    )
    .join(Item, Item.id == Assignment.item_id)
    .where(
        Assignment.worker_id == bindparam("worker"),
        Assignment.project_id == bindparam("project"),
        Assignment.state == literal_column("'open'"),
        Assignment.expires_at > bindparam("now"),
    )
    .order_by(Assignment.id)
)


def held(session: Session, project_id: int, worker_id: int, now: datetime) -> list[tuple[Lease, Shown]]:
    """Give what a worker holds, the oldest first."""
    rows = _HELD.rows(session, {"project": project_id, "worker": worker_id, "now": now})
    return [(Lease(*row[:8]), Shown(row[1], *row[8:])) for row in rows]


_GIVEN = (
    "uid", "project_id", "item_id", "worker_id", "state", "counts", "guideline_version", "leased_at", "expires_at",
    "price",
)  # fmt: skip
_TABLE: Any = Assignment.__table__
_GIVE = insert(_TABLE).values({name: bindparam(f"new_{name}") for name in _GIVEN} | {"draft_version": 0})
_GIVE_ONE = Together(moved, _GIVE)


def give(session: Session, rows: Sequence[dict[str, Any]], place: dict[str, int]) -> None:
    """Write down new leases, each with all of `_GIVEN`, and where the worker's desk stands now (`desks.moved`)."""
    named = [{f"new_{name}": row[name] for name in _GIVEN} for row in rows]
    if len(named) == 1:
        _GIVE_ONE.run(session, named[0] | place)
    else:
        session.connection().execute(moved, place)
        session.connection().execute(_GIVE, named)


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


def let_go(
    session: Session, project_id: int, worker_id: int, states: Collection[AssignmentState], *, limit: int
) -> Sequence[tuple[Assignment, Item]]:
    """Lock items that a worker let go of and may be given again, those that he let go of first.

    Gold comes back as others do; an item that takes answers does where there is a place for him.
    """
    query = select(Assignment, Item).join(Item, Item.id == Assignment.item_id)
    free = and_(
        Item.state == ItemState.OPEN,
        Item.answered + Item.leased < Item.overlap,
        reservations.open_to(worker_id),
    )
    query = query.where(
        Assignment.worker_id == worker_id,
        Assignment.project_id == project_id,
        Assignment.state.in_(states),
        or_(free, Item.state == ItemState.GOLD),
    )
    query = query.order_by(Assignment.leased_at, Assignment.id).limit(limit)
    query = query.with_for_update(key_share=True, skip_locked=True)
    return [(row[0], row[1]) for row in session.execute(query.execution_options(populate_existing=True))]


_LOOSE = Loose(
    Assignment, "id", "uid", "project_id", "item_id", "worker_id", "state", "counts", "guideline_version",
    "leased_at", "expires_at", "price",
)  # fmt: skip
_LOOSE_ITEM = Loose(Item, "id", "state", "overlap", "answered", "leased", "truth", "truth_source")


def _in_hand(named: Any) -> Prepared:
    waits = exists().where(
        Job.state == literal_column("'waiting'"),
        Job.name == bindparam("job"),
        Job.subject == bindparam("subject"),
    )
    return Prepared(
        select(*_LOOSE.columns, *_LOOSE_ITEM.columns, waits)
        .join(Item, Item.id == Assignment.item_id)
        .where(Assignment.worker_id == bindparam("worker"), named)
        # Items are locked in the order of their keys: two who hand in the same ones do not wait in a circle.
        .order_by(Assignment.item_id)
        .with_for_update(key_share=True, of=(Assignment, Item))
    )


#: On PostgreSQL a list is one value, so that the statement is the same for any length of it.
_IN_HAND = _in_hand(Assignment.uid.in_(bindparam("uids", expanding=True)))
_IN_HAND_LISTED = _in_hand(Assignment.uid == any_(bindparam("uids", type_=postgresql.ARRAY(Uuid()))))


def in_hand(
    session: Session, worker_id: int, uids: Collection[uuid.UUID], *, job: JobName, subject: str
) -> tuple[Sequence[tuple[Assignment, Item]], bool]:
    """Lock those of a worker's assignments that are named, and their items; say whether a job waits already.

    They are loose, with the columns that an answer asks for. Whoever holds on to the project before he asks
    (`seats.about`, `seats.place`) can rely on that job: it reads what is there once he has let go.
    """
    asked = _IN_HAND_LISTED if session.get_bind().dialect.name == "postgresql" else _IN_HAND
    rows = asked.rows(session, {"worker": worker_id, "uids": list(uids), "job": job, "subject": subject})
    found = [(_LOOSE.of(row[: len(_LOOSE)]), _LOOSE_ITEM.of(row[len(_LOOSE) : -1])) for row in rows]
    return found, bool(rows and rows[0][-1])


def accept(session: Session, ids: Collection[int]) -> None:
    """Note that answers are accepted."""
    query = update(Assignment).where(Assignment.id.in_(ids)).values(state=AssignmentState.ACCEPTED)
    session.execute(query.execution_options(synchronize_session=False))


def accept_later(session: Session, ids: Collection[int], moment: datetime) -> None:
    """Note when answers are accepted by themselves."""
    query = update(Assignment).where(Assignment.id.in_(ids)).values(accept_by=moment)
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


def withhold(
    session: Session,
    item: Item,
    worker_ids: Collection[int],
    guideline_version: int,
    now: datetime,
    *,
    reason: str | None = None,
) -> None:
    """See to it that workers are never given an item; one that somebody had already stays as it is."""
    rows = [
        {
            "uid": new_uid(),
            "project_id": item.project_id,
            "item_id": item.id,
            "worker_id": worker_id,
            "state": AssignmentState.WITHHELD,
            "counts": False,
            "guideline_version": guideline_version,
            "leased_at": now,
            "expires_at": now,
            "reason": reason,
        }
        for worker_id in sorted(worker_ids)
    ]
    if rows:
        insert_or_leave(session, Assignment, rows)


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
