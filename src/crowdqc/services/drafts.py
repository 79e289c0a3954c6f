"""Drafts: a row of a file read as an item, checked as far as that goes without the database, its JSON written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring as quoted
from operator import itemgetter
from typing import Any, NamedTuple

from crowdqc.formats import Fault, Row, jsonvalues
from crowdqc.formats.canonical import canonical
from crowdqc.records.queue import MOST_URGENT
from crowdqc.services.truths import LONGEST_REASON
from crowdqc.services.uploads import ITEM_COLUMNS, item_name

#: Before the name of a column that workers do not see.
META_PREFIXES = ("meta:", "metadata.")
#: The largest content or metadata of an item, as JSON.
LARGEST = 1 << 20
#: Columns that are not simply shown.
_APART = ("gold", "gold_reason", "overlap", "priority", "metadata", "content")
_LONGEST_NAME = 255


class Draft(NamedTuple):
    """An item as a row describes it. (A tuple, as it is made a million times.)"""

    line: int
    key: str
    #: What a worker is shown, and what he is not, as JSON.
    content: bytes
    meta: bytes
    #: The accepted labels; whether they are classes of the project is not known here.
    gold: list[str] | None
    gold_reason: str | None
    overlap: int | None
    #: How much it matters that it goes first.
    priority: int
    #: Of what makes it the same item; how often it is to be answered does not.
    content_hash: str


class _Unfit(ValueError):
    """A row that cannot become an item: where, what."""

    def __init__(self, where: str, what: str, mend: str | None = None) -> None:
        super().__init__(what)
        self.where, self.what, self.mend = where, what, mend


class Drafter:
    """Reads rows as items; what the names of the columns say is thought about once for all rows that have them.

    `item` (or one of `ITEM_COLUMNS`) names it; without one its content does. `gold` holds the accepted labels,
    joined by `|`; `gold_reason` says why. `overlap` says how many answers it is to have, `priority` (higher is
    sooner) how much it matters that it goes first, where the plan's order heeds it. `metadata`, `meta:...` and
    `metadata....` are not shown to workers. All other columns are; `content` may hold them as one object.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._plain: Callable[[Row], Draft | None] = _never

    def draft(self, row: Row) -> Draft | Fault:
        """Give the item of a row, or what is wrong with it."""
        values = row.values
        if len(values) != len(self._names) or [*values] != self._names:
            self._names = [*values]
            self._plain = _plain(self._names)
        found = self._plain(row)
        if found is not None:
            return found
        try:
            return drafted(row)
        except _Unfit as error:
            return Fault(row.line, error.where, error.what, error.mend)


def gold_fault(draft: Draft, classes: Sequence[str]) -> Fault | None:
    """Say what is wrong with the gold of a draft in a project of these classes."""
    for label in draft.gold or ():
        if label not in classes:
            what = f"{label!r} is not a class of this project."
            return Fault(draft.line, "gold", what, f"Classes: {', '.join(classes[:50])}.")
    return None


def _never(row: Row) -> Draft | None:
    return None


def _plain(names: Sequence[str]) -> Callable[[Row], Draft | None]:
    """Give a way to read rows of these columns whose cells are all text and in no doubt, in less time.

    It gives nothing for any other row. `drafted` would say the same of those that it takes; a test compares.
    """
    named = next((name for name in ITEM_COLUMNS if name in names), None)
    if named is None:
        return _never
    rest = [name for name in names if name != named]
    apart = [name for name in rest if name in _APART]
    shown: list[_Part] = []
    hidden: list[_Part] = []
    for name in (name for name in rest if name not in _APART):
        prefix = next((prefix for prefix in META_PREFIXES if name.startswith(prefix)), None)
        kept = name if prefix is None else name.removeprefix(prefix)
        (shown if prefix is None else hidden).append(_Part(kept, name))
    if len({part.kept for part in hidden}) < len(hidden):
        return _never
    # The hash is of the names in order; what is kept has the order of the file.
    ordered = [*sorted(shown), *sorted(hidden)]
    if not shown:
        return _never
    cells_of = _several([part.column for part in ordered])
    whole = f"[{_object(sorted(shown))},{_object(sorted(hidden))},null]"
    content, content_cells = _object(shown), _several([ordered.index(part) for part in shown])
    meta, meta_cells = _object(hidden), _several([ordered.index(part) for part in hidden])
    sha256 = hashlib.sha256

    def read(row: Row) -> Draft | None:
        line, values = row
        try:
            for name in apart:
                if values[name] != "":
                    return None
            key = values[named].strip()  # type: ignore[attr-defined]
            cells = (*map(quoted, cells_of(values)),)
            text = whole % cells
            # Empty cells are left out; whoever could be too large is measured.
            if not 0 < len(key) <= _LONGEST_NAME or '""' in cells or len(text) > LARGEST // 4:
                return None
            return Draft(
                line,
                key,
                (content % content_cells(cells)).encode(),
                (meta % meta_cells(cells)).encode(),
                None,
                None,
                None,
                0,
                sha256(text.encode()).hexdigest(),
            )
        except (AttributeError, TypeError, UnicodeEncodeError):
            return None

    return read


class _Part(NamedTuple):
    """A column as a part of an object: its name there, and its name in the file."""

    kept: str
    column: str


def _object(parts: Sequence[_Part]) -> str:
    """Write an object with a place for each value."""
    return "{" + ",".join(quoted(part.kept).replace("%", "%%") + ":%s" for part in parts) + "}"


def _several(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Give a way to pick the values of these keys; `itemgetter` gives a tuple only where there are two or more."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return (lambda values: (values[keys[0]],)) if keys else (lambda values: ())


def drafted(row: Row) -> Draft:
    """Read any row as an item; raise _Unfit."""
    values = dict(row.values)
    column, key = item_name(values)
    if column is not None:
        _check_name(column, key)
        del values[column]
    gold = _gold(values.pop("gold", None))
    gold_reason = _reason(values.pop("gold_reason", None))
    if gold is None and gold_reason is not None:
        raise _Unfit("gold_reason", "It says why, and gold says nothing.", "Fill gold, or leave out the reason.")
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
    parts = {"content": canonical(content), "metadata": canonical(meta)}
    for name, part in parts.items():
        if len(part) > LARGEST:
            raise _Unfit(
                name, f"Its {name} is larger than {LARGEST} bytes.", "Upload an address instead of the thing."
            )
    # The canonical text of a list is its values' between brackets.
    whole = b"[" + parts["content"] + b"," + parts["metadata"] + b"," + canonical(gold) + b"]"
    return Draft(
        row.line,
        key or hashlib.sha256(parts["content"]).hexdigest()[:32],
        _json(content),
        _json(meta),
        gold,
        gold_reason,
        overlap,
        priority,
        hashlib.sha256(whole).hexdigest(),
    )


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _json(value: object) -> bytes:
    """Write a value as it came: its names in their order, a float as a float."""
    return _ENCODER.encode(value).encode()


def _check_name(column: str, name: str) -> None:
    if not name:
        raise _Unfit(column, "The item has no name.", f"Fill {column} with a text or a number, or leave it out.")
    if len(name) > _LONGEST_NAME:
        raise _Unfit(column, f"The item's name is longer than {_LONGEST_NAME} characters.", "Shorten it.")


def _gold(value: object) -> list[str] | None:
    if value is None or value == "" or value == []:
        return None
    labels = value if isinstance(value, list) else str(value).split("|")
    if any(not isinstance(label, str) for label in labels):
        odd = next(label for label in labels if not isinstance(label, str))
        raise _Unfit("gold", f"{odd!r} is not the name of a class.", "Give the names of classes.")
    return list(dict.fromkeys(labels))


def _reason(value: object) -> str | None:
    if value is None or value == "":
        return None
    if len(str(value)) > LONGEST_REASON:
        raise _Unfit("gold_reason", f"The reason is longer than {LONGEST_REASON} characters.", "Shorten it.")
    return str(value)


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
