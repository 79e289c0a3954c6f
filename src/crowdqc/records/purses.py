"""Purses: what is left of a project's budget, in several rows so that those who ask at once need not queue.

What is in a project's purses is its budget less all that was earned and all that is promised to open leases. It
never falls below zero: the database holds to it. A purse is the last row that a transaction locks; see `take`.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, SmallInteger, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, insert_or_leave

#: Purses of a project. A worker's home is the one of his key.
PURSES = 16


class Purse(Base):
    """A part of what is left of a project's budget, in ticks of its currency."""

    __tablename__ = "purses"
    __table_args__ = (CheckConstraint("free >= 0", name="free"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    free: Mapped[int] = mapped_column(BigInteger)


def left(session: Session, project_id: int) -> int:
    """Give what is left of a project's budget."""
    query = select(func.coalesce(func.sum(Purse.free), 0)).where(Purse.project_id == project_id)
    return int(session.scalar(query) or 0)


def put(session: Session, project_id: int, home: int, ticks: int) -> None:
    """Put something back. Nothing but a purse may be waited for after this."""
    mine = (Purse.project_id == project_id, Purse.number == home % PURSES)
    query = update(Purse).where(*mine).values(free=Purse.free + ticks)
    session.execute(query.execution_options(synchronize_session=False))


def take(session: Session, project_id: int, home: int, price: int, wanted: int) -> int:
    """Take the price of up to so many answers; say of how many it was.

    First from the worker's home, then from one purse that has enough, then from all together. Only the home is
    waited for: what others have in hand is passed over, so that nobody waits in a circle.
    """
    cost = price * wanted
    mine = (Purse.project_id == project_id, Purse.number == home % PURSES, Purse.free >= cost)
    query = update(Purse).where(*mine).values(free=Purse.free - cost)
    if session.execute(query.execution_options(synchronize_session=False)).rowcount:  # type: ignore[attr-defined]
        return wanted
    rich = select(Purse).where(Purse.project_id == project_id, Purse.free >= cost).order_by(Purse.free.desc())
    found = _locked(session, rich.limit(1), skip=True)
    if not found:
        found = _locked(session, select(Purse).where(Purse.project_id == project_id, Purse.free > 0), skip=True)
    granted = min(wanted, sum(each.free for each in found) // price)
    _draw(session, found, granted * price)
    return granted


def take_exactly(session: Session, project_id: int, ticks: int) -> bool:
    """Take an amount from all purses together, waiting for those in others' hands; say whether it was there."""
    found = all_of(session, project_id)
    if sum(each.free for each in found) < ticks:
        return False
    _draw(session, found, ticks)
    return True


def all_of(session: Session, project_id: int) -> Sequence[Purse]:
    """Lock a project's purses, in their order."""
    return _locked(session, select(Purse).where(Purse.project_id == project_id).order_by(Purse.number), skip=False)


def spread(session: Session, project_id: int, change: int) -> bool:
    """Change what is left of a project's budget, and spread it evenly; say whether that could be."""
    found = all_of(session, project_id)
    if not found:
        rows = [{"project_id": project_id, "number": number, "free": 0} for number in range(PURSES)]
        insert_or_leave(session, Purse, rows)
        found = all_of(session, project_id)
    free = sum(each.free for each in found) + change
    if free < 0:
        return False
    for each in found:
        each.free = free // PURSES + (each.number < free % PURSES)
    session.flush()
    return True


def _draw(session: Session, found: Sequence[Purse], ticks: int) -> None:
    for each in found:
        drawn = min(each.free, ticks)
        each.free -= drawn
        ticks -= drawn
    session.flush()


def _locked(session: Session, query, *, skip: bool) -> Sequence[Purse]:  # type: ignore[no-untyped-def]
    query = query.with_for_update(key_share=True, skip_locked=skip)
    return session.scalars(query.execution_options(populate_existing=True)).all()
