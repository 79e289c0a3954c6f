"""Items and workers of a project over the API, with what the latest run says of them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from app.http import Api, Call
from app.shapes import Key, Out, PageIn, following
from crowdqc.roles import Role
from crowdqc.services import evidence
from crowdqc.services.evidence import Item, ItemScore, ItemState, Project, ScoredWorker

api = Api("evidence")

SEES = (Role.REQUESTER, Role.EXPERT, Role.QA_LEAD, Role.ADMIN)


class ItemsIn(PageIn):
    """Which items."""

    state: ItemState | None = None
    item: Key | None = Field(None, description="the name that the requester gave it")
    doubtful_first: bool = False


class ItemScoreOut(Out):
    """What the latest run says of an item."""

    label: str | None
    confidence: float | None
    doubt: float | None = Field(description="1 - confidence, exact where confidence rounds to 1")
    margin: float | None
    entropy: float | None
    agreement: float | None = Field(description="share of the pairs of answers that say the same")
    plurality: float | None = Field(description="share of the commonest answer")
    answers: int
    tied: bool
    route: str
    priority: float

    @classmethod
    def of(cls, score: ItemScore, project: Project) -> ItemScoreOut:
        facts = {name: getattr(score, name) for name in cls.model_fields if name != "label"}
        return cls(label=None if score.label is None else project.classes[score.label], **facts)


class ItemOut(Out):
    """An item."""

    id: uuid.UUID
    item: str
    state: ItemState
    content: dict[str, Any]
    metadata: dict[str, Any]
    truth: list[str] | None
    truth_source: str | None
    overlap: int
    answered: int
    leased: int
    reports: int
    score: ItemScoreOut | None

    @classmethod
    def of(cls, item: Item, score: ItemScore | None, project: Project) -> ItemOut:
        return cls(
            id=item.uid,
            item=item.key,
            state=ItemState(item.state),
            content=item.content,
            metadata=item.meta,
            truth=item.truth,
            truth_source=item.truth_source,
            overlap=item.overlap,
            answered=item.answered,
            leased=item.leased,
            reports=item.reports,
            score=None if score is None else ItemScoreOut.of(score, project),
        )


class CountedItemOut(ItemOut):
    """An item with its counted answers by class."""

    counts: dict[str, int]


class ItemsOut(Out):
    """A page of items."""

    run: uuid.UUID | None
    data: list[CountedItemOut]
    next: uuid.UUID | None


class GivenAnswerOut(Out):
    """What a worker said of the item."""

    worker: uuid.UUID
    worker_name: str
    label: str | None
    seconds: float | None
    comment: str | None
    guideline_version: int
    submitted_at: datetime
    late: bool
    counted: bool


class PredictionOut(Out):
    """What a version of a model said of the item."""

    model: str
    version: str
    probabilities: dict[str, float]


class PastReviewOut(Out):
    """A review of the item."""

    id: uuid.UUID
    state: str
    verdict: str | None
    label: str | None
    reasons: list[Any]
    decided_at: datetime | None


class ReportOut(Out):
    """A worker's report of a problem with the item."""

    worker_name: str
    reason: str
    comment: str
    created_at: datetime


class ItemHistoryOut(ItemOut):
    """All that is known of an item."""

    posterior: dict[str, float]
    given: list[GivenAnswerOut]
    predictions: list[PredictionOut]
    reviews: list[PastReviewOut]
    problems: list[ReportOut]


class WorkerOut(Out):
    """A worker with what the latest run says of him; intervals are at 95%."""

    id: uuid.UUID
    worker: str
    answers: int
    gold_answers: int
    gold_correct: int
    gold_accuracy: float | None
    gold_low: float | None
    gold_high: float | None
    consensus_accuracy: float | None = Field(description="against what everybody else's answers say")
    consensus_low: float | None
    consensus_high: float | None
    median_seconds: float | None
    confusion: list[list[float]] = Field(description="P(said | true), a row for each true class")
    confusion_counts: list[list[float]] = Field(description="the expected counts that it rests on")

    @classmethod
    def of(cls, scored: ScoredWorker) -> WorkerOut:
        derived = {"id", "worker", "confusion", "confusion_counts"}
        facts = {name: getattr(scored.score, name) for name in cls.model_fields if name not in derived}
        return cls(
            id=scored.worker.uid,
            worker=scored.worker.name,
            confusion=[list(row) for row in scored.confusion],
            confusion_counts=[list(row) for row in scored.confusion_counts],
            **facts,
        )


class WorkersOut(Out):
    """The workers of a project, the busiest first."""

    run: uuid.UUID | None
    classes: list[str]
    data: list[WorkerOut]


@api.get("/projects/{project}/items", roles=SEES)
def items(call: Call, project: uuid.UUID, query: ItemsIn) -> ItemsOut:
    """List a project's items in the order of their coming, or the least confident first."""
    found_project, run, found = evidence.items_page(
        call.tx,
        call.actor,
        project,
        state=query.state,
        key=query.item,
        doubtful_first=query.doubtful_first,
        after=query.after,
        limit=query.limit,
    )
    return ItemsOut(
        run=None if run is None else run.uid,
        data=[
            CountedItemOut(
                **ItemOut.of(each.item, each.score, found_project).model_dump(), counts=dict(each.counts)
            )
            for each in found
        ],
        next=following([each.item.uid for each in found], query.limit),
    )


@api.get("/items/{item}", roles=SEES)
def item(call: Call, item: uuid.UUID) -> ItemHistoryOut:
    """Get all that is known of an item: answers, scores, predictions, reviews, reports."""
    found = evidence.item(call.tx, call.actor, item)
    classes = found.project.classes
    return ItemHistoryOut(
        **ItemOut.of(found.item, found.score, found.project).model_dump(),
        posterior=dict(zip(classes, found.posterior, strict=False)),
        given=[
            GivenAnswerOut(
                worker=worker.uid,
                worker_name=worker.name,
                label=None if answer.label is None else classes[answer.label],
                seconds=answer.seconds,
                comment=answer.comment,
                guideline_version=answer.guideline_version,
                submitted_at=answer.submitted_at,
                late=answer.late,
                counted=answer.counted,
            )
            for answer, worker in found.answers
        ],
        predictions=[
            PredictionOut(
                model=model.name, version=model.version, probabilities=dict(zip(classes, values, strict=True))
            )
            for model, values in found.predictions
        ],
        reviews=[
            PastReviewOut(
                id=review.uid,
                state=review.state,
                verdict=review.verdict,
                label=None if review.label is None else classes[review.label],
                reasons=review.reasons,
                decided_at=review.decided_at,
            )
            for review in found.reviews
        ],
        problems=[
            ReportOut(worker_name=name, reason=report.reason, comment=report.comment, created_at=report.created_at)
            for report, name in found.reports
        ],
    )


@api.get("/projects/{project}/workers", roles=SEES)
def workers(call: Call, project: uuid.UUID) -> WorkersOut:
    """List a project's workers with their scores, the busiest first."""
    found_project, run, found = evidence.workers(call.tx, call.actor, project)
    return WorkersOut(
        run=None if run is None else run.uid,
        classes=found_project.classes,
        data=[WorkerOut.of(each) for each in found],
    )


@api.get("/projects/{project}/workers/{worker}", roles=SEES)
def worker(call: Call, project: uuid.UUID, worker: uuid.UUID) -> WorkerOut:
    """Get a worker's scores in a project."""
    return WorkerOut.of(evidence.worker(call.tx, call.actor, project, worker, limit=1)[1])
