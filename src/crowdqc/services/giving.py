"""What a worker is given: new items with gold among them, what is kept for him, what he let go of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import IntegrityError

from crowdqc.errors import Conflict
from crowdqc.records import assignments, desks, queue
from crowdqc.records.assignments import AssignmentState, Lease
from crowdqc.records.items import Shown
from crowdqc.records.projects import Project
from crowdqc.records.seats import Place, Seat
from crowdqc.services import budgets, leases, orders
from crowdqc.services.gold_mix import wanted_gold
from crowdqc.services.plans import Skipped, gold_share
from crowdqc.services.transaction import Transaction

#: The place in a queue before its first item.
FRONT = (0, 0)
#: Who was given so many items and finds no more is not looked for anew before so long: each look passes over all
#: those open items that he had.
MANY, REST = 5_000, timedelta(seconds=60)


def given(tx: Transaction, seat: Seat, wanted: int) -> tuple[list[tuple[Lease, Shown]], datetime | None]:
    """Lease items to a worker: new ones, or where there are none those that he let go.

    Returns
    -------
    What he is given; and where it is nothing, when to come again, or None where nothing is left for him.
    """
    (project, worker, _, _), desk = seat
    if desk.rests_until is not None and tx.now < desk.rests_until:
        return [], desk.rests_until
    share = gold_share(project.plan, desk.gold_right)
    gold_wanted = wanted_gold(project.plan, desk.given, desk.gold_given, desk.gold_right, wanted, tx.chance)
    gold = _gold(tx, seat, gold_wanted)
    kept = _reserved(tx, seat, wanted - len(gold))
    plain, place = _queued(tx, seat, wanted - len(gold) - len(kept))
    plain = kept + plain
    left, ends = True, None
    if not plain:
        left, ends = queue.left(tx.session, project.id, worker.id, _let_go(project))
    # Gold stands among other items; where none of those is left, it would stand out.
    chosen = plain + gold if plain or left or share >= 1 else []
    if not chosen:
        return _again(tx, seat, wanted, (ends or tx.now) if left else None)
    tx.chance.shuffle(chosen)
    measuring = {item.id for item in gold}
    chosen = _paid_for(tx, seat, chosen, measuring)
    if not chosen:
        return [], tx.now
    try:
        tx.session.flush()
        found = leases.give(tx, seat, chosen, gold=measuring & {item.id for item in chosen}, place=place)
    except IntegrityError:
        # The constraints caught what the locks should have prevented: give nothing rather than too much.
        raise Conflict("The queue moved on.", mend="Ask again.") from None
    return found, None


def _paid_for(tx: Transaction, seat: Seat, chosen: list[Shown], gold: Collection[int]) -> list[Shown]:
    """Give as many of the chosen items as the budget pays for; the places in the others are given up."""
    project, worker = seat.place.project, seat.place.worker
    granted = budgets.reserve(tx, project, worker.id, len(chosen))
    others = [item.id for item in chosen[granted:] if item.id not in gold]
    queue.put_back(tx.session, others, step=orders.step(project))
    return chosen[:granted]


def _gold(tx: Transaction, seat: Seat, wanted: int) -> list[Shown]:
    """Choose gold that a worker never had."""
    project, worker = seat.place.project, seat.place.worker
    found = queue.free_gold(tx.session, project.id, worker.id, limit=wanted, chance=tx.chance)
    return [Shown.of(item) for item in found]


def _reserved(tx: Transaction, seat: Seat, wanted: int) -> list[Shown]:
    """Take what is kept for a worker alone: it comes first."""
    project, worker = seat.place.project, seat.place.worker
    if wanted <= 0 or not project.reserves:
        return []
    found = queue.reserved(tx.session, project.id, worker.id, limit=wanted)
    for item in found:
        item.leased += 1
        orders.placed(project, item)
    return [Shown.of(item) for item in found]


def _again(
    tx: Transaction, seat: Seat, wanted: int, retry_at: datetime | None
) -> tuple[list[tuple[Lease, Shown]], datetime | None]:
    """Lease what a worker let go of, where there is nothing new for him."""
    (project, worker, _, _), desk = seat
    found = []
    again = assignments.let_go(tx.session, project.id, worker.id, _let_go(project), limit=wanted)
    for assignment, item in again[: budgets.reserve(tx, project, worker.id, len(again))]:
        leases.give_again(tx, project, assignment, item)
        found.append((Lease.of(assignment), Shown.of(item)))
    if not found and retry_at is not None and desk.given >= MANY:
        retry_at = max(retry_at, tx.now + REST)
        desks.rest(tx.session, project.id, worker.id, retry_at)
    tx.session.flush()
    return found, retry_at


def _let_go(project: Project) -> Sequence[AssignmentState]:
    """Give the states in which an item may come back to the same worker."""
    if project.plan["skipped"] == Skipped.TO_ME:
        return AssignmentState.RETURNED, AssignmentState.SKIPPED
    return (AssignmentState.RETURNED,)


def _queued(tx: Transaction, seat: Seat, wanted: int) -> tuple[list[Shown], tuple[int, int] | None]:
    """Take items behind the worker's place in the queue; at its end, those before it that he never had.

    Returns
    -------
    The items, and the place of the last of them.
    """
    (project, worker, _, _), desk = seat
    if wanted <= 0:
        return [], None
    here = desk.rank, desk.cursor
    take = partial(queue.take, tx.session, project.id, worker.id, step=orders.step(project))
    found = take(after=here, limit=wanted)
    if len(found) < wanted and here > FRONT:
        # What others held while the cursor passed, and what was opened again behind it.
        found += take(after=FRONT, until=here, limit=wanted - len(found))
    return found, (found[-1].rank, found[-1].id) if found else None


def any_left(tx: Transaction, place: Place) -> bool:
    """Say whether there are items that a worker may yet be given."""
    return queue.left(tx.session, place.project.id, place.worker.id, _let_go(place.project))[0]
