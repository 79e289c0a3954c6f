"""How far back a rule looks: the last so many events, the last so many days, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Counts, Floats, brief
from crowdqc.quality.rules.events import DAY, UNKNOWN, Events, Verdicts

#: The longest window in events: so many can all be checked when a rule is saved.
LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Window:
    """The last `answers` events that count for the collector, none older than `days`; None: no such bound."""

    answers: int | None = None
    days: float | None = None

    def to_json(self) -> dict[str, object]:
        return {"answers": self.answers, "days": self.days}


@brief
@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The events that count for a collector, worker after worker, each in the order of time.

    Attributes
    ----------
    rows
        int64[m], their rows in the events.
    time
        float64[m], seconds.
    start, stop
        int64[n_workers], the part of each worker.
    hits
        int64[m + 1], hits before each place.
    broken
        int64[m], the place after the last that is not a hit, up to here: where a run of hits began.
    """

    rows: Counts
    time: Floats
    start: Counts
    stop: Counts
    hits: Counts
    broken: Counts

    @classmethod
    def of(cls, events: Events, outcome: Verdicts) -> Self:
        """Sort what counts; events at the same time keep the order of their rows."""
        rows = np.flatnonzero(outcome != UNKNOWN)
        rows = rows[np.lexsort((events.time[rows], events.worker[rows]))]
        hit = outcome[rows] == 1
        stop = np.cumsum(np.bincount(events.worker[rows], minlength=events.n_workers))
        places = np.arange(rows.size)
        return cls(
            rows=rows,
            time=events.time[rows],
            start=np.append(0, stop[:-1]) if stop.size else stop,
            stop=stop,
            hits=np.append(0, np.cumsum(hit)),
            broken=np.maximum.accumulate(np.where(hit, 0, places + 1)) if rows.size else places,
        )

    def begins(self, window: Window, start: Counts, stop: Counts, now: Floats) -> Counts:
        """Find where windows begin that end before `stop`, are looked at `now` and hold nothing before `start`."""
        begin = start
        if window.answers is not None:
            begin = np.maximum(begin, stop - window.answers)
        if window.days is not None:
            begin = self.later_than(begin, stop, now - window.days * DAY)
        return begin

    def later_than(self, low: Counts, high: Counts, moments: ArrayLike) -> Counts:
        """Find the first place from `low` on, before `high`, that is later than a moment; else `high`."""
        return later_than(self.time, low, high, moments)

    def run(self, begin: Counts, stop: Counts) -> Counts:
        """Count the hits in a row at the end of windows."""
        some = stop > begin
        last = np.where(some, stop - 1, 0)
        broken = self.broken[last] if self.broken.size else last
        return np.where(some, stop - np.maximum(broken, begin), 0)


def later_than(time: Floats, low: Counts, high: Counts, moments: ArrayLike) -> Counts:
    """Find the first place from `low` on, before `high`, whose time is later; `high` where there is none.

    >>> later_than(np.array([1.0, 2, 2, 5]), np.array([0, 0]), np.array([4, 3]), [2, 9]).tolist()
    [3, 3]
    """
    low, high, moments = low.copy(), high.copy(), np.asarray(moments, dtype=np.float64)
    while (unsettled := low < high).any():
        middle = (low + high) // 2
        later = time[np.minimum(middle, time.size - 1)] > moments
        high = np.where(unsettled & later, middle, high)
        low = np.where(unsettled & ~later, middle + 1, low)
    return low
