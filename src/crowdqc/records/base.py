"""The ground that every table stands on: the declarative base, keys, times and names of constraints."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar

import psycopg
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    Uuid,
    any_,
    func,
    inspect,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

#: The key inside: a bigint; SQLite counts rows by `INTEGER PRIMARY KEY` alone.
Key = BigInteger().with_variant(Integer(), "sqlite")
#: A nested value.
Json = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
#: A short word out of a closed list; the list stands as a CHECK beside the column.
Word = String(32)


class UTCDateTime(TypeDecorator[datetime]):
    """A moment, aware and in UTC on both databases; a naive one is a mistake of ours."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC) if dialect.name != "sqlite" else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table; columns typed by their annotation, constraints named by rule so that migrations can."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime(),
        uuid.UUID: Uuid(),
        dict[str, Any]: Json,
        list[str]: Json,
        list[Any]: Json,
    }


def new_uid() -> uuid.UUID:
    """Give a UUIDv7 (RFC 9562): the outside name of a row, ordered by time so that its index grows at one end."""
    moment = time.time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(10), "big")
    value = (moment & ((1 << 48) - 1)) << 80 | chance
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def new_uids(number: int) -> list[bytes]:
    """Give many UUIDv7 at once, as bytes and in order."""
    moment = (time.time_ns() // 1_000_000 & ((1 << 48) - 1)).to_bytes(6, "big")
    chance = os.urandom(10 * number)
    made = []
    for at in range(0, 10 * number, 10):
        # The version and the variant stand in the upper bits of these two.
        first, third = chance[at] & 0x0F | 0x70, chance[at + 2] & 0x3F | 0x80
        made.append(moment + _BYTE[first] + chance[at + 1 : at + 2] + _BYTE[third] + chance[at + 3 : at + 10])
    # In order their index grows at one end.
    made.sort()
    return made


_BYTE = [bytes([each]) for each in range(256)]


class Keyed:
    """A row with a key inside and none outside."""

    id: Mapped[int] = mapped_column(Key, primary_key=True)


class Named(Keyed):
    """A row that a URL can name."""

    uid: Mapped[uuid.UUID] = mapped_column(Uuid(), unique=True, default=new_uid)


def one_of(column: str, words: type) -> str:
    """Say in SQL that a column holds one of an enum's words."""
    return f"{column} IN ({', '.join(repr(str(word)) for word in words)})"  # type: ignore[attr-defined]


def insert_or_leave(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> int:
    """Insert rows, leave those that a unique constraint knows already, and say how many went in."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    query = insert(table.__table__).values(list(rows)).on_conflict_do_nothing()  # type: ignore[arg-type]
    # Without this PostgreSQL's driver does not say: the keys that it gives back take the place of the number.
    result = session.execute(query.execution_options(preserve_rowcount=True))
    return int(result.rowcount)  # type: ignore[attr-defined]


class Prepared:
    """A statement that is asked thousands of times a second: made once, its values named by parameters.

    On PostgreSQL its text goes to the driver as it is, past everything that would think about it anew. What the
    session has not written yet is not written first.
    """

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._names = {*statement.compile().params}
        self._made: tuple[str, dict[str, Any]] | None = None

    def rows(self, session: Session, values: dict[str, Any]) -> Sequence[Any]:
        """Run it, and give all that it gives."""
        connection = session.connection()
        if connection.dialect.name != "postgresql":
            return connection.execute(self._statement, self._named(values)).all()
        rows: Sequence[Any] = self._cursor(connection, values).fetchall()
        return rows

    def run(self, session: Session, values: dict[str, Any]) -> None:
        """Run it for what it does. Raise IntegrityError."""
        connection = session.connection()
        if connection.dialect.name != "postgresql":
            connection.execute(self._statement, self._named(values))
        else:
            self._cursor(connection, values)

    def _named(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name in self._names}

    def _cursor(self, connection: Connection, values: dict[str, Any]) -> Any:
        if self._made is None:
            compiled = self._statement.compile(dialect=connection.dialect)
            self._made = str(compiled), dict(compiled.params)
        text, fixed = self._made
        cursor = connection.connection.cursor()
        try:
            cursor.execute(text, fixed | values)
        except psycopg.Error as error:
            kind = IntegrityError if isinstance(error, psycopg.IntegrityError) else OperationalError
            raise kind(text, values, error) from error
        return cursor


Row = TypeVar("Row", bound=Base)


def among(session: Session, column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Say that a column has one of many values, in one parameter: to plan thousands takes longer."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal([*values], postgresql.ARRAY(column.type)))  # type: ignore[no-any-return]
    listed = func.json_each(json.dumps([*values])).table_valued("value")
    return column.in_(select(listed.c.value))  # type: ignore[no-any-return]


class Loose(Generic[Row]):
    """Rows of a table as objects that no session knows: quick to have, and what is changed in them is not kept.

    With names they have just these columns, and nothing of the others.
    """

    def __init__(self, table: type[Row], *names: str) -> None:
        self._table = table
        mapped = [each for each in inspect(table).column_attrs if not names or each.key in names]
        self._names = [each.key for each in mapped]
        self.columns: list[Any] = [each.columns[0] for each in mapped]

    def __len__(self) -> int:
        return len(self._names)

    def of(self, values: Sequence[Any]) -> Row:
        """Make an object of the values of the columns."""
        return self._table(**dict(zip(self._names, values, strict=True)))


class Together:
    """Writes that do not depend on one another: one statement where the database can do that, else several.

    Each names its values by parameters of its own; the last may be an insert, the others are updates.
    """

    def __init__(self, *writes: Any) -> None:
        self._each = [Prepared(write) for write in writes]
        parts = [write.cte(f"part{number}") for number, write in enumerate(writes[:-1])]
        self._one = Prepared(writes[-1].add_cte(*parts))

    def run(self, session: Session, values: dict[str, Any]) -> None:
        """Do them. Raise IntegrityError."""
        at_once = session.get_bind().dialect.name == "postgresql"
        for write in [self._one] if at_once else self._each:
            write.run(session, values)


def insert_returning(
    session: Session, table: type[Base], rows: Sequence[dict[str, Any]], column: Any
) -> Sequence[Any]:
    """Insert rows, leave those that a unique constraint knows already, and give a column of those that went in."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    query = insert(table.__table__).on_conflict_do_nothing().returning(column)  # type: ignore[arg-type]
    return session.scalars(query, list(rows)).all()
