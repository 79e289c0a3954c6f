"""Whether a worker became better or worse at some time: one change point in his own sequence of answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.quality.arrays import Counts, Flags, Floats, brief
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.parameters import check_number
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.backing import Backing
from crowdqc.quality.workers.columns import column
from crowdqc.quality.workers.discoveries import q_values


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Drifts:
    """One entry a worker: the likeliest time of a change, whether there is evidence of any, and how large it is.

    Attributes
    ----------
    p_value
        float64, chance that one who does not change looks as much like it; NaN with too few answers to tell.
    q_value
        float64, the same over all workers: the share of false ones among those up to here.
    at
        float64, order of the first answer after the change; NaN where there is no test, as of all that follow.
    answers_before, answers_after
        int64, answers that somebody else bears out or contradicts, before and after; 0 without a test.
    before, before_low, before_high, after, after_low, after_high
        float64, accuracy and its interval.
    change, low, high
        float64, after - before and its interval, the change point taken as known: where there was none it is
        still the largest of many, so look at it only with a small q-value.
    """

    p_value: Floats
    q_value: Floats
    at: Floats
    answers_before: Counts
    answers_after: Counts
    before: Floats
    before_low: Floats
    before_high: Floats
    after: Floats
    after_low: Floats
    after_high: Floats
    change: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class DriftTest:
    """A likelihood ratio over all splits of a worker's sequence, against one accuracy throughout.

    Parameters
    ----------
    least
        Evidence, in answers with known truth, on either side of a split; a worker with less than three times as
        much is not tested.
    level
        Of the intervals.

    Notes
    -----
    Each answer counts as an answer with known truth as far as others know it (`Backing.weigh`). The p-value is
    that of the greatest of a Brownian bridge's standardised squares (Csorgo and Horvath, Limit Theorems in
    Change-Point Analysis, 1997, equation 1.3.26), or, if less, that of the number of splits. Drawn from workers
    who do not change, it is right or too large, the more so the fewer their mistakes. If nearly everyone drifts
    at once, the items did.
    """

    least: float = 10.0
    level: float = 0.95

    def __post_init__(self) -> None:
        check_number(self, "least", low=1.0)
        check_number(self, "level", low=0.5, high=0.9999)

    def run(self, votes: Votes, backing: Backing, order: ArrayLike) -> Drifts:
        """Test every worker.

        Parameters
        ----------
        order
            float64[n], a time or a rank an answer, in the order of the votes (see `beside`); answers without it,
            NaN, are left out, and answers of the same order are never divided.

        Raises
        ------
        InvalidColumn
            The order is not one number an answer.
        """
        W, when = votes.n_workers, column(order, votes, "order")
        usable = ~np.isnan(when) & ~np.isnan(backing.chance)
        worker = np.where(usable, votes.worker, -1)
        estimate, weight = backing.weigh(_smooth(*backing.shares(worker, W))[votes.worker])
        rows = np.flatnonzero(usable & (weight > 0))
        rows = rows[np.lexsort((when[rows], votes.worker[rows]))]
        sequence = _Sequence.of(votes.worker[rows], when[rows], weight[rows], estimate[rows], W)
        return self._conclude(sequence, *sequence.best(self.least))

    def _conclude(self, sequence: _Sequence, split: Counts, ratio: Floats, splits: Counts) -> Drifts:
        tested = (splits > 0) & (sequence.total >= 3 * self.least)
        W = tested.size
        p = np.full(W, np.nan)
        p[tested] = _chance(ratio[tested], self.least / sequence.total[tested], splits[tested])
        at, counts = np.full(W, np.nan), np.zeros((2, W), dtype=np.int64)
        n, h = np.zeros((2, W)), np.zeros((2, W))
        which = split[tested]
        at[tested] = sequence.when[which + 1]
        counts[0, tested] = which + 1 - sequence.start[tested]
        counts[1, tested] = sequence.stop[tested] - which - 1
        n[0, tested], h[0, tested] = sequence.mass[which], sequence.right[which]
        n[1, tested] = sequence.total[tested] - n[0, tested]
        h[1, tested] = sequence.hits[tested] - h[0, tested]
        n, h = np.maximum(n, 0.0), np.clip(h, 0.0, np.maximum(n, 0.0))
        share = np.divide(h, n, out=np.full(n.shape, np.nan), where=tested & (n > 0))
        low, high = beta_interval(h, n, self.level)
        change = share[1] - share[0]
        # Newcombe 1998, method 10, with these intervals
        down = np.hypot(share[1] - low[1], high[0] - share[0])
        up = np.hypot(high[1] - share[1], share[0] - low[0])
        low, high = (np.where(tested, end, np.nan) for end in (low, high))
        return Drifts(
            p_value=p,
            q_value=q_values(p),
            at=at,
            answers_before=counts[0],
            answers_after=counts[1],
            before=share[0],
            before_low=low[0],
            before_high=high[0],
            after=share[1],
            after_low=low[1],
            after_high=high[1],
            change=change,
            low=change - down,
            high=change + up,
        )


@brief
@dataclass(frozen=True, slots=True, eq=False)
class _Sequence:
    """Answers sorted by worker and order, with running sums within each worker.

    Attributes
    ----------
    when, mass, right
        float64[m]; order; evidence, and evidence of being right, up to and with the answer.
    ends
        bool[m], whether the worker's next answer is later.
    start, stop
        int64[n_workers], his answers.
    total, hits
        float64[n_workers], evidence and evidence of being right.
    """

    when: Floats
    mass: Floats
    right: Floats
    ends: Flags
    worker: NDArray[np.integer]
    start: Counts
    stop: Counts
    total: Floats
    hits: Floats

    @classmethod
    def of(cls, worker: NDArray[np.integer], when: Floats, weight: Floats, estimate: Floats, W: int) -> _Sequence:
        count = np.bincount(worker, minlength=W)
        stop = np.cumsum(count)
        start = stop - count
        sums = []
        for values in (weight, weight * estimate):
            running = np.append(0.0, np.cumsum(values))
            sums.append((running[1:] - running[start][worker], running[stop] - running[start]))
        ends = np.zeros(when.size, dtype=bool)
        ends[:-1] = (worker[1:] == worker[:-1]) & (when[1:] > when[:-1])
        (mass, total), (right, hits) = sums
        return cls(when, mass, right, ends, worker, start, stop, total, hits)

    def best(self, least: float) -> tuple[Counts, Floats, Counts]:
        """Find each worker's best split: the row that it follows, its log likelihood ratio, and among how many."""
        W = self.total.size
        left, whole = self.mass, self.total[self.worker]
        rows = np.flatnonzero(self.ends & (left >= least - 1e-9) & (whole - left >= least - 1e-9))
        worker = self.worker[rows]
        n, h = left[rows], self.right[rows]
        N, H = whole[rows], self.hits[worker]
        ratio = _log_likelihood(h, n) + _log_likelihood(H - h, N - n) - _log_likelihood(H, N)
        splits = np.bincount(worker, minlength=W)
        best, top = np.zeros(W, dtype=np.int64), np.zeros(W)
        starts = np.flatnonzero(np.diff(worker, prepend=-1))
        if starts.size:
            greatest = np.maximum.reduceat(ratio, starts)
            tops = np.flatnonzero(ratio == np.repeat(greatest, np.diff(starts, append=rows.size)))
            first = tops[np.flatnonzero(np.diff(worker[tops], prepend=-1))]  # of equally good ones
            best[worker[first]], top[worker[first]] = rows[first], np.maximum(ratio[first], 0.0)
        return best, top, splits


def _smooth(accuracy: Floats, evidence: Floats) -> Floats:
    """Keep accuracies from 0 and 1."""
    return np.asarray((np.nan_to_num(accuracy) * evidence + 0.5) / (evidence + 1))


def _log_likelihood(right: Floats, n: Floats) -> Floats:
    """Greatest log likelihood of a share, given so many right ones of n."""
    from scipy.special import xlogy

    share = np.clip(right / n, 0.0, 1.0)
    return np.asarray(n * (xlogy(share, share) + xlogy(1 - share, 1 - share)))


def _chance(ratio: Floats, trim: Floats, splits: Counts) -> Floats:
    """Give the p-value of the greatest log likelihood ratio; no split is nearer an end than the share `trim`."""
    from scipy.special import chdtrc

    square = np.maximum(2 * ratio, 1e-9)
    x = np.sqrt(square)
    tail = x * np.exp(-square / 2) / np.sqrt(2 * np.pi)
    bridge = tail * (2 * np.log((1 - trim) / trim) * (1 - 1 / square) + 4 / square)
    bridge = np.where(x > 1.5, bridge, 1.0)  # the expansion is for large ones
    return np.asarray(np.clip(np.minimum(bridge, splits * chdtrc(1, square)), 0.0, 1.0))
