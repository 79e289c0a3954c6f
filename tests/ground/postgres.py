"""A PostgreSQL of the tests' own, started when the first test of a run wants it and gone when the run ends."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

import migrations
from crowdqc import assembly
from tests.ground import run

#: A server to use instead, whose user may create databases.
GIVEN = "CROWDQC_TEST_POSTGRES"
BINARIES = "CROWDQC_TEST_POSTGRES_BIN"

#: What is lost in a crash is no loss here.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "timezone": "Asia/Kathmandu",
    "log_min_messages": "fatal",
}


class NoPostgres(Exception):
    """There is no PostgreSQL to test on."""

    def __init__(self) -> None:
        super().__init__(
            "No PostgreSQL programs (initdb, postgres) were found. Install them (Debian: apt-get install "
            f"postgresql), or name their folder in {BINARIES}, or a server in {GIVEN}; "
            "CROWDQC_TEST_ONLY=sqlite goes without."
        )


def binaries() -> Path:
    """Find the folder of initdb and postgres: as told, on the path, or where Debian puts it, the newest first."""
    places = [Path(told)] if (told := os.environ.get(BINARIES)) else []
    if found := shutil.which("initdb"):
        places.append(Path(found).resolve().parent)
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(versions, key=lambda place: float(place.parent.name), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise NoPostgres


def url() -> str:
    """Give the URL of the run's server, started where this is the first call of the whole run."""
    if given := os.environ.get(GIVEN):
        return given
    with run.alone("postgres-url") as note:
        if not note.exists():
            note.write_text(_start())
        return note.read_text()


def template() -> str:
    """Give the name of a database in which all migrations have run."""
    server = url()
    with run.alone("postgres-template") as note:
        if not note.exists():
            name = _create(server)
            engine = assembly.database(_named(server, name))
            try:
                migrations.upgrade(engine)
            finally:
                engine.dispose()
            note.write_text(name)
        return note.read_text()


@contextmanager
def database(*, migrated: bool = True) -> Iterator[str]:
    """Give the URL of a fresh database, dropped at the end."""
    server = url()
    name = _create(server, template() if migrated else None)
    try:
        yield _named(server, name)
    finally:
        _drop(server, name)


def sweep() -> None:
    """Drop what the run left on a server that is not its own."""
    note = run.folder() / "postgres-template"
    if (given := os.environ.get(GIVEN)) and note.exists():
        _drop(given, note.read_text())


def _create(server: str, origin: str | None = None) -> str:
    name = f"crowdqc_test_{secrets.token_hex(6)}"
    command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if origin is not None:
        command += sql.SQL(" TEMPLATE {}").format(sql.Identifier(origin))
    with psycopg.connect(_named(server, "postgres"), autocommit=True) as connection:
        connection.execute(command)
    return name


def _drop(server: str, name: str) -> None:
    with psycopg.connect(_named(server, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _named(server: str, name: str) -> str:
    return make_url(server).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


def _start() -> str:
    """Start a server that hangs on the run's lifeline; give its URL."""
    programs, home = binaries(), run.folder() / "alive-postgres"
    home.mkdir(mode=0o700)
    drop: dict[str, object] = {}
    if os.geteuid() == 0:
        # initdb and postgres refuse to run as root.
        somebody = unprivileged()
        os.chown(home, somebody.pw_uid, somebody.pw_gid)
        drop = {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
    data, lifeline = home / "data", run.folder() / run.LIFELINE
    settings = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
    made = subprocess.run(
        [programs / "initdb", "-D", data, "-U", "crowdqc", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        capture_output=True,
        text=True,
        cwd="/",
        **drop,  # type: ignore[call-overload]
    )
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stdout}{made.stderr}")
    # A shell in the background: at the end of the lifeline it stops the server and empties its folder.
    keep = f"""
        "{programs}/postgres" -D "{data}" -k "{home}" {settings} >"{home}/log" 2>&1 </dev/null &
        server=$!
        read _ <"{lifeline}"
        kill -QUIT $server; wait $server
        find "{home}" -mindepth 1 -delete
    """
    subprocess.run(
        ["/bin/sh", "-c", f"({keep}) >/dev/null 2>&1 &"],
        check=True,
        start_new_session=True,
        cwd="/",
        **drop,  # type: ignore[call-overload]
    )
    address = f"postgresql://crowdqc@/postgres?host={home}"
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(address).close()
            return address
        except psycopg.OperationalError as error:
            if time.monotonic() > until:
                log = home / "log"
                raise RuntimeError(
                    f"PostgreSQL does not come up: {error} {log.read_text() if log.exists() else ''}"
                ) from error
            time.sleep(0.05)


def unprivileged() -> pwd.struct_passwd:
    """Give somebody to run PostgreSQL as, where we are root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("Neither a user 'postgres' nor a user 'nobody' exists to run PostgreSQL as.")
