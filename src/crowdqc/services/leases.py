"""What becomes of a lease: it is given, answered, ended, and freed when its time is over."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy.exc import IntegrityError

from crowdqc.errors import Conflict, Invalid, Missing
from crowdqc.records import answers, assignments, items, projects
from crowdqc.records.answers import Answer
from crowdqc.records.assignments import Assignment, AssignmentState
from crowdqc.records.items import Item, ItemState
from crowdqc.records.jobs import JobName
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.services import budgets, prices
from crowdqc.services.transaction import Transaction

#: The longest key by which a submission is known again.
LONGEST_KEY = 64


class NoSuchAssignment(Missing):
    """There is no such assignment among yours."""

    usual_mend = "Take an item first: only what was given to you can be answered."


class AlreadyAnswered(Conflict):
    """You have answered this already."""

    usual_mend = "Go on with the next item."


class AlreadyEnded(Conflict):
    """This assignment was skipped or given back."""

    usual_mend = "Go on with the next item."


class KeyUsed(Conflict):
    """The key of this answer was used for another one."""

    usual_mend = "Make a new key for each answer; send the same again only to repeat the same answer."


class UnknownClass(Invalid):
    """The label is not a class of this project."""


class Kept(NamedTuple):
    """An answer, whether this submission made it, its label as a word, and whether it is right by gold."""

    answer: Answer
    new: bool
    label: str
    right: bool = False


def own(tx: Transaction, worker: Worker, uid: uuid.UUID, *, lock: bool = False) -> Assignment:
    """Give one of a worker's own assignments; raise NoSuchAssignment."""
    found = assignments.by_uid(tx.session, uid, worker.id, lock=lock)
    if found is None:
        raise NoSuchAssignment(assignment=str(uid))
    return found


def give(tx: Transaction, project: Project, worker: Worker, item: Item) -> Assignment:
    """Lease an item to a worker who never had it; what its answer earns is promised: see `budgets.reserve`."""
    counts = item.state != ItemState.GOLD
    item.leased += counts
    assignment = Assignment(
        project_id=project.id,
        item_id=item.id,
        worker_id=worker.id,
        state=AssignmentState.OPEN,
        counts=counts,
        guideline_version=project.guideline_version,
        leased_at=tx.now,
        expires_at=tx.now + timedelta(seconds=project.plan["lease_seconds"]),
        price=prices.of_answer(project.plan),
    )
    tx.session.add(assignment)
    return assignment


def give_again(tx: Transaction, project: Project, assignment: Assignment, item: Item) -> None:
    """Lease an item once more to a worker who let go of it; what he had so far is still there."""
    item.leased += assignment.counts
    assignment.state = AssignmentState.OPEN
    assignment.reason = None
    assignment.guideline_version = project.guideline_version
    assignment.price = prices.of_answer(project.plan)
    assignment.leased_at = tx.now
    assignment.expires_at = tx.now + timedelta(seconds=project.plan["lease_seconds"])


def prolong(tx: Transaction, project: Project, assignment: Assignment) -> None:
    """Let a lease last for its usual time from now on, up to the longest that the plan allows.

    One whose time is over is prolonged as well, as long as nobody took its place.
    """
    plan = project.plan
    latest = assignment.leased_at + timedelta(seconds=max(plan["lease_limit_seconds"], plan["lease_seconds"]))
    until = min(tx.now + timedelta(seconds=plan["lease_seconds"]), latest)
    assignment.expires_at = max(assignment.expires_at, until)


def end(tx: Transaction, assignment: Assignment, state: AssignmentState) -> int:
    """End a lease without an answer; give what was promised, for `budgets.release` when all else is done."""
    promised, assignment.price = assignment.price or 0, None
    if assignment.state == AssignmentState.OPEN and assignment.counts:
        items.by_id(tx.session, assignment.item_id, lock=True).leased -= 1
    assignment.state = state
    if state != AssignmentState.RETURNED:
        assignment.draft = None
    return promised


def free_lapsed(tx: Transaction, project_id: int, worker_id: int) -> None:
    """Take back the leases of a project whose time is over.

    What somebody else has in hand at the moment is left to the next who asks: nobody waits for a row here, so that
    two who hold some and want more cannot wait for each other.
    """
    promised = 0
    lapsed = assignments.lapsed(tx.session, project_id, tx.now)
    wanted = {assignment.item_id for assignment in lapsed if assignment.counts}
    found = {item.id: item for item in items.locked(tx.session, wanted, skip=True)} if wanted else {}
    for assignment in lapsed:
        if not assignment.counts:
            assignment.state = AssignmentState.EXPIRED
        elif (item := found.get(assignment.item_id)) is not None:
            assignment.state = AssignmentState.EXPIRED
            item.leased -= 1
        else:
            continue
        promised += assignment.price or 0
        assignment.price = None
    tx.session.flush()
    budgets.release(tx, project_id, worker_id, promised)


def answer(
    tx: Transaction,
    worker: Worker,
    uid: uuid.UUID,
    *,
    label: str,
    seconds: float | None = None,
    comment: str | None = None,
    key: str | None = None,
) -> Kept:
    """Keep an answer. The same answer again, or any with the key of the first, is no error and no second answer.

    One that comes after its lease is kept and marked late; it counts where the item still has a place for it.
    The caller counts it at the worker's desk, when all items that he answers are locked.
    """
    assignment = own(tx, worker, uid, lock=True)
    project = projects.contribute(tx.session, assignment.project_id)
    before = answers.of_assignment(tx.session, assignment.id)
    if before is not None and key is not None and before.idempotency_key == key:
        return Kept(before, False, project.classes[before.label or 0])
    number = _number(label, project.classes)
    if before is not None:
        if before.label == number:
            return Kept(before, False, label)
        raise AlreadyAnswered(f"You have answered this already: {project.classes[before.label or 0]!r}.")
    if assignment.state in (AssignmentState.SKIPPED, AssignmentState.RETURNED):
        raise AlreadyEnded(mend="Ask for the next item.")
    if key is not None and answers.by_key(tx.session, worker.id, key):
        raise KeyUsed()
    item = items.by_id(tx.session, assignment.item_id, lock=True)
    elapsed = max(0.0, (tx.now - assignment.leased_at).total_seconds())
    made = Answer(
        project_id=project.id,
        item_id=item.id,
        worker_id=assignment.worker_id,
        assignment_id=assignment.id,
        idempotency_key=key,
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
    try:
        answers.add(tx.session, made)
    except IntegrityError:
        # Two at once with one key: the other was first.
        raise KeyUsed() from None
    budgets.earn(tx, project, [assignment])
    tx.defer(JobName.AGGREGATE, f"project:{project.id}", after=tx.settings.aggregation_delay)
    return Kept(made, True, label, item.state == ItemState.GOLD and label in (item.truth or ()))


def _number(label: str, classes: Collection[str]) -> int:
    if label in classes:
        return list(classes).index(label)
    names = ", ".join(list(classes)[:50])
    raise UnknownClass(
        f"{label!r} is not a class of this project.",
        mend=f"Choose one of: {names}.",
        errors=[{"where": "label", "what": f"is not one of: {names}"}],
    )


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
