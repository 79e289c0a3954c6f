"""A figure of agreement, and its interval: by formula, or by drawing items anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Flags, Floats

NAN = float("nan")

#: How an interval is made: a generator draws items, "analytic" is by formula, None makes none.
Intervals = np.random.Generator | Literal["analytic"] | None

#: Draws of items that are held at once, in numbers.
_HELD = 1 << 22


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
        Interval of the value, NaN unless asked for, and where there is one item alone.
    error
        Standard error of the value; NaN unless an interval was asked for, and where none is defined (ICC).
    """

    value: float
    items: int
    answers: int
    low: float = NAN
    high: float = NAN
    error: float = NAN


class Estimate(Protocol):
    """A coefficient, ready to be computed for any weights of its rows.

    Attributes
    ----------
    occurs
        float64[rows], the weights that give the coefficient itself: how many items a row stands for.
    pairable
        bool[rows], whether the row's items have two answers to compare.
    answers
        float64[rows], answers to an item of the row.
    """

    @property
    def occurs(self) -> Floats: ...
    @property
    def pairable(self) -> Flags: ...
    @property
    def answers(self) -> Floats: ...

    def at(self, weight: Floats) -> float:
        """The coefficient of a set of items that holds each row so often; NaN where it is not defined."""

    def interval(self, level: float) -> tuple[float, float, float]:
        """Standard error, low and high end, by formula."""


def measure(estimate: Estimate, *, intervals: Intervals, level: float, resamples: int) -> Agreement:
    """Compute a coefficient, with its interval if one is wanted.

    With a generator, a percentile bootstrap over items: answers to one item hang together, rows do not.
    """
    return measure_together([estimate], intervals=intervals, level=level, resamples=resamples)[0]


def measure_together(
    estimates: Sequence[Estimate], *, intervals: Intervals, level: float, resamples: int
) -> list[Agreement]:
    """Compute coefficients of the same rows; all of them see the same draws."""
    if not (intervals is None or intervals == "analytic" or isinstance(intervals, np.random.Generator)):
        raise InvalidAgreement(f"intervals is {intervals!r}; it must be a generator, 'analytic' or None.")
    if not 0 < level < 1:
        raise InvalidAgreement(f"level is {level!r}; it must lie between 0 and 1.")
    found = [_figure(estimate) for estimate in estimates]
    if intervals is None or not any(figure.items for figure in found):
        return found
    if isinstance(intervals, np.random.Generator):
        return _resampled(estimates, found, intervals, level, resamples)
    return [
        figure if np.isnan(figure.value) else _with(figure, *estimate.interval(level))
        for estimate, figure in zip(estimates, found, strict=True)
    ]


def symmetric(value: float, error: float, level: float, freedom: float = np.inf) -> tuple[float, float, float]:
    """Interval of Student's distribution around a value, at most 1; of the normal one without `freedom`."""
    from scipy.special import ndtri, stdtrit

    tail = (1 + level) / 2
    reach = error * float(ndtri(tail) if np.isinf(freedom) else stdtrit(freedom, tail) if freedom > 0 else NAN)
    return error, value - reach, min(value + reach, 1.0)


def _figure(estimate: Estimate) -> Agreement:
    times = estimate.occurs * estimate.pairable
    return Agreement(estimate.at(estimate.occurs), int(times.sum()), int((times * estimate.answers).sum()))


def _with(figure: Agreement, error: float, low: float, high: float) -> Agreement:
    return Agreement(figure.value, figure.items, figure.answers, low, high, error)


def _resampled(
    estimates: Sequence[Estimate],
    found: list[Agreement],
    rng: np.random.Generator,
    level: float,
    resamples: int,
) -> list[Agreement]:
    occurs = estimates[0].occurs
    items = int(occurs.sum())
    step = max(1, _HELD // occurs.size)
    values = np.empty((resamples, len(estimates)))
    for at in range(0, resamples, step):
        draws = rng.multinomial(items, occurs / items, size=min(step, resamples - at))
        for place, draw in enumerate(draws.astype(np.float64), start=at):
            values[place] = [estimate.at(draw) for estimate in estimates]
    return [
        _with(figure, *_percentiles(drawn, level)) if figure.items > 1 else figure
        for figure, drawn in zip(found, values.T, strict=True)
    ]


def _percentiles(values: Floats, level: float) -> tuple[float, float, float]:
    values = values[~np.isnan(values)]
    if not values.size:
        return NAN, NAN, NAN
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(values.std(ddof=1)) if values.size > 1 else NAN, float(low), float(high)
