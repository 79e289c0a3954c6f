"""Reviews: cases for an expert, what became of them, and every step on the way."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Row,
    SmallInteger,
    Text,
    exists,
    false,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.assignments import Assignment, AssignmentState
from crowdqc.records.base import Base, Keyed, Named, Word, among, one_of
from crowdqc.records.items import Item
from crowdqc.records.people import Person, Worker


class ReviewState(StrEnum):
    """How far a review is."""

    OPEN = "open"
    CLAIMED = "claimed"
    DECIDED = "decided"
    #: Its reasons no longer hold; nobody had to look.
    WITHDRAWN = "withdrawn"


class Verdict(StrEnum):
    """What an expert does with an item."""

    ACCEPT = "accept"
    CORRECT = "correct"
    DISCARD = "discard"
    MORE_ANSWERS = "more_answers"


class ReviewAction(StrEnum):
    """A step in a review's history."""

    OPENED = "opened"
    CLAIMED = "claimed"
    RELEASED = "released"
    COMMENTED = "commented"
    DECIDED = "decided"
    UNDONE = "undone"
    WITHDRAWN = "withdrawn"


class Review(Named, Base):
    """A case for an expert."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint(one_of("state", ReviewState), name="state"),
        CheckConstraint(f"verdict IS NULL OR {one_of('verdict', Verdict)}", name="verdict"),
        CheckConstraint("(state = 'decided') = (verdict IS NOT NULL)", name="decided"),
        CheckConstraint("state <> 'claimed' OR claimed_by IS NOT NULL", name="claimed"),
        Index(
            "uq_reviews_open_item",
            "item_id",
            unique=True,
            sqlite_where=text("state IN ('open', 'claimed')"),
            postgresql_where=text("state IN ('open', 'claimed')"),
        ),
        Index("ix_reviews_queue", "project_id", "state", "priority", "id"),
        Index("ix_reviews_item_id", "item_id"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    state: Mapped[str] = mapped_column(Word)
    #: Why: each with a signal, its value, the threshold and a sentence.
    reasons: Mapped[list[Any]]
    priority: Mapped[float] = mapped_column(Float(53))
    #: What the crowd's label was when the expert decided.
    consensus_label: Mapped[int | None] = mapped_column(SmallInteger)
    #: The item's overlap before the expert sent it back for more answers.
    overlap_before: Mapped[int | None]
    #: Somebody asked for it: no run withdraws it.
    asked: Mapped[bool] = mapped_column(default=False, server_default=false())
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    claimed_until: Mapped[datetime | None]
    verdict: Mapped[str | None] = mapped_column(Word)
    label: Mapped[int | None] = mapped_column(SmallInteger)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ReviewEvent(Keyed, Base):
    """A step in a review's history; never changed."""

    __tablename__ = "review_events"
    __table_args__ = (
        CheckConstraint(one_of("action", ReviewAction), name="action"),
        Index("ix_review_events_review_id_id", "review_id", "id"),
    )

    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    action: Mapped[str] = mapped_column(Word)
    verdict: Mapped[str | None] = mapped_column(Word)
    label: Mapped[int | None] = mapped_column(SmallInteger)
    comment: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime]


LIVE = (ReviewState.OPEN, ReviewState.CLAIMED)


def by_uid(session: Session, uid: uuid.UUID, *, lock: bool = False) -> Review | None:
    query = select(Review).where(Review.uid == uid)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalar(query)


def live(session: Session, project_id: int) -> Sequence[Review]:
    """Lock and give the reviews of a project that wait or are in hand."""
    query = select(Review).where(Review.project_id == project_id, Review.state.in_(LIVE))
    query = query.order_by(Review.item_id).with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def decided_between(session: Session, project_id: int, first: int, last: int) -> dict[int, Review]:
    """Give the deciding review of a project's items from one to another, the newest where there are several."""
    query = select(Review).where(Review.item_id.between(first, last), Review.state == ReviewState.DECIDED)
    query = query.where(Review.project_id == project_id).order_by(Review.id)
    found = {review.item_id: review for review in session.scalars(query)}
    session.expunge_all()
    return found


def reasons_of_decided(session: Session, project_id: int) -> dict[int, list[str]]:
    """Give, of each item that an expert decided, the signals that sent it to him; of the newest decision."""
    query = select(Review.item_id, Review.reasons).where(
        Review.project_id == project_id, Review.state == ReviewState.DECIDED, Review.label.is_not(None)
    )
    rows = session.connection().execute(query.order_by(Review.id))
    return {item_id: [str(reason.get("signal")) for reason in reasons] for item_id, reasons in rows}


def claimants(session: Session, item_id: int) -> Sequence[int]:
    """Give the workers who are people that ever claimed a review of an item."""
    query = select(Worker.id).join(ReviewEvent, ReviewEvent.person_id == Worker.person_id)
    query = query.join(Review, Review.id == ReviewEvent.review_id).where(Review.item_id == item_id)
    return session.scalars(query.where(ReviewEvent.action == ReviewAction.CLAIMED).distinct()).all()


def claimable(session: Session, person_id: int, now: datetime, *, project_id: int | None) -> Review | None:
    """Lock the most urgent review that is free and of an item that this person never had as a worker."""
    his = exists().where(
        Assignment.item_id == Review.item_id,
        Assignment.state != AssignmentState.WITHHELD,
        Assignment.worker_id == Worker.id,
        Worker.person_id == person_id,
    )
    query = select(Review).where(
        or_(
            Review.state == ReviewState.OPEN,
            (Review.state == ReviewState.CLAIMED) & (Review.claimed_until <= now),
        ),
        ~his,
    )
    if project_id is not None:
        query = query.where(Review.project_id == project_id)
    query = (
        query.order_by(Review.priority.desc(), Review.id)
        .limit(1)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return session.scalar(query.execution_options(populate_existing=True))


def in_hand(session: Session, person_id: int, now: datetime, *, project_id: int | None) -> Review | None:
    """Give the review that a person has claimed and not finished."""
    query = select(Review).where(
        Review.state == ReviewState.CLAIMED, Review.claimed_by == person_id, Review.claimed_until > now
    )
    if project_id is not None:
        query = query.where(Review.project_id == project_id)
    return session.scalar(query.order_by(Review.id).limit(1))


def queue(
    session: Session,
    *,
    project_id: int | None,
    states: Collection[ReviewState],
    after: tuple[float, int] | None,
    limit: int,
) -> Sequence[tuple[Review, Item]]:
    """Give reviews with their items, the most urgent first."""
    query = select(Review, Item).join(Item, Item.id == Review.item_id).where(Review.state.in_(states))
    if project_id is not None:
        query = query.where(Review.project_id == project_id)
    if after is not None:
        priority, key = after
        query = query.where((Review.priority < priority) | ((Review.priority == priority) & (Review.id > key)))
    rows = session.execute(query.order_by(Review.priority.desc(), Review.id).limit(limit))
    return [(row[0], row[1]) for row in rows]


def decided_by(session: Session, person_id: int, *, limit: int) -> Sequence[tuple[Review, Item]]:
    """Give what a person decided, the newest first."""
    query = select(Review, Item).join(Item, Item.id == Review.item_id)
    query = query.where(Review.decided_by == person_id, Review.state == ReviewState.DECIDED)
    rows = session.execute(query.order_by(Review.decided_at.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


def counts(session: Session, project_id: int) -> dict[str, int]:
    query = select(Review.state, func.count()).where(Review.project_id == project_id).group_by(Review.state)
    return {state: number for state, number in session.execute(query)}


def of_item(session: Session, item_id: int) -> Sequence[Review]:
    return session.scalars(select(Review).where(Review.item_id == item_id).order_by(Review.id)).all()


def add_event(session: Session, event: ReviewEvent) -> None:
    session.add(event)


def events(session: Session, review_id: int) -> Sequence[tuple[ReviewEvent, str | None]]:
    """Give a review's steps, each with the name of the person."""
    query = select(ReviewEvent, Person.name).join(Person, Person.id == ReviewEvent.person_id, isouter=True)
    rows = session.execute(query.where(ReviewEvent.review_id == review_id).order_by(ReviewEvent.id))
    return [(row[0], row[1]) for row in rows]


def chunks(session: Session, project_id: int, *, size: int = 2000) -> Iterator[Sequence[Row[Review, str, str]]]:
    """Give (review, item key, name of the one who decided) of all decided reviews."""
    after = 0
    while True:
        query = (
            select(Review, Item.key, Person.name)
            .join(Item, Item.id == Review.item_id)
            .join(Person, Person.id == Review.decided_by)
            .where(Review.project_id == project_id, Review.state == ReviewState.DECIDED, Review.id > after)
        )
        rows = session.execute(query.order_by(Review.id).limit(size)).all()
        if not rows:
            return
        after = rows[-1][0].id
        yield rows
        session.expunge_all()


def looked_at_by(session: Session, person_id: int) -> Sequence[Item]:
    """Give the items of reviews in which a person took any step."""
    query = select(Item).join(Review, Review.item_id == Item.id)
    query = query.join(ReviewEvent, ReviewEvent.review_id == Review.id).where(ReviewEvent.person_id == person_id)
    return session.scalars(query.distinct()).all()


def live_of_items(
    session: Session, item_ids: Collection[int], *, states: Collection[ReviewState] = LIVE, lock: bool = False
) -> dict[int, Review]:
    """Give the live reviews of items, by item."""
    query = select(Review).where(Review.item_id.in_(item_ids), Review.state.in_(states)).order_by(Review.id)
    query = query.with_for_update(key_share=True) if lock else query
    return {review.item_id: review for review in session.scalars(query.execution_options(populate_existing=True))}


def live_of(session: Session, item_ids: Collection[int]) -> dict[int, Review]:
    """Lock and give the reviews of items that wait or are in hand, by item."""
    query = select(Review).where(among(session, Review.item_id, item_ids), Review.state.in_(LIVE))
    query = query.order_by(Review.item_id).with_for_update(key_share=True)
    return {each.item_id: each for each in session.scalars(query.execution_options(populate_existing=True))}


def is_live(session: Session, item_id: int) -> bool:
    return session.scalar(select(Review.id).where(Review.item_id == item_id, Review.state.in_(LIVE))) is not None
