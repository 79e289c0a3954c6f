"""Bradley and Terry's model for a crowd in which some compare and some guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.comparisons.ascent import Top, climb, evens, firmness
from crowdqc.quality.comparisons.bradley_terry import BradleyTerry
from crowdqc.quality.comparisons.comparisons import LEFT, SAME, Comparisons
from crowdqc.quality.comparisons.components import components
from crowdqc.quality.comparisons.laplace import Information
from crowdqc.quality.comparisons.ranking import LEVELS, InvalidRanking, Judges, Ranking
from crowdqc.quality.comparisons.spread import Spread, check_spread, concluded, fit
from crowdqc.quality.groups import sums
from crowdqc.quality.parameters import check_number, check_whole

#: Least probability of an answer: a guess is never quite impossible, but may round to it.
LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class NoisyBradleyTerry:
    """Worker j compares, as in Bradley and Terry's model, with the probability r_j; else he guesses left with q_j.

    "same" is half an answer of each side.

    Parameters
    ----------
    spread
        Standard deviation of the normal prior of the scores, or "learned" from them (empirical Bayes).
    reliable, guessed
        Answers of each worker known to be comparisons, and known to be guesses, beforehand: what a worker with few
        answers is taken for.
    sides
        Guesses of each worker to each side beforehand.
    level
        Of the intervals.
    max_iterations, tolerance
        Stop when no part of the gradient exceeds `tolerance` times the root of the log posterior.

    Notes
    -----
    The joint log posterior of scores, reliabilities and leanings is climbed by L-BFGS from the scores of the plain
    model; it can have several maxima. Errors are those of Laplace's approximation with expected information:
    those of the scores hold the workers as they were found, those of the workers hold the scores. Wider scores and
    less reliable workers explain much the same answers: the order of items is far better known than the scale of
    scores, and with some tens of comparisons an item or fewer the learned spread comes out too small.

    References
    ----------
    X. Chen, P. N. Bennett, K. Collins-Thompson, E. Horvitz (2013), Pairwise ranking aggregation in a crowdsourced
    setting, WSDM: the model with workers who err on purpose instead.
    """

    spread: Spread = "learned"
    reliable: float = 2.0
    guessed: float = 1.0
    sides: float = 1.0
    level: float = 0.95
    max_iterations: int = 1000
    tolerance: float = 1e-7

    def __post_init__(self) -> None:
        check_spread(self.spread)
        if self.spread == np.inf:
            raise InvalidRanking("Without a prior the model has no finite maximum.", mend="Give a finite spread.")
        check_number(self, "reliable", "guessed", "sides", low=0.01)
        check_number(self, "level", low=LEVELS[0], high=LEVELS[1])
        check_number(self, "tolerance")
        check_whole(self, "max_iterations")

    def fit(self, comparisons: Comparisons) -> Ranking:
        """Score the items and the workers."""
        n, W = comparisons.n_items, comparisons.n_workers
        left, right, worker = comparisons.left, comparisons.right, comparisons.worker
        said_left = np.where(comparisons.choice == SAME, 0.5, comparisons.choice == LEFT)

        component = components(left, right, n)

        def log_posterior(x: Floats, spread: float) -> tuple[float, Floats]:
            score, skill, lean = np.split(x, (n, n + W))
            chance = _Chances.at(x, comparisons)
            value = said_left @ np.log(chance.left) + (1 - said_left) @ np.log(chance.right)
            pull = said_left / chance.left - (1 - said_left) / chance.right
            by_ahead = pull * chance.by_ahead
            gradient = np.concatenate(
                [
                    sums(left, by_ahead, n) - sums(right, by_ahead, n),
                    sums(worker, pull * chance.by_skill, W),
                    sums(worker, pull * chance.by_lean, W),
                ]
            )
            value -= (score @ score) / spread**2 / 2
            gradient[:n] -= score / spread**2
            density, push = evens(lean)
            value += self.sides * density.sum()
            gradient[n + W :] += self.sides * push
            reliability = _logistic(skill)
            value -= self.reliable * np.logaddexp(0, -skill).sum() + self.guessed * np.logaddexp(0, skill).sum()
            gradient[n : n + W] += self.reliable - (self.reliable + self.guessed) * reliability
            return float(value), gradient

        def under(spread: float, start: Floats, roughly: float) -> tuple[Top, Information]:
            top = climb(
                lambda x: log_posterior(x, spread),
                start,
                max_iterations=self.max_iterations,
                tolerance=self.tolerance * roughly,
            )
            chance = _Chances.at(top.at, comparisons)
            return top, Information(left, right, chance.by_ahead**2 / chance.doubt, np.full(n, spread**-2))

        plain = BradleyTerry(spread=self.spread, position=False, tolerance=1e-4).fit(comparisons)
        skill = np.full(W, np.log(self.reliable / self.guessed))
        start = np.concatenate([np.nan_to_num(plain.score), skill, np.zeros(W)])
        found = fit(under, start, component, self.spread)
        return concluded(comparisons, found, component, self.level, judges=self._judges(comparisons, found.top.at))

    def _judges(self, comparisons: Comparisons, at: Floats) -> Judges:
        from scipy.special import ndtri

        n, W = comparisons.n_items, comparisons.n_workers
        _, skill, lean = np.split(at, (n, n + W))
        chance = _Chances.at(at, comparisons)

        def expected(one: Floats, other: Floats) -> Floats:
            return sums(comparisons.worker, one * other / chance.doubt, W)

        sharp = expected(chance.by_skill, chance.by_skill) + (self.reliable + self.guessed) / 2 * firmness(skill)
        leaning = expected(chance.by_lean, chance.by_lean) + self.sides * firmness(lean)
        shared = expected(chance.by_skill, chance.by_lean)
        error = 1 / np.sqrt(sharp - shared**2 / leaning)
        width = ndtri((1 + self.level) / 2)
        answers = comparisons.answers_per_worker()

        def of_busy(log_odds: Floats) -> Floats:
            return np.where(answers > 0, _logistic(log_odds), np.nan)

        return Judges(
            answers=answers,
            reliability=of_busy(skill),
            reliability_low=of_busy(skill - width * error),
            reliability_high=of_busy(skill + width * error),
            left=of_busy(lean),
        )


@brief
@dataclass(frozen=True, slots=True, eq=False)
class _Chances:
    """Probability of each answer's two sides, and its derivatives by what it depends on."""

    left: Floats
    right: Floats
    by_ahead: Floats
    by_skill: Floats
    by_lean: Floats

    @classmethod
    def at(cls, x: Floats, comparisons: Comparisons) -> Self:
        n, W = comparisons.n_items, comparisons.n_workers
        score, skill, lean = np.split(x, (n, n + W))
        ahead = score[comparisons.left] - score[comparisons.right]
        better, worse = _logistic(ahead), _logistic(-ahead)
        compares, guesses = (_logistic(sign * skill)[comparisons.worker] for sign in (1, -1))
        to_left, to_right = (_logistic(sign * lean)[comparisons.worker] for sign in (1, -1))
        return cls(
            left=np.maximum(compares * better + guesses * to_left, LEAST),
            right=np.maximum(compares * worse + guesses * to_right, LEAST),
            by_ahead=compares * better * worse,
            by_skill=(better - to_left) * compares * guesses,
            by_lean=guesses * to_left * to_right,
        )

    @property
    def doubt(self) -> Floats:
        """Variance of each answer."""
        return np.maximum(self.left * self.right, LEAST)


def _logistic(log_odds: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(log_odds / 2))
