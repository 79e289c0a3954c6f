"""Averages, each answer counting the same: mean, median and trimmed mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from crowdqc.quality.arrays import Codes, Counts, Floats, brief
from crowdqc.quality.groups import sums
from crowdqc.quality.parameters import check_number
from crowdqc.quality.ratings.estimates import LEVELS, Estimates, check_gold, concluded
from crowdqc.quality.ratings.ratings import GoldValues, Ratings


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of an item's answers, with Student's interval from that item's answers alone.

    One answer bounds nothing: its interval is infinite. Hard to beat where workers are much alike.

    Examples
    --------
    >>> ratings = Ratings.of([1, 1, 1, 2], ["ann", "bob", "cid", "ann"], [1, 2, 6, 4])
    >>> estimates = Mean().fit(ratings)
    >>> estimates.value.tolist(), estimates.error.round(2).tolist()
    ([3.0, 4.0], [1.53, nan])
    """

    level: float = 0.95

    def __post_init__(self) -> None:
        check_number(self, "level", low=LEVELS[0], high=LEVELS[1])

    def fit(self, ratings: Ratings, gold: GoldValues | None = None) -> Estimates:
        """Average; gold values are held."""
        return TrimmedMean(share=0.0, level=self.level).fit(ratings, gold)


@dataclass(frozen=True, slots=True)
class TrimmedMean:
    """The mean of what is left of an item's answers without the highest and the lowest.

    Parameters
    ----------
    share
        Share of the answers to leave out at each end, rounded down to whole answers; less than half.
    level
        Of the intervals.

    References
    ----------
    J. W. Tukey, D. H. McLaughlin (1963), Less vulnerable confidence and significance procedures for location
    based on a single sample, Sankhya A 25(3), 331-352: the interval, from the Winsorised deviation.
    """

    share: float = 0.2
    level: float = 0.95

    def __post_init__(self) -> None:
        check_number(self, "level", low=LEVELS[0], high=LEVELS[1])
        check_number(self, "share", high=0.499)

    def fit(self, ratings: Ratings, gold: GoldValues | None = None) -> Estimates:
        """Average; gold values are held."""
        from scipy.special import stdtrit

        gold = check_gold(ratings, gold)
        order = _Sorted.of(ratings)
        n = order.n
        cut = np.floor(self.share * n + 1e-9).astype(np.int64)
        kept = np.maximum(n - 2 * cut, 1)
        place = order.place
        inside = (place >= cut[order.item]) & (place < (n - cut)[order.item])
        weights = np.where(inside, order.value, 0.0)
        value = sums(order.item, weights, n.size) / kept
        # what is cut off stands for the answer next to it: Winsorised
        lowest, highest = order.at(cut), order.at(n - 1 - cut)
        drawn_in = np.clip(order.value, lowest[order.item], highest[order.item])
        centre = sums(order.item, drawn_in, n.size) / np.maximum(n, 1)
        squares = sums(order.item, (drawn_in - centre[order.item]) ** 2, n.size)
        several = kept > 1
        spread = np.sqrt(squares / np.maximum(n - 1, 1))
        error = np.where(several, spread / ((1 - 2 * self.share) * np.sqrt(np.maximum(n, 1))), np.nan)
        reach = stdtrit(np.maximum(kept - 1, 1), (1 + self.level) / 2) * error
        return concluded(ratings, gold, value, value - reach, value + reach, error, self.level)


@dataclass(frozen=True, slots=True)
class Median:
    """The middle one of an item's answers, or the mean of the two in the middle.

    The interval goes from one answer to another and holds the median of the population with at least the level,
    whatever the distribution; it is infinite where there are too few answers for any (below 6 for 95%). The
    error is half the interval over the normal quantile.

    References
    ----------
    W. J. Conover (1999), Practical nonparametric statistics, 3rd ed., section 3.2: the interval.
    """

    level: float = 0.95

    def __post_init__(self) -> None:
        check_number(self, "level", low=LEVELS[0], high=LEVELS[1])

    def fit(self, ratings: Ratings, gold: GoldValues | None = None) -> Estimates:
        """Take the middle; gold values are held."""
        from scipy.special import ndtri

        gold = check_gold(ratings, gold)
        order = _Sorted.of(ratings)
        n = order.n
        value = (order.at((n - 1) // 2) + order.at(n // 2)) / 2
        below = _most_below(n, (1 - self.level) / 2)
        bounded = below >= 0
        low = np.where(bounded, order.at(below), -np.inf)
        high = np.where(bounded, order.at(n - 1 - below), np.inf)
        error = np.full(n.size, np.nan)
        error[bounded] = (high - low)[bounded] / (2 * ndtri((1 + self.level) / 2))
        return concluded(ratings, gold, value, low, high, error, self.level)


def _most_below(n: Counts, tail: float) -> Counts:
    """Greatest k with P(Binomial(n, 1/2) <= k) <= tail, int64[n_items]; -1 where there is none."""
    from scipy.special import bdtr

    distinct, which = np.unique(n, return_inverse=True)
    below = np.empty(distinct.size, dtype=np.int64)
    for place, size in enumerate(distinct.tolist()):
        # all of the tail lies within 40 standard deviations of the middle
        first = max(0, int(size / 2 - 20 * np.sqrt(size)))
        k = np.arange(first, size // 2 + 1)
        below[place] = first - 1 + np.count_nonzero(bdtr(k, size, 0.5) <= tail)
    return below[which]


@brief
@dataclass(frozen=True, slots=True, eq=False)
class _Sorted:
    """The answers of each item from the lowest to the highest."""

    item: Codes
    value: Floats
    n: Counts
    first: Counts

    @classmethod
    def of(cls, ratings: Ratings) -> Self:
        order = np.lexsort((ratings.value, ratings.item))
        n = ratings.answers_per_item()
        return cls(ratings.item[order], ratings.value[order], n, np.cumsum(n) - n)

    @property
    def place(self) -> Counts:
        """The place of each answer among those of its item, from 0, int64[n]."""
        return np.arange(self.value.size) - self.first[self.item]

    def at(self, place: Counts) -> Floats:
        """The answer of each item at a place, float64[n_items]; NaN where there is none."""
        found = np.full(self.n.size, np.nan)
        there = (place >= 0) & (place < self.n)
        found[there] = self.value[(self.first + place)[there]]
        return found
