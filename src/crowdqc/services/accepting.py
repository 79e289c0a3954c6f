"""What accepting and rejecting an answer does: to its pay, to its place, to what is aggregated.

Ground for those who say so: a person, the time, a rule. The assignments are locked by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crowdqc.records import acceptances, answers, items, ledger, projects, purses
from crowdqc.records.answers import Answer
from crowdqc.records.assignments import Assignment, AssignmentState
from crowdqc.records.items import Item, ItemState
from crowdqc.records.jobs import JobName
from crowdqc.records.ledger import Account, Kind
from crowdqc.records.projects import Project
from crowdqc.services import budgets, prices
from crowdqc.services.transaction import Transaction

#: How long a rejected answer can be accepted after all: as long as workers elsewhere are used to.
SECOND_THOUGHTS = timedelta(days=30)
#: Answers that are accepted or rejected in one transaction, at the most.
AT_ONCE = 500


#: Why: the same for all, or by the assignment's key.
Reason = str | Mapping[int, str] | None


def accept(
    tx: Transaction, project: Project, found: Sequence[Assignment], *, by: int | None, reason: Reason = None
) -> None:
    """Accept answers; those that were rejected count again where there is a place. Raise budgets.BudgetSpent.

    A late answer whose promise was gone is paid the present price, as long as the budget has it.
    """
    again = [each for each in found if each.state == AssignmentState.REJECTED]
    given = answers.of_assignments(tx.session, [each.id for each in found])
    rows, needed = [], 0
    for each in found:
        kind, debit = (Kind.ACCEPT, Account.PENDING)
        if each.price is None and given[each.id].late:
            kind, debit = Kind.EARN, Account.BUDGET
            each.price = prices.of_answer(project.plan)
        elif each in again:
            kind, debit = Kind.REINSTATE, Account.BUDGET
        each.state = AssignmentState.ACCEPTED
        if each.price is not None:
            needed += each.price if debit == Account.BUDGET else 0
            rows.append(budgets.moved(tx, project, each, kind, debit, Account.OWED, by))
    acceptances.add(tx.session, _said(tx, found, AssignmentState.ACCEPTED, by, reason))
    ledger.add(tx.session, rows)
    if again:
        _change_places(tx, project, [(each, given[each.id]) for each in again], take=True)
    if needed and not purses.take_exactly(tx.session, project.id, needed):
        raise budgets.BudgetSpent()


def reject(
    tx: Transaction, project: Project, found: Sequence[Assignment], *, by: int | None, reason: Reason
) -> None:
    """Reject answers that wait: they are not paid and not counted, and their items ask for others in their place.

    An answer to gold goes on measuring its worker: gold has no places to give up.
    """
    rows, free = [], 0
    for each in found:
        each.state = AssignmentState.REJECTED
        if each.price is not None:
            free += each.price
            rows.append(budgets.moved(tx, project, each, Kind.REJECT, Account.PENDING, Account.BUDGET, by))
    acceptances.add(tx.session, _said(tx, found, AssignmentState.REJECTED, by, reason))
    ledger.add(tx.session, rows)
    given = answers.of_assignments(tx.session, [each.id for each in found])
    _change_places(tx, project, [(each, given[each.id]) for each in found], take=False)
    if found:
        budgets.release(tx, project.id, found[0].worker_id, free)


def accept_due(tx: Transaction, project: Project) -> int:
    """Accept answers whose time to be looked at is over; say how many, `AT_ONCE` at the most."""
    found = acceptances.due(tx.session, project.id, tx.now, limit=AT_ONCE)
    accept(tx, project, found, by=None)
    tx.session.flush()
    return len(found)


def is_due(assignment: Assignment, now: datetime) -> bool:
    """Say whether an answer is accepted by itself, whether or not that is written already."""
    return assignment.accept_by is not None and assignment.accept_by <= now


def _said(
    tx: Transaction, found: Sequence[Assignment], state: AssignmentState, by: int | None, reason: Reason
) -> list[dict[str, Any]]:
    reasons = reason if isinstance(reason, Mapping) else dict.fromkeys([each.id for each in found], reason)
    return [
        {"assignment_id": each.id, "state": state, "reason": reasons[each.id], "by": by, "at": tx.now}
        for each in found
    ]


def _change_places(
    tx: Transaction, project: Project, found: Sequence[tuple[Assignment, Answer]], *, take: bool
) -> None:
    """Have answers take a place of their items again, or give theirs up; the next run hears of it."""
    projects.contribute(tx.session, project.id)
    changing = [(each, answer) for each, answer in found if each.counts and answer.counted != take]
    rows = {item.id: item for item in items.locked(tx.session, {each.item_id for each, _ in changing})}
    for each, answer in changing:
        answer.counted = _taken(rows[each.item_id]) if take else _given_up(rows[each.item_id])
    tx.session.flush()
    if changing:
        tx.defer(JobName.AGGREGATE, f"project:{project.id}", after=tx.settings.aggregation_delay)


def _taken(item: Item) -> bool:
    if item.answered + item.leased >= item.overlap or item.state == ItemState.DISCARDED:
        return False
    item.answered += 1
    if item.answered >= item.overlap and item.state == ItemState.OPEN:
        item.state = ItemState.ANSWERED
    return True


def _given_up(item: Item) -> bool:
    item.answered -= 1
    if item.state in (ItemState.ANSWERED, ItemState.ACCEPTED) and item.answered < item.overlap:
        item.state = ItemState.OPEN
    return False
