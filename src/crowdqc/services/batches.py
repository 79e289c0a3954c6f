"""Batches: items out of the rows of an upload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowdqc.formats import Fault, Row, jsonvalues
from crowdqc.formats.canonical import canonical, content_hash
from crowdqc.records import desks, items, projects, uploads
from crowdqc.records.base import new_uid
from crowdqc.records.items import ItemState, TruthSource
from crowdqc.records.queue import MOST_URGENT
from crowdqc.services import orders
from crowdqc.services.transaction import Transaction
from crowdqc.services.uploads import Rows, item_name, not_kept, note

#: Before the name of a column that workers do not see.
META_PREFIXES = ("meta:", "metadata.")
#: The largest content or metadata of an item, as JSON.
LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Drafted:
    """An item as a row describes it."""

    line: int
    key: str
    content: dict[str, Any]
    meta: dict[str, Any]
    gold: list[str] | None
    overlap: int | None
    priority: int = 0

    def content_hash(self) -> str:
        """Hash what makes it the same item; how often it is to be answered does not."""
        return content_hash([self.content, self.meta, self.gold])


class _Unfit(ValueError):
    """A row that cannot become an item: where, what."""

    def __init__(self, where: str, what: str, mend: str | None = None) -> None:
        super().__init__(what)
        self.where, self.what, self.mend = where, what, mend


def keep(tx: Transaction, upload_id: int, rows: Rows) -> None:
    """Make items of a chunk of rows; a row at fault is noted, the others are kept.

    An item that is there already with the same content is left alone; with other content the row is at fault.
    """
    upload = uploads.by_id(tx.session, upload_id, lock=True)
    rows = not_kept(upload, rows)
    # One upload of a project writes items at a time, so that none is inserted between the look and the insert.
    project = projects.by_id(tx.session, upload.project_id, lock=True)
    drafts: list[Drafted] = []
    faults: list[Fault] = []
    for row in rows:
        if isinstance(row, Row):
            try:
                drafts.append(drafted(row, project.classes))
            except _Unfit as error:
                faults.append(Fault(row.line, error.where, error.what, error.mend))
        elif isinstance(row, Fault):
            faults.append(row)
    known = items.hashes(tx.session, project.id, [draft.key for draft in drafts])
    fresh: list[dict[str, Any]] = []
    unchanged = 0
    for draft in drafts:
        its_hash = draft.content_hash()
        before = known.setdefault(draft.key, its_hash) if draft.key in known else None
        if before == its_hash:
            unchanged += 1
        elif before is not None:
            what = f"Item {draft.key!r} is here already, with other content."
            faults.append(Fault(draft.line, "item", what, "Give it another name, or leave it as it was."))
        else:
            known[draft.key] = its_hash
            fresh.append(
                {
                    "uid": new_uid(),
                    "project_id": project.id,
                    "upload_id": upload.id,
                    "key": draft.key,
                    "content": draft.content,
                    "meta": draft.meta,
                    "content_hash": its_hash,
                    "state": ItemState.OPEN if draft.gold is None else ItemState.GOLD,
                    "overlap": draft.overlap or project.plan["overlap"],
                    "answered": 0,
                    "leased": 0,
                    "priority": draft.priority,
                    "rank": orders.arriving(project.plan, draft.priority, tx.chance),
                    "truth": draft.gold,
                    "truth_source": None if draft.gold is None else TruthSource.GOLD,
                    "reports": 0,
                    "created_at": tx.now,
                }
            )
    if fresh:
        items.add(tx.session, fresh)
        if orders.mixes(project):
            # Some may belong before the place where workers stand.
            desks.restart(tx.session, project.id)
    note(tx, upload, rows, kept=len(fresh), unchanged=unchanged, faults=faults)


def drafted(row: Row, classes: Sequence[str]) -> Drafted:
    """Read a row as an item.

    `item` (or one of `ITEM_COLUMNS`) names it; without one its content does. `gold` holds the accepted labels,
    joined by `|`. `overlap` says how many answers it is to have, `priority` (higher is sooner) how much it matters
    that it goes first, where the plan's order heeds it. `metadata`, `meta:...` and `metadata....` are
    not shown to workers. All other columns are shown; `content` may hold them as one object.
    """
    values = dict(row.values)
    column, key = item_name(values)
    if column is not None:
        _check_name(column, key)
        del values[column]
    gold = _gold(values.pop("gold", None), classes)
    overlap = _whole("overlap", values.pop("overlap", None), 1, 1000)
    priority = _whole("priority", values.pop("priority", None), -MOST_URGENT, MOST_URGENT) or 0
    meta = _nested("metadata", values.pop("metadata", None))
    content = _nested("content", values.pop("content", None))
    for name, value in values.items():
        prefix = next((prefix for prefix in META_PREFIXES if name.startswith(prefix)), None)
        if prefix is None:
            content[name] = value
        else:
            meta[name.removeprefix(prefix)] = value
    content = {name: value for name, value in content.items() if value is not None and value != ""}
    meta = {name: value for name, value in meta.items() if value is not None and value != ""}
    if not content:
        raise _Unfit("row", "There is nothing in it to show to a worker.", "Fill a column such as text or image.")
    for name, part in (("content", content), ("metadata", meta)):
        if len(canonical(part)) > LARGEST:
            raise _Unfit(
                name, f"Its {name} is larger than {LARGEST} bytes.", "Upload an address instead of the thing."
            )
    return Drafted(row.line, key or content_hash(content)[:32], content, meta, gold, overlap, priority)


def _check_name(column: str, name: str) -> None:
    if not name:
        raise _Unfit(column, "The item has no name.", f"Fill {column} with a text or a number, or leave it out.")
    if len(name) > 255:
        raise _Unfit(column, "The item's name is longer than 255 characters.", "Shorten it.")


def _gold(value: object, classes: Sequence[str]) -> list[str] | None:
    if value is None or value == "" or value == []:
        return None
    labels = value if isinstance(value, list) else str(value).split("|")
    for label in labels:
        if label not in classes:
            raise _Unfit(
                "gold", f"{label!r} is not a class of this project.", f"Classes: {', '.join(classes[:50])}."
            )
    return list(dict.fromkeys(labels))


def _whole(name: str, value: object, least: int, most: int) -> int | None:
    if value is None or value == "":
        return None
    try:
        number = float(str(value))
        if isinstance(value, bool) or not number.is_integer() or not least <= number <= most:
            raise ValueError
    except ValueError:
        raise _Unfit(name, f"{value!r} is not a whole number from {least} to {most}.", None) from None
    return int(number)


def _nested(name: str, value: object) -> dict[str, Any]:
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        if name == "content" and not value.lstrip().startswith("{"):
            return {"content": value}
        try:
            value = jsonvalues.parse(value)
        except jsonvalues.NotJson as error:
            raise _Unfit(name, f"{name} is not JSON: {error}", 'Write it as JSON: {"name": "value"}.') from None
    if not isinstance(value, Mapping):
        raise _Unfit(name, f"{name} is not an object.", 'Write it as JSON: {"name": "value"}.')
    return dict(value)
