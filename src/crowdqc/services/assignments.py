"""The desk: what a worker is given, and what he does with it (answer, skip, report, leave a draft)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.exc import IntegrityError

from crowdqc.errors import Conflict, Invalid, Missing
from crowdqc.records import answers, assignments, items, projects, runs, scores
from crowdqc.records.answers import Answer
from crowdqc.records.assignments import Assignment, AssignmentState, Report
from crowdqc.records.items import Item, ItemState
from crowdqc.records.jobs import JobName
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project, ProjectState
from crowdqc.records.scores import WorkerScore
from crowdqc.roles import Actor
from crowdqc.services import reach
from crowdqc.services.transaction import Transaction

#: As many items as a worker may hold at a time.
LARGEST_PAGE = 50
#: The largest draft, as JSON.
LARGEST_DRAFT = 1 << 16


class NoSuchAssignment(Missing):
    """There is no such assignment among yours."""

    usual_mend = "Take an item first: only what was given to you can be answered."


class NoSuchDesk(Missing):
    """There is no such project that takes answers."""


class AlreadyAnswered(Conflict):
    """You have answered this already."""

    usual_mend = "Go on with the next item."


class AlreadyEnded(Conflict):
    """This assignment was skipped."""

    usual_mend = "Go on with the next item."


class UnknownClass(Invalid):
    """The label is not a class of this project."""


class Supply(StrEnum):
    """Whether there is work."""

    #: There are items in hand.
    ASSIGNED = "assigned"
    #: None now, but leases of others may lapse: come again.
    LATER = "later"
    #: The project is paused.
    PAUSED = "paused"
    #: None is left for this worker.
    FINISHED = "finished"


class ReportReason(StrEnum):
    """What is wrong with an item."""

    NOT_SHOWN = "not_shown"
    NO_CLASS_FITS = "no_class_fits"
    UNCLEAR_QUESTION = "unclear_question"
    HARMFUL = "harmful"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Desk:
    """What a worker has before him."""

    project: Project
    guidelines: str
    assignments: Sequence[tuple[Assignment, Item]]
    supply: Supply
    #: When to come again, where the supply is `later`.
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a worker stands in a project: what he is shown of himself."""

    project: Project
    counts: Mapping[str, int]
    score: WorkerScore | None


def take(tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, count: int = 1) -> Desk:
    """Give a worker up to `count` items: those that he holds, and new ones.

    Open leases and counted answers of an item never pass its overlap; nobody is given an item twice; leases that
    lapsed are freed on the way.
    """
    worker = reach.worker(tx, actor)
    project = _desk_project(tx, worker, project_uid)
    desk = assignments.desk(tx.session, project.id, worker.id)
    held = list(assignments.held(tx.session, project.id, worker.id, tx.now))
    wanted = min(count, LARGEST_PAGE) - len(held)
    if wanted > 0 and project.state == ProjectState.OPEN:
        _free_lapsed(tx, project.id)
        chosen = _chosen(tx, project, worker, desk, wanted)
        held += [(_lease(tx, project, worker, item), item) for item in chosen]
        try:
            tx.session.flush()
        except IntegrityError:
            # The constraints caught what the locks should have prevented: give nothing rather than too much.
            raise Conflict("The queue moved on.", mend="Ask again.") from None
    guideline = projects.guideline(tx.session, project.id, project.guideline_version)
    retry_at = None
    if not held and project.state == ProjectState.OPEN:
        left, ends = assignments.unseen(tx.session, project.id, worker.id)
        retry_at = (ends or tx.now) if left else None
    supply = Supply.ASSIGNED if held else _supply(project, retry_at)
    return Desk(project, "" if guideline is None else guideline.text, held[:count], supply, retry_at)


def held(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> Desk:
    """Give what a worker has before him, and take nothing new; with nothing in hand he may ask for more."""
    worker = reach.worker(tx, actor)
    project = _desk_project(tx, worker, project_uid)
    found = assignments.held(tx.session, project.id, worker.id, tx.now)
    guideline = projects.guideline(tx.session, project.id, project.guideline_version)
    supply = Supply.ASSIGNED if found else _supply(project, None)
    return Desk(project, "" if guideline is None else guideline.text, found, supply, None)


def get(tx: Transaction, actor: Actor, uid: uuid.UUID) -> tuple[Assignment, Item, Project]:
    """Give one of the worker's own assignments, whatever became of it."""
    found = _own(tx, actor, uid)
    return found, items.by_id(tx.session, found.item_id), projects.by_id(tx.session, found.project_id)


def submit(
    tx: Transaction,
    actor: Actor,
    uid: uuid.UUID,
    *,
    label: str,
    seconds: float | None = None,
    comment: str | None = None,
) -> tuple[Answer, bool]:
    """Keep an answer; give it and whether it is new. The same answer again is no error and no second answer.

    One that comes after its lease is kept and marked late; it counts where the item still has a place for it.
    """
    assignment = _own(tx, actor, uid, lock=True)
    project = projects.contribute(tx.session, assignment.project_id)
    if label not in project.classes:
        classes = ", ".join(project.classes[:50])
        raise UnknownClass(
            f"{label!r} is not a class of this project.",
            mend=f"Choose one of: {classes}.",
            errors=[{"where": "label", "what": f"is not one of: {classes}"}],
        )
    number = project.classes.index(label)
    before = answers.of_assignment(tx.session, assignment.id)
    if before is not None:
        if before.label == number:
            return before, False
        raise AlreadyAnswered(f"You have answered this already: {project.classes[before.label or 0]!r}.")
    if assignment.state == AssignmentState.SKIPPED:
        raise AlreadyEnded(mend="Ask for the next item.")
    item = items.by_id(tx.session, assignment.item_id, lock=True)
    elapsed = max(0.0, (tx.now - assignment.leased_at).total_seconds())
    answer = Answer(
        project_id=project.id,
        item_id=item.id,
        worker_id=assignment.worker_id,
        assignment_id=assignment.id,
        label=number,
        comment=comment or None,
        seconds=elapsed if seconds is None else min(seconds, elapsed),
        guideline_version=assignment.guideline_version,
        submitted_at=tx.now,
        late=assignment.state == AssignmentState.EXPIRED or tx.now > assignment.expires_at,
        counted=_takes_place(assignment, item),
    )
    assignment.state = AssignmentState.SUBMITTED
    assignment.draft = None
    answers.add(tx.session, answer)
    tx.defer(JobName.AGGREGATE, f"project:{project.id}", after=tx.settings.aggregation_delay)
    return answer, True


def skip(tx: Transaction, actor: Actor, uid: uuid.UUID, *, reason: str) -> Assignment:
    """End an assignment without an answer; the item goes to somebody else."""
    assignment = _own(tx, actor, uid, lock=True)
    if assignment.state == AssignmentState.SUBMITTED:
        raise AlreadyAnswered()
    if assignment.state == AssignmentState.SKIPPED:
        return assignment
    _end_lease(tx, assignment, AssignmentState.SKIPPED)
    assignment.reason = reason
    return assignment


def report(tx: Transaction, actor: Actor, uid: uuid.UUID, *, reason: ReportReason, comment: str) -> Assignment:
    """Say that something is wrong with an item, and leave it; the review policy hears of it."""
    assignment = _own(tx, actor, uid, lock=True)
    projects.contribute(tx.session, assignment.project_id)
    item = items.by_id(tx.session, assignment.item_id, lock=True)
    if assignment.state in (AssignmentState.OPEN, AssignmentState.EXPIRED):
        _end_lease(tx, assignment, AssignmentState.SKIPPED)
        assignment.reason = f"reported: {reason}"
    kept = assignments.add_report(
        tx.session,
        Report(item_id=item.id, worker_id=assignment.worker_id, reason=reason, comment=comment, created_at=tx.now),
    )
    if kept:
        item.reports += 1
        tx.defer(JobName.AGGREGATE, f"project:{item.project_id}", after=tx.settings.aggregation_delay)
    return assignment


def keep_draft(tx: Transaction, actor: Actor, uid: uuid.UUID, *, draft: Mapping[str, Any]) -> Assignment:
    """Keep what a worker has so far, also where the lease is over; raise AlreadyAnswered, AlreadyEnded."""
    if len(json.dumps(draft)) > LARGEST_DRAFT:
        raise Invalid(f"The draft is larger than {LARGEST_DRAFT} bytes.", mend="Shorten the comment.")
    assignment = _own(tx, actor, uid, lock=True)
    if assignment.state == AssignmentState.SUBMITTED:
        raise AlreadyAnswered()
    if assignment.state == AssignmentState.SKIPPED:
        raise AlreadyEnded()
    assignment.draft = dict(draft)
    return assignment


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


def _supply(project: Project, retry_at: datetime | None) -> Supply:
    """Say whether there is work for a worker who has nothing in hand."""
    if project.state == ProjectState.PAUSED:
        return Supply.PAUSED
    return Supply.FINISHED if retry_at is None or project.state != ProjectState.OPEN else Supply.LATER


def _desk_project(tx: Transaction, worker: Worker, uid: uuid.UUID) -> Project:
    """Give a project at which this worker has a desk: an open one, or one in which he worked."""
    project = projects.by_uid(tx.session, uid, owner_id=None)
    if project is None or (
        project.state != ProjectState.OPEN and not assignments.states_of_worker(tx.session, worker.id, project.id)
    ):
        raise NoSuchDesk(project=str(uid))
    return project


def _own(tx: Transaction, actor: Actor, uid: uuid.UUID, *, lock: bool = False) -> Assignment:
    worker = reach.worker(tx, actor)
    found = assignments.by_uid(tx.session, uid, worker.id, lock=lock)
    if found is None:
        raise NoSuchAssignment(assignment=str(uid))
    return found


def _chosen(tx: Transaction, project: Project, worker: Worker, desk: assignments.Desk, wanted: int) -> list[Item]:
    """Choose items for a worker: the queue's next, with gold among them by chance."""
    share = float(project.plan["gold_share"])
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


def _lease(tx: Transaction, project: Project, worker: Worker, item: Item) -> Assignment:
    counts = item.state != ItemState.GOLD
    if counts:
        item.leased += 1
    assignment = Assignment(
        project_id=project.id,
        item_id=item.id,
        worker_id=worker.id,
        state=AssignmentState.OPEN,
        counts=counts,
        guideline_version=project.guideline_version,
        leased_at=tx.now,
        expires_at=tx.now + timedelta(seconds=project.plan["lease_seconds"]),
    )
    tx.session.add(assignment)
    return assignment


def _free_lapsed(tx: Transaction, project_id: int) -> None:
    """Take back the leases of a project whose time is over."""
    lapsed = assignments.lapsed(tx.session, project_id, tx.now)
    places: dict[int, int] = {}
    for assignment in lapsed:
        assignment.state = AssignmentState.EXPIRED
        if assignment.counts:
            places[assignment.item_id] = places.get(assignment.item_id, 0) + 1
    for item in items.locked(tx.session, places) if places else ():
        item.leased -= places[item.id]
    tx.session.flush()


def _takes_place(assignment: Assignment, item: Item) -> bool:
    """Turn a lease into a counted answer, where there is a place; say whether there was."""
    if not assignment.counts:
        return True
    if assignment.state == AssignmentState.OPEN:
        item.leased -= 1
    if item.answered + item.leased >= item.overlap or item.state == ItemState.DISCARDED:
        return False
    item.answered += 1
    if item.answered >= item.overlap and item.state == ItemState.OPEN:
        item.state = ItemState.ANSWERED
    return True


def _end_lease(tx: Transaction, assignment: Assignment, state: AssignmentState) -> None:
    if assignment.state == AssignmentState.OPEN and assignment.counts:
        items.by_id(tx.session, assignment.item_id, lock=True).leased -= 1
    assignment.state = state
    assignment.draft = None
