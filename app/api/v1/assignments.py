"""The worker's desk over the API. Nothing here ever holds gold, truth or what others said."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from app.http import Api, Call
from app.problems import document
from app.shapes import In, Line, Number, Out, Remark, Whole
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import assignments, desk
from crowdqc.services.assignments import ANSWERED, Assignment, AssignmentState, Item, Kept, ReportReason
from crowdqc.services.desk import LARGEST_PAGE, Desk, Handed, Lease, Project, Shown, Standing, Supply
from crowdqc.services.leases import LONGEST_KEY

api = Api("desk")

WORKS = (Role.WORKER,)

#: By which a program knows its submission again.
SubmissionKey = Annotated[str, Field(min_length=1, max_length=LONGEST_KEY, pattern=r"^[!-~]+$")]


class TakeIn(In):
    """How many items a worker wants before him."""

    count: Whole = Field(1, ge=1, le=LARGEST_PAGE)
    ahead: Whole = Field(0, ge=0, le=LARGEST_PAGE, description="so many more, to have the next page at hand")


class DraftIn(In):
    """What a worker has so far."""

    draft: dict[str, Any]
    version: Whole | None = Field(
        None, ge=0, description="`draft_version` of the one that this follows: 409 where another was saved since"
    )


class DraftOut(Out):
    """The draft as it was saved."""

    draft_version: int


class AnswerIn(In):
    """An answer."""

    label: Line
    seconds: Number | None = Field(None, ge=0, description="time spent on this item; measured here where left out")
    comment: Remark | None = None
    key: SubmissionKey | None = Field(
        None, description="made anew for each answer: sent again it gives what came of the first"
    )


class HandedIn(AnswerIn):
    """An answer to one of your assignments."""

    assignment: uuid.UUID


class HandIn(TakeIn):
    """A page of answers, and how many items are wanted next."""

    answers: list[HandedIn] = Field(max_length=LARGEST_PAGE)
    count: Whole = Field(1, ge=0, le=LARGEST_PAGE, description="0: the last page, nothing more is wanted")


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
    draft_version: int
    pre_label: str | None = Field(description="what a model says, where the project shows it; look for yourself")

    @classmethod
    def of(
        cls, assignment: Lease | Assignment, item: Shown | Item, project: Project, pre_label: str | None = None
    ) -> AssignmentOut:
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
            draft_version=assignment.draft_version,
            pre_label=pre_label,
        )


class LeaseOut(Out):
    """Until when an item is yours."""

    expires_at: datetime
    seconds_left: float = Field(description="the same by the server's clock, from now on")


class DeskOut(Out):
    """What a worker has before him."""

    supply: Supply
    retry_at: datetime | None = Field(
        description="when to come again: `later`, `capped` for today, `restricted` for a time"
    )
    why: str = Field(description="why there is nothing in hand, in words")
    guidelines: str
    assignments: list[AssignmentOut]

    @classmethod
    def of(cls, found: Desk) -> DeskOut:
        return cls(
            supply=found.supply,
            retry_at=found.retry_at,
            why=found.why,
            guidelines=found.guidelines,
            assignments=[
                AssignmentOut.of(assignment, item, found.project, found.pre_labels.get(assignment.uid))
                for assignment, item in found.assignments
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
    def of(cls, assignment: uuid.UUID, kept: Kept) -> AnswerOut:
        return cls(
            assignment=assignment,
            label=kept.label,
            late=kept.answer.late,
            seconds=kept.answer.seconds,
            submitted_at=kept.answer.submitted_at,
        )


class HandedOut(Out):
    """What came of an answer: it was kept, or there was a problem with it."""

    assignment: uuid.UUID
    answer: AnswerOut | None
    problem: dict[str, Any] | None

    @classmethod
    def of(cls, assignment: uuid.UUID, outcome: Kept | CrowdqcError) -> HandedOut:
        if isinstance(outcome, CrowdqcError):
            return cls(assignment=assignment, answer=None, problem=document(outcome))
        return cls(assignment=assignment, answer=AnswerOut.of(assignment, outcome), problem=None)


class HandedInOut(Out):
    """What came of a page of answers, in their order, and what is next."""

    answers: list[HandedOut]
    desk: DeskOut


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
            submitted=sum(standing.counts.get(state, 0) for state in ANSWERED),
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
    return StandingsOut(data=[StandingOut.of(each) for each in desk.standings(call.tx, call.actor)])


@api.get("/desk/{project}", roles=WORKS)
def held(call: Call, project: uuid.UUID) -> DeskOut:
    """List what you have in hand in a project."""
    return DeskOut.of(desk.held(call.tx, call.actor, project))


@api.post("/desk/{project}/next", roles=WORKS)
def take(call: Call, project: uuid.UUID, body: TakeIn) -> DeskOut:
    """Take the next items: those in hand first, then new ones under a lease."""
    return DeskOut.of(desk.take(call.tx, call.actor, project, **body.model_dump()))


@api.post("/desk/{project}/answers", roles=WORKS)
def hand_in(call: Call, project: uuid.UUID, body: HandIn) -> HandedInOut:
    """Hand in a page of answers and take the next items, in one request. A bad answer spoils no other."""
    handed = [Handed(**each.model_dump()) for each in body.answers]
    outcomes, found = desk.hand_in(call.tx, call.actor, project, handed, count=body.count, ahead=body.ahead)
    return HandedInOut(
        answers=[HandedOut.of(each.assignment, outcome) for each, outcome in zip(handed, outcomes, strict=True)],
        desk=DeskOut.of(found),
    )


@api.get("/assignments/{assignment}", roles=WORKS)
def get(call: Call, assignment: uuid.UUID) -> AssignmentOut:
    """Get one of your assignments."""
    return AssignmentOut.of(*assignments.get(call.tx, call.actor, assignment))


@api.put("/assignments/{assignment}/draft", roles=WORKS)
def keep_draft(call: Call, assignment: uuid.UUID, body: DraftIn) -> DraftOut:
    """Keep what you have so far; it outlives a lost connection and a lapsed lease."""
    kept = assignments.keep_draft(call.tx, call.actor, assignment, draft=body.draft, version=body.version)
    return DraftOut(draft_version=kept.draft_version)


@api.post("/assignments/{assignment}/heartbeat", roles=WORKS)
def prolong(call: Call, assignment: uuid.UUID) -> LeaseOut:
    """Say that you are still at it: the lease goes on, up to the longest that the project allows."""
    until = assignments.prolong(call.tx, call.actor, assignment).expires_at
    return LeaseOut(expires_at=until, seconds_left=max(0.0, (until - call.tx.now).total_seconds()))


@api.post("/assignments/{assignment}/return", roles=WORKS)
def give_back(call: Call, assignment: uuid.UUID) -> None:
    """Let go of an item for now; you may get it again, with your draft, when there is nothing else."""
    assignments.give_back(call.tx, call.actor, assignment)


@api.post("/assignments/{assignment}/answer", roles=WORKS, status=201)
def submit(call: Call, assignment: uuid.UUID, body: AnswerIn) -> AnswerOut:
    """Submit an answer; the same one again changes nothing."""
    return AnswerOut.of(assignment, assignments.submit(call.tx, call.actor, assignment, **body.model_dump()))


@api.post("/assignments/{assignment}/skip", roles=WORKS)
def skip(call: Call, assignment: uuid.UUID, body: SkipIn) -> None:
    """Leave an item; the project says whether you see it again."""
    assignments.skip(call.tx, call.actor, assignment, reason=body.reason)


@api.post("/assignments/{assignment}/report", roles=WORKS)
def report(call: Call, assignment: uuid.UUID, body: ReportIn) -> None:
    """Say that something is wrong with an item, and leave it."""
    assignments.report(call.tx, call.actor, assignment, reason=body.reason, comment=body.comment)
