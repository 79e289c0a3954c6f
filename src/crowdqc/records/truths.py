"""The history of truths: who said which labels are right for an item, when and why; and the pool of gold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Keyed, Word, one_of
from crowdqc.records.items import Item
from crowdqc.records.people import Person


class TruthOrigin(StrEnum):
    """Where a truth comes from."""

    FILE = "file"
    API = "api"
    PAGE = "page"
    #: An expert's decision of a review.
    DECISION = "decision"
    #: A decision that became gold.
    PROMOTION = "promotion"
    #: A worker was right to object.
    APPEAL = "appeal"


class Truth(Keyed, Base):
    """One step in the history of an item's truth; never changed. The newest one stands on the item as well."""

    __tablename__ = "truths"
    __table_args__ = (
        CheckConstraint(one_of("source", TruthOrigin), name="source"),
        CheckConstraint("labels IS NOT NULL OR NOT gold", name="gold"),
        Index("ix_truths_item_id_id", "item_id", "id"),
        Index("ix_truths_person_id", "person_id"),
    )

    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    #: The accepted labels from now on; none where the truth was taken back.
    labels: Mapped[list[str] | None]
    #: Whether the item is gold from now on.
    gold: Mapped[bool]
    #: Why these labels are right, or why they no longer are.
    reason: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Word)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime]


class GoldPlace(Base):
    """A gold item's number among the gold of its project: 1, 2, 3 without gaps, so that one can be drawn."""

    __tablename__ = "gold_places"
    __table_args__ = (
        UniqueConstraint("item_id"),
        CheckConstraint("number >= 1", name="number"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))


def add_many(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(Truth.__table__.insert(), list(rows))  # type: ignore[attr-defined]


def of_item(session: Session, item_id: int) -> Sequence[tuple[Truth, str | None]]:
    """Give the history of an item's truth, the oldest first, each step with the name of whoever took it."""
    query = select(Truth, Person.name).join(Person, Person.id == Truth.person_id, isouter=True)
    return [(row[0], row[1]) for row in session.execute(query.where(Truth.item_id == item_id).order_by(Truth.id))]


def current(session: Session, item_ids: Collection[int]) -> Mapping[int, Truth]:
    """Give the newest step of each item."""
    newest = select(func.max(Truth.id)).where(Truth.item_id.in_(item_ids)).group_by(Truth.item_id)
    return {truth.item_id: truth for truth in session.scalars(select(Truth).where(Truth.id.in_(newest)))}


def last_decision(session: Session, item_id: int) -> tuple[Truth | None, bool]:
    """Give what stood before an item's last decision, and whether nothing but its promotion came after it."""
    steps = [truth for truth, _ in of_item(session, item_id)]
    place = max((n for n, each in enumerate(steps) if each.source == TruthOrigin.DECISION), default=None)
    if place is None:
        return None, False
    untouched = all(each.source == TruthOrigin.PROMOTION for each in steps[place + 1 :])
    return (steps[place - 1] if place else None), untouched


def pool_size(session: Session, project_id: int) -> int:
    """Count the gold of a project; the newest number says it."""
    query = select(func.max(GoldPlace.number)).where(GoldPlace.project_id == project_id)
    return session.scalar(query) or 0


def put_into_pool(session: Session, project_id: int, item_ids: Sequence[int]) -> None:
    """Number new gold. Hold the project's lock: numbers are given to one at a time."""
    start = pool_size(session, project_id) + 1
    rows = [
        {"project_id": project_id, "number": start + place, "item_id": key} for place, key in enumerate(item_ids)
    ]
    if rows:
        session.execute(GoldPlace.__table__.insert(), rows)  # type: ignore[attr-defined]


def take_out_of_pool(session: Session, project_id: int, item_id: int) -> None:
    """Forget an item's number, and give it to the last one, so that no gap is left. Hold the project's lock."""
    mine = (GoldPlace.project_id == project_id, GoldPlace.item_id == item_id)
    number = session.scalar(select(GoldPlace.number).where(*mine))
    if number is None:
        return
    quietly = {"synchronize_session": False}
    session.execute(delete(GoldPlace).where(*mine).execution_options(**quietly))
    last = pool_size(session, project_id)
    if last > number:
        at_end = (GoldPlace.project_id == project_id, GoldPlace.number == last)
        moved = session.scalar(select(GoldPlace.item_id).where(*at_end))
        session.execute(delete(GoldPlace).where(*at_end).execution_options(**quietly))
        session.execute(
            GoldPlace.__table__.insert(),  # type: ignore[attr-defined]
            [{"project_id": project_id, "number": number, "item_id": moved}],
        )


def told_by(session: Session, person_id: int) -> Sequence[Item]:
    """Give the items whose truth a person settled himself, but for those in files."""
    query = select(Item).join(Truth, Truth.item_id == Item.id).where(Truth.person_id == person_id)
    return session.scalars(query.where(Truth.source != TruthOrigin.FILE).distinct()).all()
