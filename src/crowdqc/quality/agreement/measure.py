"""A figure of agreement with its interval, computed from how often each item was given each class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Floats
from crowdqc.quality.votes import Votes

#: (counts float64[rows, K], weight float64[rows] how often each row occurs) -> coefficient
Coefficient = Callable[[Floats, Floats], float]


class InvalidAgreement(Invalid):
    """This agreement cannot be computed from these answers."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far workers say the same.

    Attributes
    ----------
    value
        NaN where it is not defined: no item with two answers, or no disagreement to be expected by chance.
    items, answers
        Items with two answers or more, and the answers to them.
    low, high
        Interval of the value, NaN unless asked for.
    """

    value: float
    items: int
    answers: int
    low: float = float("nan")
    high: float = float("nan")


def measure(
    votes: Votes,
    coefficient: Coefficient,
    *,
    intervals: np.random.Generator | None,
    level: float,
    resamples: int,
) -> Agreement:
    """Compute a coefficient over items; one worker's repeated answers count once.

    With a generator, a percentile bootstrap over items: answers to one item hang together, rows do not.
    Items with the same counts are drawn together, so a draw costs as much as there are different counts.
    """
    counts = votes.once().counts()
    counts = counts[counts.any(axis=1)]
    pairable = counts.sum(axis=1) >= 2
    items, answers = int(pairable.sum()), int(counts[pairable].sum())
    rows = counts.astype(np.float64)
    value = coefficient(rows, np.ones(len(rows)))
    if intervals is None or items == 0:
        return Agreement(value, items, answers)
    if not 0 < level < 1:
        raise InvalidAgreement(f"level is {level!r}; it must lie between 0 and 1.")
    patterns, occurs = np.unique(counts, axis=0, return_counts=True)
    rows = patterns.astype(np.float64)
    draws = intervals.multinomial(len(counts), occurs / len(counts), size=resamples)
    values = np.array([coefficient(rows, draw.astype(np.float64)) for draw in draws])
    values = values[~np.isnan(values)]
    if not values.size:
        return Agreement(value, items, answers)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Agreement(value, items, answers, float(low), float(high))
