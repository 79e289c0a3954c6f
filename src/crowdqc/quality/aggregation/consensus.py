"""What aggregation gives: the posterior of each item, its label, and what was learned of the workers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation import decision
from crowdqc.quality.aggregation.confusion import Confusion
from crowdqc.quality.arrays import CHUNK, Codes, Counts, Flags, Floats
from crowdqc.quality.gold import Gold
from crowdqc.quality.logs import log_sum
from crowdqc.quality.votes import Votes


@dataclass(frozen=True, slots=True)
class Candidate:
    """A method that was tried.

    Attributes
    ----------
    name
    figure
        Mean log probability that it gave to answers it had not seen, in nats; nearer 0 is better.
    behind, error
        How far it is behind the best candidate, and the standard error of that.
    gold
        Share of gold items that it labelled right while they were kept from it; NaN without enough gold.
    note
        What speaks against it, in words; empty for the chosen.
    """

    name: str
    figure: float
    behind: float
    error: float
    gold: float
    note: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, why in words, and everything that was tried."""

    method: str
    reason: str
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Consensus:
    """The result of an aggregation.

    Attributes
    ----------
    posterior
        float64[n_items, K], rows sum to 1. Gold items are restricted to their accepted labels.
    log_posterior
        float64[n_items, K], its logarithm: tells items apart whose posterior rounds to 1.
    label
        int32[n_items], the class code; -1 for an item with neither answers nor gold.
    tied
        bool[n_items], two labels are equally good; the first in the declared order was taken. Never true of gold.
    known
        bool[n_items], gold items.
    class_prior
        float64[K], share of each class among the items whose truth is not known.
    confusion
        What each worker says of each true class; `confusion.table()` is float64[n_workers, K, K]. None for a
        method that has none.
    log_states
        float64[n_items, S], the log posterior of finer states than classes, grade by grade within each class,
        where the method has such; they are what `confusion.evidence` speaks of. None where states are classes.
    skill
        float64[n_workers], the method's own number for how good a worker is (its docstring says on which scale);
        NaN for a worker without answers, None for a method that has none.
    difficulty
        float64[n_items], the method's own number for how hard an item is; None for a method that has none.
    iterations, converged
        How the fit ended.
    objective
        float64[iterations], what the method climbs (log likelihood, log posterior, a bound), in nats; never falls.
    log_likelihood
        Log probability of the answers under the fit, in nats; NaN for a method without a model.
    choice
        Which method this came by, and why, where it was chosen among others.
    voices
        What was learned of the models that spoke with the workers, a `Voices`; None for a method that hears none.
    """

    posterior: Floats
    log_posterior: Floats
    label: Codes
    tied: Flags
    known: Flags
    class_prior: Floats
    confusion: Confusion | None = None
    log_states: Floats | None = None
    skill: Floats | None = None
    difficulty: Floats | None = None
    iterations: int = 0
    converged: bool = True
    objective: Floats = field(default_factory=lambda: np.zeros(0))
    log_likelihood: float = float("nan")
    choice: Choice | None = None
    voices: object = None

    def __repr__(self) -> str:
        items, classes = self.posterior.shape
        parts = [] if self.choice is None else [f"method={self.choice.method!r}"]
        parts.append(f"{items:,} item" + "s" * (items != 1))
        parts.append(f"{classes:,} class" + "es" * (classes != 1))
        if self.known.any():
            parts.append(f"{int(self.known.sum()):,} gold")
        if self.iterations:
            parts.append("converged" if self.converged else "not converged")
        return f"Consensus({', '.join(parts)})"

    @classmethod
    def of(
        cls,
        log_scores: Floats,
        votes: Votes,
        gold: Gold,
        *,
        class_prior: Floats,
        confusion: Confusion | None = None,
        skill: Floats | None = None,
        difficulty: Floats | None = None,
        objective: Floats | None = None,
        log_likelihood: float = float("nan"),
        converged: bool = True,
    ) -> Self:
        """Normalise log scores, float64[n_items, K], restrict them to the gold and decide the labels."""
        known = gold.known
        log_posterior = gold.clamp(log_scores)
        if log_posterior.size:
            log_posterior = log_posterior - log_sum(log_posterior)[:, None]
        posterior = np.exp(log_posterior)
        label, tied = decision.top(posterior)
        silent = (votes.answers_per_item() == 0) & ~known
        label[silent] = -1
        objective = np.zeros(0) if objective is None else objective
        return cls(
            posterior=posterior,
            log_posterior=log_posterior,
            label=label,
            tied=tied & ~silent & ~known,
            known=known,
            class_prior=class_prior,
            confusion=confusion,
            skill=skill,
            difficulty=difficulty,
            iterations=objective.size,
            converged=converged,
            objective=objective,
            log_likelihood=log_likelihood,
        )

    @property
    def confidence(self) -> Floats:
        """Probability of the label, float64[n_items]; NaN where there is no label."""
        return self._of_label(self.posterior)

    @property
    def doubt(self) -> Floats:
        """Probability that the label is wrong, float64[n_items]: 1 - confidence without its rounding."""
        return np.asarray(np.where(self.label < 0, np.nan, self._others().sum(axis=1)))

    @property
    def margin(self) -> Floats:
        """Confidence less the probability of the next best class, float64[n_items]."""
        return np.asarray(self.confidence - self._others().max(axis=1, initial=0.0))

    @property
    def log_odds(self) -> Floats:
        """Log odds of the label, in nats, float64[n_items]: ranks items even where doubt underflows."""
        others = self.log_posterior.copy()
        rows = np.flatnonzero(self.label >= 0)
        others[rows, self.label[rows]] = -np.inf
        return np.asarray(self._of_label(self.log_posterior) - np.logaddexp.reduce(others, axis=1))

    def under(self, costs: ArrayLike) -> Self:
        """Choose the labels anew, so that mistakes are expected to cost least; gold keeps its label.

        `costs[true, said]` is float64[K, K] with a zero diagonal; raises `InvalidCosts`.
        """
        table = decision.check_costs(costs, self.posterior.shape[1])
        label, tied = decision.top(-(self.posterior @ table))
        settled = self.known | (self.label < 0)
        return replace(
            self,
            label=np.where(settled, self.label, label).astype(np.int32),
            tied=tied & ~settled,
        )

    def without_own(self, votes: Votes) -> Floats:
        """Judge each answer by everyone else: probability of its label had its worker not answered the item.

        With confusion matrices the worker's evidence is taken out of the item's log posterior. Without them
        the others' votes are weighed as those of equally good workers, who agree as often as these do. All of
        a worker's repeated answers to an item are left out together. Gold speaks for itself.

        Returns
        -------
        float64[n_answers]
            NaN where nobody else answered the item and it is not gold.
        """
        chances = np.empty(len(votes))
        for part, others in self.others(votes):
            chances[part] = others[np.arange(len(others)), votes.label[part]]
        return chances

    def others(self, votes: Votes) -> Iterator[tuple[slice, Floats]]:
        """Give the posterior of each answer's item had its worker not answered it, as `without_own` says.

        Yields
        ------
        slice, float64[answers of the slice, K]
            One chunk of the answers after the other; a row of NaN where nobody else answered and it is not gold.
        """
        own = np.cumsum(votes.opens_group()) - 1
        own_size = np.bincount(own)[own] if len(votes) else own
        alone = (own_size == votes.answers_per_item()[votes.item]) & ~self.known[votes.item]
        weight = _weight_of_a_vote(votes) if self.confusion is None else 0.0
        for part in _parts(own):
            scores = self._others_scores(votes, part, own[part], weight)
            gilded = self.known[votes.item[part]]
            scores[gilded] = self.log_posterior[votes.item[part][gilded]]
            others = np.exp(scores - log_sum(scores)[:, None])
            others[alone[part]] = np.nan
            yield part, others

    def leaving_out(self, votes: Votes, place: Counts, row: Counts) -> Floats:
        """Give the posterior of items had some of their answers not been given.

        Parameters
        ----------
        place, row
            int64[m], each question asked and an answer, by its row, that is left out of it; questions are numbered
            from 0, rise, and all answers left out of one are to one item.

        Returns
        -------
        float64[questions, K]
            A row of NaN where no answer remains and the item is not gold.
        """
        if not row.size:
            return np.zeros((0, votes.n_classes))
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        item, K = votes.item[row[starts]], votes.n_classes
        left = votes.answers_per_item()[item] - np.diff(starts, append=row.size)
        if self.confusion is None:
            given = np.zeros((item.size, K))
            np.add.at(given, (place, votes.label[row]), 1.0)
            scores = _weight_of_a_vote(votes) * (votes.counts()[item] - given)
            scores[self.known[item]] = self.log_posterior[item[self.known[item]]]
        else:
            states = self.log_posterior if self.log_states is None else self.log_states
            evidence = self.confusion.evidence(votes.worker[row], votes.label[row])
            scores = states[item] - np.add.reduceat(evidence, starts)
            scores = log_sum(scores.reshape(item.size * K, -1)).reshape(-1, K)
        scores[(left == 0) & ~self.known[item]] = np.nan
        highest = scores.max(axis=1, keepdims=True, initial=-np.inf)
        shares = np.exp(scores - np.where(np.isfinite(highest), highest, 0.0))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def _others_scores(self, votes: Votes, part: slice, own: Codes, weight: float) -> Floats:
        """Log scores of the classes from everyone but the answer's worker, float64[answers of part, K]."""
        item, worker, label = votes.item[part], votes.worker[part], votes.label[part]
        group = own - own[0]
        starts = np.flatnonzero(np.diff(own, prepend=own[0] - 1))
        if self.confusion is None:
            given = np.zeros((item.size, votes.n_classes))
            given[np.arange(item.size), label] = 1.0
            others = self._counts(votes, item) - np.add.reduceat(given, starts)[group]
            return np.asarray(weight * others)
        evidence = self.confusion.evidence(worker, label)
        states = self.log_posterior if self.log_states is None else self.log_states
        others = states[item] - np.add.reduceat(evidence, starts)[group]
        if self.log_states is None:
            return np.asarray(others)
        K = votes.n_classes
        return log_sum(others.reshape(item.size * K, -1)).reshape(-1, K)

    def foretells(self, item: Codes, worker: Codes, label: Codes) -> Floats:
        """Log probability that the fit gives to answers that it has not seen, float64[n]."""
        if self.confusion is None:
            raise ValueError("a method without confusion matrices foretells nothing")
        states = self.log_posterior if self.log_states is None else self.log_states
        return log_sum(states[item] + self.confusion.evidence(worker, label))

    @staticmethod
    def _counts(votes: Votes, item: Codes) -> Floats:
        """Votes of the classes on each of the items, which are sorted, float64[len(item), K]."""
        low, high = np.searchsorted(votes.item, (item[0], item[-1] + 1))
        cells = (votes.item[low:high] - item[0]).astype(np.int64) * votes.n_classes + votes.label[low:high]
        counts = np.bincount(cells, minlength=(int(item[-1]) - int(item[0]) + 1) * votes.n_classes)
        return np.asarray(counts.reshape(-1, votes.n_classes)[item - item[0]], dtype=np.float64)

    def _of_label(self, table: Floats) -> Floats:
        if not table.size:
            return np.full(len(table), np.nan)
        chosen = np.take_along_axis(table, np.maximum(self.label, 0)[:, None], axis=1)[:, 0]
        return np.asarray(np.where(self.label < 0, np.nan, chosen))

    def _others(self) -> Floats:
        others = self.posterior.copy()
        rows = np.flatnonzero(self.label >= 0)
        others[rows, self.label[rows]] = 0.0
        return others


def _weight_of_a_vote(votes: Votes) -> float:
    """Log odds that a vote adds, were all workers equally good and their errors spread evenly.

    Two of accuracy a agree with the probability a^2 + (1 - a)^2 / (K - 1): solved for a.
    """
    K = votes.n_classes
    counts = votes.once().counts()
    n = counts.sum(axis=1)
    pairs = (n * (n - 1)).sum()
    if K < 2 or pairs == 0:
        return 0.0
    agree = (counts * (counts - 1)).sum() / pairs
    accuracy = (1 + np.sqrt((K - 1) * max(K * agree - 1, 0.0))) / K
    accuracy = min(accuracy, 1 - 1 / (2 + n.sum()))  # perfect agreement so far is no proof
    return float(np.log(accuracy * (K - 1) / (1 - accuracy)))


def _parts(own: Codes) -> Iterator[slice]:
    """Cut the answers into chunks that never divide a worker's repeated answers to one item."""
    start = 0
    while start < own.size:
        stop = min(start + CHUNK, own.size)
        while stop < own.size and own[stop] == own[stop - 1]:
            stop += 1
        yield slice(start, stop)
        start = stop
