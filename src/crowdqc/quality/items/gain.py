"""What one more answer is expected to save on each item, so that it is asked for where it helps most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.decision import check_costs
from crowdqc.quality.arrays import CHUNK, Codes, Floats, brief

#: Less than this is rounding.
SMALL = 1e-12


class InvalidMatrix(Invalid):
    """What a worker says is no table of probabilities of labels by class."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Gains:
    """One entry an item.

    Attributes
    ----------
    cost
        float64, expected cost of the label as it is; the chance that it is wrong, where each mistake costs 1.
    gain
        float64, by how much one more answer lowers that in expectation; never below 0. It is 0 for gold, and
        where no single answer can change the label.
    information
        float64, what the answer tells of the truth in expectation, in nats: it goes on telling items apart where
        the gain is 0. 0 for gold.
    """

    cost: Floats
    gain: Floats
    information: Floats

    def best(self, count: int, open: ArrayLike | None = None) -> Codes:
        """Give the items to ask next, the best first: by gain, then by information, then in their order.

        Parameters
        ----------
        open
            bool[n_items], items that may be asked; None: all of which an answer could tell anything.

        Returns
        -------
        int32[at most count]
        """
        may = self.information > SMALL if open is None else np.asarray(open, dtype=bool)
        items = np.flatnonzero(may)
        order = np.lexsort((items, -self.information[items], -self.gain[items]))
        return items[order][: max(count, 0)].astype(np.int32)


def expected_gains(consensus: Consensus, confusion: ArrayLike, costs: ArrayLike | None = None) -> Gains:
    """Look one answer ahead on each item.

    With p the posterior, e what the worker says of each class and c the costs, the label costs min_l sum_k p(k)
    c(k, l) now and sum_y min_l sum_k p(k) e(k, y) c(k, l) after an answer y.

    Parameters
    ----------
    confusion
        float64[K, K], P(said | true), rows true, of the worker who is to be asked: `Matrices.crowd` for
        anybody, one of `Matrices.rates` or of `consensus.confusion.table()` for somebody.
    costs
        float64[K, K], `costs[true, said]`, zero diagonal; None: each mistake costs 1.

    Raises
    ------
    InvalidMatrix, InvalidCosts
        The tables are no such tables.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import DawidSkene
    >>> from crowdqc.quality.votes import Votes
    >>> votes = Votes.of([1, 1, 2, 2, 3], list("ababa"), list("xxxyy"), all_items=[1, 2, 3, 4])
    >>> gains = expected_gains(DawidSkene(class_prior="uniform").fit(votes), [[0.8, 0.2], [0.2, 0.8]])
    >>> gains.gain.round(2).tolist(), gains.best(2).tolist()
    ([0.0, 0.28, 0.0, 0.3], [3, 1])
    """
    posterior = consensus.posterior
    n, K = posterior.shape
    table = _read(confusion, K)
    price = None if costs is None else check_costs(costs, K)
    cost, gain = np.zeros(n), np.zeros(n)
    for at in range(0, n, step := max(1, CHUNK // max(K, 1))):
        part = slice(at, at + step)
        cost[part], after = _look_ahead(posterior[part], table, price)
        gain[part] = cost[part] - after
    gain[(gain < SMALL) | consensus.known] = 0.0
    information = _information(posterior, table)
    information[consensus.known] = 0.0
    return Gains(cost, gain, information)


def _read(confusion: ArrayLike, K: int) -> Floats:
    try:
        table = np.asarray(confusion, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise InvalidMatrix(
            f"The matrix is a {type(confusion).__name__}; it must be one table, float64[{K}, {K}].",
            mend="Give Matrices.of(votes, consensus).crowd for anybody, or consensus.confusion.table()[worker].",
        ) from fault
    if table.shape != (K, K):
        raise InvalidMatrix(f"The matrix has the shape {table.shape}; {K} classes need {(K, K)}.")
    if not (table >= 0).all() or not np.allclose(table.sum(axis=1), 1.0, atol=1e-6):
        raise InvalidMatrix("Each row of a matrix holds the probabilities of the labels: from 0 up, 1 together.")
    return table


def _look_ahead(posterior: Floats, table: Floats, price: Floats | None) -> tuple[Floats, Floats]:
    """Least expected cost of some items now and after an answer, float64[items] each."""
    if price is None:
        now = 1 - posterior.max(axis=1, initial=0.0)
        after = np.ones(len(posterior))
        for rates in table.T:
            after -= (posterior * rates).max(axis=1, initial=0.0)
        return now, after
    now = (posterior @ price).min(axis=1, initial=np.inf)
    after = np.zeros(len(posterior))
    for rates in table.T:
        after += ((posterior * rates) @ price).min(axis=1, initial=np.inf)
    return now, after


def _information(posterior: Floats, table: Floats) -> Floats:
    """Mutual information of the truth and an answer, float64[items]."""
    from scipy.special import xlogy

    said = posterior @ table
    told = posterior @ xlogy(table, table).sum(axis=1) - xlogy(said, said).sum(axis=1)
    return np.asarray(np.maximum(told, 0.0))
