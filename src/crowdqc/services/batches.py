"""Batches: items out of the rows of an upload."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy.exc import IntegrityError

from crowdqc.formats import Fault, Row
from crowdqc.records import copying, desks, items, projects, truths, uploads
from crowdqc.records.base import new_uids
from crowdqc.records.copying import Same
from crowdqc.records.items import ItemState, TruthSource
from crowdqc.records.projects import Project
from crowdqc.records.truths import TruthOrigin
from crowdqc.records.uploads import Upload
from crowdqc.services import orders
from crowdqc.services.drafts import Draft, Drafter, gold_fault
from crowdqc.services.transaction import Transaction
from crowdqc.services.uploads import Rows, not_kept, note


def keep(tx: Transaction, upload_id: int, rows: Rows) -> None:
    """Make items of a chunk of rows; a row at fault is noted, the others are kept.

    An item that is there already with the same content is left alone; with other content the row is at fault.
    """
    # As a rule all names are new. So rows are read while those before them are written, and nobody looks first
    # what is there; where a name turns out to be taken nothing is kept, and the chunk is gone through again with a
    # look. The locks are taken behind the savepoint, so that they go with it.
    try:
        with tx.session.begin_nested():
            _keep(tx, upload_id, rows, look=False)
    except IntegrityError:
        _keep(tx, upload_id, rows, look=True)


def _keep(tx: Transaction, upload_id: int, rows: Rows, *, look: bool) -> None:
    upload = uploads.by_id(tx.session, upload_id, lock=True)
    rows = not_kept(upload, rows)
    # One upload of a project writes items at a time, so that none is inserted between the look and the insert.
    project = projects.by_id(tx.session, upload.project_id, lock=True)
    sifting = _Sifting(project.classes)
    drafts: Iterable[Draft] = sifting.drafts(rows)
    if look or upload.unchanged:
        drafts = [*drafts]
        sifting.known = items.hashes(tx.session, project.id, [draft.key for draft in drafts])
    items.add(tx.session, _columns(tx, upload, project, sifting.fresh(drafts)))
    _begin_truths(tx, upload, sifting.gold)
    if sifting.kept and orders.mixes(project):
        # Some may belong before the place where workers stand.
        desks.restart(tx.session, project.id)
    note(tx, upload, rows, kept=sifting.kept, unchanged=sifting.unchanged, faults=sifting.faults)


def _begin_truths(tx: Transaction, upload: Upload, drafts: Sequence[Draft]) -> None:
    """Begin the history of what came as gold, and number it among the project's gold."""
    if not drafts:
        return
    ids = items.ids(tx.session, upload.project_id, [draft.key for draft in drafts])
    truths.put_into_pool(tx.session, upload.project_id, [ids[draft.key] for draft in drafts])
    rows = [
        {
            "item_id": ids[draft.key],
            "labels": draft.gold,
            "gold": True,
            "reason": draft.gold_reason,
            "source": TruthOrigin.FILE,
            "person_id": upload.created_by,
            "at": tx.now,
        }
        for draft in drafts
    ]
    truths.add_many(tx.session, rows)


class _Sifting:
    """What becomes of the rows of a chunk."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = classes
        #: Content hashes of items by name.
        self.known: dict[str, str] = {}
        self.kept = self.unchanged = 0
        self.faults: list[Fault] = []
        #: What came as gold and is kept.
        self.gold: list[Draft] = []

    def drafts(self, rows: Rows) -> Iterator[Draft]:
        """Give what can be read as items."""
        drafter = Drafter()
        for row in rows:
            if not isinstance(row, (Row, Fault)):
                continue
            found = drafter.draft(row) if isinstance(row, Row) else row
            if found.__class__ is Draft and found.gold:
                found = gold_fault(found, self._classes) or found
            if isinstance(found, Fault):
                self.faults.append(found)
            else:
                yield found

    def fresh(self, drafts: Iterable[Draft]) -> Iterator[Draft]:
        """Give what is not known yet."""
        known = self.known
        for draft in drafts:
            before = known.get(draft.key)
            if before is None:
                known[draft.key] = draft.content_hash
                self.kept += 1
                if draft.gold:
                    self.gold.append(draft)
                yield draft
            elif before == draft.content_hash:
                self.unchanged += 1
            else:
                what = f"Item {draft.key!r} is here already, with other content."
                mend = "Give it another name, or leave it as it was."
                self.faults.append(Fault(draft.line, "item", what, mend))


def _columns(
    tx: Transaction, upload: Upload, project: Project, drafts: Iterator[Draft]
) -> Iterator[copying.Columns]:
    overlap = project.plan["overlap"]
    while piece := [*itertools.islice(drafts, copying.PIECE)]:
        _, keys, contents, metas, golds, _, overlaps, priorities, hashes = zip(*piece, strict=True)
        plain = not any(golds)
        yield {
            "project_id": Same(project.id),
            "upload_id": Same(upload.id),
            "answered": Same(0),
            "leased": Same(0),
            "priority": Same(0) if not any(priorities) else priorities,
            "rank": [orders.arriving(project.plan, priority, tx.chance) for priority in priorities]
            if orders.mixes(project)
            else Same(0),
            "reports": Same(0),
            "created_at": Same(tx.now),
            "state": Same(ItemState.OPEN)
            if plain
            else [ItemState.GOLD if gold else ItemState.OPEN for gold in golds],
            "truth": Same(None)
            if plain
            else [json.dumps(gold, ensure_ascii=False).encode() if gold else None for gold in golds],
            "truth_source": Same(None) if plain else [TruthSource.GOLD if gold else None for gold in golds],
            "overlap": Same(overlap) if not any(overlaps) else [each or overlap for each in overlaps],
            "uid": new_uids(len(piece)),
            "key": keys,
            "content": contents,
            "meta": metas,
            "content_hash": hashes,
        }
