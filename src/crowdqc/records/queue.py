"""The queue: items that take answers, in the order of their rank, and the gold that goes among them.

Statements are made once and kept: at thousands of requests a second it is their making that costs.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session, aliased

from crowdqc.records import reservations, truths
from crowdqc.records.assignments import Assignment, AssignmentState
from crowdqc.records.base import Prepared
from crowdqc.records.items import Item, ItemState, Shown
from crowdqc.records.truths import GoldPlace


class By(StrEnum):
    """What an item's rank goes by, where it stands on the item itself."""

    NOTHING = "nothing"
    PLACES = "places"
    PRIORITY = "priority"
    CHANCE = "chance"


#: The highest priority of an item; the lowest is its negative.
MOST_URGENT = 100_000
#: As many numbers of gold as are drawn at a time.
MOST_DRAWS = 1000
#: So many ranks there are where they go by chance.
SHUFFLED = 1 << 20

#: Written out, so that the database sees that its index of open items serves.
_OPEN = Item.state == literal_column("'open'")
_SHOWN = (Item.id, Item.key, Item.content, Item.rank, Item.state)
_ROOM = Item.answered + Item.leased < Item.overlap
#: What the rank becomes with one place more taken: where the order goes by places it follows, else it stays.
_RANK = Item.rank + bindparam("step")


def _mine(*, but: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """Say that a worker had an item. One look at an index for each item, and no join over all that he ever had."""
    other = aliased(Assignment)
    query = select(other.id).where(other.item_id == Item.id, other.worker_id == bindparam("worker"))
    # Nothing is passed over; with this the planner leaves the look-up as it stands.
    return exists((query if but is None else query.where(but)).offset(literal_column("0")))


@lru_cache(maxsize=256)
def _taking(limit: int, bounded: bool, postgres: bool) -> Prepared:
    """Make the statement that takes a place in each of the next items behind a cursor, or up to an end."""
    place = tuple_(Item.rank, Item.id)
    chosen = (
        select(Item.id)
        .where(
            Item.project_id == bindparam("project"),
            _OPEN,
            place > tuple_(bindparam("after_rank"), bindparam("after_key")),
            _ROOM,
            Item.reserved.is_(False),
            ~_mine(),
        )
        .order_by(Item.rank, Item.id)
        .limit(literal_column(str(limit)))
        # Rows that others hold are passed over; one is looked at again once it is locked.
        .with_for_update(key_share=True, skip_locked=True, of=Item)
    )
    if bounded:
        chosen = chosen.where(place <= tuple_(bindparam("end_rank"), bindparam("end_key")))
    # As an array the choice is made once, and found by key, whatever the planner thinks of its length.
    taken = Item.id == func.any(func.array(chosen.scalar_subquery())) if postgres else Item.id.in_(chosen)
    return Prepared(update(Item).where(taken).values(leased=Item.leased + 1, rank=_RANK).returning(*_SHOWN))


def take(
    session: Session,
    project_id: int,
    worker_id: int,
    *,
    after: tuple[int, int],
    until: tuple[int, int] | None = None,
    limit: int,
    step: int = 0,
) -> list[Shown]:
    """Take a place in each of the next items that have one and that this worker never had, at most `limit`.

    `after` and `until` are places in the queue: (rank, key). What others have locked is passed over. By `step` the
    rank of what is taken goes up; it is given as it was before.
    """
    values: dict[str, Any] = {"project": project_id, "worker": worker_id}
    values |= {"after_rank": after[0], "after_key": after[1], "step": step}
    if until is not None:
        values |= {"end_rank": until[0], "end_key": until[1]}
    query = _taking(limit, until is not None, session.get_bind().dialect.name == "postgresql")
    rows = query.rows(session, values)
    found = [Shown(key, name, content, rank - step, state) for key, name, content, rank, state in rows]
    return sorted(found, key=lambda item: (item.rank, item.id))


def put_back(session: Session, ids: Collection[int], *, step: int = 0) -> None:
    """Give up a place in each of some items that were just taken."""
    if ids:
        query = update(Item).where(Item.id.in_(ids)).values(leased=Item.leased - 1, rank=Item.rank - step)
        session.execute(query.execution_options(synchronize_session=False))


def reserved(session: Session, project_id: int, worker_id: int, *, limit: int) -> Sequence[Item]:
    """Lock items that are reserved for this worker, have room, and that he never had."""
    had = exists().where(Assignment.item_id == Item.id, Assignment.worker_id == worker_id)
    return reservations.free_items(session, project_id, worker_id, had, limit=limit)


def free_gold(
    session: Session, project_id: int, worker_id: int, *, limit: int, chance: random.Random
) -> Sequence[Item]:
    """Give gold items that this worker never had, by chance; they have no places, so nobody is locked out.

    Numbers out of the pool are drawn, and those that he had are left out: each that he never had is as likely as
    any other, and nobody reads the whole of the gold. Only one who had nearly all of a pool is given what is left
    of it by going through it.
    """
    if limit <= 0:
        return []
    mine = exists().where(Assignment.item_id == Item.id, Assignment.worker_id == worker_id)
    query = select(Item).where(Item.state == ItemState.GOLD, ~mine)
    size = truths.pool_size(session, project_id)
    draws = 2 * limit + 6
    while draws < size and draws <= MOST_DRAWS:
        numbers = chance.sample(range(1, size + 1), draws)
        drawn = select(GoldPlace.item_id).where(GoldPlace.project_id == project_id, GoldPlace.number.in_(numbers))
        # Of the item nothing but its key is asked for: else a database may think of going through all gold.
        found = session.scalars(query.where(Item.id.in_(drawn)).order_by(Item.id)).all()
        if len(found) >= limit:
            return chance.sample(found, limit)
        draws *= 8
    query = query.where(Item.project_id == project_id)
    return session.scalars(query.order_by(func.random()).limit(limit)).all()


def left(
    session: Session, project_id: int, worker_id: int, let_go: Collection[AssignmentState]
) -> tuple[bool, datetime | None]:
    """Say whether there are items that this worker may yet be given, and when a lease of one of them ends.

    Both of one moment: between two questions an item could go from one hand into another, and be in neither.
    """
    other = aliased(Assignment)
    had = select(other.id).where(other.item_id == Item.id, other.worker_id == worker_id)
    # A look at an index for each item, as in `_mine`: a join that is planned on old facts may take for ever.
    his = exists(had.where(other.state.not_in(list(let_go))).offset(literal_column("0")))
    mine = and_(Item.project_id == project_id, _OPEN, ~his, reservations.open_to(worker_id))
    ends = (
        select(func.min(Assignment.expires_at))
        .join(Item, Item.id == Assignment.item_id)
        .where(Assignment.project_id == project_id, Assignment.state == literal_column("'open'"))
        .where(Assignment.counts, mine)
    )
    free = exists(select(Item.id).where(mine, _ROOM))
    until, any_free = session.execute(select(ends.scalar_subquery(), free)).one()
    return any_free or until is not None, until


def set_ranks(session: Session, ranks: Sequence[dict[str, int]]) -> None:
    """Give items new ranks: rows of `item` (its key) and `to`, in the order of the keys."""
    table: Any = Item.__table__
    query = update(table).where(table.c.id == bindparam("item")).values(rank=bindparam("to"))
    if ranks:
        session.connection().execute(query, list(ranks))


def reset_ranks(session: Session, project_id: int, by: By) -> None:
    """Give all of a project's items the rank that goes by what stands on the item itself."""
    rank: Any = {
        By.NOTHING: 0,
        By.PLACES: Item.answered + Item.leased,
        By.PRIORITY: MOST_URGENT - Item.priority,
        # Knuth's multiplicative hash of the key: as good as chance, and the same on both databases.
        By.CHANCE: (Item.id * 2654435761) % SHUFFLED,
    }[by]
    # Locked in the order of their keys, as everybody does: an update takes them as they lie.
    ids = select(Item.id).where(Item.project_id == project_id).order_by(Item.id).with_for_update(key_share=True)
    query = update(Item).where(Item.id.in_(ids)).values(rank=rank)
    session.execute(query.execution_options(synchronize_session=False))
