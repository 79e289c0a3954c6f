"""GLAD: each worker has an ability, each item a difficulty, and both decide how likely an answer is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.estimation.class_prior import ClassPrior, Prior, check_prior
from crowdqc.quality.estimation.expectation import vote_shares
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.logs import normalised, safe_log
from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.votes import Votes

#: No step is longer than this, and one that does not climb is halved so often before it is given up.
REACH = 2.0
HALVINGS = 30
#: A fall by so small a part is rounding.
ROUNDING = 1e-13
#: Decimals of a parameter. The last bits of a sum depend on its order; without them workers whom nothing but their
#: names tells apart stay alike, and no iteration makes a difference of them.
DECIMALS = 10


@dataclass(frozen=True, slots=True)
class GLAD:
    """Maximum a posteriori estimate of truth, abilities and difficulties by expectation maximisation.

    An answer of a worker of ability a to an item of difficulty d is right with the probability 1 / (1 + exp(-a /
    d)); errors are spread evenly over the other classes. The skill is the ability: 0 is as good as a coin, below
    0 is wrong more often than right. The difficulty is d, above 0: near 0 is an item that whoever is able at all
    gets right, a great one an item where all toss a coin; NaN where nobody answered.

    Parameters
    ----------
    ability, ability_spread
        Mean and standard deviation of the normal prior of abilities.
    ease, ease_spread
        Mean and standard deviation of the normal prior of log(1 / d). Without priors nothing fixes the common
        scale of abilities and difficulties.
    class_prior, class_items
        "uniform", "learned" from the items whose truth is not known, or K probabilities; pseudo-items of each
        class in a learned one.
    max_iterations, tolerance
        Stop when an iteration moves the posteriors by no more than `tolerance` on average, or at the cap.

    Notes
    -----
    With c = a exp(b), b = log(1 / d), and q the posterior of the label that was given, the expected log
    likelihood of an answer is q c - log(1 + exp(c)). Given the items each ability is a logistic regression of its
    own, given the workers each b is one unknown: so all abilities take one Newton step (with the expected
    curvature, which is never negative), then all b, each step halved by itself until it climbs. A maximisation is
    a handful of weighted counts, and the objective, the log posterior density up to a constant, never falls.

    References
    ----------
    J. Whitehill, P. Ruvolo, T. Wu, J. Bergsma, J. Movellan (2009), Whose vote should count more: optimal
    integration of labels from labelers of unknown expertise, NeurIPS 22, with normal priors of its parameters and,
    for more than two classes, errors spread evenly.

    Examples
    --------
    >>> said = {"ann": "xyxyxx", "bob": "xyxyxx", "cid": "xyxyyy", "dan": "xyxyxy"}
    >>> rows = [(item, worker, label) for worker, labels in said.items() for item, label in enumerate(labels)]
    >>> consensus = GLAD().fit(Votes.of(*zip(*rows)))
    >>> consensus.skill.round(2).tolist()
    [1.21, 1.21, 0.57, 1.01]
    >>> consensus.difficulty.round(2).tolist()  # on the last item they are divided
    [0.25, 0.25, 0.25, 0.25, 0.49, 0.93]
    """

    ability: float = 1.0
    ability_spread: float = 1.0
    ease: float = 1.0
    ease_spread: float = 1.0
    class_prior: Prior = "uniform"
    class_items: float = 1.0
    max_iterations: int = 300
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        check_number(self, "ability", "ease", low=-10, high=10)
        check_number(self, "ability_spread", "ease_spread", low=1e-3, high=10)
        check_number(self, "class_items", "tolerance")
        check_whole(self, "max_iterations")
        check_prior(self.class_prior)

    def fit(self, votes: Votes, gold: Gold | Truth | None = None) -> Consensus:
        """Fit the model; gold items are held at their accepted labels and train the workers who answered them."""
        gold = Gold.given(votes, gold)
        K = votes.n_classes
        prior = ClassPrior.of(votes, gold, self.class_prior, self.class_items)
        abilities = Side.of(votes.worker, votes.n_workers, self.ability, self.ability_spread)
        eases = Side.of(votes.item, votes.n_items, self.ease, self.ease_spread)
        cell = votes.item * np.int64(K) + votes.label
        answered = max(int(eases.busy.sum()), 1)
        odds = Odds.of(abilities.of_answers() * np.exp(eases.of_answers()))
        posterior, evidence = vote_shares(votes, gold), np.zeros(0)
        objective: list[float] = []
        # one class, or no answer, teaches nothing
        converged = K < 2 or not len(votes)
        starts, scores = prior.fixed, safe_log(prior.fixed)[prior.kind]
        while not converged and len(objective) < self.max_iterations:
            if objective:
                abilities, eases, odds = _maximised(posterior.reshape(-1)[cell], abilities, eases, odds)
            starts, class_density = prior.learn(posterior)
            scores = _scores(votes, odds, cell) + safe_log(starts)[prior.kind]
            before, (posterior, evidence) = posterior, normalised(gold.clamp(scores))
            objective.append(float(evidence.sum()) + abilities.density() + eases.density() + class_density)
            still = bool(np.abs(posterior - before).sum() <= 2 * self.tolerance * answered)
            converged = still and len(objective) > 1
        scores[~eases.busy & ~gold.known] = safe_log(starts[0])
        return Consensus.of(
            scores,
            votes,
            gold,
            class_prior=starts[0],
            skill=np.where(abilities.busy, abilities.value, np.nan),
            difficulty=np.where(eases.busy, np.exp(-eases.value), np.nan),
            objective=np.array(objective),
            log_likelihood=float(evidence.sum()),
            converged=converged,
        )


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Odds:
    """How likely answers are right, as log odds and probability, and the log of the opposite, float64[n]."""

    log_odds: Floats
    right: Floats
    log_wrong: Floats

    @classmethod
    def of(cls, log_odds: Floats) -> Self:
        small = np.exp(-np.abs(log_odds))
        right = np.where(log_odds >= 0, 1.0, small) / (1 + small)
        return cls(log_odds, right, -np.maximum(log_odds, 0.0) - np.log1p(small))


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The parameters of all workers, or of all items, with their normal prior.

    Attributes
    ----------
    of_answer
        int32[n], whose each answer is.
    value
        float64[size].
    busy
        bool[size], has answers.
    """

    of_answer: Codes
    value: Floats
    busy: Flags
    mean: float
    spread: float

    @classmethod
    def of(cls, of_answer: Codes, size: int, mean: float, spread: float) -> Self:
        busy = np.bincount(of_answer, minlength=size) > 0
        return cls(of_answer, np.full(size, float(mean)), busy, mean, spread)

    def of_answers(self) -> Floats:
        return self.value[self.of_answer]

    def density(self) -> float:
        """Log density of the prior, up to a constant."""
        return float(self._densities().sum())

    def climbed(self, hit: Floats, odds: Odds, slope: Floats, reach: Callable[[Self], Odds]) -> tuple[Self, Odds]:
        """Take a Newton step towards a greater expected log density, each parameter as far as it climbs.

        Parameters
        ----------
        hit
            float64[n], posterior of the label that was given.
        odds, slope
            Log odds of the answers, and their derivatives by these parameters, float64[n].
        reach
            The odds with other values on this side.
        """
        gradient = self._sums((hit - odds.right) * slope) - (self.value - self.mean) / self.spread**2
        curvature = self._sums(odds.right * (1 - odds.right) * slope**2) + 1 / self.spread**2
        step = np.clip(gradient / curvature, -REACH, REACH)
        now = self._worth(hit, odds)
        for _ in range(HALVINGS):
            there = replace(self, value=(self.value + step).round(DECIMALS))
            ahead = reach(there)
            falls = there._worth(hit, ahead) < now - ROUNDING * (1 + np.abs(now))
            if not falls.any():
                return there, ahead
            step[falls] /= 2
        return self, odds

    def _worth(self, hit: Floats, odds: Odds) -> Floats:
        """Expected log density of each parameter's answers and its own, float64[size]."""
        return self._sums(hit * odds.log_odds + odds.log_wrong) + self._densities()

    def _densities(self) -> Floats:
        return np.asarray(-0.5 * ((self.value - self.mean) / self.spread) ** 2)

    def _sums(self, values: Floats) -> Floats:
        sums = np.bincount(self.of_answer, weights=values, minlength=self.value.size)
        return np.asarray(sums, dtype=np.float64)


def _maximised(hit: Floats, abilities: Side, eases: Side, odds: Odds) -> tuple[Side, Side, Odds]:
    ease = np.exp(eases.of_answers())
    abilities, odds = abilities.climbed(hit, odds, ease, lambda side: Odds.of(side.of_answers() * ease))
    ability = abilities.of_answers()
    eases, odds = eases.climbed(
        hit, odds, odds.log_odds, lambda side: Odds.of(ability * np.exp(side.of_answers()))
    )
    return abilities, eases, odds


def _scores(votes: Votes, odds: Odds, cell: Codes) -> Floats:
    """Log probability of each item's answers given each class, float64[n_items, K]."""
    others = np.log(votes.n_classes - 1)
    scores = np.bincount(cell, weights=odds.log_odds + others, minlength=votes.n_items * votes.n_classes)
    scores = scores.reshape(votes.n_items, votes.n_classes)
    scores += np.bincount(votes.item, weights=odds.log_wrong - others, minlength=votes.n_items)[:, None]
    return np.asarray(scores)
