"""How often each worker says yes to each option, where it is present and where it is absent: one joint model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from crowdqc.quality.arrays import Flags, Floats, brief
from crowdqc.quality.columns import Places
from crowdqc.quality.label_sets.label_sets import GoldSets, LabelSets

#: Mean log odds of a yes where an option is absent and where it is present, before any answer.
USUAL = (-2.0, 1.0)
#: Standard deviation of their prior.
DOUBT = 1.0


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Spreads:
    """Standard deviations of the priors of workers and of options, and pseudo-items of each prevalence."""

    worker: float
    option: float
    pair: float
    items: float


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """What is learned; index 0 is for an absent option, 1 for a present one.

    Attributes
    ----------
    usual
        float64[2], log odds of a yes of a usual worker to a usual option.
    worker
        float64[2, n_workers], what the worker adds, to any option.
    option
        float64[2, n_options], what the option adds, for any worker.
    pair
        float64[2, n_workers, n_options], what is particular to this worker and this option.
    prevalence
        float64[n_options], share of the items in whose true set the option is.
    """

    usual: Floats
    worker: Floats
    option: Floats
    pair: Floats
    prevalence: Floats

    @classmethod
    def begin(cls, sets: LabelSets) -> Self:
        """Start with workers who are all alike, and options as well."""
        W, n_options = sets.n_workers, sets.n_options
        nothing = np.zeros((2, W)), np.zeros((2, n_options)), np.zeros((2, W, n_options))
        return cls(np.array(USUAL), *nothing, np.full(n_options, 0.5))

    def log_odds(self, present: int) -> Floats:
        """Log odds of a yes, float64[n_workers, n_options]."""
        whole = self.usual[present] + self.worker[present][:, None] + self.option[present]
        return np.asarray(whole + self.pair[present])

    def log_prior(self, spreads: Spreads) -> float:
        """Log density of the prior, up to a constant."""
        density = -((self.usual - USUAL) ** 2).sum() / DOUBT**2 / 2
        for part, spread in (
            (self.worker, spreads.worker),
            (self.option, spreads.option),
            (self.pair, spreads.pair),
        ):
            density -= (part**2).sum() / spread**2 / 2
        return float(density + spreads.items * (np.log(self.prevalence) + np.log1p(-self.prevalence)).sum())


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The answers, as the model sees them.

    Attributes
    ----------
    by
        Sparse float64[n_items, n_workers], how often each worker answered each item.
    cells
        bool[n_items, n_options], what was offered of items that somebody answered.
    gold
        The items whose set is known.
    item, worker, option
        intp[m], each yes.
    asked, yes
        float64[n_workers, n_options], how often each worker was asked for each option, and said yes.
    """

    by: Any
    cells: Flags
    gold: GoldSets
    item: Places
    worker: Places
    option: Places
    asked: Floats
    yes: Floats

    @classmethod
    def of(cls, sets: LabelSets, gold: GoldSets) -> Self:
        from scipy import sparse

        shape = (sets.n_items, sets.n_workers)
        by = sparse.coo_array((np.ones(len(sets)), (sets.item, sets.worker)), shape=shape).tocsr()
        cells = sets.is_offered() & (sets.answers_per_item() > 0)[:, None]
        answer = sets.answer
        item, worker, option = (
            code.astype(np.intp) for code in (sets.item[answer], sets.worker[answer], sets.option)
        )
        yes = np.bincount(worker * sets.n_options + option, minlength=sets.n_workers * sets.n_options)
        return cls(
            by=by,
            cells=cells,
            gold=gold,
            item=item,
            worker=worker,
            option=option,
            asked=np.asarray(by.T @ cells.astype(np.float64)),
            yes=yes.reshape(sets.n_workers, sets.n_options).astype(np.float64),
        )

    @property
    def drawn(self) -> Flags:
        """Cells to be learned; gold was chosen, and says nothing of how common an option is."""
        return np.asarray(self.cells & ~self.gold.known[:, None])

    def shares(self) -> Floats:
        """Share of yes among the answers, gold held, float64[n_items, n_options]."""
        n_items, n_options = self.cells.shape
        yes = np.bincount(self.item * n_options + self.option, minlength=self.cells.size)
        answers = np.maximum(self.by.sum(axis=1), 1)[:, None]
        return self._held(yes.reshape(n_items, n_options) / answers)

    def learn(self, rates: Rates, present: Floats, spreads: Spreads) -> Rates:
        """One maximisation step, from the probability that each option is present, float64[n_items, n_options]."""
        drawn = self.drawn
        count = np.where(drawn, present, 0.0).sum(axis=0) + spreads.items
        prevalence = count / (drawn.sum(axis=0) + 2 * spreads.items)
        usual, worker, option, pair = zip(
            *(
                self._step(rates, t, np.where(self.cells, chance, 0.0), spreads)
                for t, chance in enumerate((1 - present, present))
            ),
            strict=True,
        )
        return Rates(np.array(usual), np.array(worker), np.array(option), np.array(pair), prevalence)

    def _step(
        self, rates: Rates, t: int, weight: Floats, spreads: Spreads
    ) -> tuple[float, Floats, Floats, Floats]:
        """Maximise a quadratic bound below the expected log likelihood: part by part."""
        asked = np.asarray(self.by.T @ weight)
        pairs = self.worker * asked.shape[1] + self.option
        yes = np.bincount(pairs, weight[self.item, self.option], asked.size).reshape(asked.shape)
        worker, option, pair = rates.worker[t], rates.option[t], rates.pair[t]
        half = np.abs(rates.log_odds(t)) / 2
        flat = half < 1e-6
        w = asked * np.where(flat, 0.25, np.tanh(half) / np.where(flat, 1.0, 4 * half))
        gain = yes - asked / 2

        usual = float((gain - w * (worker[:, None] + option + pair)).sum() + USUAL[t] / DOUBT**2)
        usual /= float(w.sum() + 1 / DOUBT**2)
        option = (gain - w * (usual + worker[:, None] + pair)).sum(axis=0) / (w.sum(axis=0) + spreads.option**-2)
        worker = (gain - w * (usual + option + pair)).sum(axis=1) / (w.sum(axis=1) + spreads.worker**-2)
        pair = (gain - w * (usual + worker[:, None] + option)) / (w + spreads.pair**-2)
        return usual, worker, option, pair

    def expect(self, rates: Rates) -> tuple[Floats, float]:
        """Log odds that each option is present, float64[n_items, n_options], and the log likelihood."""
        absent = rates.log_odds(0)
        told = self.told(rates)
        start = np.log(rates.prevalence) - np.log1p(-rates.prevalence)
        known = self.gold.known[:, None]
        log_odds = np.where(known, np.where(self.gold.right, np.inf, -np.inf), told + start)
        value = float((self.yes * absent - self.asked * np.logaddexp(0, absent)).sum())
        value += float(told[self.cells & known & self.gold.right].sum())
        drawn = self.drawn
        value += float(np.logaddexp(0, np.where(drawn, log_odds, -np.inf)).sum())
        value += float((drawn.sum(axis=0) * np.log1p(-rates.prevalence)).sum())
        return log_odds, value

    def told(self, rates: Rates) -> Floats:
        """What the answers alone add to the log odds of each option's presence, float64[n_items, n_options]."""
        no, more = self.weights(rates)
        n_options = no.shape[1]
        by_yes = np.bincount(self.item * n_options + self.option, more[self.worker, self.option], self.cells.size)
        return np.asarray(self.by @ no + by_yes.reshape(self.cells.shape))

    @staticmethod
    def weights(rates: Rates) -> tuple[Floats, Floats]:
        """What a no adds to the log odds of presence, and a yes on top of that, float64[n_workers, n_options]."""
        absent, present = rates.log_odds(0), rates.log_odds(1)
        return np.logaddexp(0, absent) - np.logaddexp(0, present), present - absent

    def _held(self, chance: Floats) -> Floats:
        return np.where(self.gold.known[:, None], self.gold.right, chance)
