"""The review desk over the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from app.api.v1.evidence import PredictionOut, ReportOut
from app.http import Api, Call
from app.shapes import In, Line, Out, PageIn, Remark, Whole, following
from crowdqc.roles import Role
from crowdqc.services import reviews
from crowdqc.services.reviews import MOST_ANSWERS, Case, Item, Review, ReviewState, Verdict

api = Api("reviews")

DECIDES = (Role.EXPERT,)
SEES = (Role.EXPERT, Role.QA_LEAD, Role.ADMIN)


class ReviewOut(Out):
    """A case for an expert."""

    id: uuid.UUID
    state: ReviewState
    reasons: list[dict[str, Any]] = Field(description="each with signal, op, value, threshold and words")
    priority: float
    claimed_until: datetime | None
    verdict: Verdict | None
    decided_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, review: Review) -> ReviewOut:
        facts = {name: getattr(review, name) for name in ReviewOut.model_fields if name != "id"}
        return ReviewOut(id=review.uid, **facts)


class QueuedReviewOut(ReviewOut):
    """A case with the name of its item."""

    item: str
    content: dict[str, Any]


class ReviewsOut(Out):
    """A page of reviews, the most urgent first."""

    data: list[QueuedReviewOut]
    next: uuid.UUID | None


class ReviewsIn(PageIn):
    """Which reviews."""

    project: uuid.UUID | None = None
    state: ReviewState | None = Field(None, description="those that wait or are in hand where left out")


class ClaimIn(In):
    """Of which project a review is wanted."""

    project: uuid.UUID | None = None


class DecisionIn(In):
    """An expert's decision."""

    verdict: Verdict
    label: Line | None = Field(
        None, description="the right class, to correct; the crowd's label that you saw, to accept it and no other"
    )
    more: Whole = Field(1, ge=1, le=MOST_ANSWERS, description="how many more answers, to send back")
    comment: Remark | None = None


class CommentIn(In):
    """A remark."""

    text: Remark = Field(min_length=1)


class SaidOut(Out):
    """What a worker said, and how good he is."""

    worker: str
    label: str | None
    comment: str | None
    seconds: float | None
    submitted_at: datetime
    late: bool
    counted: bool
    gold_answers: int | None
    gold_accuracy: float | None
    consensus_accuracy: float | None
    consensus_low: float | None
    consensus_high: float | None


class EventOut(Out):
    """A step in a review's history."""

    action: str
    person: str | None
    verdict: str | None
    label: str | None
    comment: str | None
    at: datetime


class CaseOut(ReviewOut):
    """A review with all the evidence."""

    project: uuid.UUID
    question: str
    classes: list[str]
    guidelines: str
    item: str
    item_id: uuid.UUID
    content: dict[str, Any]
    metadata: dict[str, Any]
    consensus: str | None
    confidence: float | None
    posterior: dict[str, float]
    answers: list[SaidOut]
    predictions: list[PredictionOut]
    reports: list[ReportOut]
    events: list[EventOut]
    label: str | None


class ClaimedOut(Out):
    """The review in hand; none where the queue is empty for you."""

    review: CaseOut | None


@api.get("/reviews", roles=SEES)
def queue(call: Call, query: ReviewsIn) -> ReviewsOut:
    """List reviews, the most urgent first."""
    states = (ReviewState.OPEN, ReviewState.CLAIMED) if query.state is None else (query.state,)
    found = reviews.queue(
        call.tx, call.actor, project_uid=query.project, states=states, after=query.after, limit=query.limit
    )
    return ReviewsOut(
        data=[_queued(review, item) for review, item in found],
        next=following([review.uid for review, _ in found], query.limit),
    )


@api.post("/reviews/next", roles=DECIDES)
def claim_next(call: Call, body: ClaimIn) -> ClaimedOut:
    """Claim the most urgent review that you may have, or get the one that you have in hand."""
    found = reviews.claim_next(call.tx, call.actor, project_uid=body.project)
    return ClaimedOut(review=None if found is None else _case(reviews.case(call.tx, call.actor, found.uid)))


@api.get("/reviews/{review}", roles=SEES)
def get(call: Call, review: uuid.UUID) -> CaseOut:
    """Get a review with all the evidence."""
    return _case(reviews.case(call.tx, call.actor, review))


@api.post("/reviews/{review}/claim", roles=DECIDES)
def claim(call: Call, review: uuid.UUID) -> ReviewOut:
    """Claim a certain review."""
    return ReviewOut.of(reviews.claim(call.tx, call.actor, review))


@api.post("/reviews/{review}/release", roles=DECIDES)
def release(call: Call, review: uuid.UUID) -> ReviewOut:
    """Give a review back to the queue."""
    return ReviewOut.of(reviews.release(call.tx, call.actor, review))


@api.post("/reviews/{review}/decision", roles=DECIDES)
def decide(call: Call, review: uuid.UUID, body: DecisionIn) -> CaseOut:
    """Decide a review that you have in hand: accept, correct, discard, or send it back for more answers."""
    reviews.decide(call.tx, call.actor, review, **body.model_dump())
    return _case(reviews.case(call.tx, call.actor, review))


@api.post("/reviews/{review}/undo", roles=DECIDES)
def undo(call: Call, review: uuid.UUID) -> ReviewOut:
    """Take your decision back; the review is in your hand again."""
    return ReviewOut.of(reviews.undo(call.tx, call.actor, review))


@api.post("/reviews/{review}/comments", roles=SEES, status=201)
def comment(call: Call, review: uuid.UUID, body: CommentIn) -> ReviewOut:
    """Add a remark to a review."""
    return ReviewOut.of(reviews.comment(call.tx, call.actor, review, text=body.text))


def _queued(review: Review, item: Item) -> QueuedReviewOut:
    return QueuedReviewOut(**ReviewOut.of(review).model_dump(), item=item.key, content=item.content)


def _case(case: Case) -> CaseOut:
    classes = case.project.classes

    def named(label: int | None) -> str | None:
        return None if label is None else classes[label]

    return CaseOut(
        **ReviewOut.of(case.review).model_dump(),
        project=case.project.uid,
        question=case.project.question,
        classes=classes,
        guidelines=case.guidelines,
        item=case.item.key,
        item_id=case.item.uid,
        content=case.item.content,
        metadata=case.item.meta,
        consensus=None if case.score is None else named(case.score.label),
        confidence=None if case.score is None else case.score.confidence,
        posterior=dict(zip(classes, case.posterior, strict=False)),
        answers=[
            SaidOut(
                worker=worker.name,
                label=named(answer.label),
                comment=answer.comment,
                seconds=answer.seconds,
                submitted_at=answer.submitted_at,
                late=answer.late,
                counted=answer.counted,
                gold_answers=None if score is None else score.gold_answers,
                gold_accuracy=None if score is None else score.gold_accuracy,
                consensus_accuracy=None if score is None else score.consensus_accuracy,
                consensus_low=None if score is None else score.consensus_low,
                consensus_high=None if score is None else score.consensus_high,
            )
            for answer, worker, score in case.answers
        ],
        predictions=[
            PredictionOut(
                model=model.name, version=model.version, probabilities=dict(zip(classes, values, strict=True))
            )
            for model, values in case.predictions
        ],
        reports=[
            ReportOut(worker_name=name, reason=report.reason, comment=report.comment, created_at=report.created_at)
            for report, name in case.reports
        ],
        events=[
            EventOut(
                action=event.action,
                person=person,
                verdict=event.verdict,
                label=named(event.label),
                comment=event.comment,
                at=event.at,
            )
            for event, person in case.events
        ],
        label=named(case.review.label),
    )
