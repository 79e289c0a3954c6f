"""What pairwise comparisons give: a score of each item with its interval, and what was learned of the workers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Counts, Floats, brief

#: Scores nearer than this are equal: far above rounding, far below what one comparison weighs.
TIE = 1e-9
#: Least and greatest level of intervals.
LEVELS = (0.01, 0.9999)


class InvalidRanking(Invalid):
    """The scores cannot be computed under such a prior."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Judges:
    """How each worker compares, one entry a worker; NaN for one without answers.

    Attributes
    ----------
    answers
        int64, comparisons made.
    reliability, reliability_low, reliability_high
        float64, share of the answers that come from comparing; the rest are guesses.
    left
        float64, probability of "left" in a guess.
    """

    answers: Counts
    reliability: Floats
    reliability_low: Floats
    reliability_high: Floats
    left: Floats


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The result of a ranking; one entry an item, in the order of the comparisons' items.

    Scores are compared within a component only: two items that no chain of comparisons joins stand on two scales.

    Attributes
    ----------
    score
        float64, log strength, with the mean 0 in each component; NaN for an item that was never compared.
    low, high
        float64, interval of the score at `level`.
    error
        float64, standard error of the score.
    probability
        float64, strength as a share of its component's: the probability of being chosen among all of them (Luce).
    rank
        int32, 1 for the best of its component, equal for equal scores; 0 for an item that was never compared.
    component
        int32, the number of the connected component, by its first item; -1 for an item that was never compared.
    comparisons
        int64, comparisons that the item was in.
    level
        Probability with which an interval is to hold the score.
    spread
        Standard deviation of the normal prior of the scores, given or learned.
    position, position_low, position_high
        Log odds that the left one of two equal items is preferred; NaN where a method does not learn it.
    tie
        Davidson's nu: the odds of "same" between equal items against either one; NaN where it is not learned.
    judges
        What was learned of the workers; None for a method that learns nothing of them.
    objective
        float64[iterations], log posterior density after each iteration, in nats, up to a constant; never falls.
    converged
        Whether the fit ended by itself.
    """

    score: Floats
    low: Floats
    high: Floats
    error: Floats
    probability: Floats
    rank: Codes
    component: Codes
    comparisons: Counts
    level: float
    spread: float
    position: float = float("nan")
    position_low: float = float("nan")
    position_high: float = float("nan")
    tie: float = float("nan")
    judges: Judges | None = None
    objective: Floats = field(default_factory=lambda: np.zeros(0))
    converged: bool = True

    @property
    def iterations(self) -> int:
        """Iterations of the fit."""
        return int(self.objective.size)

    def beats(self, first: ArrayLike, second: ArrayLike) -> Floats:
        """Probability that one item is preferred to another, were positions even and ties split, float64.

        NaN for items of two components. `first` and `second` are item codes of shapes that broadcast.
        """
        one, other = np.broadcast_arrays(np.asarray(first), np.asarray(second))
        joined = (self.component[one] == self.component[other]) & (self.component[one] >= 0)
        ahead = np.where(joined, self.score[one] - self.score[other], np.nan)
        return np.asarray(0.5 + 0.5 * np.tanh(ahead / 2))


def ranks(score: Floats, component: Codes) -> Codes:
    """Rank the scores within each component, int32[n_items], 1 for the greatest; 0 where there is no component.

    >>> ranks(np.array([0.5, 2.0, 0.5, -1.0, np.nan]), np.array([0, 0, 0, 3, -1])).tolist()
    [2, 1, 2, 1, 0]
    """
    found = np.zeros(score.size, dtype=np.int32)
    order = np.lexsort((-score, component))
    order = order[component[order] >= 0]
    if not order.size:
        return found
    value, group = score[order], component[order]
    opens = np.ones(order.size, dtype=bool)
    opens[1:] = group[1:] != group[:-1]
    lower = opens.copy()
    lower[1:] |= value[:-1] - value[1:] > TIE
    place = np.arange(order.size)
    first = np.maximum.accumulate(np.where(opens, place, 0))
    found[order] = np.maximum.accumulate(np.where(lower, place, 0)) - first + 1
    return found
