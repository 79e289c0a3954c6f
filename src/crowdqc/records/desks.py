"""Desks: a worker's place in a project's queue, and how much he was given and gave."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, and_, bindparam, case, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Key, Loose, Prepared, insert_or_leave


class Desk(Base):
    """A worker's place in a project's queue: he is never compared with what lies behind it."""

    __tablename__ = "desks"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"), primary_key=True)
    #: The last item that the queue gave him: its rank there, and its key.
    rank: Mapped[int] = mapped_column(default=0, server_default="0")
    cursor: Mapped[int] = mapped_column(Key, default=0)
    #: Until then the queue is not looked through again from its front for him; see `services.giving`.
    rests_until: Mapped[datetime | None]
    #: How many items he was given, and how many of them were gold.
    given: Mapped[int] = mapped_column(default=0)
    gold_given: Mapped[int] = mapped_column(default=0)
    #: How many answers he gave, and how many of them on the day (UTC) on which he last gave one.
    answered: Mapped[int] = mapped_column(default=0, server_default="0")
    answered_today: Mapped[int] = mapped_column(default=0, server_default="0")
    day: Mapped[date | None]
    #: How many gold items he answered as accepted.
    gold_right: Mapped[int] = mapped_column(default=0, server_default="0")


_TABLE: Any = Desk.__table__
_PLACE = and_(_TABLE.c.project_id == bindparam("project"), _TABLE.c.worker_id == bindparam("worker"))

_DESK = select(Desk).where(_PLACE).with_for_update(key_share=True).execution_options(populate_existing=True)
_COUNTING = (
    update(_TABLE)
    .where(_PLACE)
    .values(
        answered=_TABLE.c.answered + bindparam("number"),
        answered_today=case((_TABLE.c.day == bindparam("today"), _TABLE.c.answered_today), else_=0)
        + bindparam("number"),
        day=bindparam("today"),
        gold_right=_TABLE.c.gold_right + bindparam("right"),
    )
)
_COUNT = Prepared(_COUNTING)
#: Where a desk stands once items were given: so many, gold among them, the last of them in this place.
moved = (
    update(_TABLE)
    .where(_TABLE.c.project_id == bindparam("desk_project"), _TABLE.c.worker_id == bindparam("desk_worker"))
    .values(
        rank=bindparam("desk_rank"),
        cursor=bindparam("desk_cursor"),
        given=_TABLE.c.given + bindparam("desk_given"),
        gold_given=_TABLE.c.gold_given + bindparam("desk_gold"),
    )
)


def desk(session: Session, project_id: int, worker_id: int) -> Desk:
    """Give a worker's desk, locked; where there is none yet it is put up."""
    place = {"project": project_id, "worker": worker_id}
    found = session.scalar(_DESK, place)
    if found is None:
        counts = dict.fromkeys(("rank", "cursor", "given", "gold_given", "answered", "answered_today"), 0)
        row = {"project_id": project_id, "worker_id": worker_id, "gold_right": 0, **counts}
        insert_or_leave(session, Desk, [row])
        found = session.scalars(_DESK, place).one()
    return found


def count_answers(
    session: Session, project_id: int, worker_id: int, day: date, number: int, *, right: int
) -> None:
    """Note at a worker's desk that he gave so many answers on a day, so many of them right by gold."""
    if number:
        place = {"project": project_id, "worker": worker_id}
        _COUNT.run(session, {**place, "number": number, "today": day, "right": right})


_LOOSE = Loose(Desk)
_COUNTED = Prepared(_COUNTING.returning(*_LOOSE.columns))


def counted(session: Session, project_id: int, worker_id: int, day: date, number: int, *, right: int) -> Desk:
    """Do as `count_answers` does, and give the desk, locked; it is loose: what is changed in it is not kept."""
    place = {"project": project_id, "worker": worker_id}
    values = {**place, "number": number, "today": day, "right": right}
    rows = _COUNTED.rows(session, values)
    if not rows:
        desk(session, project_id, worker_id)
        rows = _COUNTED.rows(session, values)
    (row,) = rows
    return _LOOSE.of(row)


def rest(session: Session, project_id: int, worker_id: int, until: datetime) -> None:
    """Note until when the queue is not looked through again for a worker."""
    query = update(Desk).where(Desk.project_id == project_id, Desk.worker_id == worker_id)
    session.execute(query.values(rests_until=until).execution_options(synchronize_session=False))


def restart(session: Session, project_id: int) -> None:
    """Send a project's workers to the front of the queue, where items came in that they should have first."""
    query = update(Desk).where(Desk.project_id == project_id).values(rank=0, cursor=0, rests_until=None)
    session.execute(query.execution_options(synchronize_session=False))
