"""Answers that were given elsewhere, out of the rows of an upload."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from crowdqc.formats import Fault
from crowdqc.formats.answers import Answer
from crowdqc.records import answers, items, people, projects, uploads
from crowdqc.records.base import new_uid
from crowdqc.records.copying import Columns, Same
from crowdqc.records.items import ItemState
from crowdqc.records.jobs import JobName
from crowdqc.records.projects import Project
from crowdqc.records.uploads import Upload
from crowdqc.services import effects, orders
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
    rooms = items.rooms(tx.session, project.id, {row.item for row in read})
    given = answers.labels(tx.session, [room.id for room in rooms.values()])
    fresh: list[_Fresh] = []
    unchanged = 0
    for row in read:
        room, label = rooms.get(row.item), numbers.get(row.label)
        if room is None:
            what = f"There is no item {row.item!r} in this project."
            faults.append(Fault(row.line, "item", what, "Upload the items first, and name them as there."))
            continue
        if label is None:
            what = f"{row.label!r} is not a class of this project."
            faults.append(Fault(row.line, "label", what, f"Classes: {', '.join(project.classes[:50])}."))
            continue
        pair = room.id, workers[row.worker]
        if pair in given:
            if given[pair] == label:
                unchanged += 1
            else:
                what = f"Worker {row.worker!r} gave another answer to item {row.item!r} before; that one stands."
                faults.append(Fault(row.line, "worker, item", what, "Keep one answer of a worker to an item."))
            continue
        given[pair] = label
        fresh.append(_Fresh(*pair, label, row.seconds, row.time or tx.now, _takes_place(room)))
    if fresh:
        answers.add_many(tx.session, _columns(project, upload, fresh))
        items.fill(tx.session, rooms.values(), step=orders.step(project))
    note(tx, upload, rows, kept=len(fresh), unchanged=unchanged, faults=faults)
    if fresh:
        tx.defer(JobName.AGGREGATE, f"project:{project.id}", after=tx.settings.aggregation_delay)
        effects.ask_again(tx, project)


class _Fresh(NamedTuple):
    """An answer that is to be kept."""

    item_id: int
    worker_id: int
    label: int
    seconds: float | None
    submitted_at: datetime
    counted: bool


def _columns(project: Project, upload: Upload, fresh: Sequence[_Fresh]) -> Columns:
    same = {
        "project_id": project.id,
        "upload_id": upload.id,
        "guideline_version": project.guideline_version,
        "late": False,
    }
    each = dict(zip(_Fresh._fields, zip(*fresh, strict=True), strict=True))
    return {name: Same(value) for name, value in same.items()} | each


def _takes_place(room: items.Room) -> bool:
    """Take one of the item's places where one is free, and say whether the answer counts; gold needs none."""
    if room.state == ItemState.GOLD:
        return True
    if room.taken >= room.free:
        return False
    room.taken += 1
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
