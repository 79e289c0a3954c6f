"""Trainings and exams over the API, for those who make them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import request
from pydantic import Field

from app.api.v1.uploads import TAKES, FileIn
from app.http import Api, Call
from app.shapes import In, Name, Number, Out, PageIn, Whole, following
from crowdqc.roles import Role
from crowdqc.services import courses, exercises
from crowdqc.services.courses import Attempt, Brought, CourseKind, CourseState, Exercise, Outline, Worker

api = Api("courses")

SEES = (Role.REQUESTER, Role.EXPERT, Role.QA_LEAD, Role.ADMIN)
CHANGES = (Role.REQUESTER, Role.ADMIN)


class RulesIn(In):
    """What a training or exam asks for."""

    skill: Name | None = Field(None, description="the skill that it gives; by default of the same name")
    pass_mark: Number | None = Field(None, description="score from which on it is passed: 0 to 100")
    draw: Whole | None = Field(None, description="how many exercises are drawn for an attempt; null: all")
    limit_seconds: Whole | None = Field(None, description="how long an attempt may take; null: any time")
    retry_hours: Number | None = Field(None, description="how long to wait before the next attempt")
    max_attempts: Whole | None = Field(None, description="as many attempts as a worker has; null: any number")
    valid_days: Number | None = Field(None, description="how long the skill holds; null: for good")


class CourseIn(RulesIn):
    """A new training or exam."""

    kind: CourseKind
    name: Name


class CourseChangesIn(RulesIn):
    """What is to change of a training or exam."""

    name: Name | None = None
    state: CourseState | None = None


class CourseOut(Out):
    """A training or an exam."""

    id: uuid.UUID
    project: uuid.UUID
    kind: CourseKind
    name: str
    skill: str
    state: CourseState
    pass_mark: float
    draw: int | None
    limit_seconds: int | None
    retry_hours: float
    max_attempts: int | None
    valid_days: float | None
    exercises: int
    created_at: datetime

    @classmethod
    def of(cls, found: Outline) -> CourseOut:
        other = ("id", "project", "exercises")
        facts = {name: getattr(found.course, name) for name in cls.model_fields if name not in other}
        return cls(id=found.course.uid, project=found.project.uid, exercises=found.exercises, **facts)


class CoursesOut(Out):
    """The trainings and exams of a project."""

    data: list[CourseOut]


class BroughtOut(Out):
    """What became of a file of exercises."""

    added: int
    replaced: int = Field(description="in the place of one of the same name, for attempts that begin from now on")
    unchanged: int

    @classmethod
    def of(cls, brought: Brought) -> BroughtOut:
        return cls(added=brought.added, replaced=brought.replaced, unchanged=brought.unchanged)


class ExerciseOut(Out):
    """An exercise as its makers see it."""

    id: uuid.UUID
    key: str
    content: dict[str, Any]
    truth: list[str]
    hint: str | None
    explanation: str | None
    answers: int = Field(description="first answers that it had")
    right: int = Field(description="first answers that were right")

    @classmethod
    def of(cls, exercise: Exercise, answers: int, right: int) -> ExerciseOut:
        return cls(
            id=exercise.uid,
            key=exercise.key,
            content=exercise.content,
            truth=exercise.truth,
            hint=exercise.hint,
            explanation=exercise.explanation,
            answers=answers,
            right=right,
        )


class ExercisesOut(Out):
    """The exercises of a training or exam."""

    data: list[ExerciseOut]


class ResultOut(Out):
    """An attempt as the makers of the course see it."""

    id: uuid.UUID
    worker: uuid.UUID
    worker_name: str
    number: int
    state: str
    started_at: datetime
    ends_at: datetime | None
    finished_at: datetime | None
    score: float | None
    passed: bool | None

    @classmethod
    def of(cls, attempt: Attempt, worker: Worker) -> ResultOut:
        facts = {name: getattr(attempt, name) for name in cls.model_fields if name not in ("id", *_OF_WORKER)}
        return cls(id=attempt.uid, worker=worker.uid, worker_name=worker.name, **facts)


_OF_WORKER = ("worker", "worker_name")


class ResultsOut(Out):
    """A page of attempts, the newest first."""

    data: list[ResultOut]
    next: uuid.UUID | None


@api.get("/projects/{project}/courses", roles=SEES)
def of_project(call: Call, project: uuid.UUID) -> CoursesOut:
    """List the trainings and exams of a project."""
    return CoursesOut(data=[CourseOut.of(each) for each in courses.of_project(call.tx, call.actor, project)])


@api.post("/projects/{project}/courses", roles=CHANGES, status=201)
def create(call: Call, project: uuid.UUID, body: CourseIn) -> CourseOut:
    """Make a training or an exam, as a draft."""
    return CourseOut.of(courses.create(call.tx, call.actor, project, **body.model_dump()))


@api.get("/courses/{course}", roles=SEES)
def get(call: Call, course: uuid.UUID) -> CourseOut:
    """Get a training or an exam."""
    return CourseOut.of(courses.get(call.tx, call.actor, course))


@api.patch("/courses/{course}", roles=CHANGES)
def update(call: Call, course: uuid.UUID, body: CourseChangesIn) -> CourseOut:
    """Change a training or an exam; open it to workers, or close it."""
    return CourseOut.of(courses.update(call.tx, call.actor, course, **body.model_dump(exclude_unset=True)))


@api.post(
    "/courses/{course}/exercises",
    roles=CHANGES,
    own_transaction=True,
    takes=("application/json", *TAKES),
)
def bring(call: Call, course: uuid.UUID, query: FileIn) -> BroughtOut:
    """Upload exercises, all of a file or none.

    One row an exercise: `exercise` (or `item`) names it, `truth` holds its accepted labels joined by `|`, `hint`
    is shown to who answers wrong and `explanation` to who then answers right; all other columns are shown. The
    file is csv, tsv, JSON lines, Parquet, or one JSON list of objects; 4 MiB and 2000 exercises at the most.
    """
    content = request.stream.read(exercises.LARGEST + 1)
    with call.installation.transaction() as tx:
        brought = courses.bring(
            tx, call.actor, course, content=content, filename=query.filename, content_type=request.mimetype or None
        )
    return BroughtOut.of(brought)


@api.get("/courses/{course}/exercises", roles=SEES)
def listed(call: Call, course: uuid.UUID) -> ExercisesOut:
    """List the exercises of a training or exam, and how often the first answer to each was right."""
    return ExercisesOut(data=[ExerciseOut.of(*each) for each in courses.listed(call.tx, call.actor, course)])


@api.delete("/exercises/{exercise}", roles=CHANGES)
def retire(call: Call, exercise: uuid.UUID) -> None:
    """Take an exercise out of attempts that begin from now on."""
    courses.retire(call.tx, call.actor, exercise)


@api.get("/courses/{course}/attempts", roles=SEES)
def results(call: Call, course: uuid.UUID, query: PageIn) -> ResultsOut:
    """List the attempts at a training or exam, the newest first."""
    found = courses.results(call.tx, call.actor, course, before=query.after, limit=query.limit)
    return ResultsOut(
        data=[ResultOut.of(*each) for each in found],
        next=following([attempt.uid for attempt, _ in found], query.limit),
    )
