"""Items, their place in the queue, and what is known of their truth."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records import copying
from crowdqc.records.base import Base, Key, Named, Word, among, one_of
from crowdqc.records.projects import Project


class ItemState(StrEnum):
    """Where an item stands on its way to a label."""

    #: Its truth came with it and is hidden: it measures workers.
    GOLD = "gold"
    #: It takes answers.
    OPEN = "open"
    #: It has as many answers as were wanted; the next run says where it goes.
    ANSWERED = "answered"
    #: The run's label stands.
    ACCEPTED = "accepted"
    #: An expert is to look at it.
    IN_REVIEW = "in_review"
    #: An expert gave its label.
    DECIDED = "decided"
    #: An expert took it out.
    DISCARDED = "discarded"


#: States in which answers are complete and no expert has spoken: those that a run may route.
ROUTABLE = (ItemState.ANSWERED, ItemState.ACCEPTED, ItemState.IN_REVIEW)


class TruthSource(StrEnum):
    """Who says what the truth of an item is."""

    GOLD = "gold"
    DECISION = "decision"


class Item(Named, Base):
    """One thing to be labelled. `leased` and `answered` never pass `overlap`: the database holds to it."""

    __tablename__ = "items"
    __table_args__ = (
        CheckConstraint(one_of("state", ItemState), name="state"),
        CheckConstraint("answered >= 0 AND leased >= 0 AND answered + leased <= overlap", name="overlap"),
        CheckConstraint("(truth IS NULL) = (truth_source IS NULL)", name="truth"),
        UniqueConstraint("project_id", "key"),
        # The project's own upload. One key for both: each is looked up for every row that comes in.
        ForeignKeyConstraint(["project_id", "upload_id"], ["uploads.project_id", "uploads.id"]),
        # The queue: items that take answers, in order. Counts are not in it, so that their updates stay cheap.
        Index(
            "ix_items_queue",
            "project_id",
            "rank",
            "id",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_items_project_id_state_id", "project_id", "state", "id"),
    )

    project_id: Mapped[int] = mapped_column(Key)
    upload_id: Mapped[int] = mapped_column(Key)
    #: What the requester calls it.
    key: Mapped[str] = mapped_column(String(255))
    #: What a worker is shown.
    content: Mapped[dict[str, Any]]
    #: What a worker is not shown. (`metadata` is SQLAlchemy's own word.)
    meta: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(Word)
    overlap: Mapped[int]
    #: Its place in the queue: lower goes first, and among equals what came first (see `services.orders`).
    rank: Mapped[int] = mapped_column(default=0, server_default="0")
    #: How much it matters to the requester that it goes first; higher is sooner.
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    answered: Mapped[int] = mapped_column(default=0)
    leased: Mapped[int] = mapped_column(default=0)
    #: The accepted labels, where known; never leaves the server toward a worker.
    truth: Mapped[list[str] | None]
    truth_source: Mapped[str | None] = mapped_column(Word)
    reports: Mapped[int] = mapped_column(default=0)
    #: Whether it is for certain workers alone (see `reservations`); the queue of all others passes it over.
    reserved: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]


class Shown(NamedTuple):
    """An item as far as a desk needs to know it."""

    id: int
    key: str
    content: dict[str, Any]
    rank: int
    state: str

    @classmethod
    def of(cls, item: Item) -> Shown:
        return cls(item.id, item.key, item.content, item.rank, item.state)


def by_uid(session: Session, uid: uuid.UUID, *, owner_id: int | None) -> Item | None:
    query = select(Item).where(Item.uid == uid)
    if owner_id is not None:
        query = query.join(Project, Project.id == Item.project_id).where(Project.owner_id == owner_id)
    return session.scalar(query)


def by_id(session: Session, key: int, *, lock: bool = False) -> Item:
    query = select(Item).where(Item.id == key)
    # populate_existing: a row that waited for its lock must show what the other transaction wrote.
    return session.scalars(
        query.with_for_update(key_share=True).execution_options(populate_existing=True) if lock else query
    ).one()


def locked(session: Session, ids: Collection[int], *, skip: bool = False) -> Sequence[Item]:
    """Lock items in the order of their keys: one order for everybody, so that nobody waits in a circle.

    With `skip`, those that somebody else has locked are left out.
    """
    query = select(Item).where(Item.id.in_(ids)).order_by(Item.id)
    query = query.with_for_update(key_share=True, skip_locked=skip)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def filled(query: Any) -> Any:
    """Let an update of items note an answer: `fills` places, `gives_back` leases, and goes up by `step` ranks."""
    table: Any = Item.__table__
    answered = table.c.answered + bindparam("fills")
    full = and_(answered >= table.c.overlap, table.c.state == literal_column("'open'"))
    return query.values(
        answered=answered,
        leased=table.c.leased - bindparam("gives_back"),
        rank=table.c.rank + bindparam("step"),
        state=case((full, ItemState.ANSWERED), else_=table.c.state),
    )


@dataclass(slots=True)
class Room:
    """An item as far as its places go, to reckon with while many answers come in; `fill` writes what they took."""

    id: int
    state: str
    free: int
    #: Places that were taken meanwhile.
    taken: int = 0


def rooms(session: Session, project_id: int, keys: Collection[str]) -> dict[str, Room]:
    """Lock the items of these names, in the order of their keys, and give what room there is in each."""
    query = select(Item.key, Item.id, Item.state, Item.overlap - Item.answered - Item.leased)
    query = query.where(Item.project_id == project_id, among(session, Item.key, keys)).order_by(Item.id)
    rows = session.execute(query.with_for_update(key_share=True))
    return {key: Room(inside, state, free) for key, inside, state, free in rows}


def fill(session: Session, rooms: Collection[Room], *, step: int) -> None:
    """Note the places that answers took; `step` is by how much each moves an item in the queue."""
    table: Any = Item.__table__
    alike: dict[int, list[int]] = {}
    for room in rooms:
        if room.taken:
            alike.setdefault(room.taken, []).append(room.id)
    for taken, ids in alike.items():
        places = {"fills": taken, "gives_back": 0, "step": taken * step}
        session.connection().execute(filled(update(table).where(among(session, table.c.id, ids))), places)


def by_keys(session: Session, project_id: int, keys: Collection[str], *, lock: bool = False) -> dict[str, Item]:
    query = select(Item).where(Item.project_id == project_id, Item.key.in_(keys)).order_by(Item.id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return {item.key: item for item in session.scalars(query)}


def hashes(session: Session, project_id: int, keys: Sequence[str]) -> dict[str, str]:
    """Give the content hashes of those of the named items that exist."""
    query = select(Item.key, Item.content_hash)
    query = query.where(Item.project_id == project_id, among(session, Item.key, keys))
    return {key: content_hash for key, content_hash in session.execute(query)}


def add(session: Session, pieces: Iterator[copying.Columns]) -> None:
    """Add items that come a piece at a time; raise IntegrityError where one has a name that is taken."""
    copying.add(session, Item.__table__, pieces)  # type: ignore[arg-type]


def page(
    session: Session, project_id: int, *, state: ItemState | None, key: str | None, after: int, limit: int
) -> Sequence[Item]:
    query = select(Item).where(Item.project_id == project_id, Item.id > after)
    if state is not None:
        query = query.where(Item.state == state)
    if key is not None:
        query = query.where(Item.key == key)
    return session.scalars(query.order_by(Item.id).limit(limit)).all()


def chunks(session: Session, project_id: int, *, size: int = 2000) -> Iterator[Sequence[Item]]:
    """Give all items of a project, a bounded number at a time, without keeping them in the session."""
    after = 0
    while rows := page(session, project_id, state=None, key=None, after=after, limit=size):
        after = rows[-1].id
        yield rows
        session.expunge_all()


#: (key inside, key, state, truth, its source, upload) of an item.
Fact: TypeAlias = tuple[int, str, str, list[str] | None, str | None, int]


def facts(session: Session, project_id: int, *, size: int = 5000) -> Iterator[Sequence[Fact]]:
    """Give what a label needs to know of all items of a project, a bounded number at a time."""
    query = select(Item.id, Item.key, Item.state, Item.truth, Item.truth_source, Item.upload_id)
    query = query.where(Item.project_id == project_id).order_by(Item.id).limit(size)
    after = 0
    # Past the session: columns, no objects that it would have to know.
    while rows := session.connection().execute(query.where(Item.id > after)).all():
        after = rows[-1][0]
        yield rows


def states(session: Session, project_id: int) -> dict[str, int]:
    """Count a project's items by state."""
    query = select(Item.state, func.count()).where(Item.project_id == project_id).group_by(Item.state)
    return {state: number for state, number in session.execute(query)}


def wanted_and_given(session: Session, project_id: int) -> tuple[int, int]:
    """Sum the overlap and the counted answers of all items that are not gold."""
    query = select(func.coalesce(func.sum(Item.overlap), 0), func.coalesce(func.sum(Item.answered), 0))
    row = session.execute(query.where(Item.project_id == project_id, Item.state != ItemState.GOLD)).one()
    return int(row[0]), int(row[1])


def numbered(session: Session, project_id: int) -> Sequence[tuple[int, str, str, list[str] | None, int]]:
    """Give (key inside, key, state, truth, reports) of all items in order: what a run needs to know of them."""
    query = select(Item.id, Item.key, Item.state, Item.truth, Item.reports)
    rows = session.execute(query.where(Item.project_id == project_id).order_by(Item.id))
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def truths(session: Session, project_id: int) -> Iterator[tuple[int, list[str], str]]:
    """Give (key inside, truth, its source) of all items whose truth is known, in order."""
    query = select(Item.id, Item.truth, Item.truth_source)
    query = query.where(Item.project_id == project_id, Item.truth_source.is_not(None)).order_by(Item.id)
    for item, truth, source in session.connection().execution_options(yield_per=10_000).execute(query):
        if truth and source:
            yield item, truth, source


def metas(session: Session, project_id: int) -> dict[int, dict[str, Any]]:
    """Give what workers are not shown of all items, by the keys inside."""
    query = select(Item.id, Item.meta).where(Item.project_id == project_id)
    return {item_id: meta for item_id, meta in session.connection().execute(query)}


def open_ranks(session: Session, project_id: int) -> NDArray[np.int64]:
    """Give (key inside, rank) of all items that take answers, in the order of the keys."""
    query = select(Item.id, Item.rank).where(Item.project_id == project_id, Item.state == ItemState.OPEN)
    rows = session.execute(query.order_by(Item.id)).all()
    return np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 2)


def set_overlap(session: Session, project_id: int, before: int, after: int) -> None:
    """Give open items that have a project's overlap its new one, or as much of it as they have used already."""
    used = Item.answered + Item.leased
    mine = (Item.project_id == project_id, Item.state == ItemState.OPEN, Item.overlap == before)
    values = {"overlap": case((used > after, used), else_=after)}
    quietly = {"synchronize_session": False}
    # Locked in the order of their keys, as everybody does: an update takes them as they lie.
    ids = select(Item.id).where(*mine).order_by(Item.id).with_for_update(key_share=True)
    session.execute(update(Item).where(Item.id.in_(ids)).values(values).execution_options(**quietly))
    full = (Item.project_id == project_id, Item.state == ItemState.OPEN, Item.answered >= Item.overlap)
    session.execute(update(Item).where(*full).values(state=ItemState.ANSWERED).execution_options(**quietly))


def ids(session: Session, project_id: int, keys: Collection[str]) -> dict[str, int]:
    """Give the keys inside of those of the named items that exist."""
    query = select(Item.key, Item.id).where(Item.project_id == project_id, among(session, Item.key, keys))
    return {key: item_id for key, item_id in session.execute(query)}
