"""Numeric answers weighted by how precise their workers are, and cleared of their biases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Codes, Floats
from crowdqc.quality.columns import Places
from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.ratings import variational
from crowdqc.quality.ratings.covariance import effective_shape, marginal_variances
from crowdqc.quality.ratings.estimates import LEVELS, Estimates, Raters, check_gold, concluded
from crowdqc.quality.ratings.ratings import GoldValues, Ratings
from crowdqc.quality.ratings.variational import Answers, Beliefs


@dataclass(frozen=True, slots=True)
class PrecisionWeighted:
    """Worker j says of item i: y = z_i + b_j + e, with e of the standard deviation s_j.

    Values z come from N(m, t^2), biases b from N(0, u^2), precisions 1 / s^2 from a Gamma (so variances from an
    inverse Gamma). m, t, u and the Gamma are learned from all answers (empirical Bayes), so a worker with few
    answers counts as a usual one, and where workers are alike all count the same, as in the mean.

    Parameters
    ----------
    level
        Of the intervals.
    pseudo_answers
        The usual deviation counts as this many answers of each worker at least, and more where workers turn out to
        be alike.
    max_iterations, tolerance
        Stop when an iteration moves no value by more than `tolerance` standard deviations of all answers.

    Notes
    -----
    Values, biases and precisions are believed independent of one another a posteriori (mean-field variational
    Bayes); each step has a closed form and raises the bound on the log evidence, which is the objective. The
    intervals of values and biases then take in that both are uncertain together (see `covariance`).
    A constant may move from all values to all biases without a change in any answer. Without gold the biases have
    the prior mean 0, so the crowd is taken as right on average, and the doubt about it, u^2 / workers, is in the
    intervals; with gold the mean bias is learned. Memory grows with answers, items and workers.

    References
    ----------
    V. C. Raykar et al. (2010), Learning from crowds, JMLR 11, section 5: the model without biases.
    C. M. Bishop (2006), Pattern recognition and machine learning, section 10.1: the method.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(50, 10, size=200)
    >>> item, worker = np.divmod(np.arange(1000), 5)
    >>> bias, deviation = np.array([-4, 2, 0, 1, 1]), np.array([1, 1, 1, 9, 9])
    >>> said = truth[item] + bias[worker] + deviation[worker] * rng.normal(size=1000)
    >>> estimates = PrecisionWeighted().fit(Ratings.of(item, worker, said))
    >>> estimates.raters.bias.round()[:2].tolist(), (estimates.raters.weight > 1).tolist()
    ([-4.0, 2.0], [True, True, True, False, False])
    """

    level: float = 0.95
    pseudo_answers: float = 4.0
    max_iterations: int = 500
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        check_number(self, "level", low=LEVELS[0], high=LEVELS[1])
        check_number(self, "pseudo_answers", low=1.0)
        check_number(self, "tolerance")
        check_whole(self, "max_iterations")

    def fit(self, ratings: Ratings, gold: GoldValues | None = None) -> Estimates:
        """Fit the model; gold values are held and train the workers who rated them."""
        from scipy.special import ndtri

        gold = check_gold(ratings, gold)
        nothing = np.full(ratings.n_items, np.nan)
        if not len(ratings):
            return concluded(ratings, gold, nothing, nothing, nothing, nothing, self.level)
        middle, unit = float(ratings.value.mean()), float(ratings.value.std())
        if unit <= 1e-12 * np.abs(ratings.value).max():
            # answers that are all the same say nothing of errors
            same = np.full(ratings.n_items, ratings.value[0])
            return concluded(ratings, gold, same, nothing, nothing, nothing, self.level)
        items, busy = (np.flatnonzero(n) for n in (ratings.answers_per_item(), ratings.answers_per_worker()))
        answers = Answers(
            item=_renumbered(ratings.item, items, ratings.n_items),
            worker=_renumbered(ratings.worker, busy, ratings.n_workers),
            y=(ratings.value - middle) / unit,
            gold=(gold.value[items] - middle) / unit,
            n=ratings.answers_per_worker()[busy].astype(np.float64),
        )
        beliefs, objective, converged = self._climb(answers)
        value_variance, bias_variance = marginal_variances(answers, beliefs)

        value, error = (np.full(ratings.n_items, np.nan) for _ in range(2))
        value[items] = middle + unit * beliefs.value
        error[items] = unit * np.sqrt(value_variance)
        reach = ndtri((1 + self.level) / 2) * error
        return concluded(
            ratings,
            gold,
            value,
            value - reach,
            value + reach,
            error,
            self.level,
            raters=self._raters(ratings, busy, answers, beliefs, np.sqrt(bias_variance), unit),
            objective=objective - len(ratings) * np.log(unit),
            converged=converged,
        )

    def _climb(self, answers: Answers) -> tuple[Beliefs, Floats, bool]:
        beliefs = variational.begin(answers, self.pseudo_answers / 2)
        least = beliefs.usual * variational.FLOOR**2
        objective: list[float] = []
        moved = np.inf
        while moved > self.tolerance and len(objective) < self.max_iterations:
            before, beliefs = beliefs, variational.step(answers, beliefs, least)
            objective.append(variational.bound(answers, beliefs))
            moved = float(np.abs(beliefs.value - before.value).max()) if len(objective) > 1 else np.inf
        return beliefs, np.array(objective), bool(moved <= self.tolerance)

    def _raters(
        self, ratings: Ratings, busy: Places, answers: Answers, beliefs: Beliefs, bias_error: Floats, unit: float
    ) -> Raters:
        from scipy.special import gammaincinv, ndtri

        def of_all(column: Floats) -> Floats:
            found = np.full(ratings.n_workers, np.nan)
            found[busy] = column
            return found

        reach = ndtri((1 + self.level) / 2) * bias_error
        shape = effective_shape(answers, beliefs)
        precision = beliefs.precision
        least, most = (gammaincinv(shape, (1 + side * self.level) / 2) / shape * precision for side in (-1, 1))
        return Raters(
            answers=ratings.answers_per_worker(),
            bias=of_all(unit * beliefs.bias),
            bias_low=of_all(unit * (beliefs.bias - reach)),
            bias_high=of_all(unit * (beliefs.bias + reach)),
            deviation=of_all(unit / np.sqrt(precision)),
            deviation_low=of_all(unit / np.sqrt(most)),
            deviation_high=of_all(unit / np.sqrt(least)),
            weight=of_all(precision / precision.mean()),
        )


def _renumbered(codes: Codes, used: Places, size: int) -> Codes:
    number = np.zeros(size, dtype=np.int32)
    number[used] = np.arange(used.size)
    return number[codes]
