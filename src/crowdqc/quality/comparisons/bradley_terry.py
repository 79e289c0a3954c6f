"""Bradley and Terry's model: the better an item, the likelier it is preferred, whoever is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from crowdqc.quality.arrays import Floats
from crowdqc.quality.comparisons.ascent import Top, climb_straight
from crowdqc.quality.comparisons.comparisons import Comparisons
from crowdqc.quality.comparisons.components import components, strongly_connected
from crowdqc.quality.comparisons.davidson import Pairs, Posterior
from crowdqc.quality.comparisons.laplace import Information
from crowdqc.quality.comparisons.ranking import LEVELS, InvalidRanking, Ranking
from crowdqc.quality.comparisons.spread import Spread, check_spread, concluded, fit
from crowdqc.quality.parameters import check_choice, check_number, check_whole


@dataclass(frozen=True, slots=True)
class BradleyTerry:
    """The left item is preferred with the log odds: its score, less that of the right one, plus a position bias.

    Parameters
    ----------
    spread
        Standard deviation of the normal prior of the scores, or "learned" from them (empirical Bayes). With it an
        item that always wins has a finite score. Infinity is maximum likelihood, which needs that in each
        component every item is joined to every other by a chain of wins.
    ties
        "davidson": "same" has the odds nu against either of two equal items, and smaller ones the more they
        differ; nu is learned. "half": "same" is half a win of each.
    position
        Whether a preference for the left one is learned (with a win of each side as its prior), or taken as none.
    level
        Of the intervals.
    max_iterations, tolerance
        Stop when an iteration moves no score by more than `tolerance`, or at the cap.

    Notes
    -----
    The log posterior is concave, so there is one maximum; Newton's method finds it, over distinct pairs. Errors
    are those of Laplace's approximation. Answers are taken as independent: where workers copy, errors are too
    small.

    References
    ----------
    R. A. Bradley, M. E. Terry (1952), Rank analysis of incomplete block designs, Biometrika 39, 324-345.
    R. R. Davidson (1970), On extending the Bradley-Terry model to accommodate ties, JASA 65, 317-328.
    F. Caron, A. Doucet (2012), Efficient Bayesian inference for generalized Bradley-Terry models, Journal of
    Computational and Graphical Statistics 21(1), 174-196: why a prior.

    Examples
    --------
    >>> answers = [("a", "b", "left")] * 3 + [("b", "a", "left"), ("b", "c", "left"), ("c", "b", "same")]
    >>> left, right, choice = zip(*answers)
    >>> ranking = BradleyTerry(position=False).fit(Comparisons.of(left, right, range(6), choice))
    >>> ranking.rank.tolist(), ranking.beats(0, 1).round(2).item()
    ([1, 2, 3], 0.62)
    """

    spread: Spread = "learned"
    ties: Literal["davidson", "half"] = "davidson"
    position: bool = True
    level: float = 0.95
    max_iterations: int = 100
    tolerance: float = 1e-8

    def __post_init__(self) -> None:
        check_spread(self.spread)
        check_choice(self, "ties", ("davidson", "half"))
        check_number(self, "level", low=LEVELS[0], high=LEVELS[1])
        check_number(self, "tolerance")
        check_whole(self, "max_iterations")

    def fit(self, comparisons: Comparisons) -> Ranking:
        """Score the items.

        Raises
        ------
        InvalidRanking
            Without a prior (an infinite `spread`), where some scores have no finite maximum.
        """
        pairs, n = Pairs.of(comparisons), comparisons.n_items
        component = components(pairs.left, pairs.right, n)
        if self.spread == np.inf and not strongly_connected(*pairs.wins(), component):
            raise InvalidRanking(
                "Without a prior some scores are infinite: there are items that no chain of wins joins.",
                mend="Give a finite spread.",
            )
        ties = self.ties == "davidson" and bool(pairs.same.any())

        def under(spread: float, start: Floats, roughly: float) -> tuple[Top, Information]:
            posterior = Posterior(pairs, n, spread, self.position, ties)
            top = climb_straight(
                posterior.slope,
                posterior.curvature,
                start,
                max_iterations=self.max_iterations,
                tolerance=self.tolerance * roughly,
            )
            return top, posterior.information(top.at)

        found = fit(under, np.zeros(n + 2), component, self.spread)
        return concluded(
            comparisons,
            found,
            component,
            self.level,
            position=float(found.top.at[n]) if self.position else float("nan"),
            tie=float(np.exp(found.top.at[n + 1])) if ties else float("nan"),
        )
