"""The worker's desk over the API. Nothing here ever holds gold, truth or what others said."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from app.http import Api, Call
from app.shapes import In, Line, Number, Out, Remark, Whole
from crowdqc.roles import Role
from crowdqc.services import assignments
from crowdqc.services.assignments import (
    LARGEST_PAGE,
    Answer,
    Assignment,
    AssignmentState,
    Desk,
    Item,
    Project,
    ReportReason,
    Standing,
    Supply,
)

api = Api("desk")

WORKS = (Role.WORKER,)


class TakeIn(In):
    """How many items a worker wants before him."""

    count: Whole = Field(1, ge=1, le=LARGEST_PAGE)


class DraftIn(In):
    """What a worker has so far."""

    draft: dict[str, Any]


class AnswerIn(In):
    """An answer."""

    label: Line
    seconds: Number | None = Field(None, ge=0, description="time spent on this item; measured here where left out")
    comment: Remark | None = None


class SkipIn(In):
    """Why an item is left."""

    reason: Remark = Field(min_length=1)


class ReportIn(In):
    """What is wrong with an item."""

    reason: ReportReason
    comment: Remark = ""


class AssignmentOut(Out):
    """An item in a worker's hands: what he is to look at, and until when."""

    id: uuid.UUID
    state: AssignmentState
    content: dict[str, Any]
    question: str
    classes: list[str]
    guideline_version: int
    leased_at: datetime
    expires_at: datetime
    draft: dict[str, Any] | None

    @classmethod
    def of(cls, assignment: Assignment, item: Item, project: Project) -> AssignmentOut:
        return cls(
            id=assignment.uid,
            state=AssignmentState(assignment.state),
            content=item.content,
            question=project.question,
            classes=project.classes,
            guideline_version=assignment.guideline_version,
            leased_at=assignment.leased_at,
            expires_at=assignment.expires_at,
            draft=assignment.draft,
        )


class DeskOut(Out):
    """What a worker has before him."""

    supply: Supply
    retry_at: datetime | None = Field(description="when to come again, where the supply is `later`")
    guidelines: str
    assignments: list[AssignmentOut]

    @classmethod
    def of(cls, desk: Desk) -> DeskOut:
        return cls(
            supply=desk.supply,
            retry_at=desk.retry_at,
            guidelines=desk.guidelines,
            assignments=[
                AssignmentOut.of(assignment, item, desk.project) for assignment, item in desk.assignments
            ],
        )


class AnswerOut(Out):
    """An answer as it was kept. Whether it filled a place is not said: gold has no places to fill."""

    assignment: uuid.UUID
    label: str
    late: bool = Field(description="it came after its lease was over, and is kept all the same")
    seconds: float | None
    submitted_at: datetime

    @classmethod
    def of(cls, assignment: uuid.UUID, label: str, answer: Answer) -> AnswerOut:
        return cls(
            assignment=assignment,
            label=label,
            late=answer.late,
            seconds=answer.seconds,
            submitted_at=answer.submitted_at,
        )


class StandingOut(Out):
    """A project that takes answers, and how this worker stands in it."""

    project: uuid.UUID
    name: str
    question: str
    submitted: int
    skipped: int
    expired: int
    accuracy: float | None = Field(description="how often the others' consensus is on this worker's side")
    accuracy_low: float | None
    accuracy_high: float | None

    @classmethod
    def of(cls, standing: Standing) -> StandingOut:
        score = standing.score
        return cls(
            project=standing.project.uid,
            name=standing.project.name,
            question=standing.project.question,
            submitted=standing.counts.get("submitted", 0),
            skipped=standing.counts.get("skipped", 0),
            expired=standing.counts.get("expired", 0),
            accuracy=None if score is None else score.consensus_accuracy,
            accuracy_low=None if score is None else score.consensus_low,
            accuracy_high=None if score is None else score.consensus_high,
        )


class StandingsOut(Out):
    """The projects that take answers."""

    data: list[StandingOut]


@api.get("/desk", roles=WORKS)
def standings(call: Call) -> StandingsOut:
    """List the projects that take answers, and how you stand in each."""
    return StandingsOut(data=[StandingOut.of(each) for each in assignments.standings(call.tx, call.actor)])


@api.get("/desk/{project}", roles=WORKS)
def held(call: Call, project: uuid.UUID) -> DeskOut:
    """List what you have in hand in a project."""
    return DeskOut.of(assignments.held(call.tx, call.actor, project))


@api.post("/desk/{project}/next", roles=WORKS)
def take(call: Call, project: uuid.UUID, body: TakeIn) -> DeskOut:
    """Take the next items: those in hand first, then new ones under a lease."""
    return DeskOut.of(assignments.take(call.tx, call.actor, project, count=body.count))


@api.get("/assignments/{assignment}", roles=WORKS)
def get(call: Call, assignment: uuid.UUID) -> AssignmentOut:
    """Get one of your assignments."""
    return AssignmentOut.of(*assignments.get(call.tx, call.actor, assignment))


@api.put("/assignments/{assignment}/draft", roles=WORKS)
def keep_draft(call: Call, assignment: uuid.UUID, body: DraftIn) -> None:
    """Keep what you have so far; it outlives a lost connection and a lapsed lease."""
    assignments.keep_draft(call.tx, call.actor, assignment, draft=body.draft)


@api.post("/assignments/{assignment}/answer", roles=WORKS, status=201)
def submit(call: Call, assignment: uuid.UUID, body: AnswerIn) -> AnswerOut:
    """Submit an answer; the same one again changes nothing."""
    answer, _ = assignments.submit(call.tx, call.actor, assignment, **body.model_dump())
    return AnswerOut.of(assignment, body.label, answer)


@api.post("/assignments/{assignment}/skip", roles=WORKS)
def skip(call: Call, assignment: uuid.UUID, body: SkipIn) -> None:
    """Leave an item to somebody else; you will not see it again."""
    assignments.skip(call.tx, call.actor, assignment, reason=body.reason)


@api.post("/assignments/{assignment}/report", roles=WORKS)
def report(call: Call, assignment: uuid.UUID, body: ReportIn) -> None:
    """Say that something is wrong with an item, and leave it."""
    assignments.report(call.tx, call.actor, assignment, reason=body.reason, comment=body.comment)
