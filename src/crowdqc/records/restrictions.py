"""What follows for a worker: restrictions, and how much his answers count in a project."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Text,
    case,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Keyed, Named
from crowdqc.records.firings import Firing
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project


class Restriction(Named, Base):
    """A worker is given no items of a project, or of any, for a time: by a rule, or by hand."""

    __tablename__ = "restrictions"
    __table_args__ = (
        CheckConstraint("(firing_id IS NULL) <> (imposed_by IS NULL)", name="cause"),
        CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="ends_at"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_why IS NULL)", name="lifted"),
        # The gate's: one look for a worker, over those few that nobody lifted.
        Index(
            "ix_restrictions_worker",
            "worker_id",
            "project_id",
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
        Index("ix_restrictions_project_id_id", "project_id", "id"),
    )

    #: None: of all projects.
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    firing_id: Mapped[int | None] = mapped_column(ForeignKey("firings.id"), unique=True)
    imposed_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    #: Why, as the worker reads it.
    reason: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime]
    #: None: for good.
    ends_at: Mapped[datetime | None]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    lifted_why: Mapped[str | None] = mapped_column(Text)


class WorkerWeight(Keyed, Base):
    """How much a worker's answers count in a project's aggregation while a firing stands: 0 is not at all."""

    __tablename__ = "worker_weights"
    __table_args__ = (
        CheckConstraint("weight >= 0 AND weight < 1", name="weight"),
        Index("ix_worker_weights_project_id", "project_id", "worker_id"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    firing_id: Mapped[int] = mapped_column(ForeignKey("firings.id"), unique=True)
    weight: Mapped[float] = mapped_column(Float(53))
    starts_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


def restriction(session: Session, worker_id: int, project_id: int, now: datetime) -> Restriction | None:
    """Give what keeps a worker out of a project now; of several the one that lasts longest."""
    query = select(Restriction).where(
        Restriction.worker_id == worker_id,
        Restriction.lifted_at.is_(None),
        or_(Restriction.project_id == project_id, Restriction.project_id.is_(None)),
        Restriction.starts_at <= now,
        or_(Restriction.ends_at.is_(None), Restriction.ends_at > now),
    )
    longest = case((Restriction.ends_at.is_(None), 0), else_=1), Restriction.ends_at.desc(), Restriction.id
    return session.scalar(query.order_by(*longest).limit(1))


def add(session: Session, made: Restriction) -> Restriction:
    session.add(made)
    session.flush()
    return made


def by_uid(session: Session, uid: uuid.UUID, *, lock: bool = False) -> Restriction | None:
    query = select(Restriction).where(Restriction.uid == uid)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalar(query)


def of_firings(session: Session, firing_ids: Sequence[int]) -> dict[int, Restriction]:
    query = select(Restriction).where(Restriction.firing_id.in_(firing_ids))
    return {each.firing_id: each for each in session.scalars(query) if each.firing_id is not None}


def page(
    session: Session, *, project_id: int | None, worker_id: int | None = None, before: int | None, limit: int
) -> Sequence[tuple[Restriction, Worker, Project | None, Firing | None]]:
    """Give restrictions with whom and what they are about, the newest first; one of all projects is of each."""
    query = (
        select(Restriction, Worker, Project, Firing)
        .join(Worker, Worker.id == Restriction.worker_id)
        .join(Project, Project.id == Restriction.project_id, isouter=True)
        .join(Firing, Firing.id == Restriction.firing_id, isouter=True)
    )
    if project_id is not None:
        query = query.where(or_(Restriction.project_id == project_id, Restriction.project_id.is_(None)))
    if worker_id is not None:
        query = query.where(Restriction.worker_id == worker_id)
    if before is not None:
        query = query.where(Restriction.id < before)
    rows = session.execute(query.order_by(Restriction.id.desc()).limit(limit))
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def lift(session: Session, firing_id: int, now: datetime, *, by: int | None, why: str) -> None:
    """End the restriction that follows from a firing, where there is one that nobody lifted."""
    query = update(Restriction).where(Restriction.firing_id == firing_id, Restriction.lifted_at.is_(None))
    query = query.values(lifted_at=now, lifted_by=by, lifted_why=why)
    session.execute(query.execution_options(synchronize_session="fetch"))


def add_weight(session: Session, made: WorkerWeight) -> None:
    session.add(made)
    session.flush()


def end_weight(session: Session, firing_id: int, now: datetime) -> bool:
    """Let a worker's answers count again as they did before a firing; say whether they did not."""
    query = update(WorkerWeight).where(WorkerWeight.firing_id == firing_id, WorkerWeight.ended_at.is_(None))
    result = session.execute(query.values(ended_at=now).execution_options(synchronize_session=False))
    return bool(result.rowcount)  # type: ignore[attr-defined]


def weights(session: Session, project_id: int) -> dict[int, float]:
    """Give how much the answers of those workers count that do not count whole; the least of several holds."""
    query = select(WorkerWeight.worker_id, func.min(WorkerWeight.weight))
    query = query.where(WorkerWeight.project_id == project_id, WorkerWeight.ended_at.is_(None))
    return {worker: weight for worker, weight in session.execute(query.group_by(WorkerWeight.worker_id))}
