"""What aggregation of sets gives: the probability of each option of each item, the chosen sets, the workers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Codes, Counts, Flags, Floats, brief
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.label_sets.expected import expected_scores
from crowdqc.quality.label_sets.label_sets import GoldSets, LabelSets

#: Probabilities nearer to one half than this are a tie.
TIE = 1e-9
#: Least and greatest level of intervals.
LEVELS = (0.01, 0.9999)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class SetWorkers:
    """How well each worker's sets match what everybody else says, one entry a worker.

    A worker's own answer never counts for itself: each of his options is judged by the probability that the others
    give it. Answers that nobody else gave any to the same item are left out, unless gold speaks.

    Attributes
    ----------
    answers
        int64.
    recall, recall_low, recall_high
        float64, share of the true options that he chose; NaN and (0, 1) where nothing is known.
    precision, precision_low, precision_high
        float64, share of the options he chose that are true.
    """

    answers: Counts
    recall: Floats
    recall_low: Floats
    recall_high: Floats
    precision: Floats
    precision_low: Floats
    precision_high: Floats


@brief
@dataclass(frozen=True, slots=True, eq=False)
class SetConsensus:
    """The result of an aggregation of sets: one entry a cell, or an item.

    A cell is an option that was offered for an item; cells are sorted by item and then by option.

    Attributes
    ----------
    item, option
        int32[cells].
    probability
        float64[cells], that the option is in the item's true set.
    log_odds
        float64[cells], of the same: tells cells apart whose probability rounds to 0 or 1.
    chosen
        bool[cells]: more likely than not. Ties, and items with neither answers nor gold, are not chosen.
    tied
        bool[cells], as likely as not.
    answers
        int64[n_items].
    known
        bool[n_items], gold items.
    jaccard, f1
        float64[n_items], expected score of the chosen set; NaN for an item with neither answers nor gold.
    options
        Names by code.
    workers
        What was learned of the workers.
    objective
        float64[iterations], log posterior density after each iteration, in nats; empty where options were fitted
        one by one. Never falls.
    converged
        Whether the fit ended by itself.
    """

    item: Codes
    option: Codes
    probability: Floats
    log_odds: Floats
    chosen: Flags
    tied: Flags
    answers: Counts
    known: Flags
    jaccard: Floats
    f1: Floats
    options: tuple[str, ...]
    workers: SetWorkers
    objective: Floats = field(default_factory=lambda: np.zeros(0))
    converged: bool = True

    @property
    def iterations(self) -> int:
        """Iterations of the fit; 0 where options were fitted one by one."""
        return int(self.objective.size)

    def sets(self) -> list[frozenset[str] | None]:
        """The chosen set of each item, by name; None for an item with neither answers nor gold."""
        ends = np.searchsorted(self.item[self.chosen], np.arange(self.answers.size + 1))
        names = [self.options[code] for code in self.option[self.chosen].tolist()]
        silent = (self.answers == 0) & ~self.known
        return [
            None if nobody else frozenset(names[start:stop])
            for nobody, start, stop in zip(silent, ends[:-1], ends[1:], strict=True)
        ]


@brief
@dataclass(slots=True, eq=False)
class Tally:
    """Running sums of how each worker's options fare by the probabilities that the others give."""

    true: Floats
    chosen: Floats
    both: Floats

    @classmethod
    def of(cls, n_workers: int) -> Tally:
        return cls(*(np.zeros(n_workers) for _ in range(3)))

    def add(self, worker: NDArray[np.integer], said: Flags, probability: Floats) -> None:
        """Count answers on one option each: who, whether yes, and the others' probability (NaN for none)."""
        counted = ~np.isnan(probability)
        worker, said, probability = worker[counted], said[counted], probability[counted]
        W = self.true.size
        self.true += np.bincount(worker, weights=probability, minlength=W)
        self.chosen += np.bincount(worker[said], minlength=W)
        self.both += np.bincount(worker[said], weights=probability[said], minlength=W)

    def scores(self, sets: LabelSets, level: float) -> SetWorkers:
        """Turn the sums into shares with intervals."""
        recall, precision = (self._shares(whole, level) for whole in (self.true, self.chosen))
        return SetWorkers(sets.answers_per_worker(), *recall, *precision)

    def _shares(self, whole: Floats, level: float) -> tuple[Floats, Floats, Floats]:
        both = np.minimum(self.both, whole)
        share = np.divide(both, whole, out=np.full(whole.size, np.nan), where=whole > 0)
        return share, *beta_interval(both, whole, level)


def concluded(
    sets: LabelSets,
    gold: GoldSets,
    log_odds: Floats,
    workers: SetWorkers,
    *,
    objective: Floats | None = None,
    converged: bool = True,
) -> SetConsensus:
    """Hold the gold, and choose; of the log odds, float64[n_items, n_options], only what was offered counts."""
    log_odds = np.where(gold.known[:, None], np.where(gold.right, np.inf, -np.inf), log_odds)
    answers = sets.answers_per_item()
    item, option = (code.astype(np.int32) for code in np.nonzero(sets.is_offered()))
    cell = log_odds[item, option]
    probability = 1 / (1 + np.exp(-np.clip(cell, -700, 700)))
    probability[np.isinf(cell)] = cell[np.isinf(cell)] > 0
    silent = ((answers == 0) & ~gold.known)[item]
    chosen = (probability > 0.5 + TIE) & ~silent
    tied = (np.abs(probability - 0.5) <= TIE) & ~silent
    jaccard, f1 = expected_scores(item, probability, chosen, sets.n_items)
    nobody = (answers == 0) & ~gold.known
    return SetConsensus(
        item=item,
        option=option,
        probability=probability,
        log_odds=cell,
        chosen=chosen,
        tied=tied,
        answers=answers,
        known=gold.known,
        jaccard=np.where(nobody, np.nan, jaccard),
        f1=np.where(nobody, np.nan, f1),
        options=sets.options,
        workers=workers,
        objective=np.zeros(0) if objective is None else objective,
        converged=converged,
    )
