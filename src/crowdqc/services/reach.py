"""Who reaches what: rows by their outside names, or Missing; what a stranger owns does not exist for others."""

from __future__ import annotations

import uuid

from crowdqc.errors import Missing, Refused
from crowdqc.records import items, people, projects, reviews, runs, uploads
from crowdqc.roles import Actor, Role
from crowdqc.services.transaction import Transaction

#: Those who see every project of the installation; a requester sees his own.
SEES_ALL = (Role.ADMIN, Role.QA_LEAD, Role.EXPERT)
#: Those who change every project; a requester changes his own.
CHANGES_ALL = (Role.ADMIN,)
#: Those who accept and reject answers of every project; a requester those of his own.
ACCEPTS_ALL = (Role.ADMIN, Role.QA_LEAD)


class NoSuchProject(Missing):
    """There is no such project among yours."""


class NoSuchUpload(Missing):
    """There is no such upload among yours."""


class NoSuchItem(Missing):
    """There is no such item among yours."""


class NoSuchRun(Missing):
    """There is no such run among yours."""


class NoSuchReview(Missing):
    """There is no such review."""


class NoSuchWorker(Missing):
    """There is no such worker."""


class NotAWorker(Refused):
    """Only a worker can do this."""


def project(tx: Transaction, actor: Actor, uid: uuid.UUID) -> projects.Project:
    """Give a project that the actor may see; raise NoSuchProject."""
    found = projects.by_uid(tx.session, uid, owner_id=actor.own_only(SEES_ALL))
    if found is None:
        raise NoSuchProject(project=str(uid))
    return found


def own_project(tx: Transaction, actor: Actor, uid: uuid.UUID, *, lock: bool = False) -> projects.Project:
    """Give a project that the actor may change; raise NoSuchProject, or Refused where he may only look at it."""
    found = projects.by_uid(tx.session, uid, owner_id=actor.own_only(CHANGES_ALL), lock=lock)
    if found is None:
        project(tx, actor, uid)
        raise Refused("This project belongs to somebody else.", mend="Ask its owner or an admin.")
    return found


def accepted_project(tx: Transaction, actor: Actor, uid: uuid.UUID) -> projects.Project:
    """Give a project whose answers the actor may accept and reject; raise NoSuchProject, or Refused."""
    found = projects.by_uid(tx.session, uid, owner_id=actor.own_only(ACCEPTS_ALL))
    if found is None:
        project(tx, actor, uid)
        raise Refused("This project belongs to somebody else.", mend="Ask its owner, a QA lead or an admin.")
    return found


def upload(tx: Transaction, actor: Actor, uid: uuid.UUID) -> uploads.Upload:
    found = uploads.by_uid(tx.session, uid, owner_id=actor.own_only(SEES_ALL))
    if found is None:
        raise NoSuchUpload(upload=str(uid))
    return found


def item(tx: Transaction, actor: Actor, uid: uuid.UUID) -> items.Item:
    found = items.by_uid(tx.session, uid, owner_id=actor.own_only(SEES_ALL))
    if found is None:
        raise NoSuchItem(item=str(uid))
    return found


def run(tx: Transaction, actor: Actor, uid: uuid.UUID) -> runs.Run:
    found = runs.by_uid(tx.session, uid, owner_id=actor.own_only(SEES_ALL))
    if found is None:
        raise NoSuchRun(run=str(uid))
    return found


def review(tx: Transaction, uid: uuid.UUID, *, lock: bool = False) -> reviews.Review:
    """Give a review; experts see all of them."""
    found = reviews.by_uid(tx.session, uid, lock=lock)
    if found is None:
        raise NoSuchReview(review=str(uid))
    return found


def worker_named(tx: Transaction, uid: uuid.UUID) -> people.Worker:
    """Give a worker of any crowd; raise NoSuchWorker."""
    found = people.worker_by_uid(tx.session, uid)
    if found is None:
        raise NoSuchWorker(worker=str(uid))
    return found


def worker(tx: Transaction, actor: Actor) -> people.Worker:
    """Give the worker that the actor is; raise NotAWorker."""
    found = people.worker_of(tx.session, actor.id)
    if found is None:
        raise NotAWorker()
    return found


def known_worker(tx: Transaction, uid: uuid.UUID) -> people.Worker:
    """Give a worker by his outside name; raise NoSuchWorker."""
    found = people.worker_by_uid(tx.session, uid)
    if found is None:
        raise NoSuchWorker(worker=str(uid))
    return found
