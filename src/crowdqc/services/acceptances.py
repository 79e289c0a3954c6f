"""Acceptances: a requester or a QA lead accepts and rejects answers, one or many; a worker reads what was said."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crowdqc.errors import Conflict, Invalid
from crowdqc.records import acceptances, projects
from crowdqc.records.acceptances import Judged, Which
from crowdqc.records.assignments import ANSWERED, AssignmentState
from crowdqc.records.jobs import JobName
from crowdqc.records.projects import Project, ProjectState
from crowdqc.roles import Actor
from crowdqc.services import accepting, reach
from crowdqc.services.budgets import BudgetSpent
from crowdqc.services.transaction import Transaction

__all__ = ["AT_ONCE", "AssignmentState", "BudgetSpent", "Judged"]

AT_ONCE = accepting.AT_ONCE


class NothingSaid(Invalid):
    """It is not said which answers are meant."""

    usual_mend = "Name assignments, a worker, a label or a moment; `everything` for all that wait."


class TooLate(Conflict):
    """The time to reject this answer, or to accept it after all, is over."""

    usual_mend = "Leave these out; a worker can still be given a bonus."


class NotWaiting(Conflict):
    """Some of the answers that are named cannot be rejected or accepted any longer, or are not of this project."""

    usual_mend = "List the answers anew and name those that wait."


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which answers are meant: all that fit everything that is said."""

    assignments: Collection[uuid.UUID] | None = None
    worker: uuid.UUID | None = None
    label: str | None = None
    before: datetime | None = None
    #: To mean all that wait must be said.
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """How many answers were accepted or rejected, and how many that are meant are left for another call."""

    changed: int
    left: int


def accept(tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, meant: Meant) -> Done:
    """Accept answers that wait, and rejected ones that are named one by one.

    Raise NothingSaid, NotWaiting, TooLate, BudgetSpent.
    """
    project = reach.accepted_project(tx, actor, project_uid)
    which = _which(tx, project, meant)
    states = [AssignmentState.SUBMITTED]
    if which.assignments is not None:
        states += [AssignmentState.REJECTED, AssignmentState.ACCEPTED]
    found = acceptances.answered(tx.session, project.id, which, states, limit=AT_ONCE)
    _all_there(which, len(found))
    found = [each for each in found if each.state != AssignmentState.ACCEPTED]
    again = [each.id for each in found if each.state == AssignmentState.REJECTED]
    over = tx.now - accepting.SECOND_THOUGHTS
    if any(at < over for at in acceptances.rejected_at(tx.session, again).values()):
        raise TooLate(f"A rejected answer can be accepted for {accepting.SECOND_THOUGHTS.days} days.")
    accepting.accept(tx, project, found, by=actor.id)
    return Done(len(found), _left(tx, project, which))


def reject(tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, meant: Meant, reason: str) -> Done:
    """Reject answers that wait, with a reason that their workers read. Raise NothingSaid, NotWaiting, TooLate."""
    if not reason.strip():
        raise Invalid("A rejection needs a reason.", errors=[{"where": "reason", "what": "is blank"}])
    project = reach.accepted_project(tx, actor, project_uid)
    which = _which(tx, project, meant)
    states = [AssignmentState.SUBMITTED]
    if which.assignments is not None:
        states.append(AssignmentState.REJECTED)
    else:
        which = replace(which, in_time=tx.now)
    found = acceptances.answered(tx.session, project.id, which, states, limit=AT_ONCE)
    _all_there(which, len(found))
    found = [each for each in found if each.state == AssignmentState.SUBMITTED]
    if any(accepting.is_due(each, tx.now) for each in found):
        raise TooLate("The time to reject some of these is over: they are accepted.")
    accepting.reject(tx, project, found, by=actor.id, reason=reason)
    return Done(len(found), _left(tx, project, which))


def accept_due(tx: Transaction, project_id: int) -> bool:
    """Accept answers whose time to be looked at is over; say whether there may be more now."""
    project = projects.by_id(tx.session, project_id)
    done = accepting.accept_due(tx, project)
    if done == AT_ONCE:
        return True
    following = acceptances.next_due(tx.session, project.id)
    if following is not None:
        # At least a moment from now: what is due still is in somebody's hand.
        wait = max((following - tx.now).total_seconds(), 5.0)
        tx.defer(JobName.ACCEPT_DUE, f"project:{project.id}", after=wait)
    return False


def page(
    tx: Transaction,
    actor: Actor,
    project_uid: uuid.UUID,
    *,
    meant: Meant,
    state: AssignmentState | None,
    after: uuid.UUID | None,
    limit: int,
) -> tuple[Project, Sequence[Judged]]:
    """Give answers of a project as they stand, the newest first."""
    project = reach.accepted_project(tx, actor, project_uid)
    which = _which(tx, project, meant)
    states = ANSWERED if state is None else (state,)
    return project, acceptances.page(tx.session, project.id, which, states, before=after, limit=limit)


def own(
    tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, after: uuid.UUID | None, limit: int
) -> tuple[Project, Sequence[Judged]]:
    """Give a worker's own answers in a project as they stand, the newest first."""
    worker = reach.worker(tx, actor)
    project = projects.by_uid(tx.session, project_uid, owner_id=None)
    which = Which(worker_id=worker.id)
    closed = project is not None and project.state != ProjectState.OPEN
    if project is None or (closed and not acceptances.count(tx.session, project.id, which, ANSWERED)):
        raise reach.NoSuchProject(project=str(project_uid))
    return project, acceptances.page(tx.session, project.id, which, ANSWERED, before=after, limit=limit)


def _which(tx: Transaction, project: Project, meant: Meant) -> Which:
    said = (meant.assignments, meant.worker, meant.label, meant.before)
    if all(each is None for each in said) and not meant.everything:
        raise NothingSaid()
    if meant.assignments is not None and len(set(meant.assignments)) > AT_ONCE:
        raise Invalid(f"More than {AT_ONCE} assignments are named.", mend="Name them in several calls.")
    label = None
    if meant.label is not None:
        if meant.label not in project.classes:
            raise Invalid(
                f"{meant.label!r} is not a class of this project.",
                errors=[{"where": "label", "what": "is not a class of this project"}],
            )
        label = project.classes.index(meant.label)
    worker = None if meant.worker is None else reach.worker_named(tx, meant.worker).id
    named = None if meant.assignments is None else set(meant.assignments)
    return Which(assignments=named, worker_id=worker, label=label, before=meant.before)


def _all_there(which: Which, found: int) -> None:
    """Refuse a list of names as a whole where one of them cannot be meant; other words choose among them."""
    only = which.worker_id is None and which.label is None and which.before is None
    if which.assignments is not None and only and found < len(which.assignments):
        raise NotWaiting()


def _left(tx: Transaction, project: Project, which: Which) -> int:
    return acceptances.count(tx.session, project.id, which, [AssignmentState.SUBMITTED])
