"""Answers: what one worker said of one item, once; and the crossing into columns."""

from __future__ import annotations

import itertools
import operator
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Row,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records import copying
from crowdqc.records.assignments import Assignment, AssignmentState
from crowdqc.records.base import Base, Json, Keyed, Together, among, insert_returning
from crowdqc.records.items import Item, filled
from crowdqc.records.people import Worker


class Answer(Keyed, Base):
    """What one worker said of one item."""

    __tablename__ = "answers"
    __table_args__ = (
        UniqueConstraint("item_id", "worker_id"),
        UniqueConstraint("worker_id", "idempotency_key"),
        CheckConstraint("(label IS NULL) <> (value IS NULL)", name="label_or_value"),
        CheckConstraint("seconds IS NULL OR seconds >= 0", name="seconds"),
        Index("ix_answers_project_id_id", "project_id", "id"),
        Index("ix_answers_worker", "worker_id", "project_id"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    #: The lease that it was given under; none where it was given elsewhere and uploaded.
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignments.id"), unique=True)
    upload_id: Mapped[int | None] = mapped_column(ForeignKey("uploads.id"))
    #: By which the worker's program knows its submission again.
    idempotency_key: Mapped[str | None] = mapped_column(String(64))
    #: The number of the class that was chosen, for answer types that choose one.
    label: Mapped[int | None] = mapped_column(SmallInteger)
    #: The answer of every other type.
    value: Mapped[Any | None] = mapped_column(Json)
    comment: Mapped[str | None] = mapped_column(Text)
    #: How long the worker took, in seconds, where known.
    seconds: Mapped[float | None]
    guideline_version: Mapped[int]
    submitted_at: Mapped[datetime]
    #: It came after its lease was over.
    late: Mapped[bool] = mapped_column(Boolean, default=False)
    #: It fills one of the item's places; a late one does where a place is still free.
    counted: Mapped[bool] = mapped_column(Boolean, default=True)


@dataclass(frozen=True, slots=True)
class VoteColumns:
    """Answers as columns of numbers: keys inside of items and workers, numbers of classes."""

    answer: NDArray[np.int64]
    item: NDArray[np.int64]
    worker: NDArray[np.int64]
    label: NDArray[np.int64]
    seconds: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.item)


_COLUMNS = (
    "project_id", "item_id", "worker_id", "assignment_id", "idempotency_key", "label", "comment", "seconds",
    "guideline_version", "submitted_at", "late", "counted",
)  # fmt: skip


_TABLES: tuple[Any, ...] = Answer.__table__, Assignment.__table__, Item.__table__
_ANSWERS, _ASSIGNMENTS, _ITEMS = _TABLES
#: One answer, its assignment and its item, as they are noted at thousands of requests a second.
_ONE = Together(
    update(_ASSIGNMENTS)
    .where(_ASSIGNMENTS.c.id == bindparam("answer_assignment_id"))
    .values(state=AssignmentState.SUBMITTED, draft=None),
    filled(update(_ITEMS).where(_ITEMS.c.id == bindparam("item"))),
    insert(_ANSWERS).values({name: bindparam(f"answer_{name}") for name in _COLUMNS}),
)


@dataclass(frozen=True, slots=True)
class Place:
    """What an answer does to its item's places: it fills one where it counts, and gives a lease's back."""

    counted: bool
    leased: bool
    #: By how much the item's rank in the queue goes up.
    step: int = 0

    def values(self) -> dict[str, int]:
        return {"fills": int(self.counted), "gives_back": int(self.leased), "step": self.step}


#: A lease that holds no place, and an answer that needs none.
NO_PLACE = Place(False, False)


def add_one(session: Session, answer: Answer, place: Place) -> None:
    """Insert an answer given here, and note it at its assignment and its item.

    Raises
    ------
    IntegrityError
        Its idempotency key was used for another one.
    """
    row = {f"answer_{name}": getattr(answer, name) for name in _COLUMNS}
    _ONE.run(session, row | place.values() | {"item": 0 if place == NO_PLACE else answer.item_id})


def add(session: Session, made: Sequence[tuple[Answer, Place]]) -> set[int]:
    """Insert answers given here, and note them at their assignments and items; give the assignments' keys.

    One whose idempotency key was used for another one is left out.
    """
    rows = [{name: getattr(answer, name) for name in _COLUMNS} for answer, _ in made]
    kept = set(insert_returning(session, Answer, rows, Answer.assignment_id))
    # All that are alike go at one go.
    alike: dict[Place, list[int]] = {}
    for answer, place in made:
        if answer.assignment_id in kept and place != NO_PLACE:
            alike.setdefault(place, []).append(answer.item_id)
    if kept:
        session.connection().execute(_SUBMITTED, {"ids": list(kept)})
    for place, ids in alike.items():
        session.connection().execute(_FILLED, {"ids": ids, **place.values()})
    return kept


_SUBMITTED = (
    update(_ASSIGNMENTS)
    .where(_ASSIGNMENTS.c.id.in_(bindparam("ids", expanding=True)))
    .values(state=AssignmentState.SUBMITTED, draft=None)
)
_FILLED = filled(update(_ITEMS).where(_ITEMS.c.id.in_(bindparam("ids", expanding=True))))


def add_many(session: Session, columns: copying.Columns) -> None:
    """Insert answers that were given elsewhere, as columns; raise IntegrityError where a worker answers again."""
    copying.add(session, _ANSWERS, iter([columns]))


def of_assignments(session: Session, ids: Collection[int]) -> dict[int, Answer]:
    """Give the answers to assignments, by the assignment's key."""
    found = session.scalars(select(Answer).where(Answer.assignment_id.in_(ids)))
    return {answer.assignment_id: answer for answer in found if answer.assignment_id is not None}


def labels(session: Session, item_ids: Collection[int]) -> dict[tuple[int, int], int | None]:
    """Give what each worker said of items, by (item, worker)."""
    query = select(Answer.item_id, Answer.worker_id, Answer.label)
    query = query.where(among(session, Answer.item_id, item_ids))
    return {(item, worker): label for item, worker, label in session.execute(query)}


class Leased(NamedTuple):
    """An answer that was given here, and its lease."""

    item_id: int
    label: int
    uid: uuid.UUID
    leased_at: datetime


def leased_since(session: Session, project_id: int, moment: datetime) -> list[Leased]:
    """Give the answers of a project whose leases were given from a moment on."""
    query = select(Answer.item_id, Answer.label, Assignment.uid, Assignment.leased_at)
    query = query.join(Assignment, Assignment.id == Answer.assignment_id)
    query = query.where(Answer.project_id == project_id, Answer.label.is_not(None), Assignment.leased_at >= moment)
    rows = session.execute(query.order_by(Answer.id))
    return [Leased(item, label or 0, uid, leased_at) for item, label, uid, leased_at in rows]


def of_item(session: Session, item_id: int) -> Sequence[tuple[Answer, Worker]]:
    query = select(Answer, Worker).join(Worker, Worker.id == Answer.worker_id)
    return [
        (row[0], row[1]) for row in session.execute(query.where(Answer.item_id == item_id).order_by(Answer.id))
    ]


def last(session: Session, project_id: int) -> int:
    """Give the key of a project's newest answer, 0 where there is none."""
    return session.scalar(select(func.max(Answer.id)).where(Answer.project_id == project_id)) or 0


def count(session: Session, project_id: int) -> int:
    return session.scalar(select(func.count()).select_from(Answer).where(Answer.project_id == project_id)) or 0


def votes(session: Session, project_id: int, *, until: int) -> VoteColumns:
    """Give the counted answers up to one of them as columns, in chunks of bounded size."""
    query = (
        select(Answer.id, Answer.item_id, Answer.worker_id, Answer.label, Answer.seconds)
        .where(Answer.project_id == project_id, Answer.counted, Answer.label.is_not(None), Answer.id <= until)
        .order_by(Answer.id)
    )
    chunks = session.execute(query.execution_options(yield_per=20_000)).partitions()
    # Keys fit a float64 exactly up to 2**53, so that one array takes a row as it comes.
    parts = [np.array([tuple(row) for row in chunk], dtype=np.float64) for chunk in chunks]
    table = np.concatenate(parts) if parts else np.zeros((0, 5))
    numbers = table[:, :4].astype(np.int64)
    return VoteColumns(numbers[:, 0], numbers[:, 1], numbers[:, 2], numbers[:, 3], table[:, 4].copy())


def page(
    session: Session, project_id: int, *, after: int, limit: int
) -> Sequence[Row[Answer, str, str, uuid.UUID]]:
    """Give (answer, item key, worker name, worker uid) in the order of coming."""
    query = (
        select(Answer, Item.key, Worker.name, Worker.uid)
        .join(Item, Item.id == Answer.item_id)
        .join(Worker, Worker.id == Answer.worker_id)
        .where(Answer.project_id == project_id, Answer.id > after)
    )
    return session.execute(query.order_by(Answer.id).limit(limit)).all()


def chunks(
    session: Session, project_id: int, *, size: int = 2000
) -> Iterator[Sequence[Row[Answer, str, str, uuid.UUID]]]:
    after = 0
    while rows := page(session, project_id, after=after, limit=size):
        after = rows[-1][0].id
        yield rows
        session.expunge_all()


def of_worker(
    session: Session, project_id: int, worker_id: int, *, before: int | None, limit: int
) -> Sequence[tuple[Answer, Item]]:
    """Give a worker's answers in a project, the newest first."""
    query = select(Answer, Item).join(Item, Item.id == Answer.item_id)
    query = query.where(Answer.project_id == project_id, Answer.worker_id == worker_id)
    if before is not None:
        query = query.where(Answer.id < before)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Answer.id.desc()).limit(limit))]


def label_counts(session: Session, item_ids: Collection[int]) -> dict[int, dict[int, int]]:
    """Count the counted answers of items by class."""
    query = (
        select(Answer.item_id, Answer.label, func.count())
        .where(Answer.item_id.in_(item_ids), Answer.counted, Answer.label.is_not(None))
        .group_by(Answer.item_id, Answer.label)
    )
    found: dict[int, dict[int, int]] = {}
    for item, label, number in session.execute(query):
        if label is not None:
            found.setdefault(item, {})[label] = number
    return found


def label_counts_between(
    session: Session, project_id: int, first: int, last: int
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Give (item, [(class, counted answers), ...]) of a project's items from one to another."""
    query = (
        select(Answer.item_id, Answer.label, func.count())
        .where(Answer.item_id.between(first, last), Answer.project_id == project_id)
        .where(Answer.counted, Answer.label.is_not(None))
        .group_by(Answer.item_id, Answer.label)
        .order_by(Answer.item_id, Answer.label)
    )
    for item, rows in itertools.groupby(session.connection().execute(query), operator.itemgetter(0)):
        yield item, [(row[1] or 0, row[2]) for row in rows]
