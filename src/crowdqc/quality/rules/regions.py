"""For which numbers of hits conditions hold, for each number of events: the whole of a rule as a few integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Counts, Flags, brief
from crowdqc.quality.rules.collectors import Key
from crowdqc.quality.rules.conditions import Condition
from crowdqc.quality.rules.looks import Looks


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One entry a number of events: conditions hold for `low` to `high` hits, and a run within its own bounds.

    Attributes
    ----------
    counts
        int64[n], numbers of events.
    low, high
        int64[n], hits; nothing holds where `low > high`.
    run_low, run_high
        Hits in a row at the end.
    """

    counts: Counts
    low: Counts
    high: Counts
    run_low: int
    run_high: int

    @classmethod
    def of(
        cls, conditions: Sequence[tuple[Key, Condition]], counts: ArrayLike, looks: Looks, stretch: int = 0
    ) -> Self:
        """Turn conditions on the events of a window in a stretch into bounds.

        More hits among as many events only ever raise the share and its interval, so each condition on it holds
        up to some number of hits, or from some on: that is searched by halving.

        Examples
        --------
        >>> key = Key("", "rate")
        >>> half = [(key, Condition("accuracy", "below", 0.5))]
        >>> Region.of(half, [0, 2, 4, 10], Looks(sure=False)).high.tolist()
        [-1, 0, 1, 4]
        >>> Region.of(half, [0, 2, 4, 10], Looks()).high.tolist()
        [-1, -1, 0, 1]
        """
        n = np.asarray(counts, dtype=np.int64)
        low, high = np.zeros_like(n), n.copy()
        run = [0, int(n.max(initial=0))]
        for key, condition in conditions:
            least, most = _whole_bounds(condition)
            if key.part == "count":
                high[(n < least) | (n > most)] = -1
            elif key.part == "hits":
                low, high = np.maximum(low, least), np.minimum(high, most)
            elif key.part == "misses":
                low, high = np.maximum(low, n - most), np.minimum(high, n - least)
            elif key.part == "run":
                run = [max(run[0], least), min(run[1], most)]
            else:
                ends = _rate_bounds(condition, n, looks, stretch)
                low, high = np.maximum(low, ends[0]), np.minimum(high, ends[1])
        return cls(n, low, high, *run)

    def meet(self, other: Region) -> Region:
        """Give the bounds under which both hold; the numbers of events are the same."""
        return Region(
            self.counts,
            np.maximum(self.low, other.low),
            np.minimum(self.high, other.high),
            max(self.run_low, other.run_low),
            min(self.run_high, other.run_high),
        )

    def reachable(self) -> Flags:
        """Tell for which numbers of events any history fires, bool[n]."""
        if self.run_low > self.run_high:
            return np.zeros(self.counts.size, dtype=bool)
        # hits throughout are a run of their own number; with a miss among them the run can be anything up to it
        mixed = np.minimum(self.high, self.counts - 1) >= np.maximum(self.low, self.run_low)
        full = (self.low <= self.counts) & (self.high >= self.counts)
        return mixed | (full & (self.run_low <= self.counts) & (self.counts <= self.run_high))


def _whole_bounds(condition: Condition) -> tuple[int, int]:
    """The least and the greatest whole number of which it holds; nothing is counted beyond 2^62."""
    most = 1 << 62
    value = int(min(condition.value, most - 1))  # conditions on counts have whole values
    if condition.op == "below":
        return 0, value - 1
    if condition.op == "at_most":
        return 0, value
    return (value, most) if condition.op == "at_least" else (value + 1, most)


def _rate_bounds(condition: Condition, n: Counts, looks: Looks, stretch: int) -> tuple[Counts, Counts]:
    def holds(hits: Counts) -> Flags:
        return looks.holds(condition, hits, n, stretch)

    if condition.small:
        high = _last(holds, n)
        return np.zeros_like(n), high
    low = _last(lambda hits: ~holds(hits), n) + 1
    return low, np.where(n > 0, n, -1)


def _last(holds: Callable[[Counts], Flags], n: Counts) -> Counts:
    """Find the greatest number of hits of which it holds, -1 for none; where it holds, it holds of fewer too."""
    low, high = np.full_like(n, -1), n.copy()
    while (low < high).any():
        middle = (low + high + 1) // 2
        unsettled, fits = low < high, holds(np.maximum(middle, 0))
        low = np.where(unsettled & fits, middle, low)
        high = np.where(unsettled & ~fits, middle - 1, high)
    return low
