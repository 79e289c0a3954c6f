"""What a run says of the gold, and what workers' desks count of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, SmallInteger, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.answers import Answer
from crowdqc.records.base import Base
from crowdqc.records.desks import Desk
from crowdqc.records.items import Item, ItemState
from crowdqc.records.runs import Run

#: Rows that are written at a time.
CHUNK = 2000


class GoldScore(Base):
    """What the latest run says of a gold item; see `crowdqc.quality.gold_health`."""

    __tablename__ = "gold_scores"
    __table_args__ = (Index("ix_gold_scores_project_id", "project_id", "run_id", "rank"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True, index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    #: Its place among those of which something is found, the most urgent first; none where nothing is.
    rank: Mapped[int | None]
    answers: Mapped[int]
    #: The label that the workers point to, and its probability by them alone.
    says: Mapped[int | None] = mapped_column(SmallInteger)
    says_share: Mapped[float | None] = mapped_column(Float(53))
    #: Probability that none of the accepted labels is right; good workers, and how many of them disagree.
    wrong: Mapped[float] = mapped_column(Float(53))
    wrong_q_value: Mapped[float | None] = mapped_column(Float(53))
    good: Mapped[int]
    dissent: Mapped[int]
    #: Share of the workers who have seen it.
    share: Mapped[float | None] = mapped_column(Float(53))
    over_exposed: Mapped[bool]
    #: How it is answered, beside what look-alikes let expect; seconds as a multiple of what is usual.
    right: Mapped[float | None] = mapped_column(Float(53))
    expected: Mapped[float | None] = mapped_column(Float(53))
    pace: Mapped[float | None] = mapped_column(Float(53))
    leak_q_value: Mapped[float | None] = mapped_column(Float(53))
    #: How its answers get better from exposure to exposure.
    rise_q_value: Mapped[float | None] = mapped_column(Float(53))
    #: What is hardly chance: each with kind, q_value and meaning.
    findings: Mapped[list[Any]]


def add_scores(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), CHUNK):
        session.execute(GoldScore.__table__.insert(), list(rows[start : start + CHUNK]))  # type: ignore[attr-defined]


def forget_scores(session: Session, project_id: int, *, but: int) -> None:
    """Drop what other runs said: gold is shown as the latest one sees it."""
    query = delete(GoldScore).where(GoldScore.project_id == project_id, GoldScore.run_id != but)
    session.execute(query.execution_options(synchronize_session=False))


def latest(session: Session, project_id: int) -> Run | None:
    """Give the run that examined the gold last."""
    query = select(func.max(GoldScore.run_id)).where(GoldScore.project_id == project_id)
    return session.scalar(select(Run).where(Run.id == query.scalar_subquery()))


def found(session: Session, project_id: int, run_id: int, *, limit: int) -> Sequence[tuple[Item, GoldScore]]:
    """Give the gold of which something is found, the most urgent first; what was retired since is left out."""
    query = select(Item, GoldScore).join(GoldScore, GoldScore.item_id == Item.id)
    query = query.where(GoldScore.project_id == project_id, GoldScore.run_id == run_id)
    query = query.where(GoldScore.rank.is_not(None), Item.state == ItemState.GOLD)
    return [(row[0], row[1]) for row in session.execute(query.order_by(GoldScore.rank).limit(limit))]


def page(
    session: Session, project_id: int, run_id: int | None, *, after: int, limit: int
) -> Sequence[tuple[Item, GoldScore | None]]:
    """Give a project's gold in the order of coming, each with what a run says of it."""
    query = select(Item, GoldScore).join(
        GoldScore, (GoldScore.item_id == Item.id) & (GoldScore.run_id == (run_id or 0)), isouter=True
    )
    query = query.where(Item.project_id == project_id, Item.state == ItemState.GOLD, Item.id > after)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Item.id).limit(limit))]


def chunks(
    session: Session, project_id: int, run_id: int | None, *, size: int = 2000
) -> Iterator[Sequence[tuple[Item, GoldScore | None]]]:
    after = 0
    while rows := page(session, project_id, run_id, after=after, limit=size):
        after = rows[-1][0].id
        yield rows
        session.expunge_all()


def score(session: Session, item_id: int) -> GoldScore | None:
    query = select(GoldScore).where(GoldScore.item_id == item_id)
    return session.scalar(query.order_by(GoldScore.run_id.desc()).limit(1))


def given_labels(session: Session, item_ids: Collection[int]) -> Sequence[tuple[int, int, int]]:
    """Give (item, worker, number of the class) of all answers to items, whether they filled a place or not."""
    query = select(Answer.item_id, Answer.worker_id, Answer.label).where(Answer.item_id.in_(item_ids))
    return [(item, worker, label) for item, worker, label in session.execute(query) if label is not None]


def change_right(session: Session, project_id: int, changes: Mapping[int, int]) -> None:
    """Correct how many gold items workers got right, by worker; their desks are locked, in one order."""
    wanted = [worker for worker, change in changes.items() if change]
    if not wanted:
        return
    query = select(Desk).where(Desk.project_id == project_id, Desk.worker_id.in_(wanted))
    query = query.order_by(Desk.worker_id).with_for_update(key_share=True)
    for desk in session.scalars(query.execution_options(populate_existing=True)):
        desk.gold_right = max(0, desk.gold_right + changes[desk.worker_id])
    session.flush()
