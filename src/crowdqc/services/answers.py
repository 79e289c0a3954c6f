"""Answers that were given elsewhere, out of the rows of an upload."""

from __future__ import annotations

from typing import Any

from crowdqc.formats import Fault
from crowdqc.formats.answers import Answer
from crowdqc.records import answers, items, people, projects, uploads
from crowdqc.records.base import new_uid
from crowdqc.records.items import ItemState
from crowdqc.records.jobs import JobName
from crowdqc.services import effects
from crowdqc.services.transaction import Transaction
from crowdqc.services.uploads import Rows, not_kept, note


def keep(tx: Transaction, upload_id: int, rows: Rows) -> None:
    """Keep the answers of a chunk of rows; a row at fault is noted.

    Their workers are names in a crowd of this requester's own, never our people. The first answer of a worker to
    an item stands; the same again is left alone, another is at fault. One that finds no free place is kept and
    not counted.
    """
    upload = uploads.by_id(tx.session, upload_id, lock=True)
    rows = not_kept(upload, rows)
    project = projects.by_id(tx.session, upload.project_id, lock=True)
    numbers = {name: number for number, name in enumerate(project.classes)}
    faults = [row for row in rows if isinstance(row, Fault)]
    read = [row for row in rows if isinstance(row, Answer) and len(row.worker) <= 200]
    faults += [
        Fault(row.line, "worker", "The worker's name is longer than 200 characters.", "Shorten it.")
        for row in rows
        if isinstance(row, Answer) and len(row.worker) > 200
    ]
    workers = _workers(tx, f"uploads of {project.owner_id}", sorted({row.worker for row in read}))
    found = items.by_keys(tx.session, project.id, {row.item for row in read}, lock=True)
    given = answers.labels(tx.session, [item.id for item in found.values()])
    fresh: list[dict[str, Any]] = []
    unchanged = 0
    for row in read:
        item, label = found.get(row.item), numbers.get(row.label)
        if item is None:
            what = f"There is no item {row.item!r} in this project."
            faults.append(Fault(row.line, "item", what, "Upload the items first, and name them as there."))
            continue
        if label is None:
            what = f"{row.label!r} is not a class of this project."
            faults.append(Fault(row.line, "label", what, f"Classes: {', '.join(project.classes[:50])}."))
            continue
        pair = item.id, workers[row.worker]
        if pair in given:
            if given[pair] == label:
                unchanged += 1
            else:
                what = f"Worker {row.worker!r} gave another answer to item {row.item!r} before; that one stands."
                faults.append(Fault(row.line, "worker, item", what, "Keep one answer of a worker to an item."))
            continue
        given[pair] = label
        fresh.append(
            {
                "project_id": project.id,
                "item_id": item.id,
                "worker_id": workers[row.worker],
                "upload_id": upload.id,
                "label": label,
                "value": None,
                "seconds": row.seconds,
                "guideline_version": project.guideline_version,
                "submitted_at": row.time or tx.now,
                "late": False,
                "counted": _takes_place(item),
            }
        )
    answers.add_many(tx.session, fresh)
    note(tx, upload, rows, kept=len(fresh), unchanged=unchanged, faults=faults)
    if fresh:
        tx.defer(JobName.AGGREGATE, f"project:{project.id}", after=tx.settings.aggregation_delay)
        effects.ask_again(tx, project)


def _takes_place(item: items.Item) -> bool:
    """Take one of the item's places where one is free, and say whether the answer counts."""
    if item.state == ItemState.GOLD:
        return True
    if item.answered + item.leased >= item.overlap:
        return False
    item.answered += 1
    if item.answered >= item.overlap and item.state == ItemState.OPEN:
        item.state = ItemState.ANSWERED
    return True


def _workers(tx: Transaction, crowd: str, names: list[str]) -> dict[str, int]:
    """Give the keys of workers by name, made where they are new."""
    known = people.workers_named(tx.session, crowd, names)
    new = [name for name in names if name not in known]
    if new:
        people.add_workers(
            tx.session,
            [
                {"uid": new_uid(), "crowd": crowd, "name": name, "person_id": None, "created_at": tx.now}
                for name in new
            ],
        )
        known |= people.workers_named(tx.session, crowd, new)
    return known
