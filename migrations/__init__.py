"""The history of the tables: brings a database up to the present, or back, without a file of settings.

A change is one transaction, on SQLite as well: it happens whole or not at all. Two processes that
bring up the same database at once take turns, and the second finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

#: Whoever changes the tables of a PostgreSQL database holds this lock ("crowdqc", read as a number).
_LOCK = int.from_bytes(b"crowdqc", "big")


class Broken(Exception):
    """The change would have left rows that point at nothing."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the tables up to a revision."""
    with _alone(engine) as connection:
        command.upgrade(config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the tables back to a revision; `base` leaves none."""
    with _alone(engine) as connection:
        command.downgrade(config(connection), revision)


def current(engine: Engine) -> str | None:
    """Say at which revision the tables are; None where there are none."""
    with engine.execution_options(crowdqc_reading=True).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """Say at which revision the tables are to be."""
    return ScriptDirectory.from_config(config()).get_current_head()


def pending(engine: Engine) -> bool:
    """Say whether the tables are behind the code."""
    return current(engine) != head()


def config(connection: Connection | None = None) -> Config:
    """Give alembic's configuration: where the scripts are, and the connection that they run on."""
    made = Config()
    # Read by configparser, to which a percent sign is a command.
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """Open the one transaction that changes tables; others who want to wait for its end."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            with _unwatched(connection), connection.begin():
                yield connection
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise Broken("After the change, rows would point at rows that are not there.")
        else:
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                yield connection


@contextmanager
def _unwatched(connection: Connection) -> Iterator[None]:
    """Suspend SQLite's foreign keys: a table is altered by making it anew, and dropping the old one would cascade.

    The pragma does nothing inside a transaction, so it goes to the driver before one begins.
    """
    driver = connection.connection.driver_connection
    assert driver is not None
    before = driver.execute("PRAGMA foreign_keys").fetchone()[0]
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA foreign_keys={before}")
