"""A PostgreSQL of the bench's own, with its default settings: what is measured here waits for the disk as in life."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.ground import postgres
from tests.ground.server import free_port

#: All contenders share one server: what they may open at a time is the only thing that is changed.
SETTINGS = {"max_connections": "200", "log_min_messages": "fatal"}


@dataclass(frozen=True)
class Cluster:
    """A server that runs."""

    port: int
    programs: Path
    data: Path

    def url(self, name: str) -> str:
        return f"postgresql://crowdqc@127.0.0.1:{self.port}/{name}"

    def create(self, name: str) -> str:
        """Make an empty database; give its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def drop(self, name: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def version(self) -> str:
        told = subprocess.run([self.programs / "postgres", "--version"], capture_output=True, text=True, check=True)
        return told.stdout.strip()


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Run a server in a folder until the end of the block, then remove its data."""
    programs, home = postgres.binaries(), folder / "postgres"
    home.mkdir(mode=0o700)
    drop: dict[str, Any] = {"cwd": "/"}
    if os.geteuid() == 0:
        # initdb and postgres refuse to run as root.
        somebody = postgres.unprivileged()
        os.chown(home, somebody.pw_uid, somebody.pw_gid)
        drop |= {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
    data = home / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "crowdqc", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
        check=True,
        stdout=subprocess.DEVNULL,
        **drop,
    )
    port = free_port()
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-k", home, "-p", str(port), *settings],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **drop,
    )
    cluster = Cluster(port, programs, data)
    try:
        _wait(cluster)
        yield cluster
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def _wait(cluster: Cluster) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(cluster.url("postgres")).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
