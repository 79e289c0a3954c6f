"""What becomes of a lease: it is given, answered, ended, and freed when its time is over."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy.exc import IntegrityError

from crowdqc.errors import Conflict, CrowdqcError, Invalid, Missing
from crowdqc.records import answers, assignments, items
from crowdqc.records.answers import NO_PLACE, Answer, Place
from crowdqc.records.assignments import ANSWERED, Assignment, AssignmentState, Lease
from crowdqc.records.base import new_uid
from crowdqc.records.items import Item, ItemState, Shown, TruthSource
from crowdqc.records.jobs import JobName
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.records.seats import Seat
from crowdqc.services import budgets, orders, prices
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """An answer to one of a worker's assignments, as it is handed in."""

    assignment: uuid.UUID
    label: str
    seconds: float | None = None
    comment: str | None = None
    key: str | None = None


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


def give(
    tx: Transaction,
    seat: Seat,
    items: Sequence[Shown],
    *,
    gold: Collection[int] = (),
    place: tuple[int, int] | None = None,
) -> list[tuple[Lease, Shown]]:
    """Lease items to a worker who never had them; their places are taken already, and gold needs none.

    What their answers earn is promised: see `budgets.reserve`.

    `place` is where his desk stands in the queue now, where it moved.
    """
    (project, worker, _, _), desk = seat
    until = tx.now + timedelta(seconds=project.plan["lease_seconds"])
    version, price = project.guideline_version, prices.of_answer(project.plan)
    found = [(Lease(new_uid(), item.id, AssignmentState.OPEN, version, tx.now, until), item) for item in items]
    rows = [
        {
            "uid": lease.uid,
            "project_id": project.id,
            "item_id": item.id,
            "worker_id": worker.id,
            "state": AssignmentState.OPEN,
            "counts": item.id not in gold,
            "guideline_version": version,
            "leased_at": tx.now,
            "expires_at": until,
            "price": price,
        }
        for lease, item in found
    ]
    rank, cursor = (desk.rank, desk.cursor) if place is None else place
    moved = {
        "desk_project": project.id,
        "desk_worker": worker.id,
        "desk_rank": rank,
        "desk_cursor": cursor,
        "desk_given": len(items),
        "desk_gold": len(gold),
    }
    assignments.give(tx.session, rows, moved)
    return found


def give_again(tx: Transaction, project: Project, assignment: Assignment, item: Item) -> None:
    """Lease an item once more to a worker who let go of it; what he had so far is still there."""
    item.leased += assignment.counts
    orders.placed(project, item)
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


def end(tx: Transaction, project: Project, assignment: Assignment, state: AssignmentState) -> int:
    """End a lease without an answer; give what was promised, for `budgets.release` when all else is done."""
    promised, assignment.price = assignment.price or 0, None
    if assignment.state == AssignmentState.OPEN and assignment.counts:
        item = items.by_id(tx.session, assignment.item_id, lock=True)
        item.leased -= 1
        orders.placed(project, item)
    assignment.state = state
    if state != AssignmentState.RETURNED:
        assignment.draft = None
    return promised


def free_lapsed(tx: Transaction, project: Project, worker: Worker) -> None:
    """Take back the leases of a project whose time is over.

    What somebody else has in hand at the moment is left to the next who asks: nobody waits for a row here, so that
    two who hold some and want more cannot wait for each other.
    """
    promised = 0
    lapsed = assignments.lapsed(tx.session, project.id, tx.now)
    wanted = {assignment.item_id for assignment in lapsed if assignment.counts}
    found = {item.id: item for item in items.locked(tx.session, wanted, skip=True)} if wanted else {}
    for assignment in lapsed:
        if not assignment.counts:
            assignment.state = AssignmentState.EXPIRED
        elif (item := found.get(assignment.item_id)) is not None:
            assignment.state = AssignmentState.EXPIRED
            item.leased -= 1
            orders.placed(project, item)
        else:
            continue
        promised += assignment.price or 0
        assignment.price = None
    tx.session.flush()
    budgets.release(tx, project.id, worker.id, promised)


def keep(tx: Transaction, project: Project, worker: Worker, handed: Sequence[Handed]) -> list[Kept | CrowdqcError]:
    """Keep answers, each once however often it is sent; one that is refused spoils no other.

    The same answer again, or any with the key of the first, is no error and no second answer. One that comes after
    its lease is kept and marked late; it counts where the item still has a place for it. The project is held on to
    (`projects.contribute`) and the caller counts what is new at the worker's desk, when all items are locked.

    Returns
    -------
    What became of each, in their order.
    """
    run, subject = JobName.AGGREGATE, f"project:{project.id}"
    uids = {each.assignment for each in handed}
    rows, run_waits = assignments.in_hand(tx.session, worker.id, uids, job=run, subject=subject)
    found = {each.uid: (each, item) for each, item in rows if each.project_id == project.id}
    told = _Told(tx, project, worker, found)
    outcomes = [told.outcome(each) for each in handed]
    kept = told.write(alone=len(handed) == 1)
    if kept:
        budgets.earn(tx, project, [each for each, _ in rows if each.id in kept])
    if kept and not run_waits:
        tx.defer(run, subject, after=tx.settings.aggregation_delay)
    if kept and project.rules_on:
        tx.defer(JobName.APPLY_RULES, subject, after=tx.settings.aggregation_delay)
    return [
        KeyUsed() if isinstance(each, Kept) and each.new and each.answer.assignment_id not in kept else each
        for each in outcomes
    ]


class _Told:
    """Answers on their way in: what becomes of each, and what is written for those that are new."""

    def __init__(
        self,
        tx: Transaction,
        project: Project,
        worker: Worker,
        found: Mapping[uuid.UUID, tuple[Assignment, Item]],
    ) -> None:
        self._tx, self._project, self._worker, self._found = tx, project, worker, found
        done = [each.id for each, _ in found.values() if each.state in ANSWERED]
        self._before = answers.of_assignments(tx.session, done) if done else {}
        self._keys: set[str] = set()
        self._new: list[tuple[Answer, Place]] = []

    def outcome(self, each: Handed) -> Kept | CrowdqcError:
        try:
            return self._kept(each)
        except CrowdqcError as error:
            return error

    def write(self, *, alone: bool) -> set[int]:
        """Write what is new, and give the keys of the assignments whose answers went in."""
        if not alone:
            return answers.add(self._tx.session, self._new) if self._new else set()
        for answer, place in self._new:
            try:
                answers.add_one(self._tx.session, answer, place)
            except IntegrityError:
                raise KeyUsed() from None
        return {answer.assignment_id for answer, _ in self._new if answer.assignment_id is not None}

    def _kept(self, each: Handed) -> Kept:
        tx, classes = self._tx, self._project.classes
        if each.assignment not in self._found:
            raise NoSuchAssignment(assignment=str(each.assignment))
        assignment, item = self._found[each.assignment]
        before = self._before.get(assignment.id)
        if before is not None and each.key is not None and before.idempotency_key == each.key:
            return Kept(before, False, classes[before.label or 0])
        number = _number(each.label, classes)
        if before is not None:
            if before.label == number:
                return Kept(before, False, each.label)
            raise AlreadyAnswered(f"You have answered this already: {classes[before.label or 0]!r}.")
        if assignment.state not in (AssignmentState.OPEN, AssignmentState.EXPIRED):
            raise AlreadyEnded(mend="Ask for the next item.")
        if each.key is not None:
            if each.key in self._keys:
                raise KeyUsed()
            self._keys.add(each.key)
        elapsed = max(0.0, (tx.now - assignment.leased_at).total_seconds())
        made = Answer(
            project_id=self._project.id,
            item_id=item.id,
            worker_id=self._worker.id,
            assignment_id=assignment.id,
            idempotency_key=each.key,
            label=number,
            comment=each.comment or None,
            seconds=elapsed if each.seconds is None else min(each.seconds, elapsed),
            guideline_version=assignment.guideline_version,
            submitted_at=tx.now,
            late=assignment.state == AssignmentState.EXPIRED or tx.now > assignment.expires_at,
            counted=_takes_place(assignment, item),
        )
        self._before[assignment.id] = made
        leased = assignment.state == AssignmentState.OPEN
        step = orders.step(self._project) * (made.counted - leased)
        self._new.append((made, Place(made.counted, leased, step) if assignment.counts else NO_PLACE))
        return Kept(
            made, True, each.label, item.truth_source == TruthSource.GOLD and each.label in (item.truth or ())
        )


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
    """Say whether there is a place for an answer: the lease's own, or for a late one any that is free."""
    if not assignment.counts:
        return True
    others = item.leased - (assignment.state == AssignmentState.OPEN)
    return item.answered + others < item.overlap and item.state != ItemState.DISCARDED
