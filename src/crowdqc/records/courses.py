"""Courses: the trainings and exams of a project, and their exercises."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.quality.qualifications import LONGEST_NAME
from crowdqc.records.base import Base, Named, Word, one_of
from crowdqc.records.projects import Project, ProjectState


class CourseKind(StrEnum):
    """Whether a course teaches or examines."""

    #: A wrong answer shows a hint and has to be corrected; the right one shows the explanation.
    TRAINING = "training"
    #: Nothing is said before the end.
    EXAM = "exam"


class CourseState(StrEnum):
    """Whether workers can begin a course."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class Course(Named, Base):
    """A training or an exam, and the skill that it gives."""

    __tablename__ = "courses"
    __table_args__ = (
        CheckConstraint(one_of("kind", CourseKind), name="kind"),
        CheckConstraint(one_of("state", CourseState), name="state"),
        CheckConstraint("pass_mark >= 0 AND pass_mark <= 100", name="pass_mark"),
        UniqueConstraint("project_id", "name"),
        Index("ix_courses_skill", "skill"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(Word)
    name: Mapped[str] = mapped_column(String(200))
    #: The skill that whoever passes is given; its value is the score.
    skill: Mapped[str] = mapped_column(String(LONGEST_NAME))
    state: Mapped[str] = mapped_column(Word)
    #: The score, from 0 to 100, from which on it is passed.
    pass_mark: Mapped[float] = mapped_column(Float(53))
    #: How many exercises are drawn for an attempt; None: all.
    draw: Mapped[int | None]
    #: How long an attempt may take, in seconds; None: as long as it takes.
    limit_seconds: Mapped[int | None]
    #: How long to wait after an attempt that was not passed.
    retry_hours: Mapped[float] = mapped_column(Float(53))
    #: As many attempts as a worker has; None: any number.
    max_attempts: Mapped[int | None]
    #: How long the skill holds; None: for good.
    valid_days: Mapped[float | None] = mapped_column(Float(53))
    created_at: Mapped[datetime]


class Exercise(Named, Base):
    """One thing to learn from or to be examined on; no item: no queue knows it. Its content never changes."""

    __tablename__ = "exercises"
    __table_args__ = (
        Index(
            "uq_exercises_key",
            "course_id",
            "key",
            unique=True,
            sqlite_where=text("retired_at IS NULL"),
            postgresql_where=text("retired_at IS NULL"),
        ),
    )

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"))
    #: What the requester calls it.
    key: Mapped[str] = mapped_column(String(255))
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    #: The accepted labels; they never leave the server toward a worker.
    truth: Mapped[list[str]]
    #: What is said to who answered wrong, and to who then answered right; in trainings alone.
    hint: Mapped[str | None] = mapped_column(Text)
    explanation: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    #: Since when nobody is given it any longer; attempts that have it keep it.
    retired_at: Mapped[datetime | None]


def by_uid(session: Session, uid: uuid.UUID, *, owner_id: int | None, lock: bool = False) -> Course | None:
    """Give a course; with an owner, only one of his projects."""
    query = select(Course).where(Course.uid == uid)
    if owner_id is not None:
        query = query.join(Project, Project.id == Course.project_id).where(Project.owner_id == owner_id)
    if lock:
        query = query.with_for_update(key_share=True, of=Course).execution_options(populate_existing=True)
    return session.scalar(query)


def by_id(session: Session, key: int) -> Course:
    return session.scalars(select(Course).where(Course.id == key)).one()


def of_project(session: Session, project_id: int) -> Sequence[Course]:
    return session.scalars(select(Course).where(Course.project_id == project_id).order_by(Course.id)).all()


def named(session: Session, project_id: int, name: str) -> Course | None:
    return session.scalar(select(Course).where(Course.project_id == project_id, Course.name == name))


def opened(session: Session) -> Sequence[tuple[Course, Project]]:
    """Give the courses that can be begun, with their projects."""
    query = select(Course, Project).join(Project, Project.id == Course.project_id)
    query = query.where(Course.state == CourseState.OPEN, Project.state == ProjectState.OPEN)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Project.id, Course.id))]


def giving(session: Session, skills: Collection[str]) -> Sequence[Course]:
    """Give the courses that can be begun and give one of the named skills."""
    query = select(Course).join(Project, Project.id == Course.project_id)
    query = query.where(Course.skill.in_(skills), Course.state == CourseState.OPEN)
    return session.scalars(query.where(Project.state == ProjectState.OPEN).order_by(Course.id)).all()


def exercises(session: Session, course_id: int) -> Sequence[Exercise]:
    """Give the exercises of a course that are not retired, in order."""
    query = select(Exercise).where(Exercise.course_id == course_id, Exercise.retired_at.is_(None))
    return session.scalars(query.order_by(Exercise.id)).all()


def exercise_ids(session: Session, course_id: int) -> list[int]:
    query = select(Exercise.id).where(Exercise.course_id == course_id, Exercise.retired_at.is_(None))
    return [*session.scalars(query.order_by(Exercise.id))]


def exercise(session: Session, key: int) -> Exercise:
    return session.scalars(select(Exercise).where(Exercise.id == key)).one()


def exercise_by_uid(session: Session, uid: uuid.UUID, *, owner_id: int | None) -> Exercise | None:
    query = select(Exercise).where(Exercise.uid == uid)
    if owner_id is not None:
        query = query.join(Course, Course.id == Exercise.course_id)
        query = query.join(Project, Project.id == Course.project_id).where(Project.owner_id == owner_id)
    return session.scalar(query)


def sizes(session: Session, course_ids: Collection[int]) -> dict[int, int]:
    """Count the exercises of courses, by course."""
    query = select(Exercise.course_id, func.count()).where(
        Exercise.course_id.in_(course_ids), Exercise.retired_at.is_(None)
    )
    return {key: number for key, number in session.execute(query.group_by(Exercise.course_id))}
