"""Jobs: deferred work as rows, written in the transaction that causes it, claimed under a lease by runners."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, func, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from crowdqc.records.base import Base, Named, Word, insert_or_leave, new_uid, one_of


class JobName(StrEnum):
    """What can be deferred; `crowdqc.jobs` says what each means."""

    READ_UPLOAD = "read_upload"
    AGGREGATE = "aggregate"
    PERFORM_RUN = "perform_run"
    APPLY_RULES = "apply_rules"
    ACCEPT_DUE = "accept_due"
    BUILD_RELEASES = "build_releases"
    CHOOSE_ROUND = "choose_round"


class JobState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Named, Base):
    """One piece of deferred work: what, on which rows, from when on."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(one_of("state", JobState), name="state"),
        # Equal jobs that wait are one job.
        Index(
            "uq_jobs_waiting",
            "name",
            "subject",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_jobs_state_due_at", "state", "due_at"),
    )

    name: Mapped[str] = mapped_column(String(64))
    #: The row that it is about: `upload:12`; with the name, what makes two jobs equal.
    subject: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(Word)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    #: A runner's claim, renewed while it lives.
    lease_until: Mapped[datetime | None]
    failure: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    @property
    def row(self) -> int:
        """The key of the row that the job is about."""
        return int(self.subject.rsplit(":", 1)[1])


def add(session: Session, name: JobName, subject: str, *, due_at: datetime, now: datetime) -> None:
    """Defer work; where an equal job waits already, leave it at that."""
    values = {
        "uid": new_uid(),
        "name": name,
        "subject": subject,
        "state": JobState.WAITING,
        "due_at": due_at,
        "attempts": 0,
        "created_at": now,
    }
    insert_or_leave(session, Job, [values])


def claim(session: Session, now: datetime, lease: timedelta) -> Job | None:
    """Take the job that is due longest: one that waits, or one whose runner gives no sign of life.

    A job whose equal is in another runner's hands is left until that one is done.
    """
    other = aliased(Job)
    equal_runs = (
        select(other.id)
        .where(
            other.name == Job.name,
            other.subject == Job.subject,
            other.id != Job.id,
            other.state == JobState.RUNNING,
        )
        .exists()
    )
    query = (
        select(Job)
        .where(
            or_(
                (Job.state == JobState.WAITING) & (Job.due_at <= now) & ~equal_runs,
                (Job.state == JobState.RUNNING) & (Job.lease_until <= now),
            )
        )
        .order_by(Job.due_at, Job.id)
        .limit(1)
        .with_for_update(key_share=True, skip_locked=True)
    )
    job = session.scalar(query.execution_options(populate_existing=True))
    if job is not None:
        job.state = JobState.RUNNING
        job.attempts += 1
        job.lease_until = now + lease
        session.flush()
    return job


def renew(session: Session, key: int, attempt: int, until: datetime) -> bool:
    """Prolong a runner's claim; say whether it still has it."""
    result = session.execute(
        update(Job)
        .where(Job.id == key, Job.attempts == attempt, Job.state == JobState.RUNNING)
        .values(lease_until=until)
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]


def held(session: Session, key: int, attempt: int) -> Job | None:
    """Lock a job that this attempt still has in hand."""
    query = select(Job).where(Job.id == key, Job.attempts == attempt, Job.state == JobState.RUNNING)
    return session.scalar(query.with_for_update(key_share=True).execution_options(populate_existing=True))


def waiting(session: Session, name: str, subject: str) -> Job | None:
    return session.scalar(
        select(Job).where(Job.name == name, Job.subject == subject, Job.state == JobState.WAITING)
    )


def unfinished(session: Session) -> int:
    """Count the jobs that wait or run."""
    query = select(func.count()).select_from(Job).where(Job.state.in_([JobState.WAITING, JobState.RUNNING]))
    return session.scalar(query) or 0


def page(session: Session, *, state: JobState | None, before: int | None, limit: int) -> Sequence[Job]:
    query = select(Job)
    if state is not None:
        query = query.where(Job.state == state)
    if before is not None:
        query = query.where(Job.id < before)
    return session.scalars(query.order_by(Job.id.desc()).limit(limit)).all()


def sweep(session: Session, before: datetime) -> None:
    """Forget jobs that were done before a time."""
    session.execute(
        Job.__table__.delete().where(Job.state == JobState.DONE, Job.finished_at < before)  # type: ignore[attr-defined]
    )


def by_uid(session: Session, uid: uuid.UUID) -> Job | None:
    return session.scalar(select(Job).where(Job.uid == uid))
