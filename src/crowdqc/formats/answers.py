"""Files of answers (who said what of which item, when) and files of truths, read into values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from crowdqc.formats.canonical import Uncanonical, canonical
from crowdqc.formats.outcomes import LIMIT_BYTES, LIMIT_RECORD, Fault, Row, unreadable
from crowdqc.formats.reading import rows

#: Under which names a column is known; case does not matter. The first is ours and wins over the others.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "worker": ("worker", "worker_id", "workerid", "annotator", "labeler", "labeller", "performer", "tasker"),
    "item": ("item", "item_id", "task", "task_id"),
    "label": ("label", "answer"),
    "time": ("time", "submitted_at", "timestamp"),
    "seconds": ("seconds",),
}

#: Characters of a faulty cell that are shown.
_SHOWN = 40

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one worker said of one item.

    Attributes
    ----------
    line : int
        Where it stands in its file.
    worker, item, label : str
    time : datetime or None
        When it was submitted, in UTC.
    seconds : float or None
        How long it took.
    """

    line: int
    worker: str
    item: str
    label: str
    time: datetime | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Truth:
    """The labels that are right for an item: one, or several of which any is right."""

    line: int
    item: str
    labels: tuple[str, ...]


class _Unfit(ValueError):
    """A cell that cannot be taken; the message says why, as a sentence."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.mend = mend


def answers(
    stream: BinaryIO,
    format: str,
    *,
    limit_bytes: int = LIMIT_BYTES,
    limit_record: int = LIMIT_RECORD,
) -> Iterator[Answer | Fault]:
    """Read a file of answers.

    Its columns are worker, item, label and, if they are there, time and seconds, each under one of its
    `ALIASES`; other columns are left out. Ids and labels are text: a whole number ``1`` and a float ``1.0`` are
    both "1", true is "true", and a label that is a list or an object is its canonical JSON text. Time is
    ISO 8601; without a zone it is UTC.

    Raises
    ------
    Unreadable
        As `rows` does, and if a column is missing; the message says which, and what was found.

    Examples
    --------
    >>> from io import BytesIO
    >>> next(answers(BytesIO(b"task,worker,label\\n7,ann,cat\\n"), "csv"))
    Answer(line=2, worker='ann', item='7', label='cat', time=None, seconds=None)
    """
    for line, values in _table(stream, format, ("worker", "item", "label"), limit_bytes, limit_record):
        if isinstance(values, Fault):
            yield values
            continue
        role = ""
        try:
            role = "worker"
            worker = _id(values[role])
            role = "item"
            item = _id(values[role])
            role = "label"
            label = _label(values[role])
            role = "time"
            time = _time(values.get(role))
            role = "seconds"
            seconds = _seconds(values.get(role))
        except _Unfit as error:
            yield Fault(line, f"line {line}, column {role}", str(error), error.mend)
            continue
        yield Answer(line, worker, item, label, time, seconds)


def truth(
    stream: BinaryIO,
    format: str,
    *,
    limit_bytes: int = LIMIT_BYTES,
    limit_record: int = LIMIT_RECORD,
) -> Iterator[Truth | Fault]:
    """Read a file of truths: its columns are item and label, under one of their `ALIASES`.

    Several labels of which any is right are joined by ``|``; in jsonl and parquet they may also be a list.

    Raises
    ------
    Unreadable
        As `answers` does.

    Examples
    --------
    >>> from io import BytesIO
    >>> next(truth(BytesIO(b"item,label\\n7,cat|kitten\\n"), "csv"))
    Truth(line=2, item='7', labels=('cat', 'kitten'))
    """
    for line, values in _table(stream, format, ("item", "label"), limit_bytes, limit_record):
        if isinstance(values, Fault):
            yield values
            continue
        role = ""
        try:
            role = "item"
            item = _id(values[role])
            role = "label"
            labels = _labels(values[role])
        except _Unfit as error:
            yield Fault(line, f"line {line}, column {role}", str(error), error.mend)
            continue
        yield Truth(line, item, labels)


def _table(
    stream: BinaryIO,
    format: str,
    needed: tuple[str, ...],
    limit_bytes: int,
    limit_record: int,
) -> Iterator[tuple[int, dict[str, object] | Fault]]:
    """Give the values of each row by role. What the first row (or the header) lacks, the file lacks."""
    header: list[tuple[str, ...]] = []
    known: dict[tuple[str, ...], dict[str, str]] = {}
    source = rows(stream, format, limit_bytes=limit_bytes, limit_record=limit_record, on_columns=header.append)
    checked = False
    for row in _started(source, header, needed):
        if isinstance(row, Fault):
            yield row.line, row
            continue
        names = tuple(row.values)
        columns = known.get(names)
        if columns is None:
            columns = _roles(names)
            missing = [role for role in needed if role not in columns]
            if missing and not checked:
                raise _lacking(missing, names)
            if len(known) < 1000:
                known[names] = columns
        checked = True
        missing = [role for role in needed if role not in columns]
        if missing:
            where = f"line {row.line}"
            what = f"The line has no {' and no '.join(missing)}."
            yield row.line, Fault(row.line, where, what, "Write it, as in the first line.")
            continue
        yield row.line, {role: row.values[name] for role, name in columns.items()}


def _started(
    source: Iterator[Row | Fault], header: list[tuple[str, ...]], needed: tuple[str, ...]
) -> Iterator[Row | Fault]:
    """Look at the header, where there is one, even if no row follows it."""
    first = next(source, None)
    if header:
        columns = _roles(header[0])
        missing = [role for role in needed if role not in columns]
        if missing:
            raise _lacking(missing, header[0])
    if first is not None:
        yield first
        yield from source


def _lacking(missing: list[str], names: tuple[str, ...]) -> Exception:
    found = ", ".join(names[:20]) or "none"
    known = "; ".join(f"{role}: {', '.join(ALIASES[role])}" for role in missing)
    return unreadable(
        f"The file has no column {' and no column '.join(missing)}. Its columns are: {found}.",
        "header",
        f"Name the columns so ({known}).",
    )


def _roles(names: tuple[str, ...]) -> dict[str, str]:
    """Give the column of each role: the one of the first alias that is there.

    >>> _roles(("Task", "performer", "answer", "note"))
    {'worker': 'performer', 'item': 'Task', 'label': 'answer'}
    """
    lowered: dict[str, str] = {}
    for name in names:
        lowered.setdefault(name.strip().lower(), name)
    found: dict[str, str] = {}
    for role, aliases in ALIASES.items():
        for alias in aliases:
            if alias in lowered:
                found[role] = lowered[alias]
                break
    return found


def _shown(value: object) -> str:
    """Show a faulty cell, the start of it where it is long.

    >>> _shown(-1.5), _shown("1,5"), _shown("")
    ('-1.5', "'1,5'", '(an empty cell)')
    """
    if value is None or value == "":
        return "(an empty cell)"
    try:
        text = repr(value)
    except ValueError:
        return "(a number of thousands of digits)"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int):
        try:
            return str(value)
        except ValueError:
            raise _Unfit("The number has too many digits.", "Write it as text.") from None
    if isinstance(value, str) and value.strip():
        return value
    raise _Unfit("The cell is empty.", "Fill it in, or remove the line.")


def _id(value: object) -> str:
    if isinstance(value, (list, dict)):
        raise _Unfit("An id is neither a list nor an object.", "Write a text or a number.")
    return _text(value)


def _label(value: object) -> str:
    if isinstance(value, (list, dict)):
        try:
            return canonical(value).decode()
        except Uncanonical as error:
            raise _Unfit(error.detail, "Write the label as text.") from None
    return _text(value)


def _labels(value: object) -> tuple[str, ...]:
    given = value if isinstance(value, list) else _text(value).split("|")
    labels = tuple(dict.fromkeys(_label(each) for each in given))
    if not labels:
        raise _Unfit("The list of labels is empty.", "Name at least one, or remove the line.")
    return labels


def _time(value: object) -> datetime | None:
    if value is None or value == "":
        return None
    unfit = _Unfit(f"The time {_shown(value)} is not ISO 8601.", "Write it as 2026-01-31T12:00:00Z.")
    if not isinstance(value, str):
        raise unfit
    try:
        time = datetime.fromisoformat(value.strip())
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise unfit from None


def _seconds(value: object) -> float | None:
    if value is None or value == "":
        return None
    unfit = _Unfit(
        f"The seconds {_shown(value)} are not a number from 0.", "Write a number such as 12.5, or nothing."
    )
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            raise unfit
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise unfit
    try:
        seconds = float(value)
    except OverflowError:
        raise unfit from None
    if not math.isfinite(seconds) or seconds < 0:
        raise unfit
    return seconds
