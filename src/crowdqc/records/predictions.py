"""Models by name and version, and what each said of items, as probabilities over the project's classes."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records import copying
from crowdqc.records.base import Base, Keyed, Named, Word, among, one_of
from crowdqc.records.items import Item
from crowdqc.records.projects import Project


class ModelRole(StrEnum):
    """What a model's word is used for, and what its views are."""

    #: The model that is to be deployed: one view, its word on the item.
    STUDENT = "student"
    #: Each view is the word of one member.
    ENSEMBLE = "ensemble"
    #: View 0 is its word on the item itself, each other one its word on an augmented view of it.
    VIEWS = "views"
    #: A stronger model that runs offline.
    TEACHER = "teacher"
    #: Says where an item lies among the others: see `records.embeddings`.
    EMBEDDER = "embedder"


class Fold(StrEnum):
    """Whether a model had seen the labels of the items that it speaks of."""

    UNKNOWN = "unknown"
    #: Each item was predicted by a model that was trained on the other folds.
    OUT_OF_FOLD = "out_of_fold"
    #: The model was trained on other items altogether.
    HELD_OUT = "held_out"
    #: It was trained on these very labels, and so it hides their mistakes.
    IN_SAMPLE = "in_sample"


class Model(Named, Base):
    """One version of one model in one project."""

    __tablename__ = "models"
    __table_args__ = (
        UniqueConstraint("project_id", "name", "version"),
        CheckConstraint(one_of("role", ModelRole), name="role"),
        CheckConstraint(one_of("fold", Fold), name="fold"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(Word, default=ModelRole.STUDENT, server_default="student")
    fold: Mapped[str] = mapped_column(Word, default=Fold.UNKNOWN, server_default="unknown")
    created_at: Mapped[datetime]

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"


class Prediction(Keyed, Base):
    """What one version of one model said of one view of one item."""

    __tablename__ = "predictions"
    __table_args__ = (
        UniqueConstraint("model_id", "item_id", "view"),
        CheckConstraint("view >= 0", name="view"),
        Index("ix_predictions_item_id", "item_id"),
    )

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id"))
    view: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    #: float64 in the order of the classes; a class that was added later has no number here, which means 0.
    probabilities: Mapped[bytes] = mapped_column(LargeBinary)


#: What a model says of the item itself, no view of it and no member of an ensemble alone.
OWN_WORD = (Prediction.view == 0, Model.role != ModelRole.ENSEMBLE)
#: Whose word on an item counts in aggregation, and contradicts it.
_HEARD = (*OWN_WORD, Model.fold != Fold.IN_SAMPLE)


def packed(probabilities: NDArray[np.float64]) -> bytes:
    return np.ascontiguousarray(probabilities, dtype="<f8").tobytes()


def unpacked(blob: bytes, n_classes: int) -> NDArray[np.float64]:
    values = np.zeros(n_classes)
    read = np.frombuffer(blob, dtype="<f8")
    values[: len(read)] = read
    return values


def model(session: Session, project_id: int, name: str, version: str) -> Model | None:
    return session.scalar(
        select(Model).where(Model.project_id == project_id, Model.name == name, Model.version == version)
    )


def by_uid(session: Session, uid: uuid.UUID, *, owner_id: int | None) -> Model | None:
    query = select(Model).where(Model.uid == uid)
    if owner_id is not None:
        query = query.join(Project, Project.id == Model.project_id).where(Project.owner_id == owner_id)
    return session.scalar(query)


def open_model(
    session: Session,
    project_id: int,
    name: str,
    version: str,
    now: datetime,
    *,
    role: ModelRole = ModelRole.STUDENT,
    fold: Fold = Fold.UNKNOWN,
) -> Model:
    """Give a model, made where it is new."""
    found = model(session, project_id, name, version)
    if found is None:
        found = Model(project_id=project_id, name=name, version=version, role=role, fold=fold, created_at=now)
        session.add(found)
        session.flush()
    return found


def by_keys(session: Session, project_id: int) -> dict[int, Model]:
    """Give a project's models by their keys inside, without a look at their predictions."""
    return {each.id: each for each in session.scalars(select(Model).where(Model.project_id == project_id))}


def models(session: Session, project_id: int) -> Sequence[tuple[Model, int]]:
    """Give a project's models, each with how many predictions it made."""
    query = (
        select(Model, func.count(Prediction.id))
        .join(Prediction, Prediction.model_id == Model.id, isouter=True)
        .where(Model.project_id == project_id)
        .group_by(Model.id)
    )
    return [(row[0], row[1]) for row in session.execute(query.order_by(Model.id))]


def existing(session: Session, model_id: int, item_ids: Collection[int]) -> dict[tuple[int, int], bytes]:
    """Give what a model said of items, by (item, view)."""
    query = select(Prediction.item_id, Prediction.view, Prediction.probabilities)
    query = query.where(Prediction.model_id == model_id, among(session, Prediction.item_id, item_ids))
    return {(item, view): blob for item, view, blob in session.execute(query)}


def add_many(session: Session, columns: copying.Columns) -> None:
    """Insert predictions, as columns."""
    copying.add(session, Prediction.__table__, iter([columns]))  # type: ignore[arg-type]


def likeliest(
    session: Session, project_id: int, name: str, version: str, item_ids: Collection[int]
) -> dict[int, int]:
    """Give the likeliest class of items, as a model says; nothing where there is no such model."""
    query = select(Prediction.item_id, Prediction.probabilities).join(Model, Model.id == Prediction.model_id)
    query = query.where(Model.project_id == project_id, Model.name == name, Model.version == version)
    query = query.where(Prediction.view == 0, among(session, Prediction.item_id, item_ids))
    return {item: int(np.frombuffer(blob, dtype="<f8").argmax()) for item, blob in session.execute(query)}


def last(session: Session, project_id: int) -> int:
    query = select(func.max(Prediction.id)).join(Model, Model.id == Prediction.model_id)
    return session.scalar(query.where(Model.project_id == project_id)) or 0


def columns(
    session: Session, project_id: int, n_classes: int, *, until: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Give (key inside of the item, key inside of the model, probabilities [n, classes]) of what is heard."""
    query = (
        select(Prediction.item_id, Prediction.model_id, Prediction.probabilities)
        .join(Model, Model.id == Prediction.model_id)
        .where(Model.project_id == project_id, Prediction.id <= until, *_HEARD)
        .order_by(Prediction.id)
    )
    items: list[int] = []
    of_models: list[int] = []
    blobs: list[bytes] = []
    full = 8 * n_classes
    for chunk in session.execute(query.execution_options(yield_per=20_000)).partitions():
        for item, model_id, blob in chunk:
            items.append(item)
            of_models.append(model_id)
            blobs.append(blob.ljust(full, b"\0"))
    table = np.frombuffer(b"".join(blobs), dtype="<f8").reshape(len(blobs), n_classes)
    return np.array(items, dtype=np.int64), np.array(of_models, dtype=np.int64), table.astype(np.float64)


def said(
    session: Session, model_id: int, n_classes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Give (key inside of the item, view, probabilities [predictions, classes]) of one model, by item and view."""
    query = select(Prediction.item_id, Prediction.view, Prediction.probabilities)
    query = query.where(Prediction.model_id == model_id).order_by(Prediction.item_id, Prediction.view)
    number = session.scalar(select(func.count()).where(Prediction.model_id == model_id)) or 0
    items, views = np.zeros(number, dtype=np.int64), np.zeros(number, dtype=np.int64)
    table, full, at = np.zeros((number, n_classes), dtype=np.float32), 8 * n_classes, 0
    rows = session.connection().execution_options(yield_per=10_000).execute(query)
    for part in rows.partitions():
        of, seen, blobs = zip(*part, strict=True)
        here = slice(at, at + len(of))
        items[here], views[here] = of, seen
        joined = b"".join(blob.ljust(full, b"\0") for blob in blobs)
        table[here] = np.frombuffer(joined, dtype="<f8").reshape(len(of), n_classes)
        at += len(of)
    return items, views, table


def number_of(session: Session, model_id: int) -> int:
    return session.scalar(select(func.count()).where(Prediction.model_id == model_id)) or 0


def spoken_of(session: Session, model_id: int) -> NDArray[np.int64]:
    """Give the keys inside of the items of which a model said anything, in order."""
    query = select(Prediction.item_id).where(Prediction.model_id == model_id).distinct()
    rows = session.connection().execution_options(yield_per=50_000).execute(query.order_by(Prediction.item_id))
    return np.fromiter((item for (item,) in rows), dtype=np.int64)


def of_item(session: Session, item_id: int) -> Sequence[tuple[Model, bytes]]:
    query = select(Model, Prediction.probabilities).join(Prediction, Prediction.model_id == Model.id)
    query = query.where(Prediction.item_id == item_id, *_HEARD)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Model.id))]


def chunks(session: Session, model_id: int, *, size: int = 5000) -> Iterator[Sequence[tuple[str, int, bytes]]]:
    """Give (item key, view, probabilities) of all that a model said."""
    after = 0
    while True:
        query = select(Prediction.id, Item.key, Prediction.view, Prediction.probabilities)
        query = query.join(Item, Item.id == Prediction.item_id)
        query = query.where(Prediction.model_id == model_id, Prediction.id > after)
        rows = session.execute(query.order_by(Prediction.id).limit(size)).all()
        if not rows:
            return
        after = rows[-1][0]
        yield [(row[1], row[2], row[3]) for row in rows]
