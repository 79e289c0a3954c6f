"""The service as docs/how-to/install.md has it, gunicorn and a runner; or `crowdqc serve` for a small team."""

from __future__ import annotations

import importlib.util
import json
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

from tests.ground.server import ROOT, free_port

GUNICORN = ("--worker-class", "gthread", "--workers", "2", "--threads", "8")


@dataclass(frozen=True)
class Service:
    """A service that runs."""

    port: int
    log: Path
    #: What was started: the web server first.
    processes: Sequence[subprocess.Popen[bytes]]

    @property
    def web(self) -> subprocess.Popen[bytes]:
        return self.processes[0]

    @property
    def locked(self) -> int:
        """How often the log says that the database was locked."""
        return self.log.read_text(errors="replace").count("database is locked")

    def settle(self, patience: float = 120.0) -> None:
        """Wait until no job is left, so that what one cell has caused does not weigh on the next."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/health", timeout=60) as answer:
                if not json.load(answer)["unfinished_jobs"]:
                    return
            time.sleep(0.2)


def environment(folder: Path, database_url: str | None) -> dict[str, str]:
    """Give the environment of production: no setting but the two that say where things lie."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CROWDQC_")}
    # gunicorn keeps a socket of its own in the home of whoever runs it.
    kept |= {
        "CROWDQC_DATA_DIR": str(folder),
        "HOME": str(folder),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    }
    return kept if database_url is None else kept | {"CROWDQC_DATABASE_URL": database_url}


@contextmanager
def production(folder: Path, database_url: str, *, runner: bool = True) -> Iterator[Service]:
    """Serve by gunicorn, with a runner beside it, on a database whose tables are there."""
    if importlib.util.find_spec("gunicorn") is None:
        raise SystemExit("gunicorn is not installed here; scripts/bench does it.")
    port = free_port()
    web = [sys.executable, "-m", "gunicorn", *GUNICORN, "--bind", f"127.0.0.1:{port}", "app.wsgi:app"]
    jobs = [[sys.executable, "-m", "app.cli", "jobs"]] if runner else []
    with _running(folder, database_url, port, web, *jobs) as service:
        yield service


@contextmanager
def embedded(folder: Path) -> Iterator[Service]:
    """Serve as a small team does: one process, one SQLite file."""
    port = free_port()
    with _running(folder, None, port, [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]) as service:
        yield service


@contextmanager
def _running(folder: Path, database_url: str | None, port: int, *commands: Sequence[str]) -> Iterator[Service]:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    with ExitStack() as stack:
        out = stack.enter_context(log.open("ab"))
        started = []
        for command in commands:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(folder, database_url),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            stack.callback(_stop, process)
            started.append(process)
        service = Service(port, log, started)
        _wait(service)
        yield service


def _wait(service: Service, patience: float = 60.0) -> None:
    until = time.monotonic() + patience
    while True:
        with suppress(OSError, urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{service.port}/api/v1/health", timeout=5).close()
            return
        if service.web.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"The service does not come up:\n{service.log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
