"""Seats: a worker at his desk, with all that a request for items wants to know, in one question.

Statements are made once and kept, and what they give is loose: at thousands of requests a second it is the making
of statements and the keeping of objects that costs. What is changed in what comes from here is not kept.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, exists, literal_column, select
from sqlalchemy.orm import Session

from crowdqc.records.assignments import Assignment
from crowdqc.records.base import Loose, Prepared
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


_PROJECT, _WORKER, _DESK = Loose(Project), Loose(Worker), Loose(Desk)
_PLACE_COLUMNS = [*_PROJECT.columns, *_WORKER.columns, Guideline.text, _LAPSED.correlate(Project)]


def _of(*columns: Any) -> Any:
    return (
        select(*_PLACE_COLUMNS, *columns)
        .select_from(Project)
        .join(Worker, Worker.person_id == bindparam("person"))
        .join(
            Guideline,
            and_(Guideline.project_id == Project.id, Guideline.version == Project.guideline_version),
            isouter=True,
        )
        .where(Project.uid == bindparam("project"))
    )


_SEAT = Prepared(
    _of(*_DESK.columns)
    .join(Desk, and_(Desk.project_id == Project.id, Desk.worker_id == Worker.id))
    .with_for_update(key_share=True, of=Desk)
)
_PLACE = Prepared(_of().with_for_update(read=True, key_share=True, of=Project))


def seat(session: Session, now: datetime, project: uuid.UUID, person_id: int) -> Seat | None:
    """Give a person's desk in a project, where there is one, locked: one worker asks one question at a time."""
    for row in _SEAT.rows(session, {"now": now, "project": project, "person": person_id}):
        return Seat(_place(row), _DESK.of(row[len(_PLACE_COLUMNS) :]))
    return None


def place(session: Session, now: datetime, project: uuid.UUID, person_id: int) -> Place | None:
    """Give a project that a person hands something in to; it is held on to (`projects.contribute`)."""
    for row in _PLACE.rows(session, {"now": now, "project": project, "person": person_id}):
        return _place(row)
    return None


def _place(row: Any) -> Place:
    first, last = len(_PROJECT), len(_PROJECT) + len(_WORKER)
    return Place(_PROJECT.of(row[:first]), _WORKER.of(row[first:last]), row[last] or "", bool(row[last + 1]))


_ABOUT = Prepared(
    select(*_PROJECT.columns, *_WORKER.columns)
    .select_from(Project)
    .join(Assignment, Assignment.project_id == Project.id)
    .join(Worker, Worker.id == Assignment.worker_id)
    .where(Assignment.uid == bindparam("uid"), Worker.person_id == bindparam("person"))
    .with_for_update(read=True, key_share=True, of=Project)
)


def about(session: Session, uid: uuid.UUID, person_id: int) -> tuple[Project, Worker] | None:
    """Give the project of a person's assignment, to which he will add something (it is held on to), and him."""
    for row in _ABOUT.rows(session, {"uid": uid, "person": person_id}):
        return _PROJECT.of(row[: len(_PROJECT)]), _WORKER.of(row[len(_PROJECT) :])
    return None
