"""Earnings and spend: what the ledger says of a worker, and of a project."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crowdqc import money
from crowdqc.records import acceptances, assignments, ledger, projects, purses
from crowdqc.records.ledger import Account, Kind, Transfer
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.roles import Actor
from crowdqc.services import prices, reach
from crowdqc.services.transaction import Transaction

Sums = Mapping[tuple[str, str, str], int]


@dataclass(frozen=True, slots=True)
class Earnings:
    """What a worker earned in a project, as decimals of its currency."""

    project: Project
    currency: str
    #: What an answer earns now; nothing where the project has no price or takes no answers.
    price: str | None
    pending: str
    accepted: str
    rejected: str
    bonus: str
    paid: str
    #: Accepted and bonus, less what was paid.
    owed: str


@dataclass(frozen=True, slots=True)
class Spend:
    """Where a project's budget is, as decimals of its currency: all but `budget` together make the budget."""

    project: Project
    currency: str
    budget: str
    #: What neither was earned nor is promised.
    left: str
    #: Promised to open leases.
    promised: str
    pending: str
    owed: str
    paid: str
    #: Of these, bonuses.
    bonus: str
    answers: Mapping[str, int]


def of_worker(tx: Transaction, actor: Actor) -> Sequence[Earnings]:
    """Give what a worker earned, a project at a time; those that pay and take answers as well, the first first."""
    worker = reach.worker(tx, actor)
    moved = ledger.of_worker(tx.session, worker.id)
    due = acceptances.due_of_worker(tx.session, worker.id, tx.now)
    paying = {each.id: each for each in projects.opened(tx.session) if each.plan.get("price") is not None}
    found = []
    for key in sorted(moved.keys() | paying.keys()):
        project = paying.get(key) or projects.by_id(tx.session, key)
        price = prices.of_answer(project.plan) if key in paying else None
        found.append(_earned(project, moved.get(key, {}), due.get(key, 0), price))
    return found


def of_project(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> Spend | None:
    """Say where a project's money is; nothing where it never had any."""
    project = reach.accepted_project(tx, actor, project_uid)
    moved = ledger.sums(tx.session, project.id)
    currency = ledger.currency(tx.session, project.id) or project.plan.get("currency")
    if currency is None:
        return None

    def said(ticks: int) -> str:
        return money.write(ticks, currency)

    return Spend(
        project,
        currency,
        budget=said(-_balance(moved, Account.OUTSIDE)),
        left=said(purses.left(tx.session, project.id)),
        promised=said(assignments.promised(tx.session, project.id)),
        pending=said(_balance(moved, Account.PENDING)),
        owed=said(_balance(moved, Account.OWED)),
        paid=said(_balance(moved, Account.PAID)),
        bonus=said(_of(moved, Kind.BONUS)),
        answers=acceptances.states(tx.session, project.id),
    )


def owed(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> Sequence[tuple[Worker, str]]:
    """Give the workers to whom a project owes something, and how much."""
    project = reach.accepted_project(tx, actor, project_uid)
    currency = ledger.currency(tx.session, project.id)
    if currency is None:
        return []
    return [(worker, money.write(ticks, currency)) for worker, ticks in ledger.owed(tx.session, project.id)]


def bonuses(tx: Transaction, actor: Actor) -> Sequence[tuple[Project, Transfer, str]]:
    """Give the bonuses that a worker was given, the newest first."""
    worker = reach.worker(tx, actor)
    found = ledger.bonuses(tx.session, worker_id=worker.id)
    return [(project, each, money.write(each.amount, each.currency)) for each, _, project in found]


def _earned(project: Project, moved: Sums, due: int, price: int | None) -> Earnings:
    currency = project.plan["currency"]
    into_owed = (Account.BUDGET, Account.OWED)
    accepted = _of(moved, Kind.ACCEPT) + _of(moved, Kind.REINSTATE) + moved.get((Kind.EARN, *into_owed), 0)
    rejected = _of(moved, Kind.REJECT) - _of(moved, Kind.REINSTATE)
    # What is due is accepted, though no job wrote it yet.
    pending = _balance(moved, Account.PENDING)
    due = min(due, pending)
    figures = (pending - due, accepted + due, rejected, _of(moved, Kind.BONUS), _of(moved, Kind.PAY))
    owed = accepted + due + figures[3] - figures[4]
    told = [money.write(ticks, currency) for ticks in (*figures, owed)]
    return Earnings(project, currency, None if price is None else money.write(price, currency), *told)


def _of(moved: Sums, kind: Kind) -> int:
    return sum(ticks for (each, _, _), ticks in moved.items() if each == kind)


def _balance(moved: Sums, account: Account) -> int:
    into = sum(ticks for (_, _, credit), ticks in moved.items() if credit == account)
    return into - sum(ticks for (_, debit, _), ticks in moved.items() if debit == account)
