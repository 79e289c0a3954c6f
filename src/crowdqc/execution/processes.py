"""Computing in processes beside this one, so that the pages stay quick while a big run thinks."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor

from crowdqc.execution.port import Found, Given


class ProcessExecution:
    """A pool of processes, started at the first use; spawned, since this process has threads."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None

    def map(self, function: Callable[[Given], Found], values: Sequence[Given]) -> list[Found]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._processes, mp_context=context)
        try:
            return list(self._pool.map(function, values))
        except BaseException:
            # A pool whose process died is of no further use; the job that asked is tried again on a new one.
            self.close()
            raise

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
