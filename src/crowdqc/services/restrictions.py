"""Restrictions by hand: a QA lead keeps a worker out for a time with a reason, and lets him in again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from crowdqc.errors import Conflict, Invalid, Missing
from crowdqc.records import firings, projects, restrictions
from crowdqc.records.firings import Firing, FiringState
from crowdqc.records.people import HERE, Worker
from crowdqc.records.projects import Project
from crowdqc.records.restrictions import Restriction
from crowdqc.roles import Actor
from crowdqc.services import effects, reach
from crowdqc.services.transaction import Transaction

#: The shortest and the longest time of a restriction, in hours: 36 seconds, ten years.
SHORTEST, LONGEST = 0.01, 87_600.0

#: A restriction with the worker, the project (None: all), and the firing that it follows from (None: by hand).
Told = tuple[Restriction, Worker, Project | None, Firing | None]


class NoSuchRestriction(Missing):
    """There is no such restriction."""


class AlreadyLifted(Conflict):
    """This restriction is lifted already."""


def impose(
    tx: Transaction,
    actor: Actor,
    worker_uid: uuid.UUID,
    *,
    reason: str,
    project_uid: uuid.UUID | None = None,
    hours: float | None = None,
) -> Told:
    """Give a worker nothing new of a project, or of any, for some hours or for good; he reads the reason."""
    worker = reach.known_worker(tx, worker_uid)
    if worker.crowd != HERE:
        raise Invalid(
            "This worker answers elsewhere: nothing is given to him here.",
            mend="Leave his answers out by a rule that excludes them.",
            errors=[{"where": "worker", "what": "is a name in uploaded answers"}],
        )
    if hours is not None and not SHORTEST <= hours <= LONGEST:
        raise Invalid(errors=[{"where": "hours", "what": f"is not a number from {SHORTEST:g} to {LONGEST:,.0f}"}])
    project = None if project_uid is None else reach.project(tx, actor, project_uid)
    made = Restriction(
        project_id=None if project is None else project.id,
        worker_id=worker.id,
        imposed_by=actor.id,
        reason=reason,
        starts_at=tx.now,
        ends_at=None if hours is None else tx.now + timedelta(hours=hours),
    )
    restrictions.add(tx.session, made)
    firings.mark_restricted(tx.session, worker.id)
    return made, worker, project, None


def lift(tx: Transaction, actor: Actor, uid: uuid.UUID, *, why: str) -> Restriction:
    """Let a worker in again before the time is over; the firing that kept him out is lifted as well."""
    found = restrictions.by_uid(tx.session, uid)
    if found is None:
        raise NoSuchRestriction(restriction=str(uid))
    firing = None
    if found.firing_id is not None:
        projects.by_id(tx.session, firings.by_id(tx.session, found.firing_id).project_id, lock=True)
        firing = firings.by_id(tx.session, found.firing_id, lock=True)
    found = restrictions.by_uid(tx.session, uid, lock=True)
    assert found is not None  # restrictions are never taken away
    if found.lifted_at is not None:
        raise AlreadyLifted()
    if firing is not None and firing.state == FiringState.STANDING:
        effects.undo(tx, firing, FiringState.LIFTED, by=actor.id, why=why)
    else:
        found.lifted_at, found.lifted_by, found.lifted_why = tx.now, actor.id, why
        tx.session.flush()
    return found


def page(
    tx: Transaction,
    actor: Actor,
    *,
    project_uid: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> Sequence[Told]:
    """Give restrictions, the newest first; those of all projects belong to every project."""
    project_id = None if project_uid is None else reach.project(tx, actor, project_uid).id
    start = None
    if before is not None:
        last = restrictions.by_uid(tx.session, before)
        if last is None:
            raise NoSuchRestriction(restriction=str(before))
        start = last.id
    return restrictions.page(tx.session, project_id=project_id, before=start, limit=limit)
