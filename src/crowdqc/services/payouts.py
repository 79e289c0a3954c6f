"""Payouts: all that is owed to the workers of a project, paid at one go and once; the file stays as it was."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from crowdqc import formats, money
from crowdqc.errors import Conflict, Missing
from crowdqc.formats import Column
from crowdqc.records import ledger, projects
from crowdqc.records.ledger import Account, Kind, Payout
from crowdqc.records.projects import Project
from crowdqc.roles import Actor
from crowdqc.services import accepting, budgets, reach
from crowdqc.services.transaction import Transaction

#: The longest key by which a payout is known again.
LONGEST_KEY = 64

COLUMNS = tuple(Column(name) for name in ("worker", "worker_id", "amount", "currency", "reference"))


class NothingOwed(Conflict):
    """Nothing is owed to anybody that could be paid in the currency's smallest unit."""

    usual_mend = "Accept answers first, or wait until there is more."


class NoSuchPayout(Missing):
    """There is no such payout in this project."""


def make(tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, key: str | None = None) -> Payout:
    """Pay all that is owed, rounded down to the smallest unit; with the same key again it is the same payout.

    Payouts of a project come one after another; the file says what to pay to whom. Raise NothingOwed.
    """
    project = reach.own_project(tx, actor, project_uid, lock=True)
    if key is not None and (before := ledger.payout_of_key(tx.session, project.id, key)) is not None:
        return before
    while accepting.accept_due(tx, project) == accepting.AT_ONCE:
        pass
    owed = [(worker, money.payable(ticks)) for worker, ticks in ledger.owed(tx.session, project.id)]
    owed = [(worker, ticks) for worker, ticks in owed if ticks]
    currency = ledger.currency(tx.session, project.id)
    if not owed or currency is None:
        raise NothingOwed()
    last = ledger.payouts(tx.session, project.id, limit=1)
    number = last[0].number + 1 if last else 1
    rows = [
        {
            "worker": worker.name,
            "worker_id": str(worker.uid),
            "amount": money.write(ticks, currency),
            "currency": currency,
            "reference": f"P{project.id}-{number}-{worker.id}",
        }
        for worker, ticks in owed
    ]
    made = Payout(
        project_id=project.id,
        number=number,
        idempotency_key=key,
        currency=currency,
        workers=len(owed),
        amount=sum(ticks for _, ticks in owed),
        # A name is the worker's own: a spreadsheet must not take it for a formula.
        content=b"".join(formats.write(rows, COLUMNS, "csv", spreadsheet_safe=True)).decode(),
        made_by=actor.id,
        made_at=tx.now,
    )
    ledger.add_payout(tx.session, made)
    ledger.add(tx.session, [_paid(tx, project, made, worker.id, ticks, actor) for worker, ticks in owed])
    return made


def page(
    tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, after: uuid.UUID | None, limit: int
) -> Sequence[Payout]:
    """Give a project's payouts, the newest first."""
    project = reach.own_project(tx, actor, project_uid)
    before = None if after is None else _payout(tx, project, after).number
    return ledger.payouts(tx.session, project.id, before=before, limit=limit)


def get(tx: Transaction, actor: Actor, project_uid: uuid.UUID, payout_uid: uuid.UUID) -> tuple[Project, Payout]:
    """Give a payout with its file, the same each time."""
    project = reach.own_project(tx, actor, project_uid)
    return project, _payout(tx, project, payout_uid)


def _payout(tx: Transaction, project: projects.Project, uid: uuid.UUID) -> Payout:
    found = ledger.payout(tx.session, project.id, uid)
    if found is None:
        raise NoSuchPayout(payout=str(uid))
    return found


def _paid(
    tx: Transaction, project: Project, made: Payout, worker_id: int, ticks: int, actor: Actor
) -> dict[str, object]:
    return budgets.transfer(
        tx,
        project,
        Kind.PAY,
        Account.OWED,
        Account.PAID,
        ticks,
        f"payout:{made.id}:worker:{worker_id}",
        worker_id,
        actor.id,
        payout_id=made.id,
    )
