"""Intraclass correlation of numeric answers: the share of their variance that is between items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.agreement.cells import Items
from crowdqc.quality.agreement.measure import NAN, Agreement, Intervals, InvalidAgreement, measure
from crowdqc.quality.agreement.numeric import votes_of
from crowdqc.quality.agreement.weights import numbers
from crowdqc.quality.arrays import Flags, Floats, brief
from crowdqc.quality.votes import Votes

if TYPE_CHECKING:
    from crowdqc.quality.ratings.ratings import Ratings

Kind = Literal["ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"]


def intraclass_correlation(
    votes: Votes | Ratings,
    *,
    kind: Kind = "ICC1",
    values: ArrayLike | None = None,
    intervals: Intervals = None,
    level: float = 0.95,
    resamples: int = 1000,
) -> Agreement:
    """How much of the variance of numeric answers lies between items, in the terms of Shrout and Fleiss.

    Parameters
    ----------
    votes
        Votes whose classes are numbers, or `Ratings`.
    kind
        "ICC1": each item has workers of its own, as in a crowd; the answers may be unequally many. "ICC2": the
        same workers, a sample of many, answer every item, and a worker's bias counts as error. "ICC3": just these
        workers, and a bias common to all a worker's answers does not count. With "k": of the mean of an item's
        answers instead of one answer.
    values
        The number that each class stands for, float64[K]; None reads their names.
    intervals, level, resamples
        "analytic" for the interval by the F distribution; a generator for `resamples` bootstrap draws of items;
        None for none: low, high and error are then NaN.

    Raises
    ------
    InvalidAgreement
        ICC2 or ICC3 where a worker did not answer every item.

    Notes
    -----
    With unequal numbers of answers k is n0 = (N - sum of n_i^2 / N) / (items - 1), as in an analysis of variance
    with unequal groups, and the interval is an approximation.

    References
    ----------
    P. E. Shrout, J. L. Fleiss (1979), Intraclass correlations: uses in assessing rater reliability, Psychological
    Bulletin 86(2), 420-428.
    K. O. McGraw, S. P. Wong (1996), Forming inferences about some intraclass correlation coefficients,
    Psychological Methods 1(1), 30-46.

    Examples
    --------
    The six targets and four judges of Shrout and Fleiss:

    >>> table = ["9258", "6132", "8468", "7126", "10 5 6 9", "6247"]
    >>> said = [row.split() if " " in row else list(row) for row in table]
    >>> votes = Votes.of(*zip(*[(i, j, x) for i, row in enumerate(said) for j, x in enumerate(row)], strict=True))
    >>> [round(intraclass_correlation(votes, kind=kind).value, 2) for kind in ("ICC1", "ICC2", "ICC3", "ICC1k")]
    [0.17, 0.29, 0.71, 0.44]
    """
    if kind not in get_args(Kind):
        raise InvalidAgreement(f"kind is {kind!r}; it must be one of {', '.join(get_args(Kind))}.")
    if not isinstance(votes, Votes):
        votes = votes_of(votes)
    number = numbers(votes.classes, values)
    if kind in ("ICC1", "ICC1k"):
        items = Items.of(votes, alike=isinstance(intervals, np.random.Generator))
        estimate: OneWay | TwoWay = one_way(items, number, mean=kind == "ICC1k")
    else:
        estimate = two_way(votes, number, kind)
    return measure(estimate, intervals=intervals, level=level, resamples=resamples)


def is_complete(votes: Votes) -> bool:
    """Whether each worker who answered at all answered each item that has answers."""
    once = votes.once()
    items, workers = np.count_nonzero(once.answers_per_item()), np.count_nonzero(once.answers_per_worker())
    return len(once) == items * workers


def one_way(items: Items, number: Floats, *, mean: bool) -> OneWay:
    """ICC1 of counted items, or ICC1k."""
    cells, n = items.cells, items.answers
    value = number[cells.code]
    own = cells.per_group(cells.mass * value) / n
    squares = cells.per_group(cells.mass * (value - own[cells.group]) ** 2)
    return OneWay(own, squares, n, items.pairable, items.occurs, mean)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class OneWay:
    """An analysis of variance by item: means and sums of squares about them, one a row."""

    own: Floats
    squares: Floats
    answers: Floats
    pairable: Flags
    occurs: Floats
    mean: bool

    def at(self, weight: Floats) -> float:
        _, _, k, between, inside = self._squares(weight)
        whole = between if self.mean else between + (k - 1) * inside
        return (between - inside) / whole if whole > 0 else NAN

    def interval(self, level: float) -> tuple[float, float, float]:
        items, answers, k, between, inside = self._squares(self.occurs)
        low, high = _by_f(between, inside, (items - 1, answers - items), k, level, mean=self.mean)
        return NAN, low, high

    def _squares(self, weight: Floats) -> tuple[float, float, float, float, float]:
        """Items, answers, answers an item, mean squares between and inside items."""
        items, answers = float(weight.sum()), float(weight @ self.answers)
        if items < 2 or answers <= items:
            return items, answers, NAN, NAN, NAN
        k = (answers - float(weight @ self.answers**2) / answers) / (items - 1)
        grand = float((weight * self.answers) @ self.own) / answers
        between = float((weight * self.answers) @ (self.own - grand) ** 2) / (items - 1)
        return items, answers, k, between, float(weight @ self.squares) / (answers - items)


def two_way(votes: Votes, number: Floats, kind: Kind) -> TwoWay:
    """ICC2 or ICC3 of answers of which none is missing."""
    once = votes.once()
    if not is_complete(once):
        raise InvalidAgreement(
            f"{kind} needs every worker to have answered every item; ICC1 takes answers that are missing."
        )
    workers = int(np.count_nonzero(once.answers_per_worker()))
    table = number[once.label].reshape(-1, max(workers, 1))  # sorted by item and then by worker
    return TwoWay(table, np.full(len(table), float(workers)), np.ones(len(table)), kind)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class TwoWay:
    """An analysis of variance by item and by worker: the answers, float64[items, workers]."""

    table: Floats
    answers: Floats
    occurs: Floats
    kind: Kind

    @property
    def pairable(self) -> Flags:
        return np.asarray(self.answers >= 2)

    def at(self, weight: Floats) -> float:
        items, between, workers, error = self._squares(weight)
        k, judges = self.table.shape[1], self.kind in ("ICC2", "ICC2k")
        single = not self.kind.endswith("k")
        bias = (workers - error) / items if judges and items else 0.0
        whole = between + (k - 1) * error + k * bias if single else between + bias
        return (between - error) / whole if whole > 0 else NAN

    def interval(self, level: float) -> tuple[float, float, float]:
        n, between, workers, error = self._squares(self.occurs)
        k, mean = self.table.shape[1], self.kind.endswith("k")
        if self.kind in ("ICC3", "ICC3k"):
            return NAN, *_by_f(between, error, (n - 1, (n - 1) * (k - 1)), k, level, mean=mean)
        from scipy.special import fdtri

        tail = (1 + level) / 2
        single = (between - error) / (between + (k - 1) * error + k * (workers - error) / n)
        judges, rest = k * single * workers, error * (n * (1 + (k - 1) * single) - k * single)
        scale = (n - 1) * judges**2 + rest**2
        if not scale > 0:
            return NAN, NAN, NAN
        freedom = (k - 1) * (n - 1) * (judges + rest) ** 2 / scale  # Satterthwaite's
        up, down = float(fdtri(n - 1, freedom, tail)), float(fdtri(freedom, n - 1, tail))
        noise = k * workers + (k * n - k - n) * error
        low = n * (between - up * error) / (up * noise + n * between)
        high = n * (down * between - error) / (noise + n * down * between)
        return NAN, *((_of_mean(low, k), _of_mean(high, k)) if mean else (low, high))

    def _squares(self, weight: Floats) -> tuple[float, float, float, float]:
        """Items, and the mean squares between items, between workers, and of what is left."""
        items, k = float(weight.sum()), self.table.shape[1]
        if items < 2 or k < 2:
            return items, NAN, NAN, NAN
        by_item, by_worker = self.table.mean(axis=1), weight @ self.table / items
        grand = float(by_worker.mean())
        left = self.table - by_item[:, None] - by_worker + grand
        between = k * float(weight @ (by_item - grand) ** 2) / (items - 1)
        workers = items * float(((by_worker - grand) ** 2).sum()) / (k - 1)
        return items, between, workers, float(weight @ (left**2).sum(axis=1)) / ((items - 1) * (k - 1))


def _by_f(
    between: float, inside: float, freedom: tuple[float, float], k: float, level: float, *, mean: bool
) -> tuple[float, float]:
    """Ends of the interval where the ratio of two mean squares is F distributed but for a factor."""
    from scipy.special import fdtri

    tail = (1 + level) / 2
    up, down = float(fdtri(*freedom, tail)), float(fdtri(*freedom[::-1], tail))
    ends = (between - up * inside), (down * between - inside)
    noise = (0.0, 0.0) if mean else ((k - 1) * up * inside, (k - 1) * inside)
    whole = between + noise[0], down * between + noise[1]
    low, high = (end / each if each > 0 else NAN for end, each in zip(ends, whole, strict=True))
    return low, high


def _of_mean(single: float, k: int) -> float:
    """Spearman and Brown: what the mean of k answers has, where one has so much."""
    whole = 1 + (k - 1) * single
    return k * single / whole if whole > 0 else NAN
