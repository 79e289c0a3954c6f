"""What each worker says of each true class: P(said | true), with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.logs import safe_log
from crowdqc.quality.pairs import Pairs


class Confusion(Protocol):
    """The confusion matrices of all workers, without holding n_workers x K x K numbers."""

    def table(self) -> Floats:
        """P(said | true), float64[n_workers, K, K], rows true.

        A row of zeros is a class that the worker never met (possible only without a prior).
        """

    def evidence(self, worker: Codes, label: Codes) -> Floats:
        """Log P(said | state) of answers, float64[n, S]; the states are those of `Consensus.log_states`."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class PairConfusion:
    """A matrix of its own for each worker, learned from counts under a Dirichlet prior.

    Attributes
    ----------
    pairs
        The (worker, label) pairs that occur.
    counts
        float64[pairs, K], expected answers of each pair to items of each true class.
    pseudo
        float64[K, K], pseudo-answers of each worker before he has answered, rows true.
    log_rates
        float64[pairs, K], log P(said | true).
    """

    pairs: Pairs
    counts: Floats
    pseudo: Floats
    log_rates: Floats

    def mass(self) -> Floats:
        """Answers and pseudo-answers of each worker to items of each true class, float64[n_workers, K]."""
        mass = np.tile(self.pseudo.sum(axis=1), (self.pairs.n_workers, 1))
        mass[self.pairs.busy] += self.pairs.by_worker(self.counts)
        return mass

    def table(self) -> Floats:
        mass = self.mass()
        table = self.pseudo / np.where(mass > 0, mass, 1.0)[:, :, None]
        table[self.pairs.worker, :, self.pairs.label] = np.exp(self.log_rates)
        return np.asarray(table)

    def evidence(self, worker: Codes, label: Codes) -> Floats:
        pair = self.pairs.of(worker, label)
        logs = self.log_rates[pair]
        new = pair < 0
        if new.any():
            mass = self.mass()[worker[new]]
            logs[new] = safe_log(self.pseudo.T[label[new]] / np.where(mass > 0, mass, 1.0))
        return np.asarray(logs)

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Equal-tailed credible interval of each cell, float64[n_workers, K, K] twice.

        The marginal of the Dirichlet posterior of a row is a Beta. The expected counts are taken for counts.
        """
        alpha = np.tile(self.pseudo, (self.pairs.n_workers, 1, 1))
        alpha[self.pairs.worker, :, self.pairs.label] += self.counts
        return beta_quantiles(alpha, alpha.sum(axis=2, keepdims=True) - alpha, level)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class GradedConfusion:
    """Matrices for items of several grades of difficulty: the states are grades within classes.

    Attributes
    ----------
    states
        The matrices whose rows are the states, float64[pairs, K * grades] and so on.
    share
        float64[K, grades], share of each grade among the items of a class.
    """

    states: PairConfusion
    share: Floats

    def evidence(self, worker: Codes, label: Codes) -> Floats:
        return self.states.evidence(worker, label)

    def table(self) -> Floats:
        K, G = self.share.shape
        by_grade = self.states.table().reshape(-1, K, G, K)
        return np.asarray((by_grade * self.share[:, :, None]).sum(axis=2))

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Equal-tailed credible interval of each cell, float64[n_workers, K, K] twice, all grades as one."""
        K, G = self.share.shape
        mass = self.states.mass().reshape(-1, K, G).sum(axis=2)
        table = self.table()
        return beta_quantiles(table * mass[:, :, None], (1 - table) * mass[:, :, None], level)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class SampledConfusion:
    """Matrices of which draws are known: their means, and how far the draws spread.

    Attributes
    ----------
    mean
        The posterior means.
    variance
        float64[pairs, K], posterior variance of each rate.
    draws
        float32[n_workers, draws], draws of each worker's accuracy on items as they come.
    """

    mean: PairConfusion
    variance: Floats
    draws: NDArray[np.float32]

    def evidence(self, worker: Codes, label: Codes) -> Floats:
        return self.mean.evidence(worker, label)

    def table(self) -> Floats:
        return self.mean.table()

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Equal-tailed credible interval of each cell, float64[n_workers, K, K] twice.

        Those of the Beta with the cell's mean and variance.
        """
        pairs, table = self.mean.pairs, self.table()
        # a label that the worker never used: the Dirichlet of his mean counts
        spread = np.repeat(self.mean.mass()[:, :, None], pairs.n_classes, axis=2)
        rate, variance = np.exp(self.mean.log_rates), np.maximum(self.variance, 1e-12)
        spread[pairs.worker, :, pairs.label] = np.maximum(rate * (1 - rate) / variance - 1, 1e-3)
        return beta_quantiles(table * spread, (1 - table) * spread, level)

    def accuracy_interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Equal-tailed credible interval of each worker's accuracy, float64[n_workers] twice."""
        low, high = np.quantile(self.draws, [(1 - level) / 2, (1 + level) / 2], axis=1)
        return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class CoinConfusion:
    """One accuracy a worker, errors spread evenly over the other classes.

    Attributes
    ----------
    accuracy
        float64[n_workers].
    n_classes
        K.
    """

    accuracy: Floats
    n_classes: int

    def table(self) -> Floats:
        right, wrong = self._rates()
        eye = np.eye(self.n_classes)
        return np.asarray(right[:, None, None] * eye + wrong[:, None, None] * (1 - eye))

    def evidence(self, worker: Codes, label: Codes) -> Floats:
        right, wrong = (safe_log(rates)[worker] for rates in self._rates())
        logs = np.repeat(wrong[:, None], self.n_classes, axis=1)
        logs[np.arange(label.size), label] = right
        return logs

    def _rates(self) -> tuple[Floats, Floats]:
        return self.accuracy, (1 - self.accuracy) / max(self.n_classes - 1, 1)


def beta_quantiles(right: Floats, wrong: Floats, level: float) -> tuple[Floats, Floats]:
    """Equal-tailed interval of Beta(right, wrong), of their shape twice."""
    from scipy.special import betaincinv

    shape, tail = (np.maximum(right, 1e-12), np.maximum(wrong, 1e-12)), (1 - level) / 2
    return np.asarray(betaincinv(*shape, tail)), np.asarray(betaincinv(*shape, 1 - tail))
