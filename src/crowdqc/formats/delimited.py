"""Delimited text (csv, tsv) after RFC 4180: read with the line on which each record starts, and written."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from crowdqc.formats.columns import Column, checked, json_text
from crowdqc.formats.lines import Line
from crowdqc.formats.outcomes import Fault, Row, unreadable

#: The line on which a record starts, its cells, and which of them stood in quotes.
_Record = tuple[int, list[str], set[int]]

_INSIDE = re.compile(r'[^"]*+(?:""[^"]*+)*+')
_NONE: set[int] = set()
_CLOSE = "Close the quote; write a quote inside quotes twice."
#: What one line costs beside its characters, so that very many short lines are not held either.
_LINE_COST = 64


def read(
    lines: Iterator[Line],
    *,
    delimiter: str,
    nulls: bool,
    limit_record: int,
    on_columns: Callable[[tuple[str, ...]], None] | None,
) -> Iterator[Row | Fault]:
    """Give a row for each record below the header.

    Parameters
    ----------
    lines : iterator of Line
    delimiter : str
        Between cells. Where it is a comma and the header has none, and no quote, but semicolons or tabs, these
        are taken: so do spreadsheets write in much of the world.
    nulls : bool
        Whether an empty cell without quotes is None; otherwise every empty cell is "".
    limit_record : int
        Most characters in a record that runs over lines. A quote that is not closed before is a fault of the
        line that opened it, and reading goes on with the next line.
    on_columns : callable or None
        Called once, with the names of the columns.

    Raises
    ------
    Unreadable
        If there is no header, or one with names that are empty or stand twice.
    """
    lines, delimiter = _delimiter(lines, delimiter)
    records = _records(lines, delimiter, limit_record)
    names = _header(records)
    if on_columns is not None:
        on_columns(names)
    width = len(names)
    for record in records:
        if record.__class__ is Fault:
            yield record
            continue
        number, cells, quoted = record  # type: ignore[misc]
        if len(cells) != width:
            if _blank(cells, quoted):
                continue
            yield Fault(
                number,
                f"line {number}",
                f"The record has {len(cells)} cells where the header names {width} columns.",
                f"Put text that holds {_WORDS.get(delimiter, 'the delimiter')} in quotes, or complete the record.",
            )
            continue
        if width == 1 and not cells[0] and not quoted and not nulls:
            continue
        values: dict[str, object] = dict(zip(names, cells))  # noqa: B905 (as many: see above)
        if nulls and "" in cells:
            for place, cell in enumerate(cells):
                if not cell and place not in quoted:
                    values[names[place]] = None
        yield Row(number, values)


def count(lines: Iterator[Line], *, delimiter: str, limit_record: int) -> int:
    """Count what `read` would give without `nulls`, rows and faults, and raise what it would raise."""
    lines, delimiter = _delimiter(lines, delimiter)
    records = _records(lines, delimiter, limit_record)
    narrow = len(_header(records)) == 1
    number = 0
    for record in records:
        if isinstance(record, Fault):
            number += 1
            continue
        _, cells, quoted = record
        if len(cells) > 1 or quoted or (cells[0] if narrow else cells[0].strip()):
            number += 1
    return number


def _blank(cells: list[str], quoted: set[int]) -> bool:
    """Say whether a record that has another width than the header is an empty line."""
    return len(cells) == 1 and not quoted and not cells[0].strip()


_WORDS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}


def _delimiter(lines: Iterator[Line], delimiter: str) -> tuple[Iterator[Line], str]:
    """Look at the header for its delimiter; give back all lines from the header on."""
    for line in lines:
        text = line[1]
        if line[2] is None and (not text or text.isspace()):
            continue
        if delimiter == "," and "," not in text and '"' not in text:
            delimiter = ";" if ";" in text else "\t" if "\t" in text else ","
        return _after(line, lines), delimiter
    return lines, delimiter


def _after(first: Line, lines: Iterator[Line]) -> Iterator[Line]:
    yield first
    yield from lines


def _header(records: Iterator[_Record | Fault]) -> tuple[str, ...]:
    first = next(records, None)
    if first is None:
        raise unreadable("The file is empty.", "whole file", "Begin with a line that names the columns.")
    if isinstance(first, Fault):
        raise unreadable(first.what, first.where, first.mend or "Begin with a line that names the columns.")
    number, cells, quoted = first
    names = tuple(cell if place in quoted else cell.strip() for place, cell in enumerate(cells))
    where = f"line {number}"
    if "" in names:
        place = names.index("") + 1
        raise unreadable(f"Column {place} of the header has no name.", where, "Name it, or remove the column.")
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        shown = ", ".join(twice[:5])
        raise unreadable(f"The header names a column twice: {shown}.", where, "Rename or remove one of them.")
    return names


def _records(lines: Iterator[Line], delimiter: str, limit_record: int) -> Iterator[_Record | Fault]:
    again: deque[Line] = deque()  # lines that an open quote had swallowed
    while True:
        line = again.popleft() if again else next(lines, None)
        if line is None:
            return
        number, text, fault = line
        if '"' not in text:
            if fault is not None:
                yield fault
            else:
                if text[-1:] == "\r":
                    text = text[:-1]
                yield number, text.split(delimiter), _NONE
            continue
        scan = _Scan(delimiter)
        held = [line]
        size = len(text)
        scan.feed(text)
        while scan.open and scan.wrong is None:
            line = again.popleft() if again else next(lines, None)
            if line is None:
                scan.wrong = "A quote that is opened here is never closed."
                break
            held.append(line)
            size += len(line[1]) + _LINE_COST
            if size > limit_record:
                scan.wrong = f"A quote that is opened here is not closed within {limit_record:,} characters."
                break
            scan.feed(line[1])
        if scan.wrong is not None:
            again.extendleft(reversed(held[1:]))
            yield fault or Fault(number, f"line {number}", scan.wrong, _CLOSE)
            continue
        spoilt = next((each[2] for each in held if each[2] is not None), None)
        yield spoilt or (number, scan.cells, scan.quoted)


class _Scan:
    """The cells of one record, fed line by line.

    A quote in the midst of a cell that does not begin with one is taken as it stands, but not in a record that
    runs over lines: so no line can both leave an open quote open and open one itself, and going back after a
    quote that is never closed reads each line twice at most.
    """

    __slots__ = ("bare", "cells", "delimiter", "open", "parts", "quoted", "several", "wrong")

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter
        self.cells: list[str] = []
        self.quoted: set[int] = set()
        self.parts: list[str] = []
        self.open = False
        self.bare = False
        self.several = False
        self.wrong: str | None = None

    def feed(self, line: str) -> None:
        delimiter, cells = self.delimiter, self.cells
        at = 0
        if self.open:
            self.several = True
            at = self._close(line, 0)
            if at < 0:
                return
        while True:
            if line.startswith('"', at):
                at = self._close(line, at + 1)
                if at < 0:
                    break
                continue
            end = line.find(delimiter, at)
            if end < 0:
                cell = line[at:-1] if line.endswith("\r") else line[at:]
                self.bare = self.bare or '"' in cell
                cells.append(cell)
                break
            cell = line[at:end]
            self.bare = self.bare or '"' in cell
            cells.append(cell)
            at = end + 1
        if self.bare and (self.several or self.open) and self.wrong is None:
            self.wrong = "A quote stands in the midst of a cell, and the record runs over lines."

    def _close(self, line: str, at: int) -> int:
        """Read on inside quotes; give the place of the next cell, or -1 where the line is used up."""
        found = _INSIDE.match(line, at)
        assert found is not None
        end = found.end()
        if end == len(line):
            self.open = True
            self.parts.append(line[at:] + "\n")
            return -1
        self.parts.append(line[at:end])
        self.open = False
        self.quoted.add(len(self.cells))
        self.cells.append("".join(self.parts).replace('""', '"'))
        self.parts.clear()
        end += 1
        if line.startswith(self.delimiter, end):
            return end + 1
        if line[end:] not in ("", "\r"):
            self.wrong = f"Text stands after a closing quote (character {end + 1} of its line)."
        return -1


def write(
    rows: Iterable[Mapping[str, object]],
    columns: Sequence[Column],
    *,
    delimiter: str,
    spreadsheet_safe: bool,
) -> Iterator[str]:
    """Give the header and a record for each row, each ending with a line feed.

    None is an empty cell, an empty text is ``""``.
    """
    cell = cell_writer(spreadsheet_safe=spreadsheet_safe)
    yield delimiter.join(cell(column.name) for column in columns) + "\n"
    for number, row in enumerate(rows, 1):
        cells = []
        for column in columns:
            value = checked(column, row.get(column.name), number)
            if value is None:
                cells.append("")
            elif column.kind == "text":
                cells.append(cell(str(value)))
            elif column.kind == "json":
                cells.append(cell(json_text(column, value, number)))
            elif column.kind == "boolean":
                cells.append("true" if value else "false")
            else:
                cells.append(repr(value))
        yield delimiter.join(cells) + "\n"


def cell_writer(*, spreadsheet_safe: bool) -> Callable[[str], str]:
    """Give what writes a text as a cell: in quotes where it needs them."""
    # A byte order mark at the very beginning of a file would be taken for the file's own.
    needs_quotes = re.compile(r'[",;\t\r\n]|^\s|\s$|^\ufeff').search

    def cell(text: str) -> str:
        if spreadsheet_safe and text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
            text = "'" + text
        if not text or needs_quotes(text):
            return '"' + text.replace('"', '""') + '"'
        return text

    return cell
