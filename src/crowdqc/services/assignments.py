"""What a worker does with an item in his hands: answer, skip, give back, report, keep a draft, ask for time."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from crowdqc.errors import Conflict, Invalid
from crowdqc.records import assignments, desks, items, projects, seats
from crowdqc.records.answers import Answer
from crowdqc.records.assignments import ANSWERED, Assignment, AssignmentState, Report
from crowdqc.records.items import Item, ItemState
from crowdqc.records.jobs import JobName
from crowdqc.records.projects import Project
from crowdqc.roles import Actor
from crowdqc.services import budgets, effects, leases, pre_labels, reach
from crowdqc.services.leases import AlreadyAnswered, AlreadyEnded, Kept, NoSuchAssignment, UnknownClass
from crowdqc.services.plans import Skipped
from crowdqc.services.transaction import Transaction

__all__ = ["AlreadyAnswered", "AlreadyEnded", "Answer", "Kept", "NoSuchAssignment", "UnknownClass"]

#: The largest draft, as JSON.
LARGEST_DRAFT = 1 << 16


class StaleDraft(Conflict):
    """The draft was changed elsewhere since you read it."""

    usual_mend = "Read the assignment again, and save with its draft_version."


class ReportReason(StrEnum):
    """What is wrong with an item."""

    NOT_SHOWN = "not_shown"
    NO_CLASS_FITS = "no_class_fits"
    UNCLEAR_QUESTION = "unclear_question"
    HARMFUL = "harmful"
    OTHER = "other"


def get(tx: Transaction, actor: Actor, uid: uuid.UUID) -> tuple[Assignment, Item, Project, str | None]:
    """Give one of the worker's own assignments, whatever became of it, and the pre-label shown with it."""
    found = leases.own(tx, reach.worker(tx, actor), uid)
    item, project = items.by_id(tx.session, found.item_id), projects.by_id(tx.session, found.project_id)
    said = pre_labels.shown(tx, project, [(found, item.id)])
    return found, item, project, said.get(found.uid)


def submit(
    tx: Transaction,
    actor: Actor,
    uid: uuid.UUID,
    *,
    label: str,
    seconds: float | None = None,
    comment: str | None = None,
    key: str | None = None,
) -> Kept:
    """Keep an answer, once however often it is sent: see `leases.keep`."""
    found = seats.about(tx.session, uid, actor.id)
    if found is None:
        reach.worker(tx, actor)
        raise NoSuchAssignment(assignment=str(uid))
    project, worker = found
    handed = leases.Handed(assignment=uid, label=label, seconds=seconds, comment=comment, key=key)
    (kept,) = leases.keep(tx, project, worker, [handed])
    if not isinstance(kept, Kept):
        raise kept
    if kept.new:
        desks.count_answers(tx.session, project.id, worker.id, tx.now.date(), 1, right=int(kept.right))
    return kept


def skip(tx: Transaction, actor: Actor, uid: uuid.UUID, *, reason: str) -> Assignment:
    """End an assignment without an answer; the plan says who gets the item instead."""
    assignment = leases.own(tx, reach.worker(tx, actor), uid, lock=True)
    if assignment.state in ANSWERED:
        raise AlreadyAnswered()
    if assignment.state == AssignmentState.SKIPPED:
        return assignment
    held = assignment.state == AssignmentState.OPEN
    project = projects.contribute(tx.session, assignment.project_id)
    promised = leases.end(tx, project, assignment, AssignmentState.SKIPPED)
    assignment.reason = reason
    effects.ask_again(tx, project)
    if held and assignment.counts and project.plan["skipped"] == Skipped.TO_NOBODY:
        _give_up_place(items.by_id(tx.session, assignment.item_id, lock=True))
        tx.defer(JobName.AGGREGATE, f"project:{project.id}", after=tx.settings.aggregation_delay)
    budgets.release(tx, project.id, assignment.worker_id, promised)
    return assignment


def give_back(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Assignment:
    """Let go of an item for now; he may get it again when there is nothing else, with his draft."""
    assignment = leases.own(tx, reach.worker(tx, actor), uid, lock=True)
    if assignment.state in ANSWERED:
        raise AlreadyAnswered()
    if assignment.state in (AssignmentState.OPEN, AssignmentState.EXPIRED):
        project = projects.by_id(tx.session, assignment.project_id)
        promised = leases.end(tx, project, assignment, AssignmentState.RETURNED)
        budgets.release(tx, assignment.project_id, assignment.worker_id, promised)
    return assignment


def prolong(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Assignment:
    """Say that the worker is still at it, so that his lease goes on; its new end may be the old one."""
    assignment = leases.own(tx, reach.worker(tx, actor), uid, lock=True)
    if assignment.state in ANSWERED:
        raise AlreadyAnswered()
    if assignment.state != AssignmentState.OPEN:
        raise AlreadyEnded("This lease is over.", mend="Answer all the same: a late answer is kept.")
    leases.prolong(tx, projects.by_id(tx.session, assignment.project_id), assignment)
    return assignment


def report(tx: Transaction, actor: Actor, uid: uuid.UUID, *, reason: ReportReason, comment: str) -> Assignment:
    """Say that something is wrong with an item, and leave it; the review policy hears of it."""
    assignment = leases.own(tx, reach.worker(tx, actor), uid, lock=True)
    project = projects.contribute(tx.session, assignment.project_id)
    item = items.by_id(tx.session, assignment.item_id, lock=True)
    promised = 0
    if assignment.state in (AssignmentState.OPEN, AssignmentState.EXPIRED):
        promised = leases.end(tx, project, assignment, AssignmentState.SKIPPED)
        assignment.reason = f"reported: {reason}"
    kept = assignments.add_report(
        tx.session,
        Report(item_id=item.id, worker_id=assignment.worker_id, reason=reason, comment=comment, created_at=tx.now),
    )
    if kept:
        item.reports += 1
        tx.defer(JobName.AGGREGATE, f"project:{item.project_id}", after=tx.settings.aggregation_delay)
    budgets.release(tx, item.project_id, assignment.worker_id, promised)
    return assignment


def keep_draft(
    tx: Transaction, actor: Actor, uid: uuid.UUID, *, draft: Mapping[str, Any], version: int | None = None
) -> Assignment:
    """Keep what a worker has so far, also where the lease is over; raise AlreadyAnswered, AlreadyEnded.

    With `version`, that of the draft which this one follows, one that was changed elsewhere is not overwritten:
    raise StaleDraft.
    """
    if len(json.dumps(draft)) > LARGEST_DRAFT:
        raise Invalid(f"The draft is larger than {LARGEST_DRAFT} bytes.", mend="Shorten the comment.")
    assignment = leases.own(tx, reach.worker(tx, actor), uid, lock=True)
    if assignment.state in ANSWERED:
        raise AlreadyAnswered()
    if assignment.state == AssignmentState.SKIPPED:
        raise AlreadyEnded()
    if version is not None and version != assignment.draft_version:
        raise StaleDraft(f"The draft is at version {assignment.draft_version}; you have {version}.")
    assignment.draft = dict(draft)
    assignment.draft_version += 1
    return assignment


def _give_up_place(item: Item) -> None:
    """Let an item do with an answer less; one answer it needs."""
    if item.overlap > max(item.answered + item.leased, 1):
        item.overlap -= 1
    if item.answered >= item.overlap and item.state == ItemState.OPEN:
        item.state = ItemState.ANSWERED
