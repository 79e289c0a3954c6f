"""Columns as whole files."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from crowdqc.formats.columns import Column, Kind, Unwritable
from crowdqc.formats.names import named
from crowdqc.formats.tables.arrow import arrow, parquet
from crowdqc.formats.writing import write as write_rows

#: Text, or numbers or truths as an array.
Values = Sequence[str | None] | NDArray[Any]

#: Rows that are written at a time.
_PART = 1 << 16

_NEEDS_QUOTES = re.compile(r'[",;\t\r\n]|^\s|\s$|^\ufeff')
#: What is in no text that needs no quotes.
_SUSPECT = re.compile(r'[",;\s\ufeff]')


def write(stream: BinaryIO, format: str, columns: Mapping[str, Values]) -> None:
    """Write columns of equal length, by their names, as a file.

    NaN and None are empty cells, or null. What is written can be read again by `rows`, numbers exactly.

    Parameters
    ----------
    stream : BinaryIO
        Written to where it stands; not closed.
    format : str
        A key of `FORMATS`.
    columns : mapping
        Text as lists, whole numbers, numbers and truths as numpy arrays.

    Raises
    ------
    UnknownFormat
        If there is no such format.
    Unwritable
        If a text is none that UTF-8 can hold.

    Examples
    --------
    >>> from io import BytesIO
    >>> held = BytesIO()
    >>> write(held, "csv", {"item": ["i1", "i,2"], "confidence": np.array([0.75, np.nan])})
    >>> held.getvalue()
    b'item,confidence\\ni1,0.75\\n"i,2",\\n'
    """
    kind = named(format)
    if kind.inner == "jsonl":
        shape = [Column(name, _kind(each)) for name, each in columns.items()]
        for chunk in write_rows(_rows(columns), shape, format):
            stream.write(chunk)
        return
    if kind.inner == "parquet":
        pa = arrow()
        table = pa.Table.from_arrays([_array(pa, each) for each in columns.values()], names=list(columns))
        parquet().write_table(table, stream, compression="zstd")
    elif kind.packed:
        with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0, compresslevel=6) as packed:
            _delimited(columns, packed, kind.inner)
    else:
        _delimited(columns, stream, kind.inner)


def _delimited(columns: Mapping[str, Values], stream: Any, inner: str) -> None:
    delimiter = "\t" if inner == "tsv" else ","
    stream.write(f"{delimiter.join(_text_cells(list(columns)))}\n".encode())
    rows = max((len(each) for each in columns.values()), default=0)
    for start in range(0, rows, _PART):
        part = [each[start : start + _PART] for each in columns.values()]
        stream.write(_plain_lines(part, delimiter) or _lines(part, delimiter))


def _plain_lines(part: Sequence[Values], delimiter: str) -> bytes:
    """Let Arrow write rows that need no quotes; nothing where one does."""
    if any(not isinstance(each, np.ndarray) and _needs_care(each) for each in part):
        return b""
    pa = arrow()
    table = pa.Table.from_arrays(
        [_array(pa, each) for each in part], names=[str(place) for place in range(len(part))]
    )
    options = pa.csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="none")
    stream = pa.BufferOutputStream()
    pa.csv.write_csv(table, stream, options)
    return bytes(stream.getvalue())


def _lines(part: Sequence[Values], delimiter: str) -> bytes:
    lines = "\n".join(map(delimiter.join, zip(*map(_cells, part), strict=True)))
    try:
        return f"{lines}\n".encode()
    except UnicodeEncodeError:
        raise _half_a_pair() from None


def _cells(values: Values) -> Sequence[str]:
    """Give the text of cells; numbers in the fewest digits that read back exactly."""
    if not isinstance(values, np.ndarray):
        return _text_cells(values)
    pa = arrow()
    cells: list[str | None] = _array(pa, values).cast(pa.string()).to_pylist()
    return [cell or "" for cell in cells]


def _text_cells(values: Sequence[str | None]) -> Sequence[str]:
    """Put texts in quotes where they need them; an empty text is not an empty cell."""
    if not _needs_care(values):
        return values  # type: ignore[return-value]
    return ["" if value is None else _quoted(value) for value in values]


def _needs_care(values: Sequence[str | None]) -> bool:
    """Say whether a text may need quotes, or none is there."""
    return not all(values) or _SUSPECT.search("".join(values)) is not None  # type: ignore[arg-type]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if not text or _NEEDS_QUOTES.search(text) else text


def _half_a_pair() -> Unwritable:
    return Unwritable("Half of a surrogate pair stands in a text; it is not a character.")


def _array(pa: Any, values: Values) -> Any:
    """Give values as an Arrow array, buffer by buffer: `pyarrow.array` would import pandas where there is one."""
    if not isinstance(values, np.ndarray):
        return _text_array(pa, values)
    if values.dtype.kind == "b":
        return pa.Array.from_buffers(pa.bool_(), values.size, [None, _bits(pa, values)])
    if values.dtype.kind == "f":
        known = _bits(pa, ~np.isnan(values))
        return pa.Array.from_buffers(pa.float64(), values.size, [known, _bytes(pa, values, np.float64)])
    return pa.Array.from_buffers(pa.int64(), values.size, [None, _bytes(pa, values, np.int64)])


def _text_array(pa: Any, values: Sequence[str | None]) -> Any:
    known = np.fromiter((value is not None for value in values), dtype=bool, count=len(values))
    texts = values if known.all() else [value or "" for value in values]
    whole = "".join(texts)  # type: ignore[arg-type]
    try:
        data = whole.encode()
        sizes = map(len, texts if whole.isascii() else (each.encode() for each in texts))  # type: ignore[union-attr, arg-type]
    except UnicodeEncodeError:
        raise _half_a_pair() from None
    ends = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(sizes, dtype=np.int64, count=len(values)), out=ends[1:])
    buffers = [_bits(pa, known), _bytes(pa, ends, np.int64), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_string(), len(values), buffers)


def _bytes(pa: Any, values: NDArray[Any], kind: type[np.generic]) -> Any:
    return pa.py_buffer(np.ascontiguousarray(values, dtype=kind))


def _bits(pa: Any, flags: NDArray[Any]) -> Any:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def _kind(values: Values) -> Kind:
    if not isinstance(values, np.ndarray):
        return "text"
    return {"b": "boolean", "f": "number"}.get(values.dtype.kind, "integer")  # type: ignore[return-value]


def _rows(columns: Mapping[str, Values]) -> Iterator[dict[str, object]]:
    lists = [_plain(each) for each in columns.values()]
    for row in zip(*lists, strict=True):
        yield dict(zip(columns, row, strict=True))


def _plain(values: Values) -> Sequence[object]:
    if not isinstance(values, np.ndarray):
        return values
    plain: list[object] = values.tolist()
    return [None if value != value else value for value in plain] if values.dtype.kind == "f" else plain
