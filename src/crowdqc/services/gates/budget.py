"""As many items as the project's budget still pays for; a project without a price is not asked."""

from __future__ import annotations

from crowdqc.records import assignments, purses
from crowdqc.records.desks import Desk
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.services import prices
from crowdqc.services.gates.caps import LARGEST_PAGE
from crowdqc.services.gates.supply import Room, Supply
from crowdqc.services.transaction import Transaction

WHY = "The money for answers is spent or promised to others for now."


def room(tx: Transaction, project: Project, worker: Worker, desk: Desk) -> Room:
    """Give what the budget leaves; whether it is really there is seen when it is reserved."""
    price = prices.of_answer(project.plan)
    if price is None:
        return Room(LARGEST_PAGE, Supply.ASSIGNED, "")
    affordable = purses.left(tx.session, project.id) // price
    if affordable >= LARGEST_PAGE:
        return Room(LARGEST_PAGE, Supply.ASSIGNED, "")
    # What is in hand is promised already.
    held = len(assignments.held(tx.session, project.id, worker.id, tx.now))
    retry_at = assignments.first_end(tx.session, project.id)
    return Room(affordable + held, Supply.SPENT, WHY, retry_at)
