"""Files that say what each mistake costs: a square table, or a row for each pair of classes."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Mapping
from io import BytesIO
from typing import BinaryIO

from crowdqc.formats.answers import _NUMBER, _label, _Unfit
from crowdqc.formats.names import named
from crowdqc.formats.outcomes import Fault, unreadable
from crowdqc.formats.reading import rows
from crowdqc.formats.tables.cells import Number
from crowdqc.formats.tables.patient import TOLD, BadLines

#: What the columns of a file with a row for each pair may be called.
_TRUE = ("true", "truth", "correct", "actual")
_SAID = ("said", "assigned", "predicted", "label", "answer")
_COST = "cost"

#: Costs are few; a larger file is not one of costs.
_LIMIT = 64 * 2**20


class Costs(dict[tuple[str, str], float]):
    """Costs by (true, said), and where each stands."""

    #: The line of each.
    lines: Mapping[tuple[str, str], int]

    def __init__(self, costs: Mapping[tuple[str, str], float], lines: Mapping[tuple[str, str], int]) -> None:
        super().__init__(costs)
        self.lines = lines


def costs(stream: BinaryIO, format: str) -> Costs:
    """Read what it costs to say one class where another is true, by (true, said).

    Either a square: a row for each true class, named by its first cell, and a column for each class that is said.
    Or a row for each pair: columns true (or truth, correct, actual), said (or assigned, predicted, label, answer)
    and cost.

    Raises
    ------
    Unreadable
        As `rows` does, and if the columns are neither.
    BadLines
        Where a cell is no number from 0, a class is empty, or a pair or a row stands twice.

    Examples
    --------
    >>> found = costs(BytesIO(b"true,ham,spam\\nham,0,10\\nspam,1,0\\n"), "csv")
    >>> found == costs(BytesIO(b"true,said,cost\\nham,ham,0\\nham,spam,10\\nspam,ham,1\\nspam,spam,0\\n"), "csv")
    True
    """
    found: dict[tuple[str, str], float] = {}
    lines: dict[tuple[str, str], int] = {}
    faults: list[Fault] = []
    firsts: dict[str, str] = {}  # the first cells of a square, and the name of their column
    for row in rows(_with_corner(stream, format), format, limit_bytes=_LIMIT):
        if isinstance(row, Fault):
            faults.append(row)
            continue
        column = next(iter(row.values), "")
        if not _is_long(row.values):
            firsts.setdefault(str(row.values.get(column)).strip(), column)
        try:
            for column, true, said, cost in _pairs(row.values):
                number = Number("cost", column, "cost").take(cost)
                if (true, said) in found:
                    raise _Unfit(f"What {said!r} costs where {true!r} is true stands twice.", "Remove one.")
                found[true, said] = number
                lines[true, said] = row.line
        except _Unfit as error:
            faults.append(Fault(row.line, f"line {row.line}, column {column}", str(error), error.mend))
    if firsts and all(map(_NUMBER.fullmatch, firsts)) and firsts.keys().isdisjoint(said for _, said in found):
        column = next(iter(firsts.values()))
        raise unreadable(
            f"The first column, {column!r}, holds numbers; it must name the true class of each row.",
            "header",
            "Begin each row with its true class, and the header with the word true: true,ham,spam.",
        )
    if faults:
        raise BadLines(faults[:TOLD], len(faults))
    return Costs(found, lines)


def _pairs(values: dict[str, object]) -> list[tuple[str, str, str, object]]:
    """Give the column, the true class, the said one and the cost of each cost in a row."""
    names = {name.strip().lower(): name for name in values}
    if _is_long(values):
        true, said = (next(names[name] for name in known if name in names) for known in (_TRUE, _SAID))
        return [(names[_COST], _label(values[true]), _label(values[said]), values[names[_COST]])]
    if len(values) < 2:
        raise unreadable(
            f"The columns are no costs: {', '.join(values)}.",
            "header",
            "Write true,said,cost, or a column for each class and before them the true one.",
        )
    first, *rest = values
    return [(name, _label(values[first]), name, values[name]) for name in rest]


def _is_long(values: Mapping[str, object]) -> bool:
    """Whether a row is of one pair of classes."""
    names = {name.strip().lower() for name in values}
    return _COST in names and not names.isdisjoint(_TRUE) and not names.isdisjoint(_SAID)


def _with_corner(stream: BinaryIO, format: str) -> BinaryIO:
    """Name the corner of a square, which spreadsheets and pandas leave empty."""
    kind = named(format)
    delimiter = {"csv": b",", "tsv": b"\t"}.get(kind.inner)
    if delimiter is None:
        return stream
    start = stream.tell()
    try:
        data = gzip.GzipFile(fileobj=stream).read(_LIMIT) if kind.packed else stream.read(_LIMIT)
    except (OSError, EOFError):
        data = b""
    bare = data.removeprefix(codecs.BOM_UTF8)
    bare = bare.removeprefix(b'""')
    if not bare.startswith((delimiter, b";") if delimiter == b"," else delimiter):
        stream.seek(start)
        return stream
    return BytesIO(gzip.compress(b"true" + bare) if kind.packed else b"true" + bare)
