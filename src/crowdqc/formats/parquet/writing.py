"""A parquet file out of rows, a group of them at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from crowdqc.formats.columns import Column, Unwritable, checked, json_text, unwritable
from crowdqc.formats.drain import Drain
from crowdqc.formats.parquet.types import arrow

#: Rows of a group.
_GROUP = 8192
#: A group is also closed when its texts have this many characters.
_GROUP_TEXT = 8 * 2**20


def write(rows: Iterable[Mapping[str, object]], columns: Sequence[Column]) -> Iterator[bytes]:
    """Give a parquet file, a chunk for each row group; a ``json`` column is JSON text.

    Raises
    ------
    Unwritable
        If a value does not fit its column, a whole number more than 64 bits.
    """
    pa = arrow()

    kinds = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "json": pa.string(),
    }
    schema = pa.schema([pa.field(column.name, kinds[column.kind]) for column in columns])
    drain = Drain()
    with pa.parquet.ParquetWriter(pa.PythonFile(drain, mode="w"), schema, compression="zstd") as writer:
        source = iter(enumerate(rows, 1))
        while held := _group(source, columns):
            arrays = []
            for column, values in zip(columns, held, strict=True):
                try:
                    arrays.append(pa.array(values, type=kinds[column.kind]))
                except UnicodeEncodeError:
                    what = "Half of a surrogate pair stands in a text; it is not a character."
                    raise Unwritable(f"{what} (column {column.name})") from None
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            if taken := drain.take():
                yield taken
    yield drain.take()


def _group(source: Iterator[tuple[int, Mapping[str, object]]], columns: Sequence[Column]) -> list[list[object]]:
    """Take the rows of one group, column by column; nothing where no row is left."""
    held: list[list[object]] = [[] for _ in columns]
    size = 0
    for number, row in islice(source, _GROUP):
        for column, values in zip(columns, held, strict=True):
            value = checked(column, row.get(column.name), number)
            if value is not None:
                if column.kind == "json":
                    value = json_text(column, value, number)
                if isinstance(value, str):
                    size += len(value)
                elif column.kind == "integer" and isinstance(value, int) and not -(2**63) <= value < 2**63:
                    raise unwritable(column, number, "The whole number has more than 64 bits.")
            values.append(value)
        if size >= _GROUP_TEXT:
            break
    return held if held[0] else []
