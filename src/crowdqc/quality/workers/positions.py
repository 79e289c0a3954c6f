"""Who leans to one place on the screen, or to one label, more than the items warrant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.parameters import check_number
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.columns import InvalidColumn, column
from crowdqc.quality.workers.discoveries import q_values
from crowdqc.quality.workers.matrices import Matrices, pseudo_answers

#: Halvings in which a worker's skill is found.
STEPS = 50


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Leanings:
    """One entry a worker: the place that he leans to most, and whether that is more than chance.

    Attributes
    ----------
    place
        int32, the place, or the class code; -1 where nothing is known.
    answers
        float64, answers that the test rests on, as answers to items whose truth is known.
    chosen, expected
        float64, how many of them chose the place, and how many were to be expected.
    excess, low, high
        float64, (chosen - expected) / answers and its interval: the share of his answers that go to the place
        without reason. It is that of the most suspicious of all places: look at it only with a small q-value.
    p_value, q_value
        float64, chance that one who leans to no place has one so suspicious; the same over all workers.
    """

    place: Codes
    answers: Floats
    chosen: Floats
    expected: Floats
    excess: Floats
    low: Floats
    high: Floats
    p_value: Floats
    q_value: Floats


@dataclass(frozen=True, slots=True)
class PositionTest:
    """A test of each place for each worker, corrected for the number of places.

    Parameters
    ----------
    least
        Answers that a worker must have for a test, as answers to items whose truth is known.
    level
        Of the intervals.
    """

    least: float = 20.0
    level: float = 0.95

    def __post_init__(self) -> None:
        check_number(self, "least", low=1.0)
        check_number(self, "level", low=0.5, high=0.9999)

    def run(self, matrices: Matrices) -> Leanings:
        """Test for a label, that is for a place where classes always stand in the same order.

        Expected is what a worker would say who errs in the direction that everyone else does, and as often as he
        does. So neither the shares of the classes on his items nor a class that is hard for everybody count
        against him; a misunderstanding of his own does: read his recalls before you blame his finger.
        """
        W, K = matrices.n_workers, matrices.n_classes
        chosen, expected, spread, drawn = (np.zeros((W, K)) for _ in range(4))
        total = sum((matrices.expected(part).sum(axis=0) for part in matrices.parts()), np.zeros((K, K)))
        for part in matrices.parts():
            own = matrices.known(part)
            others = total - matrices.expected(part) + pseudo_answers(K)
            rates = _as_good_as(own, others / others.sum(axis=2, keepdims=True))
            met = own.sum(axis=2, keepdims=True)
            chosen[part] = own.sum(axis=1)
            expected[part] = (met * rates).sum(axis=1)
            spread[part] = (met * rates * (1 - rates)).sum(axis=1)
            found = (own + pseudo_answers(K)) / (met + pseudo_answers(K).sum(axis=1)[:, None])
            drawn[part] = (met * found * (1 - found)).sum(axis=1)
        return self._conclude(chosen, expected, spread, drawn)

    def run_places(self, votes: Votes, places: ArrayLike) -> Leanings:
        """Test for a place on the screen where the order of the classes is shuffled.

        Expected is the share of the place among everyone else's answers: whatever is true, it stands anywhere.
        Where everybody leans to the same place, nobody does so more than the others: look at the shares.

        Parameters
        ----------
        places
            int[n], in the order of the votes (see `beside`), from 0: where the chosen label stood; below 0 or
            NaN where it is not known.

        Raises
        ------
        InvalidColumn
            The places are not one whole number an answer.
        """
        given = column(places, votes, "places")
        known = given >= 0
        if (given[known] % 1).any() or given[known].max(initial=0) > 1000:
            raise InvalidColumn("places must be whole numbers from 0 to 1000, the first place being 0.")
        P = int(given[known].max(initial=-1)) + 1
        cell = votes.worker[known].astype(np.int64) * P + given[known].astype(np.int64)
        chosen = np.bincount(cell, minlength=votes.n_workers * P).reshape(votes.n_workers, P).astype(np.float64)
        others = chosen.sum(axis=0) - chosen
        n = chosen.sum(axis=1, keepdims=True)
        share = (others + 0.5) / (others.sum(axis=1, keepdims=True) + 0.5 * P)
        found = (chosen + 0.5) / (n + 0.5 * P)
        return self._conclude(chosen, n * share, n * share * (1 - share), n * found * (1 - found))

    def _conclude(self, chosen: Floats, expected: Floats, spread: Floats, drawn: Floats) -> Leanings:
        """Choose the most suspicious place, float64[n_workers, places] each."""
        from scipy.special import ndtri

        W, P = chosen.shape
        n = chosen.sum(axis=1)
        tested = (n >= self.least) if P > 1 else np.zeros(W, dtype=bool)
        each = np.ones((W, max(P, 1)))
        if tested.any():
            each[tested] = _chance(chosen[tested], expected[tested], spread[tested])
        best = each.argmin(axis=1)
        p = np.where(tested, np.minimum(each.min(axis=1) * P, 1.0), np.nan)

        def of_best(table: Floats) -> Floats:
            return np.where(
                tested, np.take_along_axis(table, best[:, None], axis=1)[:, 0] if P else np.nan, np.nan
            )

        excess = np.divide(of_best(chosen - expected), n, out=np.full(W, np.nan), where=tested)
        error = np.divide(np.sqrt(of_best(drawn)), n, out=np.full(W, np.nan), where=tested)
        half = -ndtri((1 - self.level) / 2) * error
        return Leanings(
            place=np.where(tested, best, -1).astype(np.int32),
            answers=n,
            chosen=of_best(chosen),
            expected=of_best(expected),
            excess=excess,
            low=np.maximum(excess - half, -1.0),
            high=np.minimum(excess + half, 1.0),
            p_value=p,
            q_value=q_values(p),
        )


def _as_good_as(own: Floats, crowd: Floats) -> Floats:
    """Rates of a worker with the crowd's direction of error and his own number of right answers.

    The log odds of each recall of the crowd are shifted by one number a worker.

    Parameters
    ----------
    own
        float64[workers, K, K], his answers by truth and label.
    crowd
        float64[workers, K, K], what everyone else says of each class.
    """
    from scipy.special import expit, logit

    recall = np.clip(np.einsum("wcc->wc", crowd), 1e-6, 1 - 1e-6)
    met = own.sum(axis=2) + pseudo_answers(own.shape[1]).sum(axis=1)
    right = np.einsum("wcc->w", own) + np.diag(pseudo_answers(own.shape[1])).sum()
    low, high = np.full(len(own), -20.0), np.full(len(own), 20.0)
    for _ in range(STEPS):
        middle = (low + high) / 2
        more = (met * expit(logit(recall) + middle[:, None])).sum(axis=1) > right
        low, high = np.where(more, low, middle), np.where(more, middle, high)
    shifted = expit(logit(recall) + middle[:, None])
    rates = crowd * ((1 - shifted) / (1 - recall))[:, :, None]
    index = np.arange(own.shape[1])
    rates[:, index, index] = shifted
    return np.asarray(rates)


def _chance(chosen: Floats, expected: Floats, spread: Floats) -> Floats:
    """Chance of so many or more: that of the binomial distribution with the same mean and variance."""
    from scipy.special import betainc

    p = np.ones(chosen.shape)
    some = (chosen > 1e-9) & (expected > 1e-9) & (spread > 1e-9) & (chosen > expected)
    e, v, x = expected[some], spread[some], chosen[some]
    rate = np.clip(1 - v / e, 1e-9, 1 - 1e-9)
    size = np.maximum(e / rate, x)
    p[some] = betainc(x, size - x + 1, rate)
    return p
