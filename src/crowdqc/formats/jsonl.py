"""JSON lines: one object a line, read and written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from crowdqc.formats import jsonvalues
from crowdqc.formats.columns import Column, checked, unwritable
from crowdqc.formats.lines import Line
from crowdqc.formats.outcomes import Fault, Row, unreadable


def read(lines: Iterator[Line]) -> Iterator[Row | Fault]:
    """Give a row for each line; blank lines are skipped.

    Raises
    ------
    Unreadable
        If nothing stands in the file, or if it is one JSON array or one object over many lines.
    """
    for number, text, fault in _written(lines):
        if fault is not None:
            yield fault
            continue
        try:
            value = jsonvalues.parse(text)
        except jsonvalues.NotJson as error:
            where = f"line {number}" if error.at is None else f"line {number}, character {error.at}"
            yield Fault(number, where, str(error), "Write the line as one whole JSON object.")
            continue
        if isinstance(value, dict):
            yield Row(number, value)
        else:
            yield Fault(number, f"line {number}", "The line is not a JSON object.", "Write {...}.")


def count(lines: Iterator[Line]) -> int:
    """Count what `read` would give, rows and faults, and raise what it would raise."""
    return sum(1 for _ in _written(lines))


def _written(lines: Iterator[Line]) -> Iterator[Line]:
    """Give the lines on which something stands."""
    anything = False
    for line in lines:
        number, text, fault = line
        if fault is None and not anything and (start := text.strip()):
            if start.startswith("[") or start == "{":
                raise unreadable(
                    "The file is not one JSON object a line.",
                    f"line {number}",
                    "Write each object on a line of its own, without brackets and commas around them.",
                )
            anything = True
        if fault is not None:
            anything = True
        elif not text or text.isspace():
            continue
        yield line
    if not anything:
        raise unreadable("The file is empty.", "whole file", "Write one JSON object a line.")


def write(rows: Iterable[Mapping[str, object]], columns: Sequence[Column]) -> Iterator[str]:
    """Give a line for each row, with every column in it."""
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    for number, row in enumerate(rows, 1):
        values = {column.name: checked(column, row.get(column.name), number) for column in columns}
        try:
            yield encode(values) + "\n"
        except (TypeError, ValueError, RecursionError) as error:
            nested = next((column for column in columns if column.kind == "json"), columns[0])
            raise unwritable(nested, number, f"The value is not JSON: {error}.") from None
