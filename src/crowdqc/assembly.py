"""The one room that names an adapter: it turns settings into an installation that works."""

from __future__ import annotations

import select
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.orm import Session

from crowdqc.execution import Execution
from crowdqc.services.transaction import Transaction
from crowdqc.settings import BadSetting, Settings
from crowdqc.storage import Storage

#: Times that a database file is asked to write ahead, a tenth of a second apart.
TURNS = 100


class Installation:
    """A database, a place for files and a place to compute, behind three doors: write, read, think."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        storage: Storage,
        execution: Execution,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.storage = storage
        self.execution = execution
        self.clock = clock
        # SQLite has one writer, and those who wait for it ask again ever more seldom: whoever comes late may
        # go first. Within a process they stand in a line instead.
        self._line: AbstractContextManager[object] = Lock() if engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction that may write; commit it at the end, roll it back where anything was raised."""
        with self._line, Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield Transaction(session, self.clock(), self.storage, self.settings)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a transaction that only reads, and sees one state of the database however long it takes."""
        engine = self.engine.execution_options(crowdqc_reading=True)
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with Session(engine, expire_on_commit=False, autoflush=False) as session:
            # Closing ends the transaction and leaves what was read as it was; a rollback would forget it.
            yield Transaction(session, self.clock(), self.storage, self.settings)

    def close(self) -> None:
        self.execution.close()
        self.engine.dispose()


def assemble(settings: Settings, *, clock: Callable[[], datetime] | None = None) -> Installation:
    """Build an installation; raise BadSetting for a URL that names no adapter."""
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
    parts = (
        settings,
        database(settings.database),
        storage(settings.storage),
        execution(settings.execution_url),
    )
    return Installation(*parts) if clock is None else Installation(*parts, clock)


def database(url: str) -> Engine:
    """Open a database by its URL: `sqlite:///path` or `postgresql://...`."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _unknown("database_url", url, "sqlite:///PATH or postgresql://USER@HOST/NAME") from None
    match parsed.get_backend_name():
        case "sqlite":
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(parsed, connect_args={"timeout": 30.0})
            event.listen(engine, "connect", _open_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        case "postgresql":
            engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_size=10, max_overflow=20)
            event.listen(engine, "connect", _open_postgresql)
            event.listen(engine, "checkout", _still_open)
            return engine
        case _:
            raise _unknown("database_url", url, "sqlite:///PATH or postgresql://USER@HOST/NAME")


def _open_postgresql(connection: Any, _: object) -> None:
    # Moments come as they are written, whatever the server's own zone is.
    connection.execute("SET TIME ZONE 'UTC'")
    connection.commit()


def _still_open(connection: Any, record: object, proxy: object) -> None:
    """Have a connection that the server closed replaced; there is something to read where it says good-bye.

    A question to the server (`pool_pre_ping`) would say more, and cost each request a round trip.
    """
    asked = select.poll()
    asked.register(connection.fileno(), select.POLLIN)
    if asked.poll(0):
        raise DisconnectionError


def _open_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    # We begin transactions ourselves (below): the driver's own begin comes too late to take the write lock first.
    connection.isolation_level = None
    _write_ahead(connection)
    for pragma in ("foreign_keys=ON", "synchronous=FULL", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn to WAL, which the file remembers; SQLite does not wait where another process is just doing that."""
    for attempt in range(TURNS):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if attempt == TURNS - 1:
                raise
            time.sleep(0.1)


def _begin_sqlite(connection: Any) -> None:
    reading = connection.get_execution_options().get("crowdqc_reading", False)
    # A transaction that turns from reading to writing half-way may find the lock taken and fail: take it at once.
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def storage(url: str) -> Storage:
    """Open a place for files by its URL: `file:///path`."""
    parts = urlsplit(url)
    match parts.scheme:
        case "file":
            from crowdqc.storage.local import LocalStorage

            return LocalStorage(Path(parts.path))
        case _:
            raise _unknown("storage_url", url, "file:///PATH")


def execution(url: str) -> Execution:
    """Open a place to compute by its URL: `inline:` or `processes:N`."""
    scheme, _, rest = url.partition(":")
    match scheme:
        case "inline":
            from crowdqc.execution.inline import InlineExecution

            return InlineExecution()
        case "processes" if rest.isdigit() and int(rest) > 0:
            from crowdqc.execution.processes import ProcessExecution

            return ProcessExecution(int(rest))
        case _:
            raise _unknown("execution_url", url, "inline: or processes:N")


def _unknown(setting: str, url: str, known: str) -> BadSetting:
    return BadSetting(
        f"{setting} {url!r} names nothing that crowdqc knows.", mend=f"Give {known}.", setting=setting
    )
