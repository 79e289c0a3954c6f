"""Firings: a rule held of a worker, on which evidence; and the worker's appeal against one."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Row,
    String,
    Text,
    UniqueConstraint,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Named, Word, insert_or_leave, new_uid, one_of
from crowdqc.records.items import Item
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.records.rules import RuleVersion
from crowdqc.records.truths import Truth

#: Rows of evidence that are written at a time.
CHUNK = 2000


class FiringState(StrEnum):
    """Whether what a rule did still holds."""

    STANDING = "standing"
    #: It was not justified: what followed from it is undone.
    OVERTURNED = "overturned"
    #: It was justified, and a QA lead ended what followed from it.
    LIFTED = "lifted"


class Firing(Named, Base):
    """A rule that held of a worker, with all that it rests on."""

    __tablename__ = "firings"
    __table_args__ = (
        CheckConstraint(one_of("state", FiringState), name="state"),
        CheckConstraint("(state = 'standing') = (ended_at IS NULL)", name="ended"),
        # The nth time that a rule acts on a worker there is once: two who look at once do not act twice.
        UniqueConstraint("rule_id", "worker_id", "number"),
        Index("ix_firings_project_id_id", "project_id", "id"),
        Index("ix_firings_worker_id", "worker_id", "id"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    rule_id: Mapped[int] = mapped_column(ForeignKey("rules.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("rule_versions.id"))
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    number: Mapped[int]
    at: Mapped[datetime]
    #: The time of the newest thing that it rests on: only what is later counts for this rule and worker again.
    seen_until: Mapped[datetime]
    #: What was measured, of all conditions the one most worth telling: the key, its value and interval.
    measured: Mapped[str] = mapped_column(String(32))
    value: Mapped[float] = mapped_column(Float(53))
    low: Mapped[float | None] = mapped_column(Float(53))
    high: Mapped[float | None] = mapped_column(Float(53))
    #: How many count.
    count: Mapped[int]
    #: Every condition with its numbers, the window, the level, the action.
    facts: Mapped[dict[str, Any]]
    to_worker: Mapped[str] = mapped_column(Text)
    to_lead: Mapped[str] = mapped_column(Text)
    #: The worker is told; of what is for leads alone he is not.
    told: Mapped[bool] = mapped_column(Boolean)
    #: What the action asks for was done, and not only written down.
    applied: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[str] = mapped_column(Word)
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(Text)
    #: When it was last asked again because a truth that it rests on had changed.
    looked_at: Mapped[datetime | None]


class FiringEvidence(Base):
    """One item that a firing rests on; the worker's answer or his assignment is known by the pair."""

    __tablename__ = "firing_evidence"
    __table_args__ = (Index("ix_firing_evidence_item_id", "item_id"),)

    firing_id: Mapped[int] = mapped_column(ForeignKey("firings.id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True)
    #: None: it was skipped.
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("answers.id"))
    at: Mapped[datetime]


class AppealState(StrEnum):
    """What became of an appeal."""

    OPEN = "open"
    UPHELD = "upheld"
    DENIED = "denied"


class Appeal(Named, Base):
    """A worker says that a firing is wrong, once."""

    __tablename__ = "appeals"
    __table_args__ = (
        CheckConstraint(one_of("state", AppealState), name="state"),
        CheckConstraint("(state = 'open') = (decided_by IS NULL)", name="decided"),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided_at"),
        UniqueConstraint("firing_id"),
        Index("ix_appeals_state_id", "state", "id"),
    )

    firing_id: Mapped[int] = mapped_column(ForeignKey("firings.id"))
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Word)
    created_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]
    why: Mapped[str | None] = mapped_column(Text)
    #: What was put right: of each gold item the labels before and after, and whose firings fell with it.
    corrected: Mapped[list[Any]]


#: A firing with all that is told with it: its rule, the version, the worker, the project, the appeal.
Told = Row[Firing, RuleVersion, Worker, Project, Appeal | None]


def add(session: Session, values: dict[str, Any]) -> Firing | None:
    """Write a firing down; nothing where somebody else was faster to act on the same."""
    uid = new_uid()
    if not insert_or_leave(session, Firing, [values | {"uid": uid}]):
        return None
    return session.scalars(select(Firing).where(Firing.uid == uid)).one()


def add_evidence(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), CHUNK):
        session.execute(FiringEvidence.__table__.insert(), list(rows[start : start + CHUNK]))  # type: ignore[attr-defined]


def by_uid(session: Session, uid: uuid.UUID, *, lock: bool = False) -> Firing | None:
    query = select(Firing).where(Firing.uid == uid)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalar(query)


def by_id(session: Session, key: int, *, lock: bool = False) -> Firing:
    query = select(Firing).where(Firing.id == key)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalars(query).one()


def of_rules(session: Session, rule_ids: Collection[int]) -> Sequence[Firing]:
    """Give all firings of rules, in the order of their making."""
    return session.scalars(select(Firing).where(Firing.rule_id.in_(rule_ids)).order_by(Firing.id)).all()


def resting_on(session: Session, project_id: int, item_ids: Collection[int]) -> Sequence[Firing]:
    """Lock and give the standing firings of a project that rest on one of these items."""
    mine = select(FiringEvidence.firing_id).where(FiringEvidence.item_id.in_(item_ids))
    query = select(Firing).where(
        Firing.project_id == project_id, Firing.state == FiringState.STANDING, Firing.id.in_(mine)
    )
    query = query.order_by(Firing.id).with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def on_other_truths(session: Session, project_id: int) -> Sequence[Firing]:
    """Lock and give the standing firings that rest on items whose truth has changed since."""
    since = func.coalesce(Firing.looked_at, Firing.at)
    changed = (
        select(Truth.id)
        .join(FiringEvidence, FiringEvidence.item_id == Truth.item_id)
        .where(FiringEvidence.firing_id == Firing.id, Truth.at > since)
    )
    query = select(Firing).where(Firing.project_id == project_id, Firing.state == FiringState.STANDING)
    query = query.where(changed.exists()).order_by(Firing.id).with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def evidence(session: Session, firing_id: int) -> Sequence[tuple[FiringEvidence, Item]]:
    """Give what a firing rests on, in the order of time."""
    query = select(FiringEvidence, Item).join(Item, Item.id == FiringEvidence.item_id)
    query = query.where(FiringEvidence.firing_id == firing_id).order_by(FiringEvidence.at, FiringEvidence.item_id)
    return [(row[0], row[1]) for row in session.execute(query)]


def told(
    session: Session,
    *,
    project_id: int | None = None,
    worker_id: int | None = None,
    firing_id: int | None = None,
    owner_id: int | None = None,
    appeals: AppealState | None = None,
    to_worker: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> Sequence[Told]:
    """Give firings with what is told with them, the newest first."""
    query = (
        select(Firing, RuleVersion, Worker, Project, Appeal)
        .join(RuleVersion, RuleVersion.id == Firing.version_id)
        .join(Worker, Worker.id == Firing.worker_id)
        .join(Project, Project.id == Firing.project_id)
        .join(Appeal, Appeal.firing_id == Firing.id, isouter=appeals is None)
    )
    for column, value in (
        (Firing.project_id, project_id),
        (Firing.worker_id, worker_id),
        (Firing.id, firing_id),
        (Project.owner_id, owner_id),
        (Appeal.state, appeals),
    ):
        if value is not None:
            query = query.where(column == value)
    if to_worker:
        query = query.where(Firing.told)
    if before is not None:
        query = query.where(Firing.id < before)
    return session.execute(query.order_by(Firing.id.desc()).limit(limit)).all()


def end(session: Session, firing: Firing, state: FiringState, now: datetime, why: str) -> None:
    """End a firing."""
    firing.state, firing.ended_at, firing.ended_why = state, now, why
    session.flush()


def appeal_by_uid(session: Session, uid: uuid.UUID, *, lock: bool = False) -> Appeal | None:
    query = select(Appeal).where(Appeal.uid == uid)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalar(query)


def add_appeal(session: Session, firing_id: int, text: str, now: datetime) -> bool:
    """Write an appeal down; say whether it is the first against this firing."""
    values = {"uid": new_uid(), "firing_id": firing_id, "text": text, "state": AppealState.OPEN}
    return insert_or_leave(session, Appeal, [values | {"created_at": now, "corrected": []}]) == 1


def mark_restricted(session: Session, worker_id: int) -> None:
    """Note on a worker that he was restricted once, so that a gate asks for nothing of all the others."""
    query = update(Worker).where(Worker.id == worker_id, ~Worker.restricted).values(restricted=True)
    session.execute(query.execution_options(synchronize_session=False))
