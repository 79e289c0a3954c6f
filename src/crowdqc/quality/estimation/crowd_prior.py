"""The crowd's own confusion: the Dirichlet prior that workers are taken to be drawn from, fitted to them."""

from __future__ import annotations

import numpy as np

from crowdqc.quality.arrays import Floats
from crowdqc.quality.estimation.expectation import Learned
from crowdqc.quality.logs import safe_log
from crowdqc.quality.pairs import Pairs

#: Fixed-point steps an iteration: alpha need not be at its best before the posteriors are.
STEPS = 1
#: How small and how large a pseudo-answer may become: exp(digamma(LEAST)) is 1e-22, which eight of in a row can be
#: divided by.
LEAST, MOST = 0.02, 1e4


class CrowdPrior:
    """Variational posterior of all workers' matrices, and their prior `alpha`, float64[S, K], which it moves.

    Rows are states of an item: a class, or a class and a grade of difficulty. An object serves one fit: it
    remembers how far `alpha` has come.

    References
    ----------
    T. Minka (2000), Estimating a Dirichlet distribution, equation 65: the fixed point for a Polya distribution.
    """

    def __init__(self, pairs: Pairs, base: Floats, weight: float) -> None:
        """Begin at `base`, which weighs against what the workers show as `weight` workers do."""
        self._pairs, self._base, self._weight = pairs, base, weight
        self.alpha = base

    def learn(self, counts: Floats) -> Learned:
        """Give E[log rates] under the variational posterior, and its divergence from the prior as log density."""
        from scipy.special import digamma, gammaln

        pairs, label = self._pairs, self._pairs.label
        given = pairs.by_worker(counts)
        for _ in range(STEPS):
            self._move(counts, given)
        strength = self.alpha.sum(axis=1)
        pseudo = self.alpha.T[label]
        expected = digamma(counts + pseudo) - pairs.to_pairs(digamma(given + strength))
        # Kullback-Leibler divergence of each row; labels that a worker never used cancel
        apart = float((gammaln(given + strength) - gammaln(strength)).sum())
        apart += float((gammaln(self.alpha).T[label] - gammaln(counts + pseudo) + counts * expected).sum())
        return Learned(np.asarray(expected), self._density() - apart)

    def log_means(self, counts: Floats) -> Floats:
        """Log of the posterior mean of each rate, float64[pairs, S]."""
        mass = self._pairs.by_worker(counts) + self.alpha.sum(axis=1)
        return safe_log((counts + self.alpha.T[self._pairs.label]) / self._pairs.to_pairs(mass))

    def _move(self, counts: Floats, given: Floats) -> None:
        from scipy.special import digamma

        label, alpha = self._pairs.label, self.alpha
        strength = alpha.sum(axis=1)
        rise = digamma(counts + alpha.T[label]) - digamma(alpha).T[label]
        S, K = alpha.shape
        up: Floats = np.stack([np.bincount(label, weights=rise[:, state], minlength=K) for state in range(S)])
        down: Floats = (digamma(given + strength) - digamma(strength)).sum(axis=0)
        # the hyperprior: as if `weight` workers had shown the base
        up = alpha * up + self._weight * self._base
        down = down + self._weight * self._base.sum(axis=1) / strength
        self.alpha = np.clip(up / down[:, None], LEAST, MOST)

    def _density(self) -> float:
        """Log density of alpha under the hyperprior whose fixed point `_move` takes, up to a constant."""
        drawn = (self._base * np.log(self.alpha)).sum(axis=1)
        return self._weight * float((drawn - self._base.sum(axis=1) * np.log(self.alpha.sum(axis=1))).sum())
