"""A project's budget: nothing is promised that is not there, and every answer earns what was promised for it.

A promise (`reserve`) takes the price of a lease out of the project's purses, an answer (`earn`) turns it into a
row of the ledger, and a lease that ends without one gives it back (`release`). A project without a price costs no
query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crowdqc import money
from crowdqc.errors import Conflict
from crowdqc.records import assignments, ledger, purses
from crowdqc.records.assignments import Assignment
from crowdqc.records.jobs import JobName
from crowdqc.records.ledger import Account, Kind
from crowdqc.records.projects import Project
from crowdqc.roles import Actor
from crowdqc.services import prices
from crowdqc.services.transaction import Transaction


class BudgetSpent(Conflict):
    """The project's budget has not as much left."""

    usual_mend = "Raise the budget in the quality plan."


class BudgetTooSmall(Conflict):
    """More than that is spent or promised already."""


class OtherCurrency(Conflict):
    """The project's money is of another currency."""

    usual_mend = "Keep it; for another currency make another project."


def reserve(tx: Transaction, project: Project, worker_id: int, wanted: int) -> int:
    """Promise the price of up to so many answers; say of how many.

    Call it when nothing but the rows that are written is left to wait for: a purse is the last row to be locked.
    """
    price = prices.of_answer(project.plan)
    if price is None or wanted <= 0:
        return wanted
    return purses.take(tx.session, project.id, worker_id, price, wanted)


def release(tx: Transaction, project_id: int, worker_id: int, ticks: int) -> None:
    """Give back what was promised and not earned; the last thing that a transaction does."""
    if ticks:
        purses.put(tx.session, project_id, worker_id, ticks)


def earn(tx: Transaction, project: Project, answered: Sequence[Assignment]) -> None:
    """Let answers that were just given earn what was promised, accepted at once or waiting for somebody to look.

    One that came after its place was given up was promised nothing any longer: it earns nothing, unless somebody
    accepts it.
    """
    time = prices.time_to_review(project.plan)
    into = Account.OWED if time is None else Account.PENDING
    rows = [
        moved(tx, project, each, Kind.EARN, Account.BUDGET, into) for each in answered if each.price is not None
    ]
    if time is not None and answered:
        assignments.accept_later(tx.session, [each.id for each in answered], tx.now + time)
    elif rows:
        assignments.accept(tx.session, [each.id for each in answered if each.price is not None])
    ledger.add(tx.session, rows)
    if time is not None and answered:
        tx.defer(JobName.ACCEPT_DUE, f"project:{project.id}", after=time.total_seconds())


def moved(
    tx: Transaction,
    project: Project,
    assignment: Assignment,
    kind: Kind,
    debit: Account,
    credit: Account,
    by: int | None = None,
) -> dict[str, Any]:
    """Describe the transfer of an answer's price."""
    assert assignment.price is not None
    return transfer(
        tx, project, kind, debit, credit, assignment.price, f"assignment:{assignment.id}", assignment.worker_id, by
    )


def transfer(
    tx: Transaction,
    project: Project,
    kind: Kind,
    debit: Account,
    credit: Account,
    amount: int,
    subject: str,
    worker_id: int | None = None,
    by: int | None = None,
    *,
    reason: str | None = None,
    payout_id: int | None = None,
) -> dict[str, Any]:
    """Describe a row of the ledger."""
    return {
        "project_id": project.id,
        "worker_id": worker_id,
        "kind": kind,
        "debit": debit,
        "credit": credit,
        "amount": amount,
        "currency": project.plan["currency"],
        "subject": subject,
        "reason": reason,
        "payout_id": payout_id,
        "made_by": by,
        "made_at": tx.now,
    }


def change(tx: Transaction, actor: Actor, project: Project, plan: Mapping[str, Any]) -> None:
    """Have a project's budget be what a new plan says; raise BudgetTooSmall, OtherCurrency.

    The project is locked, so that its budget changes once at a time. Call it after all else of the change.
    """
    after = prices.budget(plan)
    if project.plan.get("budget") is None and after == 0:
        return
    known = ledger.currency(tx.session, project.id)
    if known is not None and plan["currency"] != known:
        raise OtherCurrency(f"The project's money is in {known}.")
    moved = ledger.sums(tx.session, project.id)
    funded, withdrawn = ledger.WAYS[Kind.FUND][0], ledger.WAYS[Kind.WITHDRAW][0]
    before = moved.get((Kind.FUND, *funded), 0) - moved.get((Kind.WITHDRAW, *withdrawn), 0)
    if not purses.spread(tx.session, project.id, after - before):
        least = money.write(before - purses.left(tx.session, project.id), plan["currency"])
        raise BudgetTooSmall(
            f"{least} {plan['currency']} are spent or promised already.",
            mend=f"Give a budget of {least} or more, or wait until leases are over.",
            least=least,
        )
    if after == before:
        return
    kind, (debit, credit) = (Kind.FUND, funded) if after > before else (Kind.WITHDRAW, withdrawn)
    number = ledger.changes(tx.session, project.id)
    subject = f"project:{project.id}:change:{number}"
    row = transfer(tx, project, kind, debit, credit, abs(after - before), subject, by=actor.id)
    ledger.add(tx.session, [row | {"currency": plan["currency"]}])
