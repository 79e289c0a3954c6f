"""Projects and the versions of their guidelines."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Keyed, Named, Word, one_of


class ProjectState(StrEnum):
    """What may happen in a project."""

    DRAFT = "draft"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class AnswerType(StrEnum):
    """What an answer is; more words come here with the code that reads them."""

    SINGLE_CHOICE = "single_choice"


class Project(Named, Base):
    """What is asked, of whom, and how good it has to be."""

    __tablename__ = "projects"
    __table_args__ = (
        CheckConstraint(one_of("state", ProjectState), name="state"),
        CheckConstraint(one_of("answer_type", AnswerType), name="answer_type"),
        Index("ix_projects_owner_id_id", "owner_id", "id"),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str] = mapped_column(String(200))
    question: Mapped[str] = mapped_column(Text)
    answer_type: Mapped[str] = mapped_column(Word)
    #: The classes' names in order; an answer keeps a class's number, so the list only ever grows at its end.
    classes: Mapped[list[str]]
    state: Mapped[str] = mapped_column(Word)
    #: The quality plan (see `crowdqc.services.plans`).
    plan: Mapped[dict[str, Any]]
    guideline_version: Mapped[int] = mapped_column(default=1)
    #: Whether items of it were ever reserved: only then the queue looks for a worker's reservations.
    reserves: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: Some of its worker rules are on; kept here so that whoever gives an answer need not ask.
    rules_on: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]


class Guideline(Keyed, Base):
    """One version of what workers are told; versions are never rewritten."""

    __tablename__ = "guidelines"
    __table_args__ = (UniqueConstraint("project_id", "version"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


def by_uid(session: Session, uid: uuid.UUID, *, owner_id: int | None, lock: bool = False) -> Project | None:
    """Give a project; with an owner, only his: a stranger's is not found."""
    query = select(Project).where(Project.uid == uid)
    if owner_id is not None:
        query = query.where(Project.owner_id == owner_id)
    return session.scalar(query.with_for_update(key_share=True) if lock else query)


def by_id(session: Session, key: int, *, lock: bool = False) -> Project:
    """Give a project; locked, one change to it at a time, while answers go on coming in.

    A row that points at a project (an answer, a lease) holds on to it. A full lock would keep out those who hold
    an item and are about to write such a row, and whoever has it may wait for that item: a circle.
    """
    query = select(Project).where(Project.id == key)
    return session.scalars(query.with_for_update(key_share=True) if lock else query).one()


def contribute(session: Session, key: int) -> Project:
    """Give a project to which this transaction adds something that a run must hear of; see `settle`."""
    return session.scalars(
        select(Project).where(Project.id == key).with_for_update(read=True, key_share=True)
    ).one()


def settle(session: Session, key: int) -> Project:
    """Lock a project when all that is being contributed to it is in, and keep others waiting until the commit.

    Who found the job of a run waiting, and so deferred none, is heard by that run; and no answer with a key below
    the newest comes in later. Hold nothing else, and commit soon.
    """
    return session.scalars(select(Project).where(Project.id == key).with_for_update()).one()


def page(session: Session, *, owner_id: int | None, after: int, limit: int) -> Sequence[Project]:
    query = select(Project).where(Project.id > after)
    if owner_id is not None:
        query = query.where(Project.owner_id == owner_id)
    return session.scalars(query.order_by(Project.id).limit(limit)).all()


def opened(session: Session) -> Sequence[Project]:
    return session.scalars(select(Project).where(Project.state == ProjectState.OPEN).order_by(Project.id)).all()


def named(session: Session, owner_id: int, name: str) -> Project | None:
    return session.scalar(select(Project).where(Project.owner_id == owner_id, Project.name == name))


def guideline(session: Session, project_id: int, version: int) -> Guideline | None:
    return session.scalar(
        select(Guideline).where(Guideline.project_id == project_id, Guideline.version == version)
    )


def guidelines(session: Session, project_id: int) -> Sequence[Guideline]:
    query = select(Guideline).where(Guideline.project_id == project_id)
    return session.scalars(query.order_by(Guideline.version)).all()
