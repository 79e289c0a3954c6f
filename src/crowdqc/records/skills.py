"""Skills: named numbers of workers, each version with where it comes from and until when it holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, Text, func, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.quality import qualifications
from crowdqc.records.base import Base, Keyed, Word, insert_or_leave, one_of
from crowdqc.records.people import Worker

#: The longest word on where a version comes from.
LONGEST_DETAIL = 1000


class SkillSource(StrEnum):
    """Where a version of a skill comes from."""

    RULE = "rule"
    TRAINING = "training"
    EXAM = "exam"
    PERSON = "person"


class Skill(Keyed, Base):
    """One version of a worker's skill; the latest is the one that holds, and none is ever rewritten."""

    __tablename__ = "skills"
    __table_args__ = (
        CheckConstraint(one_of("source", SkillSource), name="source"),
        CheckConstraint("value >= 0 AND value <= 100", name="value"),
        Index(
            "uq_skills_latest",
            "worker_id",
            "name",
            unique=True,
            sqlite_where=text("latest"),
            postgresql_where=text("latest"),
        ),
        Index("ix_skills_worker_id_name_id", "worker_id", "name", "id"),
    )

    worker_id: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    name: Mapped[str] = mapped_column(String(qualifications.LONGEST_NAME))
    value: Mapped[float] = mapped_column(Float(53))
    source: Mapped[str] = mapped_column(Word)
    #: Which rule or exam, or why by hand.
    detail: Mapped[str | None] = mapped_column(Text)
    #: Who set it, where a person did.
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    earned_at: Mapped[datetime]
    #: From then on it is as if he did not have it.
    expires_at: Mapped[datetime | None]
    latest: Mapped[bool]


def put(
    session: Session,
    worker_id: int,
    name: str,
    value: float,
    source: SkillSource,
    now: datetime,
    expires_at: datetime | None = None,
    *,
    detail: str | None = None,
    person_id: int | None = None,
) -> None:
    """Write a new version of a worker's skill, from 0 to 100; raise qualifications.BadName.

    Of two at the same time the later one holds; neither waits for a lock on the worker.
    """
    row = {
        "worker_id": worker_id,
        "name": qualifications.name(name),
        "value": value,
        "source": SkillSource(source),
        "detail": None if detail is None else detail[:LONGEST_DETAIL],
        "person_id": person_id,
        "earned_at": now,
        "expires_at": expires_at,
        "latest": True,
    }
    mine = (Skill.worker_id == worker_id, Skill.name == name, Skill.latest)
    before = update(Skill).where(*mine).values(latest=False).execution_options(synchronize_session=False)
    session.execute(before)
    while not insert_or_leave(session, Skill, [row]):
        # Another version came between the two: it is history now.
        session.execute(before)


def take_back(session: Session, worker_id: int, detail: str, now: datetime) -> None:
    """Where a worker's current skill comes from just this, write the one before it anew, or that he has none."""
    mine = select(Skill).where(Skill.worker_id == worker_id)
    for found in session.scalars(mine.where(Skill.latest, Skill.detail == detail)).all():
        query = mine.where(Skill.name == found.name, Skill.id < found.id).order_by(Skill.id.desc())
        before = session.scalar(query.limit(1))
        # Who had none has one that is over.
        kept = found if before is None else before
        ends = now if before is None else before.expires_at
        put(session, worker_id, found.name, kept.value, SkillSource(kept.source), now, ends, detail="Taken back.")


def held(session: Session, worker_id: int, names: Collection[str], now: datetime) -> dict[str, float]:
    """Give those of the named skills that a worker has now, by name."""
    query = select(Skill.name, Skill.value).where(Skill.worker_id == worker_id, Skill.latest)
    query = query.where(Skill.name.in_(names), or_(Skill.expires_at.is_(None), Skill.expires_at > now))
    return {name: value for name, value in session.execute(query)}


def of_worker(session: Session, worker_id: int) -> Sequence[Skill]:
    """Give the current version of each skill of a worker, by name; those that have expired as well."""
    query = select(Skill).where(Skill.worker_id == worker_id, Skill.latest)
    return session.scalars(query.order_by(Skill.name)).all()


def history(session: Session, worker_id: int, *, limit: int) -> Sequence[Skill]:
    """Give the versions of all skills of a worker, the newest first."""
    return session.scalars(
        select(Skill).where(Skill.worker_id == worker_id).order_by(Skill.id.desc()).limit(limit)
    ).all()


def workers(session: Session, *, crowd: str, part: str, after: int, limit: int) -> Sequence[tuple[Worker, int]]:
    """Give a page of a crowd's workers whose names hold a part, each with the number of skills he ever had."""
    number = (
        select(func.count()).select_from(Skill).where(Skill.worker_id == Worker.id, Skill.latest).scalar_subquery()
    )
    query = select(Worker, number).where(Worker.crowd == crowd, Worker.id > after)
    if part:
        query = query.where(Worker.name.icontains(part, autoescape=True))
    return [(row[0], row[1]) for row in session.execute(query.order_by(Worker.id).limit(limit))]
