"""MACE: a worker either knows the answer, or does not look and answers from a habit of his own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.estimation.class_prior import ClassPrior, Prior, check_prior
from crowdqc.quality.estimation.expectation import vote_shares
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.logs import normalised, safe_log
from crowdqc.quality.parameters import check_choice, check_number, check_whole
from crowdqc.quality.votes import Votes

Inference = Literal["variational", "em"]

#: Iterations of each start; the best goes on.
TRIAL = 20
#: Objectives nearer than this part are equal: the earlier start is kept.
EVEN = 1e-9
#: Decimals of a count. The last bits of a sum depend on its order; without them workers whom nothing but their
#: names tells apart stay alike, and no iteration makes a difference of them.
DECIMALS = 9


@dataclass(frozen=True, slots=True)
class MACE:
    """Estimate of truth, competence and habits, by variational Bayes or by expectation maximisation.

    With the probability of his competence a worker gives the true label; else he answers whatever the item is, by
    his habit, a distribution over the classes. The skill is the competence. Right for crowds with spammers; a
    worker who looks and mistakes one class for another is described better by `DawidSkene`.

    Parameters
    ----------
    inference
        "variational": the prior below, and the objective is the bound on the log evidence. "em": maximum
        likelihood with `smoothing`, and the objective is the log posterior that this climbs.
    guess, know
        Pseudo-answers of each worker that he guessed and that he knew: the Beta prior of competence, alpha and
        beta in the authors' program. Below 1 they expect workers who nearly always know, or hardly ever.
    habit
        Pseudo-guesses of each class: the Dirichlet prior of habits; many keep them near even.
    smoothing
        Of "em": this, divided by K, is added to all expected counts.
    class_prior, class_items
        "uniform", "learned" from the items whose truth is not known, or K probabilities; pseudo-items of each
        class in a learned one.
    restarts, seed
        Starts. The first is the vote, all competences 1/2 and all habits even; the others draw the competences.
        Workers whom nothing but their names tells apart are given the same, and nothing depends on names, codes or
        the order of rows. Each start is followed for 20 iterations, and the one with the greatest objective to its
        end.
    max_iterations, tolerance
        Stop when an iteration moves the posteriors by no more than `tolerance` on average, or at the cap.

    References
    ----------
    D. Hovy, T. Berg-Kirkpatrick, A. Vaswani, E. Hovy (2013), Learning whom to trust with MACE, NAACL-HLT,
    1120-1130.

    Examples
    --------
    >>> said = {"ann": "xyxyzx", "bob": "xyxyzx", "cid": "xyxyzy", "spam": "zzzzzz"}
    >>> rows = [(item, worker, label) for worker, labels in said.items() for item, label in enumerate(labels)]
    >>> consensus = MACE().fit(Votes.of(*zip(*rows)))
    >>> consensus.label.tolist(), consensus.skill.round(1).tolist()
    ([0, 1, 0, 1, 2, 0], [0.9, 0.9, 0.7, 0.1])
    """

    inference: Inference = "variational"
    guess: float = 0.5
    know: float = 0.5
    habit: float = 10.0
    smoothing: float = 0.01
    class_prior: Prior = "uniform"
    class_items: float = 1.0
    restarts: int = 10
    seed: int = 0
    max_iterations: int = 300
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        check_choice(self, "inference", get_args(Inference))
        check_number(self, "guess", "know", "habit", low=1e-3)
        check_number(self, "smoothing", low=1e-6)
        check_number(self, "class_items", "tolerance")
        check_whole(self, "restarts", "max_iterations")
        check_whole(self, "seed", low=0, high=2**63 - 1)
        check_prior(self.class_prior)

    def fit(self, votes: Votes, gold: Gold | Truth | None = None) -> Consensus:
        """Fit the model; gold items are held at their accepted labels and train the workers who answered them."""
        gold = Gold.given(votes, gold)
        crowd = Crowd.of(votes, gold, ClassPrior.of(votes, gold, self.class_prior, self.class_items))
        if not len(votes):
            scores = safe_log(crowd.prior.fixed[:1]).repeat(votes.n_items, axis=0)
            silent = np.full(votes.n_workers, np.nan)
            return Consensus.of(scores, votes, gold, class_prior=crowd.prior.fixed[0], skill=silent)
        trial = min(TRIAL, self.max_iterations)
        runs = (self._followed(crowd, crowd.begun(start), trial) for start in self._starts(votes, gold))
        run = self._followed(crowd, reduce(_better, runs), self.max_iterations)
        scores = run.scores
        scores[(votes.answers_per_item() == 0) & ~gold.known] = safe_log(run.starts[0])
        return Consensus.of(
            scores,
            votes,
            gold,
            class_prior=run.starts[0],
            confusion=run.habits,
            skill=np.where(crowd.given.any(axis=1), run.habits.competence, np.nan),
            objective=np.array(run.objective),
            log_likelihood=crowd.log_likelihood(run.habits, run.starts),
            converged=run.converged,
        )

    def _starts(self, votes: Votes, gold: Gold) -> Iterator[Habits]:
        W, K = votes.n_workers, votes.n_classes
        yield Habits.of(np.full(W, 0.5), np.full((W, K), 1 / K))
        shares = vote_shares(votes, gold)[votes.item, votes.label]
        backed = np.bincount(votes.worker, weights=shares, minlength=W).round(DECIMALS)
        alike, which = np.unique(backed, return_inverse=True)
        counts = np.bincount(votes.worker * np.int64(K) + votes.label, minlength=W * K).reshape(W, K)
        own: Floats = (counts + 1.0) / (counts + 1.0).sum(axis=1, keepdims=True)
        rng = np.random.default_rng(self.seed)
        for _ in range(self.restarts - 1):
            yield Habits.of(rng.uniform(0.01, 0.99, size=alike.size)[which.reshape(-1)], own)

    def _followed(self, crowd: Crowd, run: Run, iterations: int) -> Run:
        """Iterate on until there are so many iterations, or the posteriors stand still."""
        objective, posterior, habits = list(run.objective), run.posterior, run.habits
        scores, starts, converged = run.scores, run.starts, run.converged
        while not converged and len(objective) < iterations:
            starts, class_density = crowd.prior.learn(posterior)
            habits, density = self._learned(crowd.given, crowd.known(habits, posterior))
            before = posterior
            scores, posterior, evidence = crowd.expected(habits, starts)
            objective.append(evidence + density + class_density)
            converged = bool(np.abs(posterior - before).sum() <= 2 * self.tolerance * crowd.answered)
        return Run(habits, scores, starts, posterior, tuple(objective), converged)

    def _learned(self, given: Floats, known: Floats) -> tuple[Habits, float]:
        """Learn from the answers of each kind, and how many of them were known, both float64[n_workers, K].

        The second is the log density of the prior, or less the divergence from it.
        """
        guessed = np.maximum(given - known, 0.0)
        knew = known.sum(axis=1)
        if self.inference == "em":
            return self._smoothed(guessed, knew)
        from scipy.special import betaln, digamma, gammaln

        K = given.shape[1]
        a, b = self.guess + guessed.sum(axis=1), self.know + knew
        log_guess, log_know = digamma(a) - digamma(a + b), digamma(b) - digamma(a + b)
        x = self.habit + guessed
        total = x.sum(axis=1)
        log_habit = digamma(x) - digamma(total)[:, None]
        apart = betaln(self.guess, self.know) - betaln(a, b)
        apart += (a - self.guess) * log_guess + (b - self.know) * log_know
        apart += gammaln(total) - gammaln(x).sum(axis=1) + (guessed * log_habit).sum(axis=1)
        apart += K * gammaln(self.habit) - gammaln(K * self.habit)
        habits = Habits.of_logs(b / (a + b), x / total[:, None], log_guess, log_know, log_habit)
        return habits, -float(apart.sum())

    def _smoothed(self, guessed: Floats, knew: Floats) -> tuple[Habits, float]:
        K = guessed.shape[1]
        extra = self.smoothing / K
        guesses = guessed.sum(axis=1)
        competence = (knew + extra) / (guesses + knew + 2 * extra)
        habit = (guessed + extra) / (guesses + K * extra)[:, None]
        habits = Habits.of(competence, habit)
        density = np.log(competence).sum() + np.log1p(-competence).sum() + np.log(habit).sum()
        return habits, extra * float(density)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """What each worker knows, and says when he does not.

    Attributes
    ----------
    competence, habit
        float64[n_workers], float64[n_workers, K]: means.
    log_miss, lead
        float64[n_workers, K]: log probability of a label where another is true, and how much likelier it is where
        it is true itself; under variational inference exponentials of the mean logarithms take the place of
        probabilities.
    """

    competence: Floats
    habit: Floats
    log_miss: Floats
    lead: Floats

    @classmethod
    def of(cls, competence: Floats, habit: Floats) -> Self:
        return cls.of_logs(competence, habit, np.log1p(-competence), np.log(competence), np.log(habit))

    @classmethod
    def of_logs(
        cls, competence: Floats, habit: Floats, log_guess: Floats, log_know: Floats, log_habit: Floats
    ) -> Self:
        log_miss = log_guess[:, None] + log_habit
        return cls(competence, habit, log_miss, np.logaddexp(0.0, log_know[:, None] - log_miss))

    def table(self) -> Floats:
        """P(said | true), float64[n_workers, K, K], rows true."""
        known = self.competence[:, None, None] * np.eye(self.habit.shape[1])
        return np.asarray(known + ((1 - self.competence)[:, None] * self.habit)[:, None, :])

    def evidence(self, worker: Codes, label: Codes) -> Floats:
        """Log P(said | true) of answers, float64[n, K], columns true."""
        logs = np.repeat(self.log_miss[worker, label][:, None], self.habit.shape[1], axis=1)
        logs[np.arange(label.size), label] += self.lead[worker, label]
        return logs


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """How far a start has come: habits, log scores float64[n_items, K], rows of the class prior, posterior."""

    habits: Habits
    scores: Floats
    starts: Floats
    posterior: Floats
    objective: tuple[float, ...]
    converged: bool


def _better(one: Run, other: Run) -> Run:
    ahead = other.objective[-1] - one.objective[-1]
    return other if ahead > EVEN * abs(one.objective[-1]) else one


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """The answers as cells of two tables.

    Attributes
    ----------
    cell, pair
        int64[n], places in items x classes and in workers x classes.
    given
        float64[n_workers, K], answers of each kind.
    answered
        Items with answers.
    """

    item: Codes
    cell: NDArray[np.int64]
    pair: NDArray[np.int64]
    given: Floats
    answered: int
    gold: Gold
    prior: ClassPrior

    @classmethod
    def of(cls, votes: Votes, gold: Gold, prior: ClassPrior) -> Self:
        W, K = votes.n_workers, votes.n_classes
        pair = votes.worker * np.int64(K) + votes.label
        return cls(
            item=votes.item,
            cell=votes.item * np.int64(K) + votes.label,
            pair=pair,
            given=np.bincount(pair, minlength=W * K).reshape(W, K).astype(np.float64),
            answered=int(np.count_nonzero(votes.answers_per_item())),
            gold=gold,
            prior=prior,
        )

    def begun(self, habits: Habits) -> Run:
        starts = self.prior.fixed
        scores, posterior, _ = self.expected(habits, starts)
        return Run(habits, scores, starts, posterior, (), False)

    def expected(self, habits: Habits, starts: Floats) -> tuple[Floats, Floats, float]:
        """Give log scores and posterior, float64[n_items, K] both, and the log evidence."""
        n_items, K = self.prior.kind.size, self.given.shape[1]
        leads = np.bincount(self.cell, weights=habits.lead.reshape(-1)[self.pair], minlength=n_items * K)
        scores = np.asarray(leads.reshape(n_items, K), dtype=np.float64)
        scores += np.bincount(self.item, weights=habits.log_miss.reshape(-1)[self.pair], minlength=n_items)[
            :, None
        ]
        scores += safe_log(starts)[self.prior.kind]
        posterior, evidence = normalised(self.gold.clamp(scores))
        return scores, posterior, float(evidence.sum())

    def known(self, habits: Habits, posterior: Floats) -> Floats:
        """Count the answers that were known, by worker and label, float64[n_workers, K]."""
        knew = -np.expm1(-habits.lead)  # if the label is true
        true = np.bincount(self.pair, weights=posterior.reshape(-1)[self.cell], minlength=self.given.size)
        return np.asarray((true.reshape(self.given.shape) * knew).round(DECIMALS))

    def log_likelihood(self, habits: Habits, starts: Floats) -> float:
        """Log probability of the answers under the means."""
        return self.expected(Habits.of(habits.competence, habits.habit), starts)[2]
