"""Who answers faster than the items can be looked at, and whether his hurried answers are worse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Codes, Counts, Flags, Floats, brief
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.parameters import check_number
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.backing import Backing
from crowdqc.quality.workers.columns import column
from crowdqc.quality.workers.discoveries import q_values

#: Answers by others at which an item's own usual time counts as much as that of all items.
USUAL = 2.0
#: Evidence from which a worker's unhurried answers tell how far workers differ.
ENOUGH = 10.0


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Speeds:
    """One entry a worker, and the line that was drawn.

    Attributes
    ----------
    timed
        int64, pages (answers, where each stands alone) whose time is known.
    repeated
        float64, share of these that took as long as another of his, to the digit. Near 1 the seconds are those
        of whole pages or hits: give the pages.
    pace
        float64, median of his time as a multiple of what is usual for the item.
    hurried
        int64, pages that he was through with too fast.
    share, share_low, share_high
        float64, their share of `timed`, and its interval.
    fast, fast_low, fast_high, calm, calm_low, calm_high
        float64, accuracy of his hurried answers and of the rest, by gold and everyone else, with intervals; NaN
        and (0, 1) where nothing is known.
    difference, low, high
        float64, calm - fast, and its interval.
    p_value, q_value
        float64, chance that hurried answers which are as good as his others (and where there are few of these,
        as everyone's) do so badly; the same over all workers. NaN without evidence. Fast alone is nothing: who
        hurries and is right has a large one.
    least
        Shortest time that is not hurried, as a multiple of what is usual for the item.
    usual_share
        Share of all pages that are hurried.
    """

    timed: Counts
    repeated: Floats
    pace: Floats
    hurried: Counts
    share: Floats
    share_low: Floats
    share_high: Floats
    fast: Floats
    fast_low: Floats
    fast_high: Floats
    calm: Floats
    calm_low: Floats
    calm_high: Floats
    difference: Floats
    low: Floats
    high: Floats
    p_value: Floats
    q_value: Floats
    least: float
    usual_share: float


@dataclass(frozen=True, slots=True)
class SpeedTest:
    """Answers that are too fast, and whether they are worse than the rest.

    Parameters
    ----------
    minimum
        Seconds below which no answer can be serious; 0 where nobody knows.
    spread
        An answer is hurried as well where the logarithm of its time, against what others usually take on the
        item, lies this many robust standard deviations (of the median absolute deviation) below the middle.
    level
        Of the intervals.
    """

    minimum: float = 0.0
    spread: float = 2.5
    level: float = 0.95

    def __post_init__(self) -> None:
        check_number(self, "minimum")
        check_number(self, "spread", low=0.5, high=10.0)
        check_number(self, "level", low=0.5, high=0.9999)

    def run(self, votes: Votes, backing: Backing, pages: ArrayLike | None = None) -> Speeds:
        """Look at every worker; without `votes.seconds` nothing is known of anybody.

        Parameters
        ----------
        pages
            float64[n], in the order of the votes (see `beside`): a number or the time of handing in, the same
            for all answers that a worker gave on one page, whose seconds are those of the page. Their time is
            divided among them, and they count once. None, or NaN: each answer stands alone.

        Raises
        ------
        InvalidColumn
            The pages are not one number an answer.
        """
        seconds = np.full(len(votes), np.nan) if votes.seconds is None else votes.seconds
        page, size = _pages(votes, seconds, pages)
        each = seconds / size
        known = ~np.isnan(each)
        relative = np.full(len(votes), np.nan)
        relative[known] = np.log(each[known]) - _usual(votes.item[known], np.log(each[known]), votes.n_items)
        middle, wide = _middle(relative[known])
        cut = middle - self.spread * wide
        hurried = known & ((relative < cut) | (each < self.minimum))

        W = votes.n_workers
        opens = known.copy()
        opens[known] = _first(page[known])
        fast_pages = np.zeros(int(page.max(initial=-1)) + 1, dtype=bool)
        fast_pages[page[hurried]] = True  # a page is as fast as its most hurried answer
        per_page = opens & fast_pages[page]
        timed = np.bincount(votes.worker[opens], minlength=W)
        count = np.bincount(votes.worker[per_page], minlength=W)
        share = np.divide(count, timed, out=np.full(W, np.nan), where=timed > 0)
        share_low, share_high = beta_interval(count, timed, self.level)

        # twice as many groups as workers: his hurried answers, and the rest
        group = np.where(known, 2 * votes.worker.astype(np.int64) + hurried, -1)
        accuracy, evidence = backing.shares(group, 2 * W)
        (calm, fast), (calm_n, fast_n) = accuracy.reshape(W, 2).T, evidence.reshape(W, 2).T
        low, high = beta_interval(np.nan_to_num(accuracy) * evidence, evidence, self.level)
        (calm_low, fast_low), (calm_high, fast_high) = low.reshape(W, 2).T, high.reshape(W, 2).T
        difference = calm - fast
        p = _chance(fast, fast_n, calm, calm_n)
        return Speeds(
            timed=timed,
            repeated=_repeated(votes.worker[opens], seconds[opens], W),
            pace=np.exp(_median(votes.worker[known], relative[known], W)),
            hurried=count,
            share=share,
            share_low=share_low,
            share_high=share_high,
            fast=fast,
            fast_low=fast_low,
            fast_high=fast_high,
            calm=calm,
            calm_low=calm_low,
            calm_high=calm_high,
            difference=difference,
            low=difference - np.hypot(calm - calm_low, fast_high - fast),  # Newcombe 1998, method 10
            high=difference + np.hypot(calm_high - calm, fast - fast_low),
            p_value=p,
            q_value=q_values(p),
            least=float(np.exp(cut)),
            usual_share=float(count.sum() / timed.sum()) if timed.any() else float("nan"),
        )


def _pages(votes: Votes, seconds: Floats, pages: ArrayLike | None) -> tuple[Counts, Counts]:
    """Number the pages, int64[n], and count the answers on each answer's, int64[n]."""
    alone = np.arange(len(votes))
    if pages is None or not len(votes):
        return alone, np.ones(len(votes), dtype=np.int64)
    given = column(pages, votes, "pages")
    known = np.flatnonzero(~np.isnan(given) & ~np.isnan(seconds))
    keys = votes.worker[known], given[known], seconds[known]
    order = np.lexsort(keys)
    new = np.zeros(known.size, dtype=bool)
    for key in keys:
        new |= np.append(True, np.diff(key[order]) != 0)[: known.size]
    page = np.full(len(votes), -1)
    page[known[order]] = np.cumsum(new) - 1
    rest = page < 0
    page[rest] = int(new.sum()) + np.arange(int(rest.sum()))
    return page, np.bincount(page)[page]


def _first(page: Counts) -> Flags:
    """True at the first answer of each page."""
    first = np.zeros(page.size, dtype=bool)
    first[np.unique(page, return_index=True)[1]] = True
    return first


def _usual(item: Codes, logs: Floats, items: int) -> Floats:
    """Logarithm of what others take on the item: their median, drawn to that of all where they are few."""
    if not logs.size:
        return logs
    order = np.lexsort((logs, item))
    n = np.bincount(item, minlength=items)
    start = np.cumsum(n) - n
    at = item[order]
    rank, m = np.arange(item.size) - start[at], n[at] - 1
    values = logs[order]

    def without_own(k: Counts) -> Floats:
        k = np.clip(k, 0, None)
        return np.asarray(values[np.minimum(start[at] + k + (k >= rank), item.size - 1)])

    median = (without_own((m - 1) // 2) + without_own(m // 2)) / 2
    usual = np.empty(item.size)
    usual[order] = np.where(m > 0, m * median + USUAL * np.median(logs), USUAL * np.median(logs)) / (m + USUAL)
    return usual


def _middle(relative: Floats) -> tuple[float, float]:
    """Median and robust standard deviation."""
    if not relative.size:
        return float("nan"), float("nan")
    middle = float(np.median(relative))
    return middle, 1.4826 * float(np.median(np.abs(relative - middle)))


def _median(worker: Codes, values: Floats, W: int) -> Floats:
    medians = np.full(W, np.nan)
    order = np.lexsort((values, worker))
    present, first, count = np.unique(worker[order], return_index=True, return_counts=True)
    ranked = values[order]
    medians[present] = (ranked[first + (count - 1) // 2] + ranked[first + count // 2]) / 2
    return medians


def _repeated(worker: Codes, seconds: Floats, W: int) -> Floats:
    """Share of a worker's times that he has more than once, float64[n_workers]."""
    order = np.lexsort((seconds, worker))
    w, s = worker[order], seconds[order]
    same = (w[1:] == w[:-1]) & (s[1:] == s[:-1])
    twin = np.zeros(w.size, dtype=bool)
    twin[1:] |= same
    twin[:-1] |= same
    n = np.bincount(worker, minlength=W)
    twins = np.bincount(w[twin], minlength=W)
    return np.asarray(np.divide(twins, n, out=np.full(W, np.nan), where=n > 0))


def _chance(fast: Floats, fast_n: Floats, calm: Floats, calm_n: Floats) -> Floats:
    """Give the p-value of hurried answers, against unhurried ones of the same worker and of everyone.

    The worker's accuracy when unhurried is Beta: his unhurried evidence, and that of a worker drawn from the
    crowd, whose skills differ as the unhurried answers say. The number of right answers among the hurried is
    then nearly binomial, of fewer answers.
    """
    from scipy.special import betainc

    p = np.full(fast.size, np.nan)
    told, some = fast_n > 0.5, calm_n > 0
    if not some.any():
        return p
    right = np.nan_to_num(calm) * calm_n
    crowd = float((right.sum() + 0.5) / (calm_n.sum() + 1))
    strength = _alike(calm[calm_n >= ENOUGH], calm_n[calm_n >= ENOUGH], crowd)
    n0 = calm_n + strength
    mean = (right + strength * crowd) / n0
    n, h = fast_n[told], fast[told]
    size = n / (1 + np.maximum(n - 1, 0.0) / (n0[told] + 1))
    wrong = size * (1 - h)
    p[told] = np.where(wrong > 1e-9, betainc(np.maximum(wrong, 1e-9), size * h + 1, 1 - mean[told]), 1.0)
    return p


def _alike(share: Floats, n: Floats, crowd: float) -> float:
    """How many answers the knowledge of the crowd is worth, of one worker's accuracy, by the method of moments."""
    if share.size < 3:
        return ENOUGH
    between = float(np.mean((share - crowd) ** 2 - crowd * (1 - crowd) / n))
    return float(np.clip(crowd * (1 - crowd) / max(between, 1e-6) - 1, 2.0, 200.0))
