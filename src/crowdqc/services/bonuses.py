"""Bonuses: something on top for a worker, out of the project's budget, with the reason that he reads."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from crowdqc import money
from crowdqc.errors import Conflict, Invalid
from crowdqc.records import assignments, ledger, purses
from crowdqc.records.ledger import Account, Kind, Transfer
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.roles import Actor
from crowdqc.services import budgets, reach
from crowdqc.services.transaction import Transaction

#: The longest key by which a bonus is known again.
LONGEST_KEY = 64


class NoBudget(Conflict):
    """The project has no budget to pay from."""

    usual_mend = "Give it a currency and a budget in its quality plan."


class KeyUsed(Conflict):
    """The key of this bonus was used for another one."""

    usual_mend = "Make a new key for each bonus; send the same again only to repeat the same one."


def give(
    tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, worker: uuid.UUID, amount: str, reason: str, key: str
) -> tuple[Transfer, Worker]:
    """Give a worker a bonus; with the same key again it is the same one. Raise NoBudget, KeyUsed, BudgetSpent."""
    project = reach.own_project(tx, actor, project_uid, lock=True)
    someone = reach.worker_named(tx, worker)
    if project.plan.get("budget") is None:
        raise NoBudget()
    if not assignments.states_of_worker(tx.session, someone.id, project.id):
        raise reach.NoSuchWorker("This worker did nothing in this project.", worker=str(worker))
    ticks = _read(amount, project)
    if not reason.strip():
        raise Invalid("A bonus needs a reason.", errors=[{"where": "reason", "what": "is blank"}])
    subject = f"project:{project.id}:bonus:{key}"
    before = ledger.by_subject(tx.session, Kind.BONUS, subject)
    if before is not None:
        if (before.worker_id, before.amount) != (someone.id, ticks):
            raise KeyUsed()
        return before, someone
    row = budgets.transfer(
        tx,
        project,
        Kind.BONUS,
        Account.BUDGET,
        Account.OWED,
        ticks,
        subject,
        someone.id,
        actor.id,
        reason=reason.strip(),
    )
    ledger.add(tx.session, [row])
    if not purses.take_exactly(tx.session, project.id, ticks):
        raise budgets.BudgetSpent()
    made = ledger.by_subject(tx.session, Kind.BONUS, subject)
    assert made is not None
    return made, someone


def of_project(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> Sequence[tuple[Transfer, Worker]]:
    """Give a project's bonuses, the newest first."""
    project = reach.accepted_project(tx, actor, project_uid)
    return [(each, worker) for each, worker, _ in ledger.bonuses(tx.session, project_id=project.id)]


def _read(amount: str, project: Project) -> int:
    try:
        ticks = money.read(amount, project.plan["currency"])
    except money.BadAmount as error:
        raise money.BadAmount(
            error.detail, mend=error.own_mend, errors=[{"where": "amount", "what": error.detail}]
        ) from None
    if ticks == 0:
        raise money.BadAmount("A bonus of nothing is none.", errors=[{"where": "amount", "what": "is nothing"}])
    return ticks
