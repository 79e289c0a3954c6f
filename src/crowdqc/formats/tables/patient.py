"""The slow way: row by row, with a line and a reason for everything that cannot be taken."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Mapping
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.formats.answers import _Unfit
from crowdqc.formats.names import named
from crowdqc.formats.outcomes import Fault, Row
from crowdqc.formats.reading import rows
from crowdqc.formats.tables.arrow import arrow, held, parquet
from crowdqc.formats.tables.cells import KNOWN, ODD, Cell, Number, Time, column_of, needed
from crowdqc.formats.tables.coded import Coded

#: From the names of the columns to those that are wanted; raises `Unreadable` where one is missing.
Choose = Callable[[tuple[str, ...]], tuple[Cell, ...]]
#: By role a coded column, or float64[n], or of times float64[n, 2], with whether each is a time.
Columns = Mapping[str, Any]

#: Bad lines that are told in words.
TOLD = 10


class BadLines(Invalid):
    """Lines of the file cannot be read."""

    def __init__(self, faults: Collection[Fault], count: int) -> None:
        lines = "1 line" if count == 1 else f"{count:,} lines"
        errors = [{"where": each.where, "what": each.what, "mend": each.mend} for each in faults]
        super().__init__(f"{lines} cannot be read.", mend="Mend or remove what is named.", errors=errors)
        #: How many there are; `errors` has the first ten.
        self.count = count


def read(stream: BinaryIO, format: str, choose: Choose, *, limit_bytes: int, limit_record: int) -> Columns:
    """Read the columns that `choose` wants.

    Raises
    ------
    Unreadable
        As `rows` and `choose` do.
    BadLines
        Once the whole file was looked through.
    """
    wanted: list[_Wanted] = []

    def on_columns(names: tuple[str, ...]) -> None:
        wanted.extend(_Wanted(cell) for cell in choose(names))

    if named(format).inner == "parquet":
        stream = _projected(stream, choose)
    told: list[Fault] = []
    count = 0
    columns: dict[tuple[str, ...], list[str | None]] = {}  # the rows of JSON lines may name theirs as they like
    for row in rows(stream, format, limit_bytes=limit_bytes, limit_record=limit_record, on_columns=on_columns):
        fault = row if isinstance(row, Fault) else None
        if isinstance(row, Row):
            names = tuple(row.values)
            if not wanted:
                on_columns(names)
            if names not in columns:
                if len(columns) > 1000:
                    columns.clear()
                columns[names] = [each.column(names) for each in wanted]
            fault = _take(row, wanted, columns[names])
        if fault is not None:
            count += 1
            if len(told) < TOLD:
                told.append(fault)
    if count:
        raise BadLines(told, count)
    return {each.cell.role: each.whole() for each in wanted}


def lines_of(stream: BinaryIO, format: str, places: Collection[int]) -> list[int]:
    """Give the lines on which rows of a file stand, by their places among those that can be read, from 0.

    >>> lines_of(BytesIO(b"item,label\\n\\na,x\\nb,y\\n"), "csv", [0, 1])
    [3, 4]
    """
    wanted = {int(place) for place in places}
    found: list[int] = []
    readable = (row for row in rows(stream, format) if isinstance(row, Row))
    for place, row in enumerate(readable):
        if place in wanted:
            found.append(row.line)
            if len(found) == len(wanted):
                break
    return found


class _Wanted:
    """A wanted column, as far as it was read."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.numbers: array[float] = array("d")
        self.codes: array[int] = array("i")
        self.places: dict[Any, int] = {}

    def column(self, names: tuple[str, ...]) -> str | None:
        if self.cell.role in KNOWN:
            return column_of(names, self.cell.role)
        return self.cell.column if self.cell.column in names else None

    def add(self, value: Any) -> None:
        if isinstance(self.cell, Number):
            self.numbers.append(value)
        elif isinstance(self.cell, Time):
            self.numbers.extend(value)
        else:
            self.codes.append(self.places.setdefault(value, len(self.places)))

    def whole(self) -> Any:
        if isinstance(self.cell, Number):
            return np.array(self.numbers, dtype=np.float64)
        if isinstance(self.cell, Time):
            return np.array(self.numbers, dtype=np.float64).reshape(-1, 2)
        return Coded.of(self.codes, list(self.places))


def _take(row: Row, wanted: list[_Wanted], columns: list[str | None]) -> Fault | None:
    """Take a row into the wanted columns, or say why it cannot be."""
    values = []
    for each, column in zip(wanted, columns, strict=True):
        if column is None and needed(each.cell):
            what = f"The line has no {each.cell.role}."
            return Fault(row.line, f"line {row.line}", what, "Write it, as in the first line.")
        try:
            values.append(each.cell.take(None if column is None else row.values[column]))
        except _Unfit as error:
            return Fault(row.line, f"line {row.line}, column {column}", str(error), error.mend)
    for each, value in zip(wanted, values, strict=True):
        each.add(value)
    return None


def _projected(stream: BinaryIO, choose: Choose) -> BinaryIO:
    """Leave out of a parquet file what nobody wants or needs: what is wrong in that is no matter here."""
    pa = arrow()
    start = stream.tell()
    try:
        file = parquet().ParquetFile(held(stream.read()))
        cells = {cell.column: cell for cell in choose(tuple(file.schema_arrow.names))}
        table = file.read(columns=list(cells))
        for place, name in enumerate(table.column_names):
            column = table.column(place)
            if isinstance(cells[name], Number) and not needed(cells[name]) and pa.types.is_floating(column.type):
                odd = pa.compute.if_else(pa.compute.is_nan(column), None, ODD)
                known = pa.compute.if_else(pa.compute.is_finite(column), column, odd)
                table = table.set_column(place, name, known)
        projected = BytesIO()
        parquet().write_table(table, projected)
    except (pa.ArrowException, OSError, ValueError, KeyError, Invalid):
        stream.seek(start)
        return stream
    projected.seek(0)
    return projected
