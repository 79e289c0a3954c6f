"""Seats: a worker at his desk, with all that a request for items wants to know, in one question.

Statements are made once and kept: at thousands of requests a second it is their making that costs.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, exists, literal_column, select
from sqlalchemy.orm import Session

from crowdqc.records.assignments import Assignment
from crowdqc.records.desks import Desk
from crowdqc.records.people import Worker
from crowdqc.records.projects import Guideline, Project


class Place(NamedTuple):
    """A project that a worker is in."""

    project: Project
    worker: Worker
    guidelines: str
    #: Whether leases of the project are over that nobody freed yet.
    lapsed: bool


class Seat(NamedTuple):
    """A worker at his desk in a project."""

    place: Place
    desk: Desk


_LAPSED = exists().where(
    Assignment.project_id == Project.id,
    Assignment.state == literal_column("'open'"),
    Assignment.expires_at <= bindparam("now"),
)


def _of(*entities: Any) -> Any:
    return (
        select(Project, Worker, Guideline.text, _LAPSED.correlate(Project), *entities)
        .select_from(Project)
        .join(Worker, Worker.person_id == bindparam("person"))
        .join(
            Guideline,
            and_(Guideline.project_id == Project.id, Guideline.version == Project.guideline_version),
            isouter=True,
        )
        .where(Project.uid == bindparam("project"))
    )


_SEAT = (
    _of(Desk)
    .join(Desk, and_(Desk.project_id == Project.id, Desk.worker_id == Worker.id))
    .with_for_update(key_share=True, of=Desk)
    .execution_options(populate_existing=True)
)
_PLACE = _of().with_for_update(read=True, key_share=True, of=Project)


def seat(session: Session, now: datetime, project: uuid.UUID, person_id: int) -> Seat | None:
    """Give a person's desk in a project, where there is one, locked: one worker asks one question at a time."""
    row = session.execute(_SEAT, {"now": now, "project": project, "person": person_id}).one_or_none()
    return None if row is None else Seat(_place(row), row[4])


def place(session: Session, now: datetime, project: uuid.UUID, person_id: int) -> Place | None:
    """Give a project that a person hands something in to; it is held on to (`projects.contribute`)."""
    row = session.execute(_PLACE, {"now": now, "project": project, "person": person_id}).one_or_none()
    return None if row is None else _place(row)


def _place(row: Any) -> Place:
    return Place(row[0], row[1], row[2] or "", bool(row[3]))
