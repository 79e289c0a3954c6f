"""What becomes of an item's truth: settled, made gold, corrected, retired, taken back; and the history of it.

Whoever calls has locked the project (`contribute` will do where no gold comes or goes), then the items, and locks
none behind them: the desks, which count how much gold a worker got right, are locked last. An item whose
`truth_source` is `gold` measures workers, now or until it was retired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crowdqc.errors import Invalid
from crowdqc.records import assignments, golds, people, projects, reservations, truths
from crowdqc.records.items import Item, ItemState, TruthSource
from crowdqc.records.jobs import JobName
from crowdqc.records.truths import TruthOrigin
from crowdqc.roles import Actor
from crowdqc.services.transaction import Transaction

__all__ = ["TruthOrigin", "correct", "make_gold", "retire", "settle", "withdraw"]

#: The longest reason.
LONGEST_REASON = 5000


class BadTruth(Invalid):
    """The accepted labels are not ones of this project."""


def checked(labels: Sequence[str], classes: Sequence[str], where: str = "labels") -> list[str]:
    """Give accepted labels in the order in which they are named, each once; raise BadTruth."""
    faults = fault(labels, classes, where)
    if faults:
        raise BadTruth(mend=f"Accept one or more of: {', '.join(classes[:50])}.", errors=faults)
    return list(dict.fromkeys(labels))


def fault(labels: Sequence[str], classes: Sequence[str], where: str) -> list[dict[str, object]]:
    """Give what is wrong with accepted labels."""
    if not labels:
        return [{"where": where, "what": "names no label"}]
    found = [label for label in labels if label not in classes]
    faults: list[dict[str, object]] = [{"where": where, "what": f"{label!r} is not a class"} for label in found]
    if not found and len(set(labels)) == len(classes):
        faults.append({"where": where, "what": "accepts every class, and so measures nobody"})
    return faults


def settle(tx: Transaction, item: Item, label: str, *, by: Actor, reason: str | None) -> None:
    """Make an expert's decision an item's truth; gold stays gold, and is corrected by it."""
    if item.state == ItemState.GOLD:
        correct(tx, item, [label], reason, by, TruthOrigin.DECISION)
        return
    before = _measured([item])
    item.truth, item.truth_source, item.state = [label], TruthSource.DECISION, ItemState.DECIDED
    _noted(tx, [item], before, reason, by, TruthOrigin.DECISION)


def make_gold(
    tx: Transaction,
    project: projects.Project,
    made: Sequence[tuple[Item, Sequence[str], str | None]],
    by: Actor | None,
    source: TruthOrigin,
) -> None:
    """Make items gold, with their accepted labels and why; raise BadTruth. The project is locked, then the items.

    Answers that an item has already are answers to gold from now on. Leases go on and hold their places until they
    end, as any lease does: a worker who has the item in hand notices nothing.
    """
    before = _measured([item for item, _, _ in made])
    for item, labels, _ in made:
        item.truth = checked(labels, project.classes, item.key)
        item.truth_source, item.state = TruthSource.GOLD, ItemState.GOLD
        if item.reserved:
            # It measures everybody from now on.
            reservations.replace(tx.session, item, [], tx.now)
    truths.put_into_pool(tx.session, project.id, [item.id for item, _, _ in made])
    reasons = {item.id: reason for item, _, reason in made}
    _noted(tx, [item for item, _, _ in made], before, reasons, by, source)


def correct(
    tx: Transaction,
    item: Item,
    labels: Sequence[str],
    reason: str | None,
    by: Actor | None,
    source: TruthOrigin,
) -> None:
    """Set the labels that are accepted of an item whose truth is known; raise BadTruth.

    Whoever answered it is measured anew: at his desk at once, in his scores by the next run.
    """
    project = projects.by_id(tx.session, item.project_id)
    before = _measured([item])
    item.truth = checked(labels, project.classes)
    item.truth_source = item.truth_source or TruthSource.DECISION
    _noted(tx, [item], before, reason, by, source)


def retire(tx: Transaction, item: Item, reason: str | None, by: Actor | None, source: TruthOrigin) -> None:
    """Give a gold item to nobody any longer. Its truth stands, and whoever answered it stays measured by it.

    The project is locked.
    """
    truths.take_out_of_pool(tx.session, item.project_id, item.id)
    before = _measured([item])
    item.state = ItemState.DECIDED
    _noted(tx, [item], before, reason, by, source)


def withdraw(tx: Transaction, item: Item, reason: str | None, by: Actor | None, source: TruthOrigin) -> None:
    """Take an item's truth back, as if it had never been known: it takes answers where it lacks any.

    The project is locked.
    """
    truths.take_out_of_pool(tx.session, item.project_id, item.id)
    before = _measured([item])
    item.truth = item.truth_source = None
    item.state = ItemState.OPEN if item.answered < item.overlap else ItemState.ANSWERED
    _noted(tx, [item], before, reason, by, source)


def _measured(of: Sequence[Item]) -> dict[int, frozenset[str]]:
    """Give the labels by which items measure workers."""
    return {item.id: frozenset(item.truth or () if item.truth_source == TruthSource.GOLD else ()) for item in of}


def _noted(
    tx: Transaction,
    of: Sequence[Item],
    before: Mapping[int, frozenset[str]],
    reason: str | Mapping[int, str | None] | None,
    by: Actor | None,
    source: TruthOrigin,
) -> None:
    """Write the step down, have the answers counted anew, and keep the items from whoever knows their truth."""
    if not of:
        return
    tx.session.flush()
    truths.add_many(
        tx.session,
        [
            {
                "item_id": item.id,
                "labels": item.truth,
                "gold": item.state == ItemState.GOLD,
                "reason": (reason.get(item.id) if isinstance(reason, Mapping) else reason) or None,
                "source": source,
                "person_id": None if by is None else by.id,
                "at": tx.now,
            }
            for item in of
        ],
    )
    project = projects.by_id(tx.session, of[0].project_id)
    worker = None if by is None else people.worker_of(tx.session, by.id)
    if worker is not None:
        for item in of:
            assignments.withhold(tx.session, item, [worker.id], project.guideline_version, tx.now)
    after = _measured(of)
    if any(before[key] != after[key] for key in after):
        changes: dict[int, int] = {}
        for item_id, worker_id, label in golds.given_labels(tx.session, list(after)):
            name = project.classes[label]
            change = (name in after[item_id]) - (name in before[item_id])
            changes[worker_id] = changes.get(worker_id, 0) + change
        golds.change_right(tx.session, project.id, changes)
    tx.defer(JobName.AGGREGATE, f"project:{project.id}", after=tx.settings.aggregation_delay)
