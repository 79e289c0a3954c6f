"""One run of the tests, however many processes it has: its folder, its locks, and the end of what it started."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Where the folder of this run is told to the processes that xdist starts.
VARIABLE = "CROWDQC_TEST_RUN"
#: As long as somebody holds this pipe open, what was started for the run may live.
LIFELINE = "lifeline"


class Run:
    """The first process of a run; what the others start ends with it, even where it is killed."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="crowdqc-test-"))
        # Sockets lie in it, and a server that gave up root's rights walks through it.
        self.folder.chmod(0o755)
        os.mkfifo(self.folder / LIFELINE, 0o644)
        # Open for reading as well, so that opening waits for nobody.
        self._lifeline = os.open(self.folder / LIFELINE, os.O_RDWR)
        os.environ[VARIABLE] = str(self.folder)

    def end(self, patience: float = 30.0) -> None:
        """Let go of the lifeline, wait until all that hung on it has emptied its `alive-...`, and sweep up."""
        os.close(self._lifeline)
        until = time.monotonic() + patience
        while any(self.folder.glob("alive-*/*")) and time.monotonic() < until:
            time.sleep(0.02)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.environ.pop(VARIABLE, None)


def folder() -> Path:
    """Give the folder of this run."""
    return Path(os.environ[VARIABLE])


@contextmanager
def alone(name: str) -> Iterator[Path]:
    """Keep the other processes of the run out while something is made that they share; give where to note it."""
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder() / name
