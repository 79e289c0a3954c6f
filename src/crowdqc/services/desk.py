"""The desk: what a worker is given, and why there is nothing for him now."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from crowdqc.errors import Conflict, CrowdqcError, Missing
from crowdqc.records import assignments, projects, runs, scores
from crowdqc.records.assignments import Assignment, AssignmentState
from crowdqc.records.items import Item, ItemState
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project, ProjectState
from crowdqc.records.scores import WorkerScore
from crowdqc.roles import Actor
from crowdqc.services import budgets, gates, leases, reach
from crowdqc.services.gates import Supply
from crowdqc.services.gates.caps import LARGEST_PAGE
from crowdqc.services.leases import Kept
from crowdqc.services.plans import Skipped, gold_share
from crowdqc.services.transaction import Transaction


class NoSuchDesk(Missing):
    """There is no such project that takes answers."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a worker has before him."""

    project: Project
    guidelines: str
    assignments: Sequence[tuple[Assignment, Item]]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """An answer to one of a worker's assignments, as it is handed in."""

    assignment: uuid.UUID
    label: str
    seconds: float | None = None
    comment: str | None = None
    key: str | None = None


def take(tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, count: int = 1, ahead: int = 0) -> Desk:
    """Give a worker up to `count` items: those that he holds, and new ones; and `ahead` more for the next page.

    Open leases and counted answers of an item never pass its overlap; nobody is given an item twice, but for one
    that he gave back (or skipped, where the plan says so); leases that lapsed are freed on the way.
    """
    worker = reach.worker(tx, actor)
    project = _desk_project(tx, worker, project_uid)
    return _taken(tx, project, worker, min(count + ahead, LARGEST_PAGE))


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
    worker = reach.worker(tx, actor)
    project = _desk_project(tx, worker, project_uid)
    # Items are locked in the order of their keys, so that two who hand in the same ones do not wait in a circle.
    places = assignments.items_of(tx.session, project.id, worker.id, [each.assignment for each in handed])
    outcome: dict[int, Kept | CrowdqcError] = {}
    for at in sorted(range(len(handed)), key=lambda at: places.get(handed[at].assignment, 0)):
        each = handed[at]
        if each.assignment in places:
            outcome[at] = _handed_in(tx, worker, each)
        else:
            outcome[at] = leases.NoSuchAssignment(assignment=str(each.assignment))
    # The desk is locked last: whoever holds it waits for no item.
    kept = [told for told in outcome.values() if isinstance(told, Kept) and told.new]
    right = sum(told.right for told in kept)
    assignments.count_answers(tx.session, project.id, worker.id, tx.now.date(), len(kept), right=right)
    desk = _taken(tx, project, worker, min(count + ahead, LARGEST_PAGE))
    return [outcome[at] for at in range(len(handed))], desk


def held(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> Desk:
    """Give what a worker has before him, and take nothing new; with nothing in hand he may ask for more."""
    worker = reach.worker(tx, actor)
    project = _desk_project(tx, worker, project_uid)
    found = assignments.held(tx.session, project.id, worker.id, tx.now)
    supply = Supply.ASSIGNED if found else _supply(project, None)
    return _shown(tx, project, found, supply, None)


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


def _desk_project(tx: Transaction, worker: Worker, uid: uuid.UUID) -> Project:
    """Give a project at which this worker has a desk: an open one, or one in which he worked."""
    project = projects.by_uid(tx.session, uid, owner_id=None)
    if project is None or (
        project.state != ProjectState.OPEN and not assignments.states_of_worker(tx.session, worker.id, project.id)
    ):
        raise NoSuchDesk(project=str(uid))
    return project


def _handed_in(tx: Transaction, worker: Worker, each: Handed) -> Kept | CrowdqcError:
    try:
        with tx.session.begin_nested():
            return leases.answer(
                tx,
                worker,
                each.assignment,
                label=each.label,
                seconds=each.seconds,
                comment=each.comment,
                key=each.key,
            )
    except CrowdqcError as error:
        return error


def _taken(tx: Transaction, project: Project, worker: Worker, wanted: int) -> Desk:
    desk = assignments.desk(tx.session, project.id, worker.id)
    found = list(assignments.held(tx.session, project.id, worker.id, tx.now))
    more = wanted - len(found)
    if more <= 0 or project.state != ProjectState.OPEN:
        return _shown(tx, project, found[:wanted], Supply.ASSIGNED if found else _supply(project, None), None)
    room = gates.room(tx, project, worker, desk, held=len(found))
    if room.items <= 0 and room.supply == Supply.SPENT:
        # What lapsed leases were promised comes back.
        leases.free_lapsed(tx, project.id, worker.id)
        room = gates.room(tx, project, worker, desk, held=len(found))
    if room.items > 0:
        leases.free_lapsed(tx, project.id, worker.id)
        found += _given(tx, project, worker, desk, min(more, room.items))
    if found:
        return _shown(tx, project, found, Supply.ASSIGNED, None)
    if room.items <= 0 and room.supply != Supply.SPENT:
        return _shown(tx, project, [], room.supply, room.retry_at, room.why)
    left, ends = assignments.unseen(tx.session, project.id, worker.id, _let_go(project))
    if left and room.supply == Supply.SPENT:
        # Where there was room and nothing came of it, others had the last of the money in hand at this moment.
        retry_at = room.retry_at if room.items <= 0 else room.retry_at or tx.now
        return _shown(tx, project, [], room.supply, retry_at, room.why)
    retry_at = (ends or tx.now) if left else None
    return _shown(tx, project, [], _supply(project, retry_at), retry_at)


#: What a worker is told where no gate said it.
_WHY = {
    Supply.ASSIGNED: "",
    Supply.LATER: "All items that are left are in others' hands; some may come back.",
    Supply.PAUSED: "The project is paused.",
    Supply.FINISHED: "You have had all items of this project.",
}


def _shown(
    tx: Transaction,
    project: Project,
    found: Sequence[tuple[Assignment, Item]],
    supply: Supply,
    retry_at: datetime | None,
    why: str | None = None,
) -> Desk:
    guideline = projects.guideline(tx.session, project.id, project.guideline_version)
    why = _WHY[supply] if why is None else why
    return Desk(project, "" if guideline is None else guideline.text, found, supply, retry_at, why)


def _supply(project: Project, retry_at: datetime | None) -> Supply:
    """Say whether there is work for a worker who has nothing in hand."""
    if project.state == ProjectState.PAUSED:
        return Supply.PAUSED
    return Supply.FINISHED if retry_at is None or project.state != ProjectState.OPEN else Supply.LATER


def _given(
    tx: Transaction, project: Project, worker: Worker, desk: assignments.Desk, wanted: int
) -> list[tuple[Assignment, Item]]:
    """Lease items to a worker: new ones, or where there are none those that he let go."""
    chosen = _chosen(tx, project, worker, desk, wanted)
    granted = budgets.reserve(tx, project, worker.id, len(chosen))
    for item in chosen[granted:]:
        desk.given -= 1
        desk.gold_given -= item.state == ItemState.GOLD
    chosen = chosen[:granted]
    found = [(leases.give(tx, project, worker, item), item) for item in chosen]
    try:
        tx.session.flush()
    except IntegrityError:
        # The constraints caught what the locks should have prevented: give nothing rather than too much.
        raise Conflict("The queue moved on.", mend="Ask again.") from None
    if not found:
        again = assignments.let_go(tx.session, project.id, worker.id, _let_go(project), limit=wanted)
        for assignment, item in again[: budgets.reserve(tx, project, worker.id, len(again))]:
            leases.give_again(tx, project, assignment, item)
            found.append((assignment, item))
        tx.session.flush()
    return found


def _let_go(project: Project) -> Sequence[AssignmentState]:
    """Give the states in which an item may come back to the same worker."""
    if project.plan["skipped"] == Skipped.TO_ME:
        return AssignmentState.RETURNED, AssignmentState.SKIPPED
    return (AssignmentState.RETURNED,)


def _chosen(tx: Transaction, project: Project, worker: Worker, desk: assignments.Desk, wanted: int) -> list[Item]:
    """Choose items for a worker: the queue's next, with gold among them by chance."""
    share = gold_share(project.plan, desk.gold_right)
    gold_wanted = sum(tx.chance.random() < share for _ in range(wanted))
    gold = list(assignments.free_gold(tx.session, project.id, worker.id, limit=gold_wanted)) if gold_wanted else []
    plain = _queued(tx, project.id, worker.id, desk, wanted - len(gold))
    if not plain and share < 1 and not assignments.any_unseen(tx.session, project.id, worker.id):
        # Gold stands among other items; where none of those is left, it would stand out.
        return []
    desk.given += len(plain) + len(gold)
    desk.gold_given += len(gold)
    chosen = plain + gold
    tx.chance.shuffle(chosen)
    return chosen


def _queued(tx: Transaction, project_id: int, worker_id: int, desk: assignments.Desk, wanted: int) -> list[Item]:
    """Take items behind the worker's place in the queue; at its end, those before it that he never had."""
    if wanted <= 0:
        return []
    found = list(
        assignments.free_items(tx.session, project_id, worker_id, after=desk.cursor, until=None, limit=wanted)
    )
    before = desk.cursor
    if found:
        desk.cursor = found[-1].id
    if len(found) < wanted:
        # What others held while the cursor passed, and what was opened again behind it.
        found += assignments.free_items(
            tx.session, project_id, worker_id, after=0, until=before, limit=wanted - len(found)
        )
    if not found:
        # What was free may have been locked by others for a moment. Never wait for it: a row that filled up while
        # this looked on stays locked, and two who each hold one and wait for the other's would wait for ever.
        found += assignments.free_items(tx.session, project_id, worker_id, after=0, until=None, limit=1)
    return found
