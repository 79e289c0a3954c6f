"""Rounds: a frozen release, what a model says of it, the items that are looked at, and what that came to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Keyed, Named, Word, insert_or_leave, one_of
from crowdqc.records.items import Item
from crowdqc.records.projects import Project
from crowdqc.records.reviews import Review


class RoundState(StrEnum):
    """How far a round is."""

    #: Its release is frozen, or about to be; a model is to be trained on it.
    OPENED = "opened"
    #: A runner chooses the items.
    CHOOSING = "choosing"
    #: Experts look at them.
    REVIEWING = "reviewing"
    ENDED = "ended"
    #: Given up; what was decided stays decided.
    ABANDONED = "abandoned"


LIVE = (RoundState.OPENED, RoundState.CHOOSING, RoundState.REVIEWING)


class Round(Named, Base):
    """One turn of the loop; a project has one at a time."""

    __tablename__ = "rounds"
    __table_args__ = (
        CheckConstraint(one_of("state", RoundState), name="state"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("(state = 'ended') = (result IS NOT NULL)", name="ended"),
        UniqueConstraint("project_id", "number"),
        Index(
            "uq_rounds_live",
            "project_id",
            unique=True,
            sqlite_where=text("state IN ('opened', 'choosing', 'reviewing')"),
            postgresql_where=text("state IN ('opened', 'choosing', 'reviewing')"),
        ),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(Word)
    #: As `quality.rounds.RoundPlan` writes it.
    plan: Mapped[dict[str, Any]]
    #: Of all that is drawn by chance; told when the round is over.
    seed: Mapped[int] = mapped_column(BigInteger)
    #: The labels that are looked at, and those that the round ended with.
    release_id: Mapped[int] = mapped_column(ForeignKey("releases.id"))
    end_release_id: Mapped[int | None] = mapped_column(ForeignKey("releases.id"))
    #: The keys inside of models by what their word is used for: student, teacher, ensemble, views, embedder.
    models: Mapped[dict[str, Any] | None]
    #: Labels of the release, and those that nobody had looked at.
    size: Mapped[int | None]
    free: Mapped[int | None]
    #: The ways of choosing, "random" first.
    samplers: Mapped[list[str] | None]
    #: Why no items could be chosen.
    failure: Mapped[dict[str, Any] | None]
    #: As `quality.rounds.Outcome` writes it.
    result: Mapped[dict[str, Any] | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RoundItem(Keyed, Base):
    """An item that a round looks at; what came of it stands in its review."""

    __tablename__ = "round_items"
    __table_args__ = (
        UniqueConstraint("round_id", "item_id"),
        UniqueConstraint("round_id", "place"),
        Index("ix_round_items_item_id", "item_id"),
        Index("ix_round_items_review_id", "review_id"),
    )

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"))
    #: Where it stands in the order in which items are looked at, from 0.
    place: Mapped[int]
    #: Its label in the release, and the model's likeliest class.
    label: Mapped[int] = mapped_column(SmallInteger)
    suggested: Mapped[int | None] = mapped_column(SmallInteger)
    #: Its place among the confident mistakes; its draw in the random sample.
    suspect: Mapped[int | None]
    draw: Mapped[int | None]
    #: Which ways of choosing chose it, with their reasons.
    reasons: Mapped[dict[str, Any]]


class Seen(NamedTuple):
    """An item of a round, and its review as it stands."""

    row: RoundItem
    key: str
    state: str
    verdict: str | None
    decided: int | None
    decided_at: datetime | None


def by_uid(session: Session, uid: uuid.UUID, *, owner_id: int | None, lock: bool = False) -> Round | None:
    query = select(Round).where(Round.uid == uid)
    if owner_id is not None:
        query = query.join(Project, Project.id == Round.project_id).where(Project.owner_id == owner_id)
    if lock:
        query = query.with_for_update(key_share=True, of=Round).execution_options(populate_existing=True)
    return session.scalar(query)


def by_id(session: Session, key: int, *, lock: bool = False) -> Round:
    query = select(Round).where(Round.id == key)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalars(query).one()


def live(session: Session, project_id: int) -> Round | None:
    return session.scalar(select(Round).where(Round.project_id == project_id, Round.state.in_(LIVE)))


def last_number(session: Session, project_id: int) -> int:
    return session.scalar(select(func.max(Round.number)).where(Round.project_id == project_id)) or 0


def ended(session: Session, project_id: int) -> Sequence[Round]:
    """Give a project's rounds that came to an end, in their order."""
    query = select(Round).where(Round.project_id == project_id, Round.state == RoundState.ENDED)
    return session.scalars(query.order_by(Round.number)).all()


def page(session: Session, project_id: int, *, before: int | None, limit: int) -> Sequence[Round]:
    """Give a project's rounds, the newest first."""
    query = select(Round).where(Round.project_id == project_id)
    if before is not None:
        query = query.where(Round.number < before)
    return session.scalars(query.order_by(Round.number.desc()).limit(limit)).all()


def ending_with(session: Session, release_id: int) -> Round | None:
    """Give the round that ended with a release."""
    return session.scalar(select(Round).where(Round.end_release_id == release_id))


def add_items(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), 500):
        insert_or_leave(session, RoundItem, rows[start : start + 500])


def seen(session: Session, round_id: int, *, after: int = -1, limit: int | None = None) -> Sequence[Seen]:
    """Give the items of a round in their order, with what came of them so far."""
    query = select(RoundItem, Item.key, Review.state, Review.verdict, Review.label, Review.decided_at)
    query = query.join(Item, Item.id == RoundItem.item_id).join(Review, Review.id == RoundItem.review_id)
    query = query.where(RoundItem.round_id == round_id, RoundItem.place > after).order_by(RoundItem.place)
    return [Seen(*row) for row in session.execute(query if limit is None else query.limit(limit))]


def errors(session: Session, project_id: int) -> Sequence[int]:
    """Give the keys inside of the items whose labels a round of the project found wrong."""
    query = select(RoundItem.item_id).join(Round, Round.id == RoundItem.round_id)
    query = query.join(Review, Review.id == RoundItem.review_id)
    query = query.where(Round.project_id == project_id, Review.label.is_not(None), Review.label != RoundItem.label)
    return session.scalars(query.distinct()).all()
