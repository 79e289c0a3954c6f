"""What workers did, in columns: one row an item that was answered or skipped."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Flags, Floats, brief

#: Yes, no, or not known (yet): 1, 0, -1.
Verdicts = NDArray[np.int8]
UNKNOWN = -1
#: Seconds in a day and in an hour.
DAY, HOUR = 86_400.0, 3_600.0


class InvalidEvents(Invalid):
    """The columns of events do not fit together."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """One entry an item that was shown to a worker and is done with, in any order; rows are numbered from 0.

    Attributes
    ----------
    workers
        Their ids; codes point into it.
    worker
        int32[n].
    time
        float64[n], when it was handed in or skipped, in seconds from any beginning.
    seconds
        float64[n], time taken; NaN where unknown.
    gold
        int8[n], whether the answer to an item with known truth was right; -1 where the truth is not known.
    agreed
        int8[n], whether the answer is that of the consensus; -1 where there is none (yet).
    accepted
        int8[n], whether the answer was accepted; -1 while nobody has looked at it.
    skipped
        bool[n]; a skip is no answer, and nothing else is known of it.
    """

    workers: tuple[Hashable, ...]
    worker: Codes
    time: Floats
    seconds: Floats
    gold: Verdicts
    agreed: Verdicts
    accepted: Verdicts
    skipped: Flags

    @classmethod
    def of(
        cls,
        workers: Iterable[Hashable],
        times: ArrayLike,
        *,
        seconds: ArrayLike | None = None,
        gold: ArrayLike | None = None,
        agreed: ArrayLike | None = None,
        accepted: ArrayLike | None = None,
        skipped: ArrayLike | None = None,
        among: Sequence[Hashable] | None = None,
    ) -> Self:
        """Read columns, one entry a row.

        Parameters
        ----------
        workers
            Ids.
        times
            Seconds from any beginning, or `datetime64`.
        seconds
            None or NaN where unknown.
        gold, agreed, accepted
            True or 1, False or 0; None, NaN or -1 where unknown.
        among
            All workers in the order that is wanted; None: those who occur, in the order of their first row.

        Raises
        ------
        InvalidEvents
            With one error a fault: `{"where": "gold", "what": ...}`.

        Examples
        --------
        >>> events = Events.of(["ann", "bob", "ann"], [0, 5, 9], gold=[True, None, False])
        >>> events.workers, events.worker.tolist(), events.gold.tolist()
        (('ann', 'bob'), [0, 1, 0], [1, -1, 0])
        """
        ids = list(workers)
        known = list(dict.fromkeys(ids)) if among is None else list(among)
        code = {worker: place for place, worker in enumerate(known)}
        faults: list[dict[str, object]] = []
        strangers = list(dict.fromkeys(worker for worker in ids if worker not in code))
        if strangers:
            faults.append({"where": "workers", "what": f"{strangers[0]!r} is not among the workers"})
        n = len(ids)
        time = _numbers(times, "times", n, faults)
        if (unknown := np.flatnonzero(~np.isfinite(time))).size and not faults:
            faults.append({"where": "times", "what": f"row {unknown[0]} has no time"})
        taken = np.full(n, np.nan) if seconds is None else _numbers(seconds, "seconds", n, faults)
        if (taken < 0).any():
            row = int(np.flatnonzero(taken < 0)[0])
            faults.append({"where": "seconds", "what": f"row {row} took {taken[row]:g} seconds"})
        skips = _verdicts(skipped, "skipped", n, faults) == 1
        verdicts = {
            name: np.where(skips, np.int8(UNKNOWN), _verdicts(column, name, n, faults))
            for name, column in (("gold", gold), ("agreed", agreed), ("accepted", accepted))
        }
        if faults:
            raise InvalidEvents(errors=faults)
        worker = np.fromiter((code[worker] for worker in ids), dtype=np.int32, count=n)
        return cls(tuple(known), worker, time, np.where(skips, np.nan, taken), skipped=skips, **verdicts)

    def __len__(self) -> int:
        return int(self.worker.size)

    @property
    def n_workers(self) -> int:
        return len(self.workers)


def _numbers(values: ArrayLike, where: str, n: int, faults: list[dict[str, object]]) -> Floats:
    column: NDArray[Any] = np.asarray(values)
    if column.shape != (n,):
        faults.append({"where": where, "what": f"has the shape {column.shape}; it must be ({n},), one a row"})
        return np.zeros(n)
    if column.dtype.kind == "M":
        whole = column.astype("datetime64[us]").astype(np.int64)
        return np.where(np.isnat(column), np.nan, whole / 1e6)
    try:
        return column.astype(np.float64)
    except (TypeError, ValueError):
        faults.append({"where": where, "what": "must be numbers"})
        return np.zeros(n)


def _verdicts(values: ArrayLike | None, where: str, n: int, faults: list[dict[str, object]]) -> Verdicts:
    if values is None:
        return np.full(n, UNKNOWN, dtype=np.int8)
    numbers = np.nan_to_num(_numbers(values, where, n, faults), nan=UNKNOWN)
    strange = np.flatnonzero(~np.isin(numbers, (UNKNOWN, 0, 1)))
    if strange.size:
        faults.append({"where": where, "what": f"row {strange[0]} is {numbers[strange[0]]:g}; must be 1, 0 or -1"})
        return np.full(n, UNKNOWN, dtype=np.int8)
    return numbers.astype(np.int8)
