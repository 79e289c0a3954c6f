"""A PostgreSQL that does not forget, with its default settings; it can be killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.ground import postgres
from tests.ground.server import free_port

#: How many may come at a time is the only thing that is changed.
SETTINGS = {"max_connections": "200", "log_min_messages": "fatal"}


class Cluster:
    """A server in a folder of its own, on a port that it keeps."""

    def __init__(self, home: Path, settings: Sequence[str]) -> None:
        self.home = home
        self.port = free_port()
        self.programs = postgres.binaries()
        self._settings = settings
        self._drop: dict[str, Any] = {"cwd": "/"}
        home.mkdir(mode=0o700)
        if os.geteuid() == 0:
            # initdb and postgres refuse to run as root.
            somebody = postgres.unprivileged()
            os.chown(home, somebody.pw_uid, somebody.pw_gid)
            self._drop |= {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
        made = [
            str(self.programs / "initdb"),
            "-D",
            str(home / "data"),
            "-U",
            "crowdqc",
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        subprocess.run([*made, "--locale=C", "--no-sync"], check=True, stdout=subprocess.DEVNULL, **self._drop)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [str(self.programs / "postgres"), "-D", str(self.home / "data"), "-k", str(self.home)]
        self._server = subprocess.Popen(
            [*command, "-p", str(self.port), *(f"--{setting}" for setting in self._settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._drop,
        )
        until = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._server.poll() is not None:
                    raise
                time.sleep(0.05)

    def kill(self) -> None:
        """Kill it and all of its processes on the spot."""
        told = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        children = [
            int(pid) for pid, parent in map(str.split, told.splitlines()) if int(parent) == self._server.pid
        ]
        self._server.kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._server.wait()

    def stop(self) -> None:
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(60)

    def url(self, name: str) -> str:
        return f"postgresql://crowdqc@127.0.0.1:{self.port}/{name}"

    def create(self, name: str) -> str:
        """Make an empty database; give its URL."""
        self._do(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def drop(self, name: str) -> None:
        self._do(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def version(self) -> str:
        """What it calls itself: `PostgreSQL 16.1`."""
        told = subprocess.run(
            [self.programs / "postgres", "--version"], capture_output=True, text=True, check=True
        )
        return "PostgreSQL " + told.stdout.split(") ")[1].split()[0]

    def _do(self, command: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(command)


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Run a server until the end of the block, then remove its data."""
    cluster = Cluster(folder / "postgres", [f"{name}={value}" for name, value in SETTINGS.items()])
    try:
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(cluster.home, ignore_errors=True)
