"""Reservations: items that are for certain workers alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, delete, exists, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, insert_or_leave
from crowdqc.records.items import Item, ItemState
from crowdqc.records.people import Worker


class Reservation(Base):
    """An item is for this worker, and for others of whom there is such a row."""

    __tablename__ = "reservations"
    __table_args__ = (Index("ix_reservations_worker", "worker_id", "project_id", "item_id"),)

    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"), primary_key=True)
    #: The item's, so that a worker's reservations in a project lie together.
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    created_at: Mapped[datetime]


def of_item(session: Session, item_id: int) -> Sequence[Worker]:
    """Give those for whom an item is reserved, by name."""
    query = select(Worker).join(Reservation, Reservation.worker_id == Worker.id)
    return session.scalars(query.where(Reservation.item_id == item_id).order_by(Worker.name)).all()


def replace(session: Session, item: Item, worker_ids: Collection[int], now: datetime) -> None:
    """Reserve a (locked) item for these workers and nobody else; for none: it is for everybody again."""
    others = delete(Reservation).where(Reservation.item_id == item.id, Reservation.worker_id.not_in(worker_ids))
    session.execute(others.execution_options(synchronize_session=False))
    rows = [
        {"item_id": item.id, "worker_id": key, "project_id": item.project_id, "created_at": now}
        for key in sorted(worker_ids)
    ]
    if rows:
        insert_or_leave(session, Reservation, rows)
    item.reserved = bool(rows)


def open_to(worker_id: int) -> ColumnElement[bool]:
    """Say in SQL that an item is reserved for nobody, or for this worker too."""
    mine = exists().where(Reservation.item_id == Item.id, Reservation.worker_id == worker_id)
    return or_(Item.reserved.is_(False), mine)


def free_items(
    session: Session, project_id: int, worker_id: int, had: ColumnElement[bool], *, limit: int
) -> Sequence[Item]:
    """Lock items that are reserved for a worker, have room, and that he never had (`had` says so); in order."""
    query = select(Item).join(Reservation, Reservation.item_id == Item.id)
    query = query.where(
        Reservation.worker_id == worker_id,
        Reservation.project_id == project_id,
        Item.state == ItemState.OPEN,
        Item.answered + Item.leased < Item.overlap,
        ~had,
    )
    query = query.order_by(Item.id).limit(limit).with_for_update(key_share=True, skip_locked=True, of=Item)
    return session.scalars(query.execution_options(populate_existing=True)).all()
