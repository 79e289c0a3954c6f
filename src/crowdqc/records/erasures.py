"""Erasures: whose identity was taken out of the installation, when, by whom and why; rows are only added."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Text, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.answers import Answer
from crowdqc.records.assignments import Assignment, Report
from crowdqc.records.base import Base, Keyed
from crowdqc.records.firings import Appeal, Firing
from crowdqc.records.ledger import Payout, Transfer, only_added
from crowdqc.records.people import Person, SignIn, Token, Worker
from crowdqc.records.projects import Project
from crowdqc.records.uploads import Upload, UploadFault, UploadKind


class Erasure(Keyed, Base):
    """Somebody who is nobody any longer; his answers stay, and nothing says whose they are."""

    __tablename__ = "erasures"

    worker_id: Mapped[int | None] = mapped_column(ForeignKey("workers.id"), unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), unique=True)
    reason: Mapped[str] = mapped_column(Text)
    made_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[datetime]


only_added(Erasure.__table__)  # type: ignore[arg-type]


def of_worker(session: Session, worker_id: int) -> Erasure | None:
    return session.scalar(select(Erasure).where(Erasure.worker_id == worker_id))


def of_person(session: Session, person_id: int) -> Erasure | None:
    return session.scalar(select(Erasure).where(Erasure.person_id == person_id))


def page(session: Session, *, limit: int) -> Sequence[tuple[Erasure, str]]:
    """Give erasures, the newest first, each with the name of whoever made it."""
    query = select(Erasure, Person.name).join(Person, Person.id == Erasure.made_by)
    rows = session.execute(query.order_by(Erasure.id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


def forget_access(session: Session, person_id: int) -> None:
    """Delete a person's sign-ins and tokens, with what he called them."""
    for table in (SignIn, Token):
        session.execute(
            delete(table).where(table.person_id == person_id).execution_options(synchronize_session=False)
        )


def forget_words(session: Session, worker_id: int) -> None:
    """Empty what a worker wrote in his own words: remarks, reports, appeals, drafts."""
    quietly = {"synchronize_session": False}
    for query in (
        update(Answer).where(Answer.worker_id == worker_id, Answer.comment.is_not(None)).values(comment=None),
        update(Report).where(Report.worker_id == worker_id).values(comment=""),
        update(Assignment)
        .where(Assignment.worker_id == worker_id, Assignment.draft.is_not(None))
        .values(draft=None),
        update(Appeal)
        .where(Appeal.firing_id.in_(select(Firing.id).where(Firing.worker_id == worker_id)))
        .values(text="(erased)"),
    ):
        session.execute(query.execution_options(**quietly))


def answer_uploads(session: Session, owner_id: int) -> list[Upload]:
    """Give the uploads of answers to a requester's projects: in their files those of his crowd are named."""
    query = select(Upload).join(Project, Project.id == Upload.project_id).where(Project.owner_id == owner_id)
    return [*session.scalars(query.where(Upload.kind == UploadKind.ANSWERS).order_by(Upload.id))]


def forget_faults(session: Session, worker: Worker) -> None:
    """Take a worker's name out of what was said of rows that were not taken."""
    named = UploadFault.what.contains(repr(worker.name), autoescape=True)
    words = "(A sentence that named a worker who was erased.)"
    session.execute(
        update(UploadFault).where(named).values(what=words).execution_options(synchronize_session=False)
    )


def payouts_to(session: Session, worker_id: int) -> int:
    """Count the payouts whose files say to whom was paid, him among them."""
    query = select(func.count(Payout.id.distinct())).join(Transfer, Transfer.payout_id == Payout.id)
    return session.scalar(query.where(Transfer.worker_id == worker_id)) or 0
