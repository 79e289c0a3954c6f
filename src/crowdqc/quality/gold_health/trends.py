"""Whether answers to a gold item get better the more workers have seen it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.gold_health.answers import GoldAnswers
from crowdqc.quality.gold_health.chances import above, quantile, sigmoid
from crowdqc.quality.gold_health.easiness import FAR, Easiness
from crowdqc.quality.gold_health.lookalikes import Likely
from crowdqc.quality.workers import q_values

#: Right answers, and wrong ones, without which there is no telling.
FEW = 3


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Trends:
    """Whether answers to a gold item get better the more workers have seen it, one entry a gold item.

    Attributes
    ----------
    rise, low, high
        float64, by how much the log odds of a right answer rise each time that the number of earlier exposures
        doubles, and its interval; NaN where they cannot be told.
    p_value, q_value
        float64, chance of such a rise or a greater one; the same over all gold items.
    """

    rise: Floats
    low: Floats
    high: Floats
    p_value: Floats
    q_value: Floats


def find_trends(answers: GoldAnswers, likely: Likely, order: Floats | None, level: float) -> Trends | None:
    """Test each gold item for answers that get better with the number of earlier exposures; None without order.

    A score test in a logistic model: the worker's own odds are given, the item's ease is free. Workers who get
    better by practice raise it too.

    Parameters
    ----------
    order
        float64[n], of the answers to gold; NaN where it is not known.
    """
    if order is None:
        return None
    told = np.isfinite(likely.odds)
    # without anything but gold, all workers are taken to be alike
    odds = np.where(told, likely.odds, 0.0)
    weight = np.isfinite(order).astype(np.float64)
    before = earlier(answers, order)
    x = before / np.maximum(answers.per_item(weight) - 1, 1)[answers.place]
    right = answers.per_item(answers.right * weight)
    easiness = Easiness.of(answers, odds, weight, 0.0, FAR**2)
    chance = sigmoid(odds + easiness.ease[answers.place])
    spread = chance * (1 - chance) * weight
    total = np.maximum(answers.per_item(spread), 1e-9)
    middle = answers.per_item(spread * x) / total
    apart = x - middle[answers.place]
    score = answers.per_item(apart * (answers.right - chance) * weight)
    known = answers.per_item(apart**2 * spread)
    skew = answers.per_item(apart**3 * spread * (1 - 2 * chance))
    some = (known > 1e-6) & (np.minimum(right, answers.per_item(weight) - right) >= FEW)
    nothing = np.full(answers.n_items, np.nan)
    rise = np.divide(score, known, out=nothing.copy(), where=some)
    error = np.divide(1.0, np.sqrt(np.maximum(known, 1e-12)), out=nothing.copy(), where=some)
    p = np.full(answers.n_items, np.nan)
    p[some] = above(score[some] / np.sqrt(known[some]), skew[some] / known[some] ** 1.5)
    far = quantile(level) * error
    return Trends(rise, rise - far, rise + far, p, q_values(p))


def earlier(answers: GoldAnswers, order: Floats) -> Floats:
    """How many workers had answered the item before each answer, float64[n]; at one time, before none of these."""
    found = np.zeros(len(answers))
    by = np.lexsort((order, answers.place))  # NaN last
    place, time = answers.place[by], order[by]
    opens = np.diff(place, prepend=-1) != 0
    new = opens | (np.diff(time, prepend=np.nan) != 0)
    rank = np.arange(len(answers))
    first_of_item = np.maximum.accumulate(np.where(opens, rank, 0))
    found[by] = np.maximum.accumulate(np.where(new, rank, 0)) - first_of_item
    return found
