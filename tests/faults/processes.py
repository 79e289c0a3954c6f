"""The processes of an installation in production, each of which can be killed on the spot and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.ground import server
from tests.ground.cluster import Cluster

GUNICORN = ("--worker-class", "gthread", "--workers", "2", "--threads", "8")


class Started:
    """A program that runs until it is stopped or killed, with all that it has started."""

    def __init__(self, command: Sequence[str], environ: dict[str, str], log: Path) -> None:
        self._command, self._environ, self._log = command, environ, log
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=server.ROOT,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it on the spot, with all that it has started; it is told nothing."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@dataclass(frozen=True)
class Installed:
    """An installation in production: its database, its web server, its runner, each a thing that may be killed."""

    database: Cluster
    web: Started
    runner: Started
    port: int
    log: Path

    def wait(self, patience: float = 60.0) -> None:
        """Wait until the service answers."""
        until = time.monotonic() + patience
        while True:
            with suppress(OSError, urllib.error.HTTPError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/health", timeout=5).close()
                return
            if time.monotonic() > until:
                raise RuntimeError(f"The service does not answer:\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.1)


@contextmanager
def production(folder: Path, database: Cluster, database_url: str, **settings: object) -> Iterator[Installed]:
    """Run gunicorn and a runner, as the how-to says, until the end of the block."""
    environ = server.environment(folder, database_url, **settings)
    # gunicorn keeps a socket of its own in the home of whoever runs it.
    environ["HOME"] = str(folder)
    port, log = server.free_port(), folder / "log"
    web = [sys.executable, "-m", "gunicorn", *GUNICORN, "--bind", f"127.0.0.1:{port}", "app.wsgi:app"]
    with ExitStack() as stack:
        served = Started(web, environ, log)
        stack.callback(served.kill)
        runner = Started([sys.executable, "-m", "app.cli", "jobs"], environ, log)
        stack.callback(runner.kill)
        installed = Installed(database, served, runner, port, log)
        installed.wait()
        yield installed
