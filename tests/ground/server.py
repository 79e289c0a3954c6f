"""A real server in a process of its own, and the wait until it answers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    url: str
    process: subprocess.Popen[bytes]
    data: Path
    database_url: str

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self.data / "server.log").read_text(errors="replace")


@contextmanager
def served(
    data: Path, database_url: str, *arguments: str, patience: float = 60.0, **settings: object
) -> Iterator[Served]:
    """Run `crowdqc serve` until the end of the block; settings are named as in `Settings`."""
    data.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with (data / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--port", str(port), *arguments],
            cwd=ROOT,
            env=environment(data, database_url, **settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # A group of its own: what it starts is stopped with it.
            start_new_session=True,
        )
    server = Served(f"http://127.0.0.1:{port}", process, data, database_url)
    try:
        _wait(server, patience)
        yield server
    finally:
        _stop(process)


def environment(data: Path, database_url: str, **settings: object) -> dict[str, str]:
    """Give the environment of a server: this one's, without its settings, with cheap passwords and quick jobs."""
    told = {
        "data_dir": data,
        "database_url": database_url,
        "password_memory": 8,
        "password_passes": 1,
        "job_pause": 0.1,
        "aggregation_delay": 0.2,
    } | settings
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CROWDQC_")}
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "PYTHONUNBUFFERED": "1"}
    return kept | paths | {f"CROWDQC_{name.upper()}": str(value) for name, value in told.items()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: Served, patience: float) -> None:
    until = time.monotonic() + patience
    while True:
        if server.process.poll() is not None:
            raise RuntimeError(f"The server ended with {server.process.returncode}:\n{server.log}")
        try:
            with urllib.request.urlopen(f"{server.url}/api/v1/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            pass
        if time.monotonic() > until:
            raise RuntimeError(f"The server does not answer after {patience} s:\n{server.log}")
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes], patience: float = 15.0) -> None:
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
