"""What each worker says of each true class: P(said | true), with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crowdqc.quality.aggregation.logs import safe_log
from crowdqc.quality.aggregation.pairs import Pairs
from crowdqc.quality.arrays import Codes, Floats


class Confusion(Protocol):
    """The confusion matrices of all workers, without holding n_workers x K x K numbers."""

    def table(self) -> Floats:
        """P(said | true), float64[n_workers, K, K], rows true.

        A row of zeros is a class that the worker never met (possible only without a prior).
        """

    def evidence(self, worker: Codes, label: Codes) -> Floats:
        """Log P(said | true) of answers, float64[n, K], columns true."""


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
        K = self.pairs.n_classes
        number = np.full(self.pairs.n_workers * K, -1, dtype=np.int32)
        number[self.pairs.worker.astype(np.int64) * K + self.pairs.label] = np.arange(len(self.pairs))
        pair = number[worker.astype(np.int64) * K + label]
        logs = self.log_rates[pair]
        if (pair < 0).any():
            new = pair < 0
            mass = self.mass()[worker[new]]
            logs[new] = safe_log(self.pseudo.T[label[new]] / np.where(mass > 0, mass, 1.0))
        return np.asarray(logs)

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Equal-tailed credible interval of each cell, float64[n_workers, K, K] twice.

        The marginal of the Dirichlet posterior of a row is a Beta. The expected counts are taken for counts.
        """
        from scipy.special import betaincinv

        alpha = np.tile(self.pseudo, (self.pairs.n_workers, 1, 1))
        alpha[self.pairs.worker, :, self.pairs.label] += self.counts
        total = alpha.sum(axis=2, keepdims=True)
        tail = (1 - level) / 2
        spread = np.maximum(total - alpha, 1e-12)
        alpha = np.maximum(alpha, 1e-12)
        return np.asarray(betaincinv(alpha, spread, tail)), np.asarray(betaincinv(alpha, spread, 1 - tail))


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
