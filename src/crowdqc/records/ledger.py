"""The ledger: every movement of money as one row that leaves one account and enters another, and is never changed.

A row that takes from one account what it gives to another cannot be out of balance. Balances are sums; no table
keeps one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    case,
    event,
    func,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Keyed, Named, Word, one_of
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project


class Account(StrEnum):
    """Where money is, in a project; those behind `budget` are of one worker each."""

    #: The requester's own pocket.
    OUTSIDE = "outside"
    #: What the project may spend.
    BUDGET = "budget"
    #: Earned, and waiting to be accepted.
    PENDING = "pending"
    #: Accepted, and to be paid.
    OWED = "owed"
    PAID = "paid"


class Kind(StrEnum):
    """Why money moves."""

    FUND = "fund"
    WITHDRAW = "withdraw"
    EARN = "earn"
    ACCEPT = "accept"
    REJECT = "reject"
    #: An answer that was rejected is accepted after all.
    REINSTATE = "reinstate"
    BONUS = "bonus"
    PAY = "pay"


#: The ways that money goes, by why.
WAYS: Mapping[Kind, Sequence[tuple[Account, Account]]] = {
    Kind.FUND: [(Account.OUTSIDE, Account.BUDGET)],
    Kind.WITHDRAW: [(Account.BUDGET, Account.OUTSIDE)],
    Kind.EARN: [(Account.BUDGET, Account.PENDING), (Account.BUDGET, Account.OWED)],
    Kind.ACCEPT: [(Account.PENDING, Account.OWED)],
    Kind.REJECT: [(Account.PENDING, Account.BUDGET)],
    Kind.REINSTATE: [(Account.BUDGET, Account.OWED)],
    Kind.BONUS: [(Account.BUDGET, Account.OWED)],
    Kind.PAY: [(Account.OWED, Account.PAID)],
}
_WAYS = " OR ".join(
    f"(kind = '{kind}' AND debit = '{debit}' AND credit = '{credit}')"
    for kind, ways in WAYS.items()
    for debit, credit in ways
)


class Payout(Named, Base):
    """What was owed to the workers of a project at one moment, paid at one go; its file is kept as it was."""

    __tablename__ = "payouts"
    __table_args__ = (
        # Two at once would have the same number: one of them finds that the other was first.
        UniqueConstraint("project_id", "number"),
        UniqueConstraint("project_id", "idempotency_key"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    number: Mapped[int]
    idempotency_key: Mapped[str | None] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))
    workers: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)
    #: The file, as csv.
    content: Mapped[str] = mapped_column(Text)
    made_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[datetime]


class Transfer(Keyed, Base):
    """An amount that left one account (debit) and entered another (credit), in ticks of its currency."""

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint(one_of("kind", Kind), name="kind"),
        CheckConstraint(_WAYS, name="way"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(worker_id IS NULL) = (kind IN ('fund', 'withdraw'))", name="worker"),
        CheckConstraint("(payout_id IS NULL) = (kind <> 'pay')", name="payout"),
        # One answer is earned once, accepted once, paid once.
        UniqueConstraint("subject", "kind"),
        Index("ix_transfers_project_id_worker_id", "project_id", "worker_id"),
        Index("ix_transfers_worker_id", "worker_id"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    worker_id: Mapped[int | None] = mapped_column(ForeignKey("workers.id"))
    kind: Mapped[str] = mapped_column(Word)
    debit: Mapped[str] = mapped_column(Word)
    credit: Mapped[str] = mapped_column(Word)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    #: What it is about: `assignment:12`, `payout:3:worker:7`.
    subject: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str | None] = mapped_column(Text)
    payout_id: Mapped[int | None] = mapped_column(ForeignKey("payouts.id"))
    #: Who had it moved; nobody where it moved by itself.
    made_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[datetime]


def only_added(table: Table) -> None:
    """Have the database refuse to change or delete rows of a table, whoever asks."""
    words = f"rows of {table.name} are only ever added"
    for what in ("UPDATE", "DELETE"):
        lite = (
            f"CREATE TRIGGER {table.name}_no_{what.lower()} BEFORE {what} ON {table.name}"
            f" BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )
        event.listen(table, "after_create", _only("sqlite", lite))
    function = (
        "CREATE OR REPLACE FUNCTION crowdqc_only_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION USING MESSAGE = 'rows of ' || TG_TABLE_NAME || ' are only ever added',"
        " ERRCODE = 'restrict_violation'; END $$"
    )
    trigger = (
        f"CREATE TRIGGER {table.name}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name}"
        " FOR EACH STATEMENT EXECUTE FUNCTION crowdqc_only_added()"
    )
    for statement in (function, trigger):
        event.listen(table, "after_create", _only("postgresql", statement))


def _only(dialect: str, statement: str):  # type: ignore[no-untyped-def]
    return DDL(statement).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]


only_added(Payout.__table__)  # type: ignore[arg-type]
only_added(Transfer.__table__)  # type: ignore[arg-type]


def add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write transfers; a constraint refuses one that is there already."""
    if rows:
        session.execute(Transfer.__table__.insert(), list(rows))  # type: ignore[attr-defined]


def currency(session: Session, project_id: int) -> str | None:
    """Give the currency in which a project's ledger is kept; none where it is empty."""
    return session.scalar(select(Transfer.currency).where(Transfer.project_id == project_id).limit(1))


def changes(session: Session, project_id: int) -> int:
    """Count how often a project's budget was changed."""
    query = select(func.count()).select_from(Transfer).where(Transfer.project_id == project_id)
    return session.scalar(query.where(Transfer.worker_id.is_(None))) or 0


def balance(session: Session, project_id: int, account: Account) -> int:
    """Give what is in one of a project's accounts, all workers together."""
    query = select(func.coalesce(func.sum(_into(account)), 0)).where(Transfer.project_id == project_id)
    return int(session.scalar(query) or 0)


def sums(session: Session, project_id: int) -> dict[tuple[str, str, str], int]:
    """Sum all that moved in a project, by (kind, debit, credit)."""
    columns = (Transfer.kind, Transfer.debit, Transfer.credit)
    query = select(*columns, func.sum(Transfer.amount)).where(Transfer.project_id == project_id)
    return {(row[0], row[1], row[2]): int(row[3]) for row in session.execute(query.group_by(*columns))}


def of_worker(session: Session, worker_id: int) -> dict[int, dict[tuple[str, str, str], int]]:
    """Sum all that moved for a worker, by project, then as `sums` does."""
    columns = (Transfer.project_id, Transfer.kind, Transfer.debit, Transfer.credit)
    query = select(*columns, func.sum(Transfer.amount)).where(Transfer.worker_id == worker_id)
    found: dict[int, dict[tuple[str, str, str], int]] = {}
    for row in session.execute(query.group_by(*columns)):
        found.setdefault(row[0], {})[row[1], row[2], row[3]] = int(row[4])
    return found


def owed(session: Session, project_id: int) -> Sequence[tuple[Worker, int]]:
    """Give the workers to whom a project owes something, and how much, by their keys."""
    total = func.sum(_into(Account.OWED))
    query = select(Worker, total).join(Transfer, Transfer.worker_id == Worker.id)
    query = query.where(Transfer.project_id == project_id).group_by(Worker.id).having(total > 0)
    return [(row[0], int(row[1])) for row in session.execute(query.order_by(Worker.id))]


def by_subject(session: Session, kind: Kind, subject: str) -> Transfer | None:
    return session.scalar(select(Transfer).where(Transfer.kind == kind, Transfer.subject == subject))


def bonuses(
    session: Session, *, project_id: int | None = None, worker_id: int | None = None, limit: int = 200
) -> Sequence[tuple[Transfer, Worker, Project]]:
    """Give bonuses of a project, of a worker, or of both, the newest first."""
    query = select(Transfer, Worker, Project).join(Worker, Worker.id == Transfer.worker_id)
    query = query.join(Project, Project.id == Transfer.project_id).where(Transfer.kind == Kind.BONUS)
    if project_id is not None:
        query = query.where(Transfer.project_id == project_id)
    if worker_id is not None:
        query = query.where(Transfer.worker_id == worker_id)
    rows = session.execute(query.order_by(Transfer.id.desc()).limit(limit))
    return [(row[0], row[1], row[2]) for row in rows]


def payouts(session: Session, project_id: int, *, before: int | None = None, limit: int = 50) -> Sequence[Payout]:
    """Give a project's payouts, the newest first."""
    query = select(Payout).where(Payout.project_id == project_id)
    if before is not None:
        query = query.where(Payout.number < before)
    return session.scalars(query.order_by(Payout.number.desc()).limit(limit)).all()


def payout(session: Session, project_id: int, uid: uuid.UUID) -> Payout | None:
    return session.scalar(select(Payout).where(Payout.project_id == project_id, Payout.uid == uid))


def payout_of_key(session: Session, project_id: int, key: str) -> Payout | None:
    return session.scalar(select(Payout).where(Payout.project_id == project_id, Payout.idempotency_key == key))


def add_payout(session: Session, made: Payout) -> None:
    session.add(made)
    session.flush()


def _into(account: Account):  # type: ignore[no-untyped-def]
    """Give what a transfer adds to an account."""
    return case(
        (Transfer.credit == account, Transfer.amount), (Transfer.debit == account, -Transfer.amount), else_=0
    )
