"""The desk: what a worker is given, and why there is nothing for him now."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import IntegrityError

from crowdqc.errors import Conflict, CrowdqcError, Missing
from crowdqc.records import assignments, desks, projects, queue, runs, scores, seats
from crowdqc.records.assignments import AssignmentState, Lease
from crowdqc.records.items import Shown
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project, ProjectState
from crowdqc.records.scores import WorkerScore
from crowdqc.records.seats import Seat
from crowdqc.roles import Actor
from crowdqc.services import budgets, gates, leases, orders, reach
from crowdqc.services.gates import Supply
from crowdqc.services.gates.caps import LARGEST_PAGE
from crowdqc.services.gold_mix import wanted_gold
from crowdqc.services.leases import Handed, Kept
from crowdqc.services.plans import Skipped, gold_share
from crowdqc.services.transaction import Transaction

#: The place in a queue before its first item.
FRONT = (0, 0)
#: Who was given so many items and finds no more is not looked for anew before so long: each look passes over all
#: those open items that he had.
MANY, REST = 5_000, timedelta(seconds=60)


class NoSuchDesk(Missing):
    """There is no such project that takes answers."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a worker has before him."""

    project: Project
    guidelines: str
    assignments: Sequence[tuple[Lease, Shown]]
    supply: Supply
    #: When to come again, where the supply is `later`, or `capped` for today.
    retry_at: datetime | None
    #: The same in words, where there is nothing in hand.
    why: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a worker stands in a project: what he is shown of himself."""

    project: Project
    counts: Mapping[str, int]
    score: WorkerScore | None


def take(tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, count: int = 1, ahead: int = 0) -> Desk:
    """Give a worker up to `count` items: those that he holds, and new ones; and `ahead` more for the next page.

    Open leases and counted answers of an item never pass its overlap; nobody is given an item twice, but for one
    that he gave back (or skipped, where the plan says so); leases that lapsed are freed on the way.
    """
    seat = _seat(tx, actor, project_uid)
    _may_enter(tx, seat.place.project, seat.place.worker, project_uid)
    return _taken(tx, seat, min(count + ahead, LARGEST_PAGE))


def hand_in(
    tx: Transaction,
    actor: Actor,
    project_uid: uuid.UUID,
    handed: Sequence[Handed],
    *,
    count: int = 1,
    ahead: int = 0,
) -> tuple[Sequence[Kept | CrowdqcError], Desk]:
    """Keep a page of answers and give the next items, at one go; an answer that is refused spoils no other.

    Returns
    -------
    What became of each answer, in their order, and the desk.
    """
    place = seats.place(tx.session, tx.now, project_uid, actor.id)
    if place is None:
        reach.worker(tx, actor)
        raise NoSuchDesk(project=str(project_uid))
    project, worker, _, _ = place
    _may_enter(tx, project, worker, project_uid)
    outcomes = leases.keep(tx, project, worker, handed)
    # The desk is locked last: whoever holds it waits for no item.
    desk = desks.desk(tx.session, project.id, worker.id)
    kept = [told for told in outcomes if isinstance(told, Kept) and told.new]
    desk.answered_today = (desk.answered_today if desk.day == tx.now.date() else 0) + len(kept)
    desk.day = tx.now.date()
    desk.answered += len(kept)
    desk.gold_right += sum(told.right for told in kept)
    return outcomes, _taken(tx, Seat(place, desk), min(count + ahead, LARGEST_PAGE))


def held(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> Desk:
    """Give what a worker has before him, and take nothing new; with nothing in hand he may ask for more."""
    worker = reach.worker(tx, actor)
    project = projects.by_uid(tx.session, project_uid, owner_id=None)
    if project is None:
        raise NoSuchDesk(project=str(project_uid))
    _may_enter(tx, project, worker, project_uid)
    found = assignments.held(tx.session, project.id, worker.id, tx.now)
    guideline = projects.guideline(tx.session, project.id, project.guideline_version)
    supply = Supply.ASSIGNED if found else _supply(project, None)
    return _shown(project, "" if guideline is None else guideline.text, found, supply, None)


def standings(tx: Transaction, actor: Actor) -> Sequence[Standing]:
    """Give the projects that take answers, and how this worker stands in each."""
    worker = reach.worker(tx, actor)
    found = []
    for project in projects.opened(tx.session):
        counts = assignments.states_of_worker(tx.session, worker.id, project.id)
        run = runs.latest(tx.session, project.id)
        score = None if run is None else scores.worker(tx.session, run.id, worker.id)
        found.append(Standing(project, counts, score))
    return found


def _seat(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> Seat:
    """Give a worker's desk in a project, locked; the first time he comes it is put up."""
    found = seats.seat(tx.session, tx.now, project_uid, actor.id)
    if found is None:
        worker = reach.worker(tx, actor)
        project = projects.by_uid(tx.session, project_uid, owner_id=None)
        if project is None:
            raise NoSuchDesk(project=str(project_uid))
        _may_enter(tx, project, worker, project_uid)
        desks.desk(tx.session, project.id, worker.id)
        found = seats.seat(tx.session, tx.now, project_uid, actor.id)
    if found is None:
        raise NoSuchDesk(project=str(project_uid))
    return found


def _may_enter(tx: Transaction, project: Project, worker: Worker, uid: uuid.UUID) -> None:
    """Raise NoSuchDesk unless a project is open, or this worker worked in it."""
    if project.state != ProjectState.OPEN and not assignments.states_of_worker(tx.session, worker.id, project.id):
        raise NoSuchDesk(project=str(uid))


def _taken(tx: Transaction, seat: Seat, wanted: int) -> Desk:
    (project, worker, guidelines, lapsed), desk = seat
    found = assignments.held(tx.session, project.id, worker.id, tx.now)
    more = wanted - len(found)
    if more <= 0 or project.state != ProjectState.OPEN:
        supply = Supply.ASSIGNED if found else _supply(project, None)
        return _shown(project, guidelines, found[:wanted], supply, None)
    room = gates.room(tx, project, worker, desk, held=len(found))
    if lapsed and room.items <= 0 and room.supply == Supply.SPENT:
        # What lapsed leases were promised comes back.
        leases.free_lapsed(tx, project, worker)
        room = gates.room(tx, project, worker, desk, held=len(found))
    retry_at = None
    if room.items > 0:
        if lapsed:
            leases.free_lapsed(tx, project, worker)
        given, retry_at = _given(tx, seat, min(more, room.items))
        found += given
    if found:
        return _shown(project, guidelines, found, Supply.ASSIGNED, None)
    if room.supply == Supply.SPENT:
        # Where there was room and nothing came of it, others had the last of the money in hand at this moment.
        left = retry_at or queue.left(tx.session, project.id, worker.id, _let_go(project))[0]
        if left:
            retry_at = room.retry_at if room.items <= 0 else room.retry_at or tx.now
            return _shown(project, guidelines, [], room.supply, retry_at, room.why)
    elif room.items <= 0:
        return _shown(project, guidelines, [], room.supply, room.retry_at, room.why)
    return _shown(project, guidelines, [], _supply(project, retry_at), retry_at)


#: What a worker is told where no gate said it.
_WHY = {
    Supply.ASSIGNED: "",
    Supply.LATER: "All items that are left are in others' hands; some may come back.",
    Supply.PAUSED: "The project is paused.",
    Supply.FINISHED: "You have had all items of this project.",
}


def _shown(
    project: Project,
    guidelines: str,
    found: Sequence[tuple[Lease, Shown]],
    supply: Supply,
    retry_at: datetime | None,
    why: str | None = None,
) -> Desk:
    return Desk(project, guidelines, found, supply, retry_at, _WHY[supply] if why is None else why)


def _supply(project: Project, retry_at: datetime | None) -> Supply:
    """Say whether there is work for a worker who has nothing in hand."""
    if project.state == ProjectState.PAUSED:
        return Supply.PAUSED
    return Supply.FINISHED if retry_at is None or project.state != ProjectState.OPEN else Supply.LATER


def _given(tx: Transaction, seat: Seat, wanted: int) -> tuple[list[tuple[Lease, Shown]], datetime | None]:
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
        # What hangs on the desk goes with it.
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
    found = assignments.free_gold(tx.session, project.id, worker.id, limit=wanted, chance=tx.chance)
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
        desk.rests_until = retry_at = max(retry_at, tx.now + REST)
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
