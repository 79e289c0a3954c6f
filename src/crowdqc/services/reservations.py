"""For whom an item is: reserved for certain workers alone, or kept from certain workers."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from crowdqc.errors import Conflict, Invalid
from crowdqc.records import exclusions, items, people, projects, reservations, reviews
from crowdqc.records.items import Item, ItemState
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.roles import Actor
from crowdqc.services import reach
from crowdqc.services.transaction import Transaction


class UnknownWorkers(Invalid):
    """There are no such workers."""


class GoldIsForAll(Conflict):
    """Gold cannot be reserved: it measures everybody."""


class Unavailable(Conflict):
    """The item is kept from workers for whom it is to be reserved."""


@dataclass(frozen=True, slots=True)
class Named:
    """The workers of whom an item says something."""

    workers: Sequence[Worker]
    #: Those among the wanted ones who had it before them already: for them it stays as it was.
    had: Sequence[Worker] = ()


def reserved_for(tx: Transaction, actor: Actor, item_uid: uuid.UUID) -> Named:
    """Give those for whom an item is reserved; nobody: it is for everybody."""
    return Named(reservations.of_item(tx.session, reach.item(tx, actor, item_uid).id))


def unavailable_for(tx: Transaction, actor: Actor, item_uid: uuid.UUID) -> Named:
    """Give those from whom an item is kept."""
    return Named(exclusions.of_item(tx.session, reach.item(tx, actor, item_uid).id))


def reserve(tx: Transaction, actor: Actor, item_uid: uuid.UUID, workers: Collection[uuid.UUID]) -> Named:
    """Reserve an item for these workers alone; for none: lift that. Leases that others hold go on."""
    project, item, found = _locked(tx, actor, item_uid, workers)
    if found and item.state == ItemState.GOLD:
        raise GoldIsForAll(mend="Reserve items that take answers.")
    kept_from = {worker.uid for worker in exclusions.of_item(tx.session, item.id)}
    if both := [worker.name for worker in found if worker.uid in kept_from]:
        raise Unavailable(
            f"The item is kept from {', '.join(both)}.",
            mend="Make it available for them first, or leave them out.",
        )
    project.reserves = project.reserves or bool(found)
    reservations.replace(tx.session, item, [worker.id for worker in found], tx.now)
    tx.session.flush()
    return Named(reservations.of_item(tx.session, item.id))


def withhold(tx: Transaction, actor: Actor, item_uid: uuid.UUID, workers: Collection[uuid.UUID]) -> Named:
    """Keep an item from these workers; for none: lift that. Who had it before him keeps what he had."""
    project, item, found = _locked(tx, actor, item_uid, workers)
    before = exclusions.had(tx.session, item.id, [worker.id for worker in found])
    reviewers = reviews.claimants(tx.session, item.id)
    exclusions.replace(
        tx.session, item, [worker.id for worker in found], reviewers, project.guideline_version, tx.now
    )
    kept_from = exclusions.of_item(tx.session, item.id)
    return Named(kept_from, [worker for worker in found if worker.id in before])


def _locked(
    tx: Transaction, actor: Actor, item_uid: uuid.UUID, workers: Collection[uuid.UUID]
) -> tuple[Project, Item, Sequence[Worker]]:
    """Give an item of the actor's own, locked behind its project, and the named workers; raise UnknownWorkers."""
    seen = reach.item(tx, actor, item_uid)
    project = reach.own_project(tx, actor, projects.by_id(tx.session, seen.project_id).uid, lock=True)
    found = people.workers_by_uids(tx.session, workers)
    unknown = [uid for uid in workers if uid not in {worker.uid for worker in found}]
    if unknown:
        raise UnknownWorkers(
            mend="Name workers by their ids as workers, as the project's list of workers and their own page do; "
            "a person has another one.",
            errors=[{"where": "workers", "what": f"{uid} is no worker"} for uid in unknown],
        )
    return project, items.by_id(tx.session, seen.id, lock=True), found
