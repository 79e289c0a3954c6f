"""Many rows at once: COPY where the database has it, one statement for all of them elsewhere."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any

import psycopg
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Dialect,
    Float,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Uuid,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crowdqc.records.base import UTCDateTime

#: Rows that are sent at a time: while the server writes these, the next are made ready.
PIECE = 500

_NULL = b"\xff\xff\xff\xff"
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
#: Times are counted from here.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_TRAILER = b"\xff\xff"
_length = struct.Struct(">i").pack
_DOUBLE = struct.Struct(">id")
_INTEGERS = {2: struct.Struct(">ih"), 4: struct.Struct(">ii"), 8: struct.Struct(">iq")}


@dataclass(frozen=True, slots=True)
class Same:
    """The value of a column in all rows."""

    value: object


#: What stands in a column: one value for all rows, or one for each. JSON is text already, as UTF-8; a UUID bytes.
Columns = Mapping[str, Same | Sequence[Any]]


def add(session: Session, table: Table, pieces: Iterator[Columns]) -> None:
    """Insert rows that come a piece at a time, all with the same columns; what is not named has no value.

    Constraints hold as for any insert; raise sqlalchemy.exc.IntegrityError where one does not:
    then the transaction, or the savepoint that the caller has set, must be rolled back.
    """
    driver = session.connection().connection.driver_connection
    if isinstance(driver, psycopg.Connection):
        try:
            _copy(driver, table, pieces)
        except psycopg.IntegrityError as error:
            raise IntegrityError(f"COPY {table.name}", None, error) from error
    else:
        _insert(session, table, pieces)


def _copy(driver: psycopg.Connection[Any], table: Table, pieces: Iterator[Columns]) -> None:
    first = next(pieces, None)
    if first is None:
        return
    # The same values stand first in each row, so that they are written once.
    names = sorted(first, key=lambda name: not isinstance(first[name], Same))
    listed = ", ".join(f'"{name}"' for name in names)
    with (
        driver.cursor() as cursor,
        cursor.copy(f'COPY "{table.name}" ({listed}) FROM STDIN (FORMAT BINARY)') as copy,
    ):
        copy.write(_HEADER)
        for piece in chain([first], pieces):
            copy.write(_binary(table, names, piece))
        copy.write(_TRAILER)


def _binary(table: Table, names: Sequence[str], piece: Columns) -> bytes:
    """Write rows as COPY's binary format wants them: the number of fields, then each with its length before it."""
    columns: list[Iterable[bytes]] = []
    begun = struct.pack(">h", len(names))
    for name in names:
        values = piece[name]
        if isinstance(values, Same):
            begun += _fields(table, name, [values.value])[0]
            continue
        if begun:
            columns.append(repeat(begun))
            begun = b""
        columns.append(_fields(table, name, values))
    if begun:
        columns.append(repeat(begun))
    # As many rows as the shortest has: what is the same in all rows has no end.
    return b"".join(chain.from_iterable(zip(*columns, strict=False)))


def _fields(table: Table, name: str, values: Sequence[Any]) -> list[bytes]:
    """Write the values of one column, each with its length before it."""
    kind = table.c[name].type
    if None in values:
        some = iter(_fields(table, name, [value for value in values if value is not None]))
        return [_NULL if value is None else next(some) for value in values]
    if isinstance(kind, Uuid):
        return [b"\0\0\0\x10" + value for value in values]
    if isinstance(kind, String):
        return [_length(len(text)) + text for text in map(str.encode, values)]
    if isinstance(kind, JSON):
        return [_length(len(text) + 1) + b"\1" + text for text in values]
    if isinstance(kind, Integer):
        size = 8 if isinstance(kind, BigInteger) else 2 if isinstance(kind, SmallInteger) else 4
        written = {value: _INTEGERS[size].pack(size, value) for value in {*values}}
        return [written[value] for value in values]
    if isinstance(kind, LargeBinary):
        return [_length(len(value)) + value for value in values]
    if isinstance(kind, Boolean):
        return [b"\0\0\0\1\1" if value else b"\0\0\0\1\0" for value in values]
    if isinstance(kind, Float):
        return [_DOUBLE.pack(8, value) for value in values]
    if isinstance(kind, UTCDateTime):
        return [_INTEGERS[8].pack(8, (value - _EPOCH) // timedelta(microseconds=1)) for value in values]
    raise TypeError(f"no binary form is known for {kind!r}")


def _insert(session: Session, table: Table, pieces: Iterator[Columns]) -> None:
    connection = session.connection()
    for piece in pieces:
        (size,) = {len(values) for values in piece.values() if not isinstance(values, Same)}
        marks = ", ".join("?" * len(piece))
        listed = ", ".join(f'"{name}"' for name in piece)
        columns = [
            repeat(_bound(connection.dialect, table, name, [values.value])[0], size)
            if isinstance(values, Same)
            else _bound(connection.dialect, table, name, values)
            for name, values in piece.items()
        ]
        rows = [*zip(*columns, strict=True)]
        connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({listed}) VALUES ({marks})', rows)  # noqa: S608


def _bound(dialect: Dialect, table: Table, name: str, values: Sequence[Any]) -> Sequence[Any]:
    """Give the values of one column as the driver wants them."""
    kind = table.c[name].type
    if isinstance(kind, Uuid):
        return [None if value is None else value.hex() for value in values]
    if isinstance(kind, JSON):
        return [None if text is None else text.decode() for text in values]
    bind = kind.dialect_impl(dialect).bind_processor(dialect)
    return values if bind is None else [bind(value) for value in values]
