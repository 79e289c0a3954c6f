"""Sets of options, all options at once: what is learned of a worker on one option helps on all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import CHUNK, Floats
from crowdqc.quality.label_sets.label_sets import GoldSets, LabelSets
from crowdqc.quality.label_sets.set_consensus import LEVELS, SetConsensus, SetWorkers, Tally, concluded
from crowdqc.quality.label_sets.yes_rates import Evidence, Rates, Spreads
from crowdqc.quality.parameters import check_number, check_whole


@dataclass(frozen=True, slots=True)
class Joint:
    """Worker j says yes to option o with the log odds m_t + a_jt + g_ot + c_jot; t says if the option is present.

    Dawid and Skene's model for each option, with rates that are drawn together: a is how careful and how generous
    a worker is with any option, g how easily an option is seen, or imagined, by any worker, and c what is
    particular to both. With few answers a worker and an option, c stays near 0: a worker is known by all his
    answers and an option by all its workers, however rare it is. With many, each pair has the rates that its
    answers show.

    Parameters
    ----------
    worker_spread, option_spread, pair_spread
        Standard deviations of the normal priors of a, g and c, in log odds: how unlike workers are, how unlike
        options are, and how particular a worker is about an option.
    prevalence_items
        Pseudo-items with and without each option in its learned prevalence.
    level
        Of the workers' intervals.
    max_iterations, tolerance
        Stop when an iteration moves the probabilities by no more than `tolerance`, as the mean over all cells; or
        at the cap.

    Notes
    -----
    Expectation maximisation of the log posterior. The maximisation step is a logistic regression; one step of it,
    part by part under the quadratic bound of Jaakkola and Jordan, has a closed form and never lets the objective
    fall. Options are independent given the item's answers: that some exclude others is not learned.
    Memory grows with answers, items x options and workers x options.

    References
    ----------
    A. P. Dawid, A. M. Skene (1979), Applied Statistics 28(1), 20-28.
    T. S. Jaakkola, M. I. Jordan (2000), Bayesian parameter estimation via variational methods, Statistics and
    Computing 10, 25-37: the bound.

    Examples
    --------
    >>> said = {"ann": ["x", "xy", "y", ""], "bob": ["x", "xy", "y", ""], "cid": ["y", "y", "x", "xy"]}
    >>> rows = [(item, worker, tuple(each[item])) for worker, each in said.items() for item in range(4)]
    >>> consensus = Joint().fit(LabelSets.of(*zip(*rows)))
    >>> [sorted(chosen) for chosen in consensus.sets()]
    [['x'], ['x', 'y'], ['y'], []]
    """

    worker_spread: float = 1.0
    option_spread: float = 0.75
    pair_spread: float = 0.5
    prevalence_items: float = 1.0
    level: float = 0.95
    max_iterations: int = 500
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        check_number(self, "worker_spread", "option_spread", "pair_spread", "prevalence_items", low=0.001)
        check_number(self, "level", low=LEVELS[0], high=LEVELS[1])
        check_number(self, "tolerance")
        check_whole(self, "max_iterations")

    def fit(self, sets: LabelSets, gold: GoldSets | None = None) -> SetConsensus:
        """Fit all options together; gold sets are held and train the workers who answered them."""
        gold = GoldSets.none(sets) if gold is None else gold
        spreads = Spreads(self.worker_spread, self.option_spread, self.pair_spread, self.prevalence_items)
        evidence, rates = Evidence.of(sets, gold), Rates.begin(sets)
        present = evidence.shares()
        objective: list[float] = []
        moved = np.inf
        while moved > self.tolerance and len(objective) < self.max_iterations:
            rates = evidence.learn(rates, present, spreads)
            log_odds, likelihood = evidence.expect(rates)
            before, present = present, _logistic(log_odds)
            objective.append(likelihood + rates.log_prior(spreads))
            moved = float(np.abs(present - before)[evidence.cells].sum() / max(evidence.cells.sum(), 1))
        return concluded(
            sets,
            gold,
            log_odds,
            self._workers(sets, gold, rates, log_odds),
            objective=np.array(objective),
            converged=bool(moved <= self.tolerance),
        )

    def _workers(self, sets: LabelSets, gold: GoldSets, rates: Rates, log_odds: Floats) -> SetWorkers:
        """Judge each answer by the log odds without its own part in them."""
        no, more = Evidence.weights(rates)
        offered, tally = sets.is_offered(), Tally.of(sets.n_workers)
        alone = (sets.answers_per_item() == 1) & ~gold.known
        rows = max(CHUNK // max(sets.n_options, 1), 1)
        for first in range(0, len(sets), rows):
            last = min(first + rows, len(sets))
            item, worker = sets.item[first:last], sets.worker[first:last]
            said = np.zeros((last - first, sets.n_options), dtype=bool)
            ends = sets.start[first : last + 1]
            said[np.repeat(np.arange(last - first), np.diff(ends)), sets.option[ends[0] : ends[-1]]] = True
            others = log_odds[item] - no[worker] - said * more[worker]
            asked = offered[item] & ~alone[item][:, None]
            answer, _ = np.nonzero(asked)
            tally.add(worker[answer], said[asked], _logistic(others[asked]))
        return tally.scores(sets, self.level)


def _logistic(log_odds: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(log_odds / 2))
