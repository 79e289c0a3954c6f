"""The products by scipy.sparse, in log space."""

from __future__ import annotations

import numpy as np

from crowdqc.quality.arrays import Codes, Floats
from crowdqc.quality.estimation.kernels import Expected
from crowdqc.quality.logs import normalised, safe_log
from crowdqc.quality.pairs import Pairs


class Plain:
    """Two sparse products an iteration."""

    def __init__(self, pairs: Pairs, kind: Codes) -> None:
        from scipy import sparse

        ones = np.ones(pairs.of_answer.size)
        shape = (pairs.n_items, len(pairs))
        self._items_by_pair = sparse.csr_array((ones, pairs.of_answer, pairs.ends), shape=shape)
        # as it stands, by columns: to add to the few pairs is quicker than to gather from the many items
        self._pairs_by_item = self._items_by_pair.T
        self._kind = kind
        self._posterior = self._spare = np.zeros((pairs.n_items, 0))

    def begin(self, posterior: Floats) -> Floats:
        self._posterior, self._spare = posterior, np.empty(posterior.shape)
        return np.asarray(self._pairs_by_item @ posterior)

    def expect(self, log_rates: Floats, starts: Floats) -> Expected:
        scores = self.scores(log_rates)
        scores += _logs(starts) if len(starts) == 1 else _logs(starts)[self._kind]
        posterior, evidence = normalised(scores, out=scores)
        change = np.subtract(posterior, self._posterior, out=self._spare)
        moved = float(np.abs(change, out=change).sum())
        self._posterior = posterior
        return Expected(posterior, np.asarray(self._pairs_by_item @ posterior), float(evidence.sum()), moved)

    def scores(self, log_rates: Floats) -> Floats:
        return np.asarray(self._items_by_pair @ log_rates)


def _logs(starts: Floats) -> Floats:
    """Take logarithms; a label that is not accepted of gold stays impossible, a class without prior nearly so."""
    if len(starts) == 1:
        return safe_log(starts)
    logs = np.full(starts.shape, -np.inf)
    np.log(starts, out=logs, where=starts > 0)
    logs[0] = safe_log(starts[0])
    return logs
