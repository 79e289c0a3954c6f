"""Models by name and version, and what each said of items, as probabilities over the project's classes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Keyed, Named, insert_or_leave
from crowdqc.records.items import Item


class Model(Named, Base):
    """One version of one model in one project."""

    __tablename__ = "models"
    __table_args__ = (UniqueConstraint("project_id", "name", "version"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]


class Prediction(Keyed, Base):
    """What one version of one model said of one item."""

    __tablename__ = "predictions"
    __table_args__ = (
        UniqueConstraint("model_id", "item_id"),
        Index("ix_predictions_item_id", "item_id"),
    )

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id"))
    #: float64 in the order of the classes; a class that was added later has no number here, which means 0.
    probabilities: Mapped[bytes] = mapped_column(LargeBinary)


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


def open_model(session: Session, project_id: int, name: str, version: str, now: datetime) -> Model:
    """Give a model, made where it is new."""
    found = model(session, project_id, name, version)
    if found is None:
        found = Model(project_id=project_id, name=name, version=version, created_at=now)
        session.add(found)
        session.flush()
    return found


def models(session: Session, project_id: int) -> Sequence[tuple[Model, int]]:
    """Give a project's models, each with how many predictions it made."""
    query = (
        select(Model, func.count(Prediction.id))
        .join(Prediction, Prediction.model_id == Model.id, isouter=True)
        .where(Model.project_id == project_id)
        .group_by(Model.id)
    )
    return [(row[0], row[1]) for row in session.execute(query.order_by(Model.id))]


def existing(session: Session, model_id: int, item_ids: Collection[int]) -> dict[int, bytes]:
    query = select(Prediction.item_id, Prediction.probabilities)
    query = query.where(Prediction.model_id == model_id, Prediction.item_id.in_(item_ids))
    return {item: blob for item, blob in session.execute(query)}


def add_many(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), 500):
        insert_or_leave(session, Prediction, rows[start : start + 500])


def last(session: Session, project_id: int) -> int:
    query = select(func.max(Prediction.id)).join(Model, Model.id == Prediction.model_id)
    return session.scalar(query.where(Model.project_id == project_id)) or 0


def columns(
    session: Session, project_id: int, n_classes: int, *, until: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Give (key inside of the item, key inside of the model, probabilities [predictions, classes])."""
    query = (
        select(Prediction.item_id, Prediction.model_id, Prediction.probabilities)
        .join(Model, Model.id == Prediction.model_id)
        .where(Model.project_id == project_id, Prediction.id <= until)
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


def of_item(session: Session, item_id: int) -> Sequence[tuple[Model, bytes]]:
    query = select(Model, Prediction.probabilities).join(Prediction, Prediction.model_id == Model.id)
    return [
        (row[0], row[1]) for row in session.execute(query.where(Prediction.item_id == item_id).order_by(Model.id))
    ]


def chunks(session: Session, model_id: int, *, size: int = 5000) -> Iterator[Sequence[tuple[str, bytes]]]:
    """Give (item key, probabilities) of all that a model said."""
    after = 0
    while True:
        query = select(Prediction.id, Item.key, Prediction.probabilities).join(Item, Item.id == Prediction.item_id)
        query = query.where(Prediction.model_id == model_id, Prediction.id > after)
        rows = session.execute(query.order_by(Prediction.id).limit(size)).all()
        if not rows:
            return
        after = rows[-1][0]
        yield [(row[1], row[2]) for row in rows]
