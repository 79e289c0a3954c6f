"""Rows out of bytes, whatever the format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from crowdqc.formats import delimited, jsonl
from crowdqc.formats.columns import Column, Mistyped, typed
from crowdqc.formats.lines import lines
from crowdqc.formats.names import named
from crowdqc.formats.outcomes import LIMIT_BYTES, LIMIT_RECORD, Fault, Row

_DELIMITERS = {"csv": ",", "tsv": "\t"}


def rows(
    stream: BinaryIO,
    format: str,
    *,
    nulls: bool = False,
    limit_bytes: int = LIMIT_BYTES,
    limit_record: int = LIMIT_RECORD,
    on_columns: Callable[[tuple[str, ...]], None] | None = None,
) -> Iterator[Row | Fault]:
    """Read a file row by row, in constant memory; a bad line is named and the rest is read.

    Parameters
    ----------
    stream : BinaryIO
        Read from where it stands and never closed; for parquet it must be able to seek.
    format : str
        A key of `FORMATS`, as `detect` gives it.
    nulls : bool, default False
        In csv and tsv: whether an empty cell without quotes is None (as `write` writes it); otherwise every
        empty cell is "".
    limit_bytes : int
        Most bytes of the file, once unpacked.
    limit_record : int
        Most bytes of one line, and most characters of one csv record that runs over lines.
    on_columns : callable, optional
        Called once with the column names before the first row, where a format has a header (all but jsonl).

    Yields
    ------
    Row or Fault
        In the order of the file. Faults are not limited in number: the caller stops when it has enough.

    Raises
    ------
    UnknownFormat
        At once, if there is no such format.
    Unreadable
        While reading, if the file as a whole cannot be read: it is empty, has no usable header, is not packed
        as it says, is too large, or is broken.

    Examples
    --------
    >>> from io import BytesIO
    >>> for each in rows(BytesIO(b"item,label\\n1,cat\\n2\\n"), "csv"):
    ...     print(each)
    Row(line=2, values={'item': '1', 'label': 'cat'})
    Fault(line=3, where='line 3', what='The record has 1 cells where the header names 2 columns.', mend=...)
    """
    kind = named(format)
    if kind.inner == "parquet":
        from crowdqc.formats import parquet

        return parquet.read(stream, limit_bytes=limit_bytes, on_columns=on_columns)
    text = lines(stream, packed=kind.packed, limit_bytes=limit_bytes, limit_line=limit_record)
    if kind.inner == "jsonl":
        return jsonl.read(text)
    return delimited.read(
        text,
        delimiter=_DELIMITERS[kind.inner],
        nulls=nulls,
        limit_record=limit_record,
        on_columns=on_columns,
    )


def count(
    stream: BinaryIO, format: str, *, limit_bytes: int = LIMIT_BYTES, limit_record: int = LIMIT_RECORD
) -> int:
    """Read a file to its end and count what `rows` would give, in a fraction of the time.

    Raises
    ------
    UnknownFormat, Unreadable
        Where `rows` would.

    Examples
    --------
    >>> from io import BytesIO
    >>> count(BytesIO(b"item,label\\n1,cat\\n2\\n"), "csv")
    2
    """
    kind = named(format)
    if kind.inner == "parquet":
        return sum(1 for _ in rows(stream, format, limit_bytes=limit_bytes))
    text = lines(stream, packed=kind.packed, limit_bytes=limit_bytes, limit_line=limit_record)
    if kind.inner == "jsonl":
        return jsonl.count(text)
    return delimited.count(text, delimiter=_DELIMITERS[kind.inner], limit_record=limit_record)


def read(
    stream: BinaryIO,
    format: str,
    columns: Sequence[Column],
    *,
    limit_bytes: int = LIMIT_BYTES,
    limit_record: int = LIMIT_RECORD,
) -> Iterator[Row | Fault]:
    """Read a file whose columns are known, each value as its column's kind: what `write` wrote, as it was.

    A value that does not fit its column is a fault; a column that is not in the file is None.
    """
    for each in rows(stream, format, nulls=True, limit_bytes=limit_bytes, limit_record=limit_record):
        if isinstance(each, Fault):
            yield each
            continue
        try:
            yield Row(each.line, typed(each.values, columns, format))
        except Mistyped as error:
            yield Fault(each.line, f"line {each.line}, {error.facts['where']}", error.detail, error.mend)
