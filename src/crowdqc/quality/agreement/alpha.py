"""Krippendorff's alpha for any distance of classes, with missing answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.agreement.cells import Cells, Items
from crowdqc.quality.agreement.chance import within
from crowdqc.quality.agreement.distances import Distance, Nominal
from crowdqc.quality.agreement.measure import NAN, Agreement, Intervals, InvalidAgreement, measure, symmetric
from crowdqc.quality.agreement.numeric import by_number
from crowdqc.quality.agreement.numeric_distances import Ratio, Squared
from crowdqc.quality.agreement.weights import given, numbers
from crowdqc.quality.arrays import Flags, Floats, brief
from crowdqc.quality.votes import Votes

Scale = Literal["nominal", "ordinal", "interval", "ratio"]
#: A scale by name, float64[K, K] distances, or a function of the names of two classes.
AnyScale = Scale | ArrayLike | Callable[[str, str], float]


def krippendorff_alpha(
    votes: Votes,
    *,
    scale: AnyScale = "nominal",
    values: ArrayLike | None = None,
    intervals: Intervals = None,
    level: float = 0.95,
    resamples: int = 1000,
) -> Agreement:
    """Krippendorff's alpha: 1 less the observed disagreement over that expected by chance.

    Only items with two answers or more enter, also into what chance is. Nominal, ordinal and interval alpha take
    time and memory in proportion to the answers, however many classes or distinct numbers there are; a ratio scale
    looks at each two distinct numbers.

    Parameters
    ----------
    scale
        "nominal"; "ordinal", in the declared order of the classes; "interval" and "ratio", for numbers; a
        symmetric table of distances, zero on the diagonal; or a function of the names of two classes.
    values
        The number that each class stands for, float64[K], for "interval" and "ratio"; None reads their names. For
        "ordinal", the order of the classes; None takes the declared one.
    intervals, level, resamples
        A generator for `resamples` bootstrap draws of items; "analytic" for Gwet's variance, which for the ordinal
        scale also follows how its distances move with the answers; None for none: low, high and
        error are then NaN.

    References
    ----------
    K. Krippendorff (2011), Computing Krippendorff's alpha-reliability.
    K. L. Gwet (2014), Handbook of inter-rater reliability, 4th ed., chapter 5: the variance.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2, 3, 3], list("ababab"), ["1", "1", "2", "3", "3", "3"])
    >>> round(krippendorff_alpha(votes).value, 3), round(krippendorff_alpha(votes, scale="interval").value, 3)
    (0.545, 0.828)

    Sets of labels, by the share of labels that are not in both (Jaccard):

    >>> votes = Votes.of([1, 1, 2, 2], list("abab"), ["cat", "cat+dog", "dog", "dog"])
    >>> def jaccard(one: str, other: str) -> float:
    ...     a, b = set(one.split("+")), set(other.split("+"))
    ...     return 1 - len(a & b) / len(a | b)
    >>> round(krippendorff_alpha(votes, scale=jaccard).value, 2)
    0.57
    """
    if isinstance(scale, str) and scale == "ordinal" and values is not None:
        votes, values = by_number(votes, values)
    items = Items.of(votes, alike=isinstance(intervals, np.random.Generator))
    estimate = alpha(items, scale, votes.classes, values)
    return measure(estimate, intervals=intervals, level=level, resamples=resamples)


def alpha(items: Items, scale: AnyScale, classes: tuple[str, ...], values: ArrayLike | None = None) -> Alpha:
    """Krippendorff's alpha of counted items."""
    if not isinstance(scale, str):
        return Alpha.of(items, given(scale, classes))
    if scale not in get_args(Scale):
        choice = ", ".join(get_args(Scale))
        raise InvalidAgreement(f"scale is {scale!r}; it must be one of {choice}, a table or a function.")
    if scale == "ordinal":
        return Alpha.of(items, None)
    if scale == "nominal":
        return Alpha.of(items, Nominal())
    number = numbers(classes, values)
    return Alpha.of(items, Squared(number) if scale == "interval" else Ratio.of(number))


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Alpha:
    """Alpha by a fixed distance, or without one the ordinal, whose distances follow from the counts of classes."""

    items: Items
    distance: Distance | None
    apart: Floats | None

    @classmethod
    def of(cls, items: Items, distance: Distance | None) -> Alpha:
        return cls(items, distance, None if distance is None else _apart(items, distance))

    @property
    def occurs(self) -> Floats:
        return self.items.occurs

    @property
    def pairable(self) -> Flags:
        return self.items.pairable

    @property
    def answers(self) -> Floats:
        return self.items.answers

    def at(self, weight: Floats) -> float:
        weight = weight * self.pairable
        pool = self._pool(weight)
        total = float(pool.total[0])
        if total <= 1:
            return NAN
        distance = self._between(pool)
        apart = distance.toward(pool, pool)
        expected = float(pool.mass @ apart) / (total - 1)
        # relative to the unit of the distances; rounding may leave a little where all say the same
        if not expected > 1e-12 * total * distance.largest:
            return NAN
        return 1 - float(weight @ self._observed(distance)) / expected

    def interval(self, level: float) -> tuple[float, float, float]:
        """Gwet's linearisation of alpha, as in his irrCAC; for the ordinal scale with a term for its distances."""
        use = np.flatnonzero(self.pairable)
        items = Items(self.items.cells.pick(use), self.occurs[use])
        n, r = float(items.occurs.sum()), items.answers
        mean = float(items.occurs @ r) / n
        pool = self._pool(self.occurs * self.pairable)
        share = Cells.pooled(pool.mass / pool.total[0])
        distance = self._between(pool)
        toward = distance.toward(share, share)
        expected = float(share.mass @ toward)
        # of each item: its answers, its own disagreement, and that between it and all answers, all over the mean
        weight, own = r / mean, self._observed(distance)[use] / mean
        cells = items.cells
        outside = cells.per_group(cells.mass * toward[cells.code]) / mean
        rest = float(items.occurs @ own) / n / expected
        small = rest * (1 - 1 / float(pool.total[0]))
        linear = 1 + small * (weight - 1) - own / expected
        linear = linear - 2 * rest * (weight - outside / expected)
        if self.distance is None:
            linear = linear + self._moved(items, share.mass, expected, rest) / mean
        variance = float(items.occurs @ (linear - (1 - rest)) ** 2) / (n * (n - 1)) if n > 1 else NAN
        return symmetric(self.at(self.occurs), variance**0.5, level, n - 1)

    def _pool(self, weight: Floats) -> Cells:
        cells = self.items.cells
        return Cells.pooled(cells.per_code(weight[cells.group] * cells.mass))

    def _between(self, pool: Cells) -> Distance:
        if self.distance is not None:
            return self.distance
        return Squared(_ranks(pool.mass))

    def _observed(self, distance: Distance) -> Floats:
        return _apart(self.items, distance) if self.apart is None else self.apart

    def _moved(self, items: Items, share: Floats, expected: float, rest: float) -> Floats:
        """How far each item moves ordinal alpha by moving the ranks: the chain rule through ranks of shares."""
        value, cells, r = _ranks(share), items.cells, items.answers
        own = cells.per_group(cells.mass * value[cells.code]) / r
        pull = 4 * (items.occurs * r / np.maximum(r - 1, 1))[cells.group] * cells.mass
        observed = cells.per_code(pull * (value[cells.code] - own[cells.group])) / float(items.occurs @ r)
        by_rank = (rest * 4 * share * (value - float(share @ value)) - observed) / expected
        by_share = by_rank[::-1].cumsum()[::-1] - by_rank / 2
        return np.asarray(cells.per_group(cells.mass * by_share[cells.code]) - r * float(share @ by_share))


def _apart(items: Items, distance: Distance) -> Floats:
    """Disagreement within each item over the answers that one could differ from, float64[rows]."""
    return np.asarray(within(items, distance) / np.maximum(items.answers - 1, 1))


def _ranks(mass: Floats) -> Floats:
    """Middle rank of each class, whose differences count the answers between two classes, each end by half."""
    return np.asarray(np.cumsum(mass) - mass / 2)
