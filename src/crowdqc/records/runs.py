"""Runs: one aggregation over a project's answers, with all that is needed to repeat it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Key, Named, Word, one_of
from crowdqc.records.projects import Project


class RunState(StrEnum):
    """How far a run is."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class RunCause(StrEnum):
    """Who wanted it: answers that arrived, or a person."""

    ANSWERS = "answers"
    PERSON = "person"


class Run(Named, Base):
    """One aggregation."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint(one_of("state", RunState), name="state"),
        CheckConstraint(one_of("cause", RunCause), name="cause"),
        Index("ix_runs_project_id_id", "project_id", "id"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    state: Mapped[str] = mapped_column(Word)
    cause: Mapped[str] = mapped_column(Word)
    #: The run that this one repeats, over the same answers, truths and predictions.
    repeats_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    method: Mapped[str] = mapped_column(String(64))
    #: Every parameter of the method, the defaults as well.
    parameters: Mapped[dict[str, Any]]
    #: The review policy and the cost matrix as they were.
    policy: Mapped[list[Any]]
    costs: Mapped[list[Any] | None]
    #: What an answer and an expert cost, and as many answers as an item may have.
    saving: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    classes: Mapped[list[str]]
    seed: Mapped[int] = mapped_column(BigInteger)
    code_version: Mapped[str] = mapped_column(String(64))
    #: What it read: answers and predictions up to these keys, and the truths that were known.
    answers_until: Mapped[int] = mapped_column(Key, default=0)
    predictions_until: Mapped[int] = mapped_column(Key, default=0)
    truths: Mapped[dict[str, Any] | None]
    #: How much the answers of workers counted, by their keys inside; of all others whole.
    weights: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    #: SHA-256 of what went in and of what came out: equal where a repetition is exact.
    input_hash: Mapped[str | None] = mapped_column(String(64))
    output_hash: Mapped[str | None] = mapped_column(String(64))
    #: Figures of the whole: counts, agreement, convergence.
    summary: Mapped[dict[str, Any] | None]
    failure: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


def by_id(session: Session, key: int, *, lock: bool = False) -> Run:
    query = select(Run).where(Run.id == key)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalars(query).one()


def by_uid(session: Session, uid: uuid.UUID, *, owner_id: int | None) -> Run | None:
    query = select(Run).where(Run.uid == uid)
    if owner_id is not None:
        query = query.join(Project, Project.id == Run.project_id).where(Project.owner_id == owner_id)
    return session.scalar(query)


def latest(session: Session, project_id: int) -> Run | None:
    """Give a project's newest run that is done and counts: a repetition changes nothing, so it does not."""
    query = select(Run).where(Run.project_id == project_id, Run.state == RunState.DONE, Run.repeats_id.is_(None))
    return session.scalar(query.order_by(Run.id.desc()).limit(1))


def page(session: Session, project_id: int, *, before: int | None, limit: int) -> Sequence[Run]:
    query = select(Run).where(Run.project_id == project_id)
    if before is not None:
        query = query.where(Run.id < before)
    return session.scalars(query.order_by(Run.id.desc()).limit(limit)).all()


def waits(session: Session, project_id: int) -> bool:
    """Say whether a run of a project is asked for and not done."""
    return waiting(session, project_id) is not None


def waiting(session: Session, project_id: int, cause: RunCause | None = None) -> Run | None:
    query = select(Run).where(
        Run.project_id == project_id, Run.state == RunState.WAITING, Run.repeats_id.is_(None)
    )
    if cause is not None:
        query = query.where(Run.cause == cause)
    return session.scalar(query.order_by(Run.id).limit(1))
