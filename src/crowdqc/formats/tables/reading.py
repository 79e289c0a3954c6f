"""Files of answers, of truths and of predictions, read whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from crowdqc.formats.answers import _lacking
from crowdqc.formats.outcomes import LIMIT_BYTES, LIMIT_RECORD, Fault, unreadable
from crowdqc.formats.tables import patient, quick
from crowdqc.formats.tables.cells import KNOWN, NAN, ODD, Cell, Number, Time, accepted, column_of, identity, label
from crowdqc.formats.tables.coded import Coded

Numbers = NDArray[np.floating]
Floats = NDArray[np.float64]

#: How far a row of probabilities may be from a sum of 1 and still be taken for rounding.
ROUNDING = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Who said what of which item, one row an answer, in the order of the file.

    Attributes
    ----------
    worker, item, label : Coded
    seconds : float64[n] or None
        How long each took, NaN where the file says nothing that can be used; None where it has no such column.
    weight : float64[n] or None
        What each is to count; None where the file has no such column.
    time : float64[n] or None
        When each was given, in seconds from 1970 on where `dated`, otherwise as the numbers that the file has; NaN
        where it says nothing that can be used. None where it was not asked for or the file has no such column.
    place : float64[n] or None
        Where on the screen the label stood, from 0; NaN and None as for time.
    dated : bool
        Whether the file has times, and not numbers.
    odd_seconds : int64[m]
        Rows, from 0, whose seconds are something else than a number from 0; they are NaN.
    """

    worker: Coded[str]
    item: Coded[str]
    label: Coded[str]
    seconds: Floats | None
    weight: Floats | None
    time: Floats | None = None
    place: Floats | None = None
    dated: bool = False
    odd_seconds: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Probabilities:
    """What models say of items, one row a prediction, in the order of the file.

    Attributes
    ----------
    item, model : Coded
        A file without a column `model` is of one, named "model".
    classes : tuple of str
        The classes that have a column.
    probabilities : float64[n, len(classes)]
        Rows sum to 1; float32 where single precision was asked for.
    """

    item: Coded[str]
    model: Coded[str]
    classes: tuple[str, ...]
    probabilities: Numbers


def answers(
    stream: BinaryIO,
    format: str,
    *,
    also: Collection[str] = (),
    limit_bytes: int = LIMIT_BYTES,
    limit_record: int = LIMIT_RECORD,
) -> Answers:
    """Read a whole file of answers: columns worker, item and label, and seconds and weight where there are any.

    Columns are found, and cells taken, as by `crowdqc.formats.answers.answers`. Other columns are left out, also
    what is wrong in them, as far as the lines can be told apart.

    Parameters
    ----------
    stream : BinaryIO
        Must be able to seek.
    format : str
        A key of `FORMATS`.
    also : collection of str
        "time" and "place", where these are wanted and the file has them.

    Raises
    ------
    Unreadable
        If the file as a whole cannot be read, or lacks a column.
    BadLines
        If lines cannot be read; it has the first ten, and how many there are.

    Examples
    --------
    >>> from io import BytesIO
    >>> found = answers(BytesIO(b"task,worker,label\\n7,ann,cat\\n8,ann,dog\\n"), "csv")
    >>> found.item.values, found.label.codes.tolist()
    (('7', '8'), [0, 1])
    """

    def choose(names: tuple[str, ...]) -> tuple[Cell, ...]:
        found = found_columns(names, "worker", "item", "label")
        cells: list[Cell] = [identity("worker", found["worker"]), identity("item", found["item"])]
        cells.append(label(found["label"]))
        if (column := column_of(names, "seconds")) is not None:
            cells.append(Number("seconds", column, "time that the answer took", needed=False))
        if (column := column_of(names, "weight")) is not None:
            cells.append(Number("weight", column, "weight"))
        if "time" in also and (column := column_of(names, "time")) is not None:
            cells.append(Time("time", column))
        if "place" in also and (column := column_of(names, "place")) is not None:
            cells.append(Number("place", column, "place", needed=False))
        return tuple(cells)

    columns = read_columns(stream, format, choose, limit_bytes, limit_record)
    time, dated = _times(columns.get("time"))
    seconds, odd = _known(columns.get("seconds"))
    return Answers(
        columns["worker"],
        columns["item"],
        columns["label"],
        seconds,
        columns.get("weight"),
        time,
        _known(columns.get("place"))[0],
        dated,
        odd,
    )


def truths(
    stream: BinaryIO, format: str, *, limit_bytes: int = LIMIT_BYTES, limit_record: int = LIMIT_RECORD
) -> dict[str, tuple[str, ...]]:
    """Read a whole file of truths, or of gold: the accepted labels of each item, as they first stand.

    Columns are found, and cells taken, as by `crowdqc.formats.answers.truth`: several labels are joined by ``|``.
    An item may also have several rows.

    Raises
    ------
    Unreadable, BadLines
        As `answers` does.

    Examples
    --------
    >>> from io import BytesIO
    >>> truths(BytesIO(b"item,label\\n7,cat|kitten\\n8,dog\\n7,tom\\n"), "csv")
    {'7': ('cat', 'kitten', 'tom'), '8': ('dog',)}
    """

    def choose(names: tuple[str, ...]) -> tuple[Cell, ...]:
        found = found_columns(names, "item", "label")
        return identity("item", found["item"]), accepted(found["label"])

    columns = read_columns(stream, format, choose, limit_bytes, limit_record)
    items: Coded[str] = columns["item"]
    labels: Coded[tuple[str, ...]] = columns["label"]
    known: dict[str, tuple[str, ...]] = {}
    for item, code in zip(items.codes.tolist(), labels.codes.tolist(), strict=True):
        name, given = items.values[item], labels.values[code]
        before = known.get(name)
        known[name] = given if before is None else tuple(dict.fromkeys(before + given))
    return known


def predictions(
    stream: BinaryIO,
    format: str,
    classes: Collection[str],
    *,
    single: bool = False,
    limit_bytes: int = LIMIT_BYTES,
    limit_record: int = LIMIT_RECORD,
) -> Probabilities:
    """Read a whole file of predictions: an item, its model where there is a column for it, and a column a class.

    The column of a class is named as the class, or with ``p:`` or ``p_`` before it. Where the classes have such a
    sign, columns without it are left out; where they have none, each column but `item`, `model` and `version` is
    a class.

    Parameters
    ----------
    classes : collection of str
        The classes that must have a column; others may.
    single : bool
        Whether single precision is enough, in half of the memory.

    Raises
    ------
    Unreadable
        As `answers` does, and if a class has no column.
    BadLines
        As `answers` does; also where probabilities are not finite, below 0, or do not sum to 1 within 0.01, and
        where a model says something of an item twice.
    """
    named: list[str] = []

    def choose(names: tuple[str, ...]) -> tuple[Cell, ...]:
        columns = _class_columns(names, classes)
        named[:] = columns
        cells: list[Cell] = [identity("item", found_columns(names, "item")["item"])]
        if (model := column_of(names, "model")) is not None:
            cells.append(identity("model", model))
        cells += [Number(f"probability of {name}", column, "probability") for name, column in columns.items()]
        return tuple(cells)

    start = stream.tell()
    columns = dict(read_columns(stream, format, choose, limit_bytes, limit_record))
    item: Coded[str] = columns["item"]
    rows = len(item)
    model = columns.get("model") or Coded(np.zeros(rows, dtype=np.int32), ("model",))
    table: Numbers = np.empty((rows, len(named)), dtype=np.float32 if single else np.float64)
    for place, name in enumerate(named):
        table[:, place] = columns.pop(f"probability of {name}")  # a large table needs the memory
    total = table.sum(axis=1)
    faults = {
        int(row): f"The probabilities sum to {total[row]:g}, not to 1."
        for row in np.flatnonzero(np.abs(total - 1) > ROUNDING)
    }
    pair = item.codes.astype(np.int64) * max(len(model.values), 1) + model.codes
    order = np.argsort(pair, kind="stable")
    again = np.append(False, pair[order][1:] == pair[order][:-1])[:rows]
    for row in order[again]:
        faults.setdefault(int(row), f"The item {item.values[item.codes[row]]!r} is predicted a second time.")
    refuse(faults, stream, start, format)
    np.divide(table, total[:, None], out=table)
    return Probabilities(item, model, tuple(named), table)


def refuse(faults: Mapping[int, str], stream: BinaryIO, start: int, format: str) -> None:
    """Refuse a file in which rows are at fault, with the lines of the first of them."""
    if faults:
        stream.seek(start)
        first = sorted(faults)[: patient.TOLD]
        lines = patient.lines_of(stream, format, first)
        told = [Fault(line, f"line {line}", faults[row]) for line, row in zip(lines, first, strict=True)]
        raise patient.BadLines(told, len(faults))


def read_columns(
    stream: BinaryIO, format: str, choose: patient.Choose, limit_bytes: int, limit_record: int
) -> Mapping[str, Any]:
    start = stream.tell()
    try:
        return quick.read(stream, format, choose, limit_bytes=limit_bytes, limit_record=limit_record)
    except quick.Doubt:
        stream.seek(start)
        return patient.read(stream, format, choose, limit_bytes=limit_bytes, limit_record=limit_record)


def _times(moments: NDArray[np.float64] | None) -> tuple[Floats | None, bool]:
    """Give the numbers of a column of moments, and whether they are times: then what is none is not known."""
    if moments is None:
        return None, False
    number, is_time = moments[:, 0], moments[:, 1] > 0
    dated = bool(is_time.any())
    return np.where(is_time == dated, number, NAN), dated


def _known(numbers: Floats | None) -> tuple[Floats | None, NDArray[np.int64]]:
    """Give a column in which `ODD` is not known, and the rows that have it."""
    if numbers is None:
        return None, np.zeros(0, dtype=np.int64)
    odd = numbers == ODD
    return np.where(odd, NAN, numbers), np.flatnonzero(odd)


def found_columns(names: tuple[str, ...], *roles: str) -> dict[str, str]:
    found = {role: column_of(names, role) for role in roles}
    if missing := [role for role, column in found.items() if column is None]:
        raise _lacking(missing, names)
    return {role: column for role, column in found.items() if column is not None}


def _class_columns(names: tuple[str, ...], classes: Collection[str]) -> dict[str, str]:
    """Give the column of each class, in the order of the columns."""
    taken = {column_of(names, role) for role in ("item", "model")}
    others = [name for name in names if name not in taken and name.strip().lower() != "version"]
    best: dict[str, str] = {}
    for sign in ("", "p:", "p_"):
        found = {name.removeprefix(sign): name for name in others if name.startswith(sign)}
        if set(classes) <= found.keys():
            return found
        if len(found.keys() & set(classes)) > len(best.keys() & set(classes)) or not best:
            best = found
    missing = sorted(set(classes) - best.keys())
    shown = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
    raise unreadable(
        f"The file has no column for the class {shown}. Its columns are: {', '.join(names[:20])}.",
        "header",
        f"Name a column as each class, or with p: before it ({KNOWN['item'][0]} names the item).",
    )
