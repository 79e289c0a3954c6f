"""Evidence: the items and workers of a project, with what the latest run says of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crowdqc.errors import Missing
from crowdqc.records import answers, assignments, items, people, predictions, projects, reviews, runs, scores
from crowdqc.records import truths as histories
from crowdqc.records.answers import Answer
from crowdqc.records.assignments import Report
from crowdqc.records.items import Item, ItemState
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.records.reviews import Review
from crowdqc.records.runs import Run
from crowdqc.records.scores import ItemScore, WorkerScore
from crowdqc.records.truths import Truth
from crowdqc.roles import Actor
from crowdqc.services import reach
from crowdqc.services.transaction import Transaction


class NoSuchWorker(Missing):
    """There is no such worker in this project's latest run."""


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """An item with what the latest run says of it and how its answers fall."""

    item: Item
    score: ItemScore | None
    #: Counted answers by class.
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ItemHistory:
    """All that is known of one item."""

    item: Item
    project: Project
    score: ItemScore | None
    posterior: Sequence[float]
    answers: Sequence[tuple[Answer, Worker]]
    predictions: Sequence[tuple[predictions.Model, Sequence[float]]]
    reviews: Sequence[Review]
    reports: Sequence[tuple[Report, str]]
    #: Every step of its truth, with the name of whoever took it.
    truths: Sequence[tuple[Truth, str | None]]


@dataclass(frozen=True, slots=True)
class ScoredWorker:
    """A worker with what the latest run says of him."""

    worker: Worker
    score: WorkerScore
    #: [classes, classes], rows the true class: the estimate, and the expected counts it rests on.
    confusion: Sequence[Sequence[float]]
    confusion_counts: Sequence[Sequence[float]]


def items_page(
    tx: Transaction,
    actor: Actor,
    project_uid: uuid.UUID,
    *,
    state: ItemState | None = None,
    key: str | None = None,
    doubtful_first: bool = False,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> tuple[Project, Run | None, Sequence[ScoredItem]]:
    """Give items in the order of their coming, or the least confident first."""
    project = reach.project(tx, actor, project_uid)
    run = runs.latest(tx.session, project.id)
    last = None if after is None else reach.item(tx, actor, after)
    rows: list[tuple[Item, ItemScore | None]]
    if doubtful_first and run is not None and key is None:
        place = None if last is None else scores.of_item(tx.session, run.id, last.id)
        start = None if place is None or place.confidence is None else (place.confidence, place.item_id)
        found = scores.doubtful(tx.session, run.id, state=state, after=start, limit=limit)
        rows = [(row[1], row[0]) for row in found]
    else:
        page = items.page(
            tx.session, project.id, state=state, key=key, after=0 if last is None else last.id, limit=limit
        )
        of_items = {} if run is None else scores.of_items(tx.session, run.id, [item.id for item in page])
        rows = [(item, of_items.get(item.id)) for item in page]
    counts = answers.label_counts(tx.session, [item.id for item, _ in rows])
    scored = [
        ScoredItem(
            item,
            score,
            {project.classes[label]: number for label, number in sorted(counts.get(item.id, {}).items())},
        )
        for item, score in rows
    ]
    return project, run, scored


def item(tx: Transaction, actor: Actor, uid: uuid.UUID) -> ItemHistory:
    """Give all that is known of an item."""
    found = reach.item(tx, actor, uid)
    project = projects.by_id(tx.session, found.project_id)
    run = runs.latest(tx.session, project.id)
    score = None if run is None else scores.of_item(tx.session, run.id, found.id)
    size = len(project.classes)
    return ItemHistory(
        item=found,
        project=project,
        score=score,
        posterior=[] if score is None else predictions.unpacked(score.posterior, size).tolist(),
        answers=answers.of_item(tx.session, found.id),
        predictions=[
            (model, predictions.unpacked(blob, size).tolist())
            for model, blob in predictions.of_item(tx.session, found.id)
        ],
        reviews=reviews.of_item(tx.session, found.id),
        reports=assignments.reports(tx.session, found.id),
        truths=histories.of_item(tx.session, found.id),
    )


def workers(
    tx: Transaction, actor: Actor, project_uid: uuid.UUID
) -> tuple[Project, Run | None, Sequence[ScoredWorker]]:
    """Give the workers of a project with their scores, the busiest first."""
    project = reach.project(tx, actor, project_uid)
    run = runs.latest(tx.session, project.id)
    rows = [] if run is None else scores.workers(tx.session, run.id)
    return project, run, [_scored(row[1], row[0]) for row in rows]


def worker(
    tx: Transaction, actor: Actor, project_uid: uuid.UUID, uid: uuid.UUID, *, limit: int = 100
) -> tuple[Project, ScoredWorker, Sequence[tuple[Answer, Item, ItemScore | None]]]:
    """Give a worker's scores and his newest answers, each with what the latest run says of its item."""
    project = reach.project(tx, actor, project_uid)
    run = runs.latest(tx.session, project.id)
    found = people.worker_by_uid(tx.session, uid)
    score = None if run is None or found is None else scores.worker(tx.session, run.id, found.id)
    if run is None or found is None or score is None:
        raise NoSuchWorker(worker=str(uid))
    given = answers.of_worker(tx.session, project.id, found.id, before=None, limit=limit)
    of_items = scores.of_items(tx.session, run.id, [item.id for _, item in given])
    return project, _scored(found, score), [(answer, item, of_items.get(item.id)) for answer, item in given]


def _scored(worker: Worker, score: WorkerScore) -> ScoredWorker:
    return ScoredWorker(worker, score, _square(score.confusion), _square(score.confusion_counts))


def _square(blob: bytes) -> Sequence[Sequence[float]]:
    flat = np.frombuffer(blob, dtype="<f8")
    size = round(len(flat) ** 0.5)
    table: list[list[float]] = flat.reshape(size, size).tolist()
    return table
