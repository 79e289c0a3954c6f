"""The desk: what a worker is given, and why there is nothing for him now."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crowdqc.errors import CrowdqcError, Missing
from crowdqc.records import assignments, desks, projects, runs, scores, seats
from crowdqc.records.assignments import Lease
from crowdqc.records.items import Shown
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project, ProjectState
from crowdqc.records.scores import WorkerScore
from crowdqc.records.seats import Seat
from crowdqc.roles import Actor
from crowdqc.services import gates, giving, leases, pre_labels, reach
from crowdqc.services.gates import Supply
from crowdqc.services.gates.caps import LARGEST_PAGE
from crowdqc.services.leases import Handed, Kept
from crowdqc.services.transaction import Transaction


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
    #: What a model says of an item, for the leases with which it is shown.
    pre_labels: Mapping[uuid.UUID, str]


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
    kept = [told for told in outcomes if isinstance(told, Kept) and told.new]
    right = sum(told.right for told in kept)
    desk = desks.counted(tx.session, project.id, worker.id, tx.now.date(), len(kept), right=right)
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
    return _shown(tx, project, "" if guideline is None else guideline.text, found, supply, None)


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
        return _shown(tx, project, guidelines, found[:wanted], supply, None)
    room = gates.room(tx, project, worker, desk, held=len(found))
    if lapsed and room.items <= 0 and room.supply == Supply.SPENT:
        # What lapsed leases were promised comes back.
        leases.free_lapsed(tx, project, worker)
        room = gates.room(tx, project, worker, desk, held=len(found))
    retry_at = None
    if room.items > 0:
        if lapsed:
            leases.free_lapsed(tx, project, worker)
        given, retry_at = giving.given(tx, seat, min(more, room.items))
        found += given
    if found:
        return _shown(tx, project, guidelines, found, Supply.ASSIGNED, None)
    if room.supply == Supply.SPENT:
        # Where there was room and nothing came of it, others had the last of the money in hand at this moment.
        if retry_at or giving.any_left(tx, seat.place):
            retry_at = room.retry_at if room.items <= 0 else room.retry_at or tx.now
            return _shown(tx, project, guidelines, [], room.supply, retry_at, room.why)
    elif room.items <= 0:
        return _shown(tx, project, guidelines, [], room.supply, room.retry_at, room.why)
    return _shown(tx, project, guidelines, [], _supply(project, retry_at), retry_at)


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
    guidelines: str,
    found: Sequence[tuple[Lease, Shown]],
    supply: Supply,
    retry_at: datetime | None,
    why: str | None = None,
) -> Desk:
    said = pre_labels.shown(tx, project, [(lease, item.id) for lease, item in found])
    return Desk(project, guidelines, found, supply, retry_at, _WHY[supply] if why is None else why, said)


def _supply(project: Project, retry_at: datetime | None) -> Supply:
    """Say whether there is work for a worker who has nothing in hand."""
    if project.state == ProjectState.PAUSED:
        return Supply.PAUSED
    return Supply.FINISHED if retry_at is None or project.state != ProjectState.OPEN else Supply.LATER
