"""What a run says of items and of workers; and the crossing out of columns."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    Row,
    SmallInteger,
    delete,
    exists,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.quality import ROUTES, Judgement, WorkerScores
from crowdqc.records.base import Base, Word
from crowdqc.records.items import Item, ItemState
from crowdqc.records.people import Worker
from crowdqc.records.runs import Run, RunCause

#: Rows that are written at a time.
CHUNK = 5000


class ItemScore(Base):
    """What a run says of an item."""

    __tablename__ = "item_scores"
    __table_args__ = (
        CheckConstraint("confidence IS NULL OR (confidence >= 0 AND confidence <= 1)", name="confidence"),
        Index("ix_item_scores_run_id_confidence", "run_id", "confidence", "item_id"),
        Index("ix_item_scores_item_id", "item_id"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True)
    #: The number of the class; none for an item of which nothing is known.
    label: Mapped[int | None] = mapped_column(SmallInteger)
    confidence: Mapped[float | None] = mapped_column(Float(53))
    #: 1 - confidence, exact where confidence rounds to 1.
    doubt: Mapped[float | None] = mapped_column(Float(53))
    #: float64 in the order of the run's classes.
    posterior: Mapped[bytes] = mapped_column(LargeBinary)
    margin: Mapped[float | None] = mapped_column(Float(53))
    entropy: Mapped[float | None] = mapped_column(Float(53))
    agreement: Mapped[float | None] = mapped_column(Float(53))
    plurality: Mapped[float | None] = mapped_column(Float(53))
    answers: Mapped[int]
    tied: Mapped[bool]
    route: Mapped[str] = mapped_column(Word)
    priority: Mapped[float] = mapped_column(Float(53))


class WorkerScore(Base):
    """What a run says of a worker."""

    __tablename__ = "worker_scores"

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"), primary_key=True, index=True)
    answers: Mapped[int]
    gold_answers: Mapped[int]
    gold_correct: Mapped[int]
    gold_accuracy: Mapped[float | None] = mapped_column(Float(53))
    gold_low: Mapped[float | None] = mapped_column(Float(53))
    gold_high: Mapped[float | None] = mapped_column(Float(53))
    consensus_accuracy: Mapped[float | None] = mapped_column(Float(53))
    consensus_low: Mapped[float | None] = mapped_column(Float(53))
    consensus_high: Mapped[float | None] = mapped_column(Float(53))
    median_seconds: Mapped[float | None] = mapped_column(Float(53))
    #: float64 [classes, classes], rows the true class: the estimate, and the expected counts it rests on.
    confusion: Mapped[bytes] = mapped_column(LargeBinary)
    confusion_counts: Mapped[bytes] = mapped_column(LargeBinary)


def add(
    session: Session, run_id: int, judgement: Judgement, *, items: Sequence[int], workers: Sequence[int]
) -> None:
    """Keep what a judgement says; `items` and `workers` are the keys inside of its codes."""
    for start in range(0, len(items), CHUNK):
        codes = range(start, min(start + CHUNK, len(items)))
        rows = [{"run_id": run_id, "item_id": items[code], **_item(judgement, code)} for code in codes]
        session.execute(ItemScore.__table__.insert(), rows)  # type: ignore[attr-defined]
    if workers:
        rows = [
            {"run_id": run_id, "worker_id": worker_id, **_worker(judgement.workers, code)}
            for code, worker_id in enumerate(workers)
        ]
        session.execute(WorkerScore.__table__.insert(), rows)  # type: ignore[attr-defined]


def _item(judgement: Judgement, code: int) -> dict[str, Any]:
    found = judgement.items
    label = int(found.label[code])
    known = label >= 0
    return {
        "label": label if known else None,
        "confidence": number(found.confidence[code]) if known else None,
        "doubt": number(found.doubt[code]) if known else None,
        "posterior": _packed(found.posterior[code]),
        "margin": number(found.margin[code]),
        "entropy": number(found.entropy[code]),
        "agreement": number(found.agreement[code]),
        "plurality": number(found.plurality[code]),
        "answers": int(found.answers[code]),
        "tied": bool(found.tied[code]),
        "route": ROUTES[judgement.routes.route[code]],
        "priority": float(judgement.routes.priority[code]),
    }


def _worker(found: WorkerScores, code: int) -> dict[str, Any]:
    shares = (
        "gold_accuracy",
        "gold_low",
        "gold_high",
        "consensus_accuracy",
        "consensus_low",
        "consensus_high",
        "median_seconds",
    )
    return {
        "answers": int(found.answers[code]),
        "gold_answers": int(found.gold_answers[code]),
        "gold_correct": int(found.gold_correct[code]),
        **{name: number(getattr(found, name)[code]) for name in shares},
        "confusion": _packed(found.confusion[code]),
        "confusion_counts": _packed(found.confusion_counts[code]),
    }


def number(value: Any) -> float | None:
    """Give a float as it can be kept: what is not a number is nothing."""
    plain = float(value)
    return plain if math.isfinite(plain) else None


def _packed(values: NDArray[np.float64]) -> bytes:
    return np.ascontiguousarray(values, dtype="<f8").tobytes()


def forget_items(session: Session, project_id: int, *, before: int) -> None:
    """Drop the item scores of runs that answers caused and that a newer one has replaced.

    Worker scores stay: they are few, and show how a worker changes.
    """
    still_kept = exists().where(ItemScore.run_id == Run.id)
    query = select(Run.id).where(Run.project_id == project_id, Run.id < before, Run.cause == RunCause.ANSWERS)
    # One a time, as there is seldom more than one: a list of all runs that there ever were grows too long.
    for run_id in session.scalars(query.where(still_kept).order_by(Run.id)).all():
        session.execute(
            delete(ItemScore).where(ItemScore.run_id == run_id).execution_options(synchronize_session=False)
        )


def of_item(session: Session, run_id: int, item_id: int) -> ItemScore | None:
    return session.scalar(select(ItemScore).where(ItemScore.run_id == run_id, ItemScore.item_id == item_id))


def of_items(session: Session, run_id: int, item_ids: Collection[int]) -> dict[int, ItemScore]:
    query = select(ItemScore).where(ItemScore.run_id == run_id, ItemScore.item_id.in_(item_ids))
    return {score.item_id: score for score in session.scalars(query)}


def between(session: Session, run_id: int, first: int, last: int) -> Sequence[tuple[Any, ...]]:
    """Give (item, label, confidence, answers, agreement, entropy, tied, posterior), from an item to another."""
    query = select(
        ItemScore.item_id, ItemScore.label, ItemScore.confidence, ItemScore.answers, ItemScore.agreement,
        ItemScore.entropy, ItemScore.tied, ItemScore.posterior,
    )  # fmt: skip
    query = query.where(ItemScore.run_id == run_id, ItemScore.item_id.between(first, last))
    return [tuple(row) for row in session.connection().execute(query)]


def labels(session: Session, run_id: int) -> Iterator[tuple[int, int]]:
    """Give (key inside of the item, label) of all items that have a consensus, in order."""
    query = select(ItemScore.item_id, ItemScore.label).order_by(ItemScore.item_id)
    query = query.where(ItemScore.run_id == run_id, ItemScore.label.is_not(None))
    for item, label in session.connection().execution_options(yield_per=50_000).execute(query):
        if label is not None:
            yield item, label


def doubtful(
    session: Session, run_id: int, *, state: ItemState | None, after: tuple[float, int] | None, limit: int
) -> Sequence[Row[ItemScore, Item]]:
    """Give (score, item), the least confident first."""
    query = select(ItemScore, Item).join(Item, Item.id == ItemScore.item_id).where(ItemScore.run_id == run_id)
    query = query.where(ItemScore.confidence.is_not(None))
    if state is not None:
        query = query.where(Item.state == state)
    if after is not None:
        confidence, item_id = after
        query = query.where(
            (ItemScore.confidence > confidence)
            | ((ItemScore.confidence == confidence) & (ItemScore.item_id > item_id))
        )
    return session.execute(query.order_by(ItemScore.confidence, ItemScore.item_id).limit(limit)).all()


def page(session: Session, run_id: int, *, after: int, limit: int) -> Sequence[Row[ItemScore, Item]]:
    """Give (score, item) in the order of items."""
    query = select(ItemScore, Item).join(Item, Item.id == ItemScore.item_id)
    query = query.where(ItemScore.run_id == run_id, ItemScore.item_id > after)
    return session.execute(query.order_by(ItemScore.item_id).limit(limit)).all()


def workers(session: Session, run_id: int) -> Sequence[Row[WorkerScore, Worker]]:
    """Give (score, worker), the busiest first."""
    query = select(WorkerScore, Worker).join(Worker, Worker.id == WorkerScore.worker_id)
    query = query.where(WorkerScore.run_id == run_id)
    return session.execute(query.order_by(WorkerScore.answers.desc(), Worker.name)).all()


def worker(session: Session, run_id: int, worker_id: int) -> WorkerScore | None:
    query = select(WorkerScore).where(WorkerScore.run_id == run_id, WorkerScore.worker_id == worker_id)
    return session.scalar(query)


def of_workers(session: Session, run_id: int, worker_ids: Collection[int]) -> dict[int, WorkerScore]:
    query = select(WorkerScore).where(WorkerScore.run_id == run_id, WorkerScore.worker_id.in_(worker_ids))
    return {score.worker_id: score for score in session.scalars(query)}
