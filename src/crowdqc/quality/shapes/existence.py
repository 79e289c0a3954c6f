"""Whether what some workers drew is there: misses and false alarms, learned jointly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Codes, Counts, Floats, brief
from crowdqc.quality.groups import sums
from crowdqc.quality.logs import safe_log
from crowdqc.quality.parameters import check_number, check_whole

#: How near 0 and 1 a rate may come.
EDGE = 1e-9
#: Rounds of the maximisation step: its equations hold the rates on both sides.
ROUNDS = 5


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Who drew which candidates, and who could have.

    Attributes
    ----------
    item, worker
        int32[answers].
    drawer
        int32[boxes], the worker of each box.
    candidate
        int64[boxes], the candidate that it belongs to; no answer has two of one candidate.
    of_item
        int64[candidates], the item that a candidate is on.
    n_items, n_workers
        Their numbers.
    """

    item: Codes
    worker: Codes
    drawer: Codes
    candidate: Counts
    of_item: Counts
    n_items: int
    n_workers: int

    def by_candidate(self, values: Floats) -> Floats:
        """Sum values of workers, float64[n_workers], over those who drew each candidate."""
        return sums(self.candidate, values[self.drawer], self.of_item.size)

    def by_item(self, values: Floats) -> Floats:
        """Sum values of workers, float64[n_workers], over the answers to each item."""
        return sums(self.item, values[self.worker], self.n_items)

    def drawn_by(self, values: Floats) -> Floats:
        """Sum values of candidates, float64[candidates], over what each worker drew."""
        return sums(self.drawer, values[self.candidate], self.n_workers)

    def before(self, values: Floats) -> Floats:
        """Sum values of items, float64[n_items], over the answers of each worker."""
        return sums(self.worker, values[self.item], self.n_workers)

    def on_item(self, values: Floats) -> Floats:
        """Sum values of candidates over the items they are on, float64[n_items]."""
        return sums(self.of_item, values, self.n_items)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Existence:
    """Which candidates are objects.

    Attributes
    ----------
    probability
        float64[candidates].
    seen, false
        float64[n_workers], probability that a worker draws what is there, and that he draws what is not and yet
        could be taken for something.
    unseen
        float64[n_items], expected number of objects that nobody drew.
    objective
        float64[iterations], log posterior, in nats; never falls.
    converged
        Whether the fit ended by itself.
    """

    probability: Floats
    seen: Floats
    false: Floats
    unseen: Floats
    objective: Floats
    converged: bool


@dataclass(frozen=True, slots=True)
class SeenOrNot:
    """Two kinds of candidates, objects and mistakes, each drawn by each worker with a probability of his own.

    A candidate is known only because somebody drew it. So the probability of who drew it is taken given that
    somebody did: without that, a worker among five would seem to make every fifth mistake that can be made, and
    two who made the same one would be no surprise.

    Parameters
    ----------
    seen, missed
        Pseudo-objects that each worker drew and did not draw.
    false, passed
        Pseudo-mistakes that each worker made and did not make.
    real, unreal
        Pseudo-candidates that are objects and that are none.
    max_iterations, tolerance
        Stop when an iteration moves the probabilities by no more than `tolerance` on average, or at the cap.

    Notes
    -----
    Expectation maximisation in which the candidates of either kind that nobody drew are missing data as well:
    where n of a kind are expected, and all workers together miss one with probability q, n q / (1 - q) more are
    expected to be there. All is sums over boxes and answers; nothing has the size candidates x workers.

    References
    ----------
    A. P. Dempster, N. M. Laird, D. B. Rubin (1977), Maximum likelihood from incomplete data via the EM algorithm,
    JRSS B 39(1), section 4.2: truncated data.
    """

    seen: float = 4.0
    missed: float = 1.0
    false: float = 0.5
    passed: float = 9.5
    real: float = 2.0
    unreal: float = 1.0
    max_iterations: int = 500
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        # without any prior a rate may become 0, and one contrary box would then rule out all else
        check_number(self, "seen", "missed", "false", "passed", "real", "unreal", low=1e-3)
        check_number(self, "tolerance")
        check_whole(self, "max_iterations")

    def fit(self, drawn: Drawn) -> Existence:
        """Learn the rates and what is there."""
        rates = (
            np.full(drawn.n_workers, self.seen / (self.seen + self.missed)),
            np.full(drawn.n_workers, self.false / (self.false + self.passed)),
        )
        real, unreal = self._evidence(drawn, *rates, self.real / (self.real + self.unreal))
        probability, n = _expit(real - unreal), drawn.of_item.size
        objective: list[float] = []
        converged = n == 0
        while not converged and len(objective) < self.max_iterations:
            share = (probability.sum() + self.real) / (n + self.real + self.unreal)
            rates = (
                _learned(drawn, probability, rates[0], self.seen, self.missed),
                _learned(drawn, 1 - probability, rates[1], self.false, self.passed),
            )
            real, unreal = self._evidence(drawn, *rates, share)
            before, probability = probability, _expit(real - unreal)
            objective.append(float(np.logaddexp(real, unreal).sum()) + self._prior(*rates, share))
            converged = bool(np.abs(probability - before).mean() <= self.tolerance)
        nobody = np.exp(drawn.by_item(np.log1p(-rates[0])))
        expected = drawn.on_item(probability)
        unseen = np.divide(expected * nobody, 1 - nobody, out=np.zeros_like(nobody), where=expected > 0)
        return Existence(probability, *rates, unseen, np.array(objective), converged)

    @staticmethod
    def _evidence(drawn: Drawn, seen: Floats, false: Floats, share: float) -> tuple[Floats, Floats]:
        """Log probability of each candidate's kind and of who drew it, given that somebody did, for both kinds."""
        found = []
        for rate, part in ((seen, share), (false, 1 - share)):
            nobody = drawn.by_item(np.log1p(-rate))
            # items without answers have no candidates
            somebody = np.log(-np.expm1(np.minimum(nobody, -EDGE)))
            drew = drawn.by_candidate(np.log(rate) - np.log1p(-rate))
            found.append(safe_log(np.array(part)) + drew + (nobody - somebody)[drawn.of_item])
        return found[0], found[1]

    def _prior(self, seen: Floats, false: Floats, share: float) -> float:
        pulls = (
            self.seen * np.log(seen) + self.missed * np.log1p(-seen),
            self.false * np.log(false) + self.passed * np.log1p(-false),
        )
        pull = self.real * np.log(share) + self.unreal * np.log1p(-share)
        return float(pulls[0].sum() + pulls[1].sum() + pull)


def _learned(drawn: Drawn, weight: Floats, rate: Floats, yes: float, no: float) -> Floats:
    """Learn how often each worker draws candidates of a kind; `weight` is the probability that each is of it."""
    there = drawn.on_item(weight)
    mine = drawn.drawn_by(weight)
    for _ in range(ROUNDS):
        somebody = -np.expm1(np.minimum(drawn.by_item(np.log1p(-rate)), -EDGE))
        rate = (mine + yes) / (drawn.before(there / somebody) + yes + no)
        rate = np.clip(rate, EDGE, 1 - EDGE)
    return rate


def _expit(score: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * score)))
