"""Batches: items out of the rows of an upload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowdqc.formats import Fault, Row, jsonvalues
from crowdqc.formats.canonical import canonical, content_hash
from crowdqc.records import items, projects, truths, uploads
from crowdqc.records.base import new_uid
from crowdqc.records.items import ItemState, TruthSource
from crowdqc.records.truths import TruthOrigin
from crowdqc.services.transaction import Transaction
from crowdqc.services.truths import LONGEST_REASON
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
    gold_reason: str | None
    overlap: int | None

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
                    "truth": draft.gold,
                    "truth_source": None if draft.gold is None else TruthSource.GOLD,
                    "reports": 0,
                    "created_at": tx.now,
                }
            )
    if fresh:
        items.add(tx.session, fresh)
        first = {draft.key: draft for draft in reversed(drafts) if draft.gold}
        _begin_truths(tx, project.id, upload, first, fresh)
    note(tx, upload, rows, kept=len(fresh), unchanged=unchanged, faults=faults)


def _begin_truths(
    tx: Transaction,
    project_id: int,
    upload: uploads.Upload,
    drafts: Mapping[str, Drafted],
    fresh: Sequence[Mapping[str, Any]],
) -> None:
    """Begin the history of what came as gold, and number it among the project's gold."""
    keys = [str(row["key"]) for row in fresh if row["state"] == ItemState.GOLD]
    if not keys:
        return
    ids = items.ids(tx.session, project_id, keys)
    truths.put_into_pool(tx.session, project_id, [ids[key] for key in keys])
    truths.add_many(
        tx.session,
        [
            {
                "item_id": ids[key],
                "labels": drafts[key].gold,
                "gold": True,
                "reason": drafts[key].gold_reason,
                "source": TruthOrigin.FILE,
                "person_id": upload.created_by,
                "at": tx.now,
            }
            for key in keys
        ],
    )


def drafted(row: Row, classes: Sequence[str]) -> Drafted:
    """Read a row as an item.

    `item` (or one of `ITEM_COLUMNS`) names it; without one its content does. `gold` holds the accepted labels,
    joined by `|`; `gold_reason` says why. `overlap` says how many answers it is to have. `metadata`, `meta:...`
    and `metadata....` are not shown to workers. All other columns are; `content` may hold them as one object.
    """
    values = dict(row.values)
    column, key = item_name(values)
    if column is not None:
        _check_name(column, key)
        del values[column]
    gold = _gold(values.pop("gold", None), classes)
    gold_reason = _reason(values.pop("gold_reason", None))
    if gold is None and gold_reason is not None:
        raise _Unfit("gold_reason", "It says why, and gold says nothing.", "Fill gold, or leave out the reason.")
    overlap = _overlap(values.pop("overlap", None))
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
    return Drafted(row.line, key or content_hash(content)[:32], content, meta, gold, gold_reason, overlap)


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


def _reason(value: object) -> str | None:
    if value is None or value == "":
        return None
    if len(str(value)) > LONGEST_REASON:
        raise _Unfit("gold_reason", f"The reason is longer than {LONGEST_REASON} characters.", "Shorten it.")
    return str(value)


def _overlap(value: object) -> int | None:
    if value is None or value == "":
        return None
    try:
        number = float(str(value))
        if isinstance(value, bool) or not number.is_integer() or not 1 <= number <= 1000:
            raise ValueError
    except ValueError:
        raise _Unfit("overlap", f"{value!r} is not a whole number from 1 to 1000.", None) from None
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
