"""How far the items of a set lie apart: the standard deviation of the normal prior of their scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.comparisons.ascent import Top
from crowdqc.quality.comparisons.comparisons import Comparisons
from crowdqc.quality.comparisons.components import centred, shares
from crowdqc.quality.comparisons.laplace import Information
from crowdqc.quality.comparisons.ranking import InvalidRanking, Judges, Ranking, ranks

#: A standard deviation in natural log odds, or to learn it from the comparisons.
Spread = float | Literal["learned"]
#: The usual spread, and how many items it stands for when it is learned.
USUAL, ITEMS = 1.0, 0.5
#: Bounds of what is learned; when the change of a round is small enough to stop; rounds at most.
BOUNDS = (0.05, 20.0)
SMALL = 0.02
ROUNDS = 20
#: How many times its tolerance a fit may miss the top while the spread is learned.
ROUGHLY = 100.0


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The top of the log posterior under a spread, and its curvature there."""

    spread: float
    top: Top
    information: Information


def check_spread(spread: object) -> None:
    """Refuse what is no standard deviation; infinity is no prior at all."""
    number = isinstance(spread, int | float) and not isinstance(spread, bool) and spread > 0
    if not (number or spread == "learned"):
        raise InvalidRanking(f"spread is {spread!r}; it must be a number above 0, or 'learned'.")


def fit(
    under: Callable[[float, Floats, float], tuple[Top, Information]],
    start: Floats,
    component: Codes,
    spread: Spread,
) -> Fit:
    """Fit under a spread, or learn it by turns with the scores.

    `under` climbs to the top under a spread, from a start, with so many times its tolerance.

    It is learned from the squares of the scores over the number of scores that the comparisons tell, and not the
    prior (MacKay's fixed point for the evidence under Laplace's approximation).

    References
    ----------
    D. J. C. MacKay (1992), Bayesian interpolation, Neural Computation 4, 415-447, equations 4.8 to 4.10.
    """
    if spread != "learned":
        return Fit(float(spread), *under(float(spread), start, 1.0))
    joined = component >= 0
    n_components = np.unique(component[joined]).size
    now, gap, step = float(np.log(USUAL)), 0.0, 0.0
    for turn in range(ROUNDS):
        spread = float(np.exp(now))
        top, information = under(spread, start, ROUGHLY)
        start = top.at
        variance = information.errors(component)[0][joined] ** 2
        # the mean of a component is told by the prior alone
        told = max(joined.sum() - n_components - variance.sum() / spread**2, 0.0)
        squares = float((start[: component.size][joined] ** 2).sum())
        before, gap = gap, float(np.log((squares + ITEMS * USUAL**2) / (told + ITEMS)) / 2 - now)
        slope = (gap - before) / step if turn and step else -1.0
        # the secant: by itself the fixed point is neared in small steps where the comparisons tell little
        step = float(np.clip(gap / -slope if slope < 0 else gap, -1.0, 1.0))
        now, before = float(np.clip(now + step, *np.log(BOUNDS))), now
        step = now - before
        if abs(step) < SMALL:
            break
    return Fit(float(np.exp(now)), *under(float(np.exp(now)), start, 1.0))


def concluded(
    comparisons: Comparisons,
    found: Fit,
    component: Codes,
    level: float,
    *,
    position: float = float("nan"),
    tie: float = float("nan"),
    judges: Judges | None = None,
) -> Ranking:
    """Turn the scores at the top of a log posterior into a ranking."""
    from scipy.special import ndtri

    score = centred(found.top.at[: component.size], component)
    error, position_error = found.information.errors(component)
    width = ndtri((1 + level) / 2)
    return Ranking(
        score=score,
        low=score - width * error,
        high=score + width * error,
        error=error,
        probability=shares(score, component),
        rank=ranks(score, component),
        component=component,
        comparisons=comparisons.comparisons_per_item(),
        level=level,
        spread=found.spread,
        position=position,
        position_low=float(position - width * position_error),
        position_high=float(position + width * position_error),
        tie=tie,
        judges=judges,
        objective=found.top.objective,
        converged=found.top.converged,
    )
