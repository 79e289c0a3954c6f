"""The quick way: a whole file through Arrow, as long as nothing in it is in doubt."""

from __future__ import annotations

import codecs
import gzip
import zlib
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from crowdqc.errors import Invalid
from crowdqc.formats.answers import _Unfit
from crowdqc.formats.names import named
from crowdqc.formats.parquet.types import check_names
from crowdqc.formats.reading import rows
from crowdqc.formats.tables.arrow import arrow, held, parquet
from crowdqc.formats.tables.cells import ODD, Cell, Number, Text, Time
from crowdqc.formats.tables.coded import Coded
from crowdqc.formats.tables.patient import Choose, Columns

#: Bytes that Arrow parses at a time; no record of more than two of these gets through.
_BLOCK = 1 << 20
#: A header is looked for in so many bytes.
_HEAD = 1 << 16
#: So few empty lines and line ends within quotes that no record of them can be too long.
_STRAY_LINES = 30_000

#: Microseconds from 1970 to the year 2: what is near the year 1 may be out of range with its zone.
_EARLIEST = -62_104_060_800_000_000

#: Bytes of text that fit into one array; the dictionaries of several are slow to make one.
_LARGE = 1 << 31

_LF, _CR, _QUOTE = ord("\n"), ord("\r"), ord('"')


class Doubt(Exception):
    """The file must be read the slow way; what is wrong with it, if anything, is said there."""


def read(stream: BinaryIO, format: str, choose: Choose, *, limit_bytes: int, limit_record: int) -> Columns:
    """Read the columns that `choose` wants, exactly as the slow way would.

    Raises
    ------
    Doubt
        Wherever the slow way could find a fault, or another value.
    """
    kind = named(format)
    if kind.inner == "jsonl" or limit_record < 2 * _BLOCK:
        raise Doubt
    pa = arrow()
    try:
        if kind.inner == "parquet":
            table, cells = _parquet(stream, choose, limit_bytes)
        else:
            data = _unpacked(stream, limit_bytes) if kind.packed else stream.read(limit_bytes + 1)
            if len(data) > limit_bytes:
                raise Doubt
            table, cells = _delimited(data, kind.inner, choose)
            del data  # a large table beside it needs the memory
        return {cell.role: _column(table.column(cell.column), cell) for cell in cells}
    except (pa.ArrowException, Invalid, _Unfit, OSError, EOFError, ValueError, KeyError, zlib.error) as error:
        raise Doubt from error


def _unpacked(stream: BinaryIO, limit_bytes: int) -> bytes:
    with gzip.GzipFile(fileobj=stream, mode="rb") as unpacked:
        return unpacked.read(limit_bytes + 1)


def _parquet(stream: BinaryIO, choose: Choose, limit_bytes: int) -> tuple[Any, tuple[Cell, ...]]:
    file = parquet().ParquetFile(held(stream.read()))
    names = tuple(file.schema_arrow.names)
    check_names(names)
    groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    if sum(group.total_byte_size for group in groups) > limit_bytes:
        raise Doubt
    cells = choose(names)
    return file.read(columns=list(dict.fromkeys(cell.column for cell in cells))), cells


def _delimited(data: bytes, inner: str, choose: Choose) -> tuple[Any, tuple[Cell, ...]]:
    pa = arrow()
    names, delimiter, at = _header(data, inner)
    cells = choose(names)
    # From the line feed of the header on: an empty line, which is skipped, and no place for a byte order mark.
    body = memoryview(data)[at:]
    quoted = _quotes(data, ord(delimiter))
    _plain_text(pa, data)
    kinds = {cell.column: pa.float64() if isinstance(cell, Number) else pa.string() for cell in cells}
    table = pa.csv.read_csv(
        held(body),
        read_options=pa.csv.ReadOptions(column_names=list(names), block_size=_BLOCK),
        parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=quoted),
        convert_options=pa.csv.ConvertOptions(
            include_columns=list(kinds), column_types=kinds, null_values=[""], strings_can_be_null=False
        ),
    )
    if data.count(b"\n") - table.num_rows > _STRAY_LINES:
        raise Doubt
    return table, cells


def _header(data: bytes, inner: str) -> tuple[tuple[str, ...], str, int]:
    """Give the names of the columns, the delimiter, and where the line of the header ends.

    What the names are is left to the slow way, which is shown only the first lines.
    """
    if data[:4].startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        raise Doubt
    start = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    end = data.find(b"\n", start, start + _HEAD)
    while end >= 0 and not data[start:end].decode().strip():
        start, end = end + 1, data.find(b"\n", end + 1, end + 1 + _HEAD)
    line = data[start:end]
    if end < 0 or line.count(b'"') % 2:
        raise Doubt
    delimiter = "\t" if inner == "tsv" else ","
    if delimiter == "," and b"," not in line and b'"' not in line:
        delimiter = ";" if b";" in line else "\t" if b"\t" in line else ","
    found: list[tuple[str, ...]] = []
    next(rows(BytesIO(line + b"\n"), inner, on_columns=found.append), None)
    return found[0], delimiter, end


def _plain_text(pa: Any, data: bytes) -> None:
    """Look for what the slow way would name: NUL, half line ends, and bytes that are no UTF-8."""
    if b"\0" in data or data.count(b"\r") != data.count(b"\r\n"):
        raise Doubt
    ends = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(data)).validate(full=True)


def _quotes(data: bytes, delimiter: int) -> bool:
    """Say whether there are quotes; there may be only such as open or close a cell, or stand twice within one.

    Counted from 0, the even ones open a cell or are the second of two: they follow a delimiter, a line end or a
    quote. The odd ones close a cell or are the first of two, and stand before the like.
    """
    if b'"' not in data:
        return False
    text = np.frombuffer(data, dtype=np.uint8)
    places = np.flatnonzero(text == _QUOTE)
    if places.size % 2:
        raise Doubt
    opening, closing = places[::2], places[1::2]
    before = text[opening[opening > 0] - 1]
    after = text[closing[closing < text.size - 1] + 1]
    if data.startswith(codecs.BOM_UTF8 + b'"'):
        before = before[1:]
    if not (_among(before, delimiter, _LF, _QUOTE).all() and _among(after, delimiter, _LF, _CR, _QUOTE).all()):
        raise Doubt
    return True


def _among(bytes_: NDArray[np.uint8], *those: int) -> NDArray[np.bool_]:
    table = np.zeros(256, dtype=bool)
    table[list(those)] = True
    return table[bytes_]


def _column(column: Any, cell: Cell) -> Any:
    if isinstance(cell, Time):
        return _moments(column, cell)
    return _numbers(column, cell) if isinstance(cell, Number) else _coded(column, cell)


def _moments(column: Any, cell: Time) -> NDArray[np.float64]:
    pa = arrow()
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if column.null_count or not (text or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise Doubt
    if not len(column):
        return np.zeros((0, 2))
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = _one(column.unify_dictionaries())
    distinct = column.dictionary
    seconds = _seconds(distinct) if text else None
    if seconds is not None:
        found = np.stack([seconds, np.ones(seconds.size)], axis=1)
    else:
        found = np.array([cell.take(value) for value in distinct.to_pylist()], dtype=np.float64).reshape(-1, 2)
    return np.asarray(found[np.from_dlpack(column.indices)])


def _seconds(texts: Any) -> NDArray[np.float64] | None:
    """Read times that are all written alike, in Arrow; None where they are not, or are something else."""
    pa = arrow()
    for zone in ("UTC", None):
        try:
            times = texts.cast(pa.timestamp("us", zone)).cast(pa.int64())
        except (pa.ArrowException, NotImplementedError):
            continue
        if times.null_count or pa.compute.min(times).as_py() < _EARLIEST:
            return None
        return np.asarray(np.from_dlpack(times), dtype=np.float64) / 1e6
    return None


def _numbers(column: Any, cell: Number) -> NDArray[np.float64]:
    pa = arrow()
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise Doubt
    numbers = np.zeros(0)
    if len(column):
        whole = _one(column.cast(pa.float64(), safe=False))
        numbers = np.array(np.from_dlpack(whole.fill_null(np.nan) if whole.null_count else whole))
    fits = np.isfinite(numbers) & (numbers >= cell.low)
    if not fits.all():
        if cell.needed:
            raise Doubt
        numbers[~fits & ~np.isnan(numbers)] = ODD
    return numbers


def _coded(column: Any, cell: Text) -> Coded[Any]:
    pa = arrow()
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if column.null_count or not (
        text or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    ):
        raise Doubt
    if not len(column):
        return Coded(np.zeros(0, dtype=np.int32), ())
    if pa.types.is_dictionary(column.type):
        column = _one(column.unify_dictionaries())
    elif column.nbytes < _LARGE:
        column = _one(column).dictionary_encode()
    else:
        column = _one(column.dictionary_encode().unify_dictionaries())
    codes, distinct = np.from_dlpack(column.indices), column.dictionary
    if text and cell.plain:
        return _sorted_text(codes, distinct)
    values = distinct.to_pylist()
    if any("\0" in value if isinstance(value, str) else value - value != 0 for value in values):
        raise Doubt
    return _used(Coded.of(codes, [cell.take(value) for value in values]))


def _one(column: Any) -> Any:
    """Give the one array that chunks make; read it by `np.from_dlpack`: Arrow's own way would import pandas."""
    column = column.combine_chunks()
    return column.chunk(0) if isinstance(column, arrow().ChunkedArray) else column


def _sorted_text(codes: NDArray[Any], distinct: Any) -> Coded[str]:
    """Sort text by its bytes, which for UTF-8 is the order of its characters, in Arrow."""
    order = arrow().compute.array_sort_indices(distinct)
    values = distinct.take(order).to_pylist()
    # A dictionary of a file may name what no row has, and name it twice.
    if None in values or len(set(values)) < len(values):
        raise Doubt
    if not all(map(str.strip, values)) or any("\0" in value for value in values):
        raise Doubt
    rank = np.empty(len(values), dtype=np.int32)
    rank[np.from_dlpack(order)] = np.arange(len(values), dtype=np.int32)
    return _used(Coded(rank[codes], tuple(values)))


def _used(column: Coded[Any]) -> Coded[Any]:
    """Leave out values that no row has."""
    seen = np.bincount(column.codes, minlength=len(column.values)) > 0
    if seen.all():
        return column
    rank = (np.cumsum(seen) - 1).astype(np.int32)
    values = tuple(value for value, there in zip(column.values, seen, strict=True) if there)
    return Coded(rank[column.codes], values)
