"""Courses as their makers see them: trainings and exams, what they ask for, their exercises, how workers fare."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError

from crowdqc.errors import Conflict, Invalid, Missing
from crowdqc.formats import UnknownFormat, Unreadable
from crowdqc.quality import qualifications
from crowdqc.records import attempts, courses, projects
from crowdqc.records.attempts import Attempt
from crowdqc.records.courses import Course, CourseKind, CourseState, Exercise
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.roles import Actor
from crowdqc.services import exercises, reach
from crowdqc.services.exercises import MOST
from crowdqc.services.transaction import Transaction

__all__ = ["MOST", "Attempt", "Course", "CourseKind", "CourseState", "Exercise", "UnknownFormat", "Unreadable"]


class NoSuchCourse(Missing):
    """There is no such training or exam among yours."""


class NoSuchExercise(Missing):
    """There is no such exercise among yours."""


class NoSuchAttempt(Missing):
    """There is no such attempt at this training or exam."""


class BadCourse(Invalid):
    """The training or exam is not valid."""


class CourseNameTaken(Conflict):
    """The project has a training or exam of this name already."""


class NoExercises(Conflict):
    """There are too few exercises for this."""


#: What may be said of a course, and what holds where nothing is said: for a training, for an exam.
DEFAULTS: Mapping[CourseKind, Mapping[str, Any]] = {
    CourseKind.TRAINING: {"pass_mark": 0.0, "retry_hours": 0.0},
    CourseKind.EXAM: {"pass_mark": 80.0, "retry_hours": 24.0},
}
_NOTHING: Mapping[str, Any] = {"draw": None, "limit_seconds": None, "max_attempts": None, "valid_days": None}

#: name: (least, greatest, whether it is a whole number, whether there need be none)
_NUMBERS: Mapping[str, tuple[float, float, bool, bool]] = {
    "pass_mark": (0, 100, False, False),
    "retry_hours": (0, 8784, False, False),
    "draw": (1, MOST, True, True),
    "limit_seconds": (10, 7 * 86400, True, True),
    "max_attempts": (1, 1000, True, True),
    "valid_days": (0.01, 36525, False, True),
}


@dataclass(frozen=True, slots=True)
class Outline:
    """A course with how many exercises it has, and its project."""

    course: Course
    project: Project
    exercises: int


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a file of exercises: new ones, ones in the place of others, ones that were there."""

    added: int
    replaced: int
    unchanged: int


def create(
    tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, kind: CourseKind, name: str, **values: Any
) -> Outline:
    """Make a training or an exam, as a draft; raise BadCourse, CourseNameTaken. None asks for the default."""
    project = reach.own_project(tx, actor, project_uid)
    values = {part: value for part, value in values.items() if value is not None}
    values = {"skill": name, **_NOTHING, **DEFAULTS[kind], **values}
    _check(values)
    course = Course(
        project_id=project.id, kind=kind, name=name, state=CourseState.DRAFT, created_at=tx.now, **values
    )
    _named(tx, course)
    return Outline(course, project, 0)


def update(tx: Transaction, actor: Actor, uid: uuid.UUID, **values: Any) -> Outline:
    """Change a course: what is not named stays; attempts that are under way go on by the new rules."""
    course, project = _own(tx, actor, uid)
    # None asks for no limit where there need be none, and elsewhere for no change.
    values = {part: value for part, value in values.items() if value is not None or part in _NOTHING}
    _check({part: value for part, value in values.items() if part not in ("name", "state")})
    size = len(courses.exercise_ids(tx.session, course.id))
    if values.get("state") == CourseState.OPEN and not size:
        raise NoExercises(mend="Upload exercises first.")
    for part, value in values.items():
        setattr(course, part, value)
    _named(tx, course)
    return Outline(course, project, size)


def get(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Outline:
    """Give a course of a project that the actor may see; raise NoSuchCourse."""
    course = _seen(tx, actor, uid)
    size = courses.sizes(tx.session, [course.id]).get(course.id, 0)
    return Outline(course, projects.by_id(tx.session, course.project_id), size)


def of_project(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> Sequence[Outline]:
    """Give the courses of a project."""
    project = reach.project(tx, actor, project_uid)
    found = courses.of_project(tx.session, project.id)
    sizes = courses.sizes(tx.session, [course.id for course in found])
    return [Outline(course, project, sizes.get(course.id, 0)) for course in found]


def bring(
    tx: Transaction,
    actor: Actor,
    uid: uuid.UUID,
    *,
    content: bytes,
    filename: str | None,
    content_type: str | None,
) -> Brought:
    """Add the exercises of a small file, all of them or none; raise exercises.BadExercises with every bad line.

    One of the same name and content is left alone; with other content it takes the other's place for attempts
    that begin from now on.
    """
    course, project = _own(tx, actor, uid)
    drafts = exercises.read(content, project.classes, filename=filename, content_type=content_type)
    known = {each.key: each for each in courses.exercises(tx.session, course.id)}
    fresh = [draft for draft in drafts if draft.key not in known]
    changed = [
        draft for draft in drafts if draft.key in known and known[draft.key].content_hash != draft.content_hash()
    ]
    if len(known) + len(fresh) > MOST:
        raise NoExercises(f"A training or exam has {MOST} exercises at the most.", mend="Make a second one.")
    for draft in changed:
        known[draft.key].retired_at = tx.now
    tx.session.flush()
    for draft in [*fresh, *changed]:
        tx.session.add(
            Exercise(
                course_id=course.id,
                key=draft.key,
                content=draft.content,
                content_hash=draft.content_hash(),
                truth=draft.truth,
                hint=draft.hint,
                explanation=draft.explanation,
                created_at=tx.now,
            )
        )
    tx.session.flush()
    return Brought(len(fresh), len(changed), len(drafts) - len(fresh) - len(changed))


def listed(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Sequence[tuple[Exercise, int, int]]:
    """Give a course's exercises, each with how many first answers it had and how many of them were right."""
    course = _seen(tx, actor, uid)
    told = attempts.first_answers(tx.session, course.id)
    return [(each, *told.get(each.id, (0, 0))) for each in courses.exercises(tx.session, course.id)]


def retire(tx: Transaction, actor: Actor, uid: uuid.UUID) -> None:
    """Take an exercise out of attempts that begin from now on; raise NoExercises for an open course's last one."""
    found = courses.exercise_by_uid(tx.session, uid, owner_id=actor.own_only(reach.SEES_ALL))
    if found is None:
        raise NoSuchExercise(exercise=str(uid))
    course, _ = _own(tx, actor, courses.by_id(tx.session, found.course_id).uid)
    left = len(courses.exercise_ids(tx.session, course.id)) - (found.retired_at is None)
    if course.state == CourseState.OPEN and not left:
        raise NoExercises("This is the last exercise of an open training or exam.", mend="Close it first.")
    found.retired_at = found.retired_at or tx.now


def results(
    tx: Transaction, actor: Actor, uid: uuid.UUID, *, before: uuid.UUID | None, limit: int
) -> Sequence[tuple[Attempt, Worker]]:
    """Give the attempts at a course, the newest first."""
    course = _seen(tx, actor, uid)
    start = 0
    if before is not None:
        found = attempts.key(tx.session, before, course.id)
        if found is None:
            raise NoSuchAttempt(attempt=str(before))
        start = found
    return attempts.of_course(tx.session, course.id, after=start, limit=limit)


def _seen(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Course:
    found = courses.by_uid(tx.session, uid, owner_id=actor.own_only(reach.SEES_ALL))
    if found is None:
        raise NoSuchCourse(course=str(uid))
    return found


def _own(tx: Transaction, actor: Actor, uid: uuid.UUID) -> tuple[Course, Project]:
    """Give a course that the actor may change, locked: one change to its exercises at a time."""
    seen = _seen(tx, actor, uid)
    project = reach.own_project(tx, actor, projects.by_id(tx.session, seen.project_id).uid)
    locked = courses.by_uid(tx.session, uid, owner_id=None, lock=True)
    assert locked is not None
    return locked, project


def _named(tx: Transaction, course: Course) -> None:
    """Write a course down; raise CourseNameTaken."""
    tx.session.add(course)
    try:
        tx.session.flush()
    except IntegrityError:
        raise CourseNameTaken(mend="Choose another name.") from None


def _check(values: Mapping[str, Any]) -> None:
    """Raise BadCourse that names every fault."""
    faults: list[dict[str, object]] = []
    for part, value in values.items():
        if part == "skill":
            try:
                qualifications.name(value)
            except qualifications.BadName as error:
                faults.append({"where": "skill", "what": error.errors[0]["what"]})
            continue
        least, greatest, whole, may_be_none = _NUMBERS[part]
        if value is None and may_be_none:
            continue
        kinds = (int,) if whole else (int, float)
        fits = isinstance(value, kinds) and not isinstance(value, bool)
        if not fits or not least <= value <= greatest:
            word = "whole number" if whole else "number"
            faults.append({"where": part, "what": f"is not a {word} from {least:g} to {greatest:g}"})
    if faults:
        raise BadCourse(mend="Mend the faults listed.", errors=faults)
