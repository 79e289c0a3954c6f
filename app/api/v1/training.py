"""Trainings and exams over the API, for workers who take them; no shape here has room for a truth."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from app.http import Api, Call
from app.shapes import In, Line, Out
from crowdqc.roles import Role
from crowdqc.services import attempts
from crowdqc.services.attempts import CourseKind, Offer, Shown

api = Api("training")

WORKS = (Role.WORKER,)


class OfferOut(Out):
    """A training or exam that you may take, now or later."""

    id: uuid.UUID
    project: uuid.UUID
    project_name: str
    kind: CourseKind
    name: str
    skill: str
    exercises: int
    pass_mark: float
    limit_seconds: int | None
    attempt: uuid.UUID | None = Field(description="the one that is under way")
    last_score: float | None
    last_passed: bool | None
    why: str | None = Field(description="why you may not begin now")
    retry_at: datetime | None = Field(description="from when on you may")

    @classmethod
    def of(cls, offer: Offer) -> OfferOut:
        return cls(
            id=offer.course.uid,
            project=offer.project.uid,
            project_name=offer.project.name,
            kind=CourseKind(offer.course.kind),
            name=offer.course.name,
            skill=offer.course.skill,
            exercises=offer.exercises,
            pass_mark=offer.course.pass_mark,
            limit_seconds=offer.course.limit_seconds,
            attempt=None if offer.open is None else offer.open.uid,
            last_score=None if offer.last is None else offer.last.score,
            last_passed=None if offer.last is None else offer.last.passed,
            why=offer.why,
            retry_at=offer.retry_at,
        )


class OffersOut(Out):
    """The trainings and exams of open projects."""

    data: list[OfferOut]


class BeforeOut(Out):
    """The exercise that is before you."""

    id: uuid.UUID
    content: dict[str, Any]
    question: str
    classes: list[str]
    tried: list[str] = Field(description="labels that you tried and that are not right; in a training alone")


class FeedbackOut(Out):
    """What a training says to your last answer."""

    label: str
    right: bool
    words: str | None = Field(description="the explanation where it was right, else a hint")


class AttemptOut(Out):
    """Your attempt at a training or exam. The score is told at its end."""

    id: uuid.UUID
    course: uuid.UUID
    name: str
    kind: CourseKind
    number: int
    state: str
    lapsed: bool = Field(description="its time is over: finish it to see how it went")
    started_at: datetime
    ends_at: datetime | None
    finished_at: datetime | None
    done: int
    of: int
    exercise: BeforeOut | None
    feedback: FeedbackOut | None
    score: float | None
    pass_mark: float
    passed: bool | None

    @classmethod
    def made(cls, shown: Shown) -> AttemptOut:
        attempt, course, exercise, said = shown.attempt, shown.course, shown.exercise, shown.feedback
        before = None
        if exercise is not None:
            before = BeforeOut(
                id=exercise.uid,
                content=exercise.content,
                question=shown.project.question,
                classes=shown.project.classes,
                tried=list(shown.tried),
            )
        return cls(
            id=attempt.uid,
            course=course.uid,
            name=course.name,
            kind=CourseKind(course.kind),
            number=attempt.number,
            state=attempt.state,
            lapsed=shown.lapsed,
            started_at=attempt.started_at,
            ends_at=attempt.ends_at,
            finished_at=attempt.finished_at,
            done=shown.done,
            of=shown.of,
            exercise=before,
            feedback=None if said is None else FeedbackOut(label=said.label, right=said.right, words=said.words),
            score=attempt.score,
            pass_mark=course.pass_mark,
            passed=attempt.passed,
        )


class ResponseIn(In):
    """An answer to the exercise that is before you."""

    exercise: uuid.UUID
    label: Line


@api.get("/training", roles=WORKS)
def offers(call: Call) -> OffersOut:
    """List the trainings and exams that you may take, and how you stand in each."""
    return OffersOut(data=[OfferOut.of(each) for each in attempts.offers(call.tx, call.actor)])


@api.post("/training/{course}/attempts", roles=WORKS, status=201)
def begin(call: Call, course: uuid.UUID) -> AttemptOut:
    """Begin a training or exam, or go on with the attempt that is under way."""
    return AttemptOut.made(attempts.begin(call.tx, call.actor, course))


@api.get("/attempts/{attempt}", roles=WORKS)
def attempt(call: Call, attempt: uuid.UUID) -> AttemptOut:
    """Get one of your attempts, with the exercise that is before you."""
    return AttemptOut.made(attempts.get(call.tx, call.actor, attempt))


@api.post("/attempts/{attempt}/responses", roles=WORKS)
def respond(call: Call, attempt: uuid.UUID, body: ResponseIn) -> AttemptOut:
    """Answer the exercise that is before you; the same answer again changes nothing.

    In a training a wrong answer has to be corrected. In an exam nothing is said before the end.
    """
    return AttemptOut.made(attempts.answer(call.tx, call.actor, attempt, body.exercise, label=body.label))


@api.post("/attempts/{attempt}/finish", roles=WORKS)
def finish(call: Call, attempt: uuid.UUID) -> AttemptOut:
    """End an attempt as it stands: what is not answered is not right."""
    return AttemptOut.made(attempts.finish(call.tx, call.actor, attempt))
