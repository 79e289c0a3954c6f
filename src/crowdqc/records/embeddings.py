"""Where items lie among one another: a vector for each, as a model embeds them."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records import copying
from crowdqc.records.base import Base, Keyed, among
from crowdqc.records.predictions import Model


class Embedding(Keyed, Base):
    """Where one version of one model puts one item."""

    __tablename__ = "embeddings"
    __table_args__ = (UniqueConstraint("model_id", "item_id"), Index("ix_embeddings_item_id", "item_id"))

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id"))
    #: float32.
    vector: Mapped[bytes] = mapped_column(LargeBinary)


def packed(vector: NDArray[np.floating]) -> bytes:
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def size(session: Session, model_id: int) -> int | None:
    """Give how many numbers a model's vectors have; None where there is none."""
    blob = session.scalar(select(Embedding.vector).where(Embedding.model_id == model_id).limit(1))
    return None if blob is None else len(blob) // 4


def existing(session: Session, model_id: int, item_ids: Collection[int]) -> dict[int, bytes]:
    query = select(Embedding.item_id, Embedding.vector)
    query = query.where(Embedding.model_id == model_id, among(session, Embedding.item_id, item_ids))
    return {item: blob for item, blob in session.execute(query)}


def add_many(session: Session, columns: copying.Columns) -> None:
    """Insert embeddings, as columns."""
    copying.add(session, Embedding.__table__, iter([columns]))  # type: ignore[arg-type]


def vectors(session: Session, model_id: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Give (key inside of the item, vectors [items, size]) of one model, by item."""
    number = session.scalar(select(func.count()).where(Embedding.model_id == model_id)) or 0
    width = size(session, model_id) or 0
    items, table, at = np.zeros(number, dtype=np.int64), np.zeros((number, width), dtype=np.float32), 0
    query = select(Embedding.item_id, Embedding.vector).where(Embedding.model_id == model_id)
    rows = session.connection().execution_options(yield_per=10_000).execute(query.order_by(Embedding.item_id))
    for part in rows.partitions():
        of, blobs = zip(*part, strict=True)
        items[at : at + len(of)] = of
        table[at : at + len(of)] = np.frombuffer(b"".join(blobs), dtype="<f4").reshape(len(of), width)
        at += len(of)
    return items, table


def models(session: Session, project_id: int) -> list[tuple[Model, int]]:
    """Give a project's embedding models, each with how many items it puts somewhere."""
    query = select(Model, func.count(Embedding.id)).join(Embedding, Embedding.model_id == Model.id)
    query = query.where(Model.project_id == project_id).group_by(Model.id).order_by(Model.id)
    return [(row[0], row[1]) for row in session.execute(query)]
