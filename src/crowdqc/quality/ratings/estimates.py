"""What estimation gives: the value of each item with its interval, and what was learned of the workers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from crowdqc.quality.arrays import Counts, Flags, Floats, brief
from crowdqc.quality.ratings.ratings import GoldValues, InvalidRatings, Ratings


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Raters:
    """How each worker rates, one entry a worker; intervals have the level of the estimates.

    Attributes
    ----------
    answers
        int64, answers given.
    bias, bias_low, bias_high
        float64, how far above the truth he answers, in the unit of the values. A constant can be moved from all
        values to all biases without changing any answer: where no gold says otherwise, biases are those of
        workers who are right on average (a prior of mean 0).
    deviation, deviation_low, deviation_high
        float64, standard deviation of his answers about truth and bias, in the unit of the values.
    weight
        float64, what one answer of his weighs, 1 / deviation squared, with a mean of 1 over those who answered.
    """

    answers: Counts
    bias: Floats
    bias_low: Floats
    bias_high: Floats
    deviation: Floats
    deviation_low: Floats
    deviation_high: Floats
    weight: Floats


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """The result of an estimation; one entry an item, in the order of its ratings' items.

    Attributes
    ----------
    value
        float64, NaN for an item with neither answers nor gold; gold items have their gold.
    low, high
        float64, interval of the value at `level`; infinite where the answers bound nothing.
    error
        float64, standard error of the value: 0 for gold, NaN where it is not known.
    answers
        int64.
    known
        bool, gold items.
    level
        Probability with which an interval is to hold the value.
    raters
        What was learned of the workers; None for a method that learns nothing of them.
    objective
        float64[iterations], what the method maximises, in nats; never falls.
    converged
        Whether the fit ended by itself.
    """

    value: Floats
    low: Floats
    high: Floats
    error: Floats
    answers: Counts
    known: Flags
    level: float
    raters: Raters | None = None
    objective: Floats = field(default_factory=lambda: np.zeros(0))
    converged: bool = True

    @property
    def iterations(self) -> int:
        """Iterations of the fit; 0 for a method that has none."""
        return int(self.objective.size)


#: Least and greatest level of intervals.
LEVELS = (0.01, 0.9999)


def concluded(
    ratings: Ratings,
    gold: GoldValues,
    value: Floats,
    low: Floats,
    high: Floats,
    error: Floats,
    level: float,
    *,
    raters: Raters | None = None,
    objective: Floats | None = None,
    converged: bool = True,
) -> Estimates:
    """Hold the gold, and say nothing of items that nobody answered."""
    answers, known = ratings.answers_per_item(), gold.known
    silent = answers == 0

    def held(column: Floats, unknown: float, gilded: Floats | float) -> Floats:
        found = np.where(silent | np.isnan(column), unknown, column)
        return np.where(known, gilded, found)

    return Estimates(
        value=held(value, np.nan, gold.value),
        low=held(low, -np.inf, gold.value),
        high=held(high, np.inf, gold.value),
        error=held(error, np.nan, 0.0),
        answers=answers,
        known=known,
        level=level,
        raters=raters,
        objective=np.zeros(0) if objective is None else objective,
        converged=converged,
    )


def check_gold(ratings: Ratings, gold: GoldValues | None) -> GoldValues:
    """Take no gold for none, and refuse that of other ratings."""
    gold = GoldValues.none(ratings) if gold is None else gold
    if gold.value.shape != (ratings.n_items,):
        raise InvalidRatings(f"The gold is that of {gold.value.size} items; there are {ratings.n_items}.")
    return gold
