"""Rows out of the record batches of a parquet file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from crowdqc.formats import jsonvalues
from crowdqc.formats.outcomes import Fault, Row, Unreadable, unreadable
from crowdqc.formats.parquet.types import Convert, Unfit, arrow, check_names, from_bytes, plan

#: Rows that are read at a time.
_BATCH = 1024


def read(
    stream: BinaryIO, *, limit_bytes: int, on_columns: Callable[[tuple[str, ...]], None] | None
) -> Iterator[Row | Fault]:
    """Give a row for each row of a parquet file; its line is its number from 1.

    Lists and structs become lists and dicts, dictionary columns their values, decimals text, dates and times
    ISO 8601 text (with Z where the column has a time zone), durations seconds, bytes the text they hold in
    UTF-8. A row with NaN or an infinity, with bytes that are no UTF-8, or with a date out of range is a fault.

    Parameters
    ----------
    stream : BinaryIO
        Must be able to seek.
    limit_bytes : int
        Most bytes that the file says, or shows, to have once it is unpacked. What a single page or a single
        batch of rows may take is not bounded by it: pyarrow believes the file there.
    on_columns : callable or None
        Called once, with the names of the columns.

    Raises
    ------
    Unreadable
        If the file is not parquet, is broken or cut off, names a column twice, or holds a type that has no
        JSON form.
    """
    row = 0
    try:
        file = _opened(stream, limit_bytes)
        names = tuple(file.schema_arrow.names)
        plans = [plan(field.type, field.name) for field in file.schema_arrow]
        batches = file.iter_batches(batch_size=_BATCH, use_threads=False)
    except _damaged() as error:
        raise _broken(row) from error
    if on_columns is not None:
        on_columns(names)
    total = 0
    while True:
        faults: dict[int, tuple[str, str]] = {}
        try:
            batch = next(batches, None)
            if batch is None:
                return
            total += batch.nbytes
            if total > limit_bytes:
                raise _too_large(limit_bytes)
            columns = [
                _column(batch.column(place), *plan, names[place], faults) for place, plan in enumerate(plans)
            ]
        except _damaged() as error:
            raise _broken(row) from error
        for place in range(batch.num_rows):
            row += 1
            if place in faults:
                column, what = faults[place]
                yield Fault(row, f"row {row}, column {column}", what)
            else:
                yield Row(row, {name: values[place] for name, values in zip(names, columns, strict=True)})


def _opened(stream: BinaryIO, limit_bytes: int) -> Any:
    file = arrow().parquet.ParquetFile(
        stream,
        buffer_size=1 << 20,
        pre_buffer=False,
        thrift_string_size_limit=64 * 2**20,
        thrift_container_size_limit=2**20,
    )
    check_names(tuple(file.schema_arrow.names))
    groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    if sum(group.total_byte_size for group in groups) > limit_bytes:
        raise _too_large(limit_bytes)
    return file


def _damaged() -> tuple[type[Exception], ...]:
    """Give what pyarrow raises of a file that is no parquet, or broken."""
    return (arrow().ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError, MemoryError)


def _broken(row: int) -> Unreadable:
    return unreadable(
        "The file is not Parquet, or it is damaged.",
        f"after row {row}" if row else "whole file",
        "Write it again, or send CSV or JSON lines.",
    )


def _too_large(limit_bytes: int) -> Unreadable:
    return unreadable(
        f"The file has more than {limit_bytes:,} bytes (unpacked).", "whole file", "Send it in smaller parts."
    )


def _column(
    array: Any, plain: Any, convert: Convert | None, name: str, faults: dict[int, tuple[str, str]]
) -> list[object]:
    """Give a column's values as JSON values; name the rows that have none."""
    pa = arrow()

    try:
        array.validate(full=True)
    except pa.ArrowInvalid:  # text that is no UTF-8 is a fault of its row, anything else of the file
        bare = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}.get(array.type)
        if bare is None:
            raise
        array = array.view(bare)
        array.validate(full=True)
        plain, convert = bare, from_bytes
    if plain != array.type:
        array = array.cast(plain)
    values: list[object] = array.to_pylist()
    if convert is not None:
        for place, value in enumerate(values):
            if value is not None:
                try:
                    values[place] = convert(value)
                except (Unfit, jsonvalues.NotJson) as error:
                    values[place] = None
                    faults.setdefault(place, (name, str(error)))
    return values
