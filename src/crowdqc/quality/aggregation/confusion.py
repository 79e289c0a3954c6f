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
        """Log P(said | state) of answers, float64[n, S]; the states are those of `Consensus.log_states`."""


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
        from scipy.special import betaincinv

        alpha = np.tile(self.pseudo, (self.pairs.n_workers, 1, 1))
        alpha[self.pairs.worker, :, self.pairs.label] += self.counts
        total = alpha.sum(axis=2, keepdims=True)
        tail = (1 - level) / 2
        spread = np.maximum(total - alpha, 1e-12)
        alpha = np.maximum(alpha, 1e-12)
        return np.asarray(betaincinv(alpha, spread, tail)), np.asarray(betaincinv(alpha, spread, 1 - tail))


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
        return self.by_class().table()

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """As `PairConfusion.interval`, of the matrices over classes."""
        return self.by_class().interval(level)

    def by_class(self) -> PairConfusion:
        """Average the grades of each class by their shares of the items."""
        (K, G), states = self.share.shape, self.states
        rates = np.exp(states.log_rates).reshape(-1, K, G)
        return PairConfusion(
            pairs=states.pairs,
            counts=states.counts.reshape(-1, K, G).sum(axis=2),
            pseudo=(states.pseudo.reshape(K, G, K) * self.share[:, :, None]).sum(axis=1),
            log_rates=safe_log((rates * self.share).sum(axis=2)),
        )


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
