"""Attempts at trainings and exams, and what was said to each exercise in them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    case,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Keyed, Named, Word, one_of
from crowdqc.records.courses import Course, Exercise
from crowdqc.records.people import Worker


class AttemptState(StrEnum):
    """Whether an attempt goes on."""

    OPEN = "open"
    FINISHED = "finished"


class Attempt(Named, Base):
    """A worker's pass through a course; one at a time."""

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint(one_of("state", AttemptState), name="state"),
        CheckConstraint(
            "(state = 'finished') = (finished_at IS NOT NULL) AND (state = 'finished') = (score IS NOT NULL)"
            " AND (state = 'finished') = (passed IS NOT NULL)",
            name="finished",
        ),
        CheckConstraint("score IS NULL OR (score >= 0 AND score <= 100)", name="score"),
        UniqueConstraint("course_id", "worker_id", "number"),
        Index(
            "uq_attempts_open",
            "course_id",
            "worker_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_attempts_worker_id", "worker_id"),
    )

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"))
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    #: Which of his attempts at the course it is, from 1.
    number: Mapped[int]
    state: Mapped[str] = mapped_column(Word)
    #: The keys of its exercises in the order in which they are given.
    drawn: Mapped[list[Any]]
    started_at: Mapped[datetime]
    #: When its time is over.
    ends_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    #: The share of exercises whose first answer was right, in percent; what was not answered is not right.
    score: Mapped[float | None] = mapped_column(Float(53))
    passed: Mapped[bool | None]


class Response(Keyed, Base):
    """One try at an exercise of an attempt."""

    __tablename__ = "responses"
    __table_args__ = (
        UniqueConstraint("attempt_id", "exercise_id", "turn"),
        CheckConstraint("turn >= 1", name="turn"),
    )

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"))
    exercise_id: Mapped[int] = mapped_column(ForeignKey("exercises.id"), index=True)
    #: Which try at this exercise it is; an exam has one.
    turn: Mapped[int] = mapped_column(SmallInteger)
    label: Mapped[int] = mapped_column(SmallInteger)
    correct: Mapped[bool]
    at: Mapped[datetime]


def by_uid(session: Session, uid: uuid.UUID, worker_id: int, *, lock: bool = False) -> Attempt | None:
    """Give an attempt of this worker; somebody else's is not found."""
    query = select(Attempt).where(Attempt.uid == uid, Attempt.worker_id == worker_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalar(query)


def open_one(session: Session, course_id: int, worker_id: int, *, lock: bool = False) -> Attempt | None:
    query = select(Attempt).where(Attempt.course_id == course_id, Attempt.worker_id == worker_id)
    query = query.where(Attempt.state == AttemptState.OPEN)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalar(query)


def of_worker(session: Session, worker_id: int, course_id: int | None = None) -> Sequence[Attempt]:
    """Give a worker's attempts, at one course or at all, the oldest first."""
    query = select(Attempt).where(Attempt.worker_id == worker_id)
    if course_id is not None:
        query = query.where(Attempt.course_id == course_id)
    return session.scalars(query.order_by(Attempt.id)).all()


def of_course(session: Session, course_id: int, *, after: int, limit: int) -> Sequence[tuple[Attempt, Worker]]:
    """Give the attempts at a course with who made them, the newest first."""
    query = select(Attempt, Worker).join(Worker, Worker.id == Attempt.worker_id)
    query = query.where(Attempt.course_id == course_id)
    if after:
        query = query.where(Attempt.id < after)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Attempt.id.desc()).limit(limit))]


def key(session: Session, uid: uuid.UUID, course_id: int) -> int | None:
    return session.scalar(select(Attempt.id).where(Attempt.uid == uid, Attempt.course_id == course_id))


def responses(session: Session, attempt_id: int) -> Sequence[Response]:
    """Give all that was said in an attempt, in order."""
    return session.scalars(select(Response).where(Response.attempt_id == attempt_id).order_by(Response.id)).all()


def course_of(session: Session, attempt: Attempt) -> Course:
    return session.scalars(select(Course).where(Course.id == attempt.course_id)).one()


def first_answers(session: Session, course_id: int) -> dict[int, tuple[int, int]]:
    """Count how many first answers each exercise of a course had, and how many of them were right."""
    right = func.sum(case((Response.correct, 1), else_=0))
    query = select(Response.exercise_id, func.count(), right).group_by(Response.exercise_id)
    query = query.join(Exercise, Exercise.id == Response.exercise_id)
    query = query.where(Exercise.course_id == course_id, Response.turn == 1)
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}
