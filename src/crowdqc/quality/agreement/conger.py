"""Conger's kappa: Cohen's for any number of workers, each with his own shares of the classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.agreement.cells import Cells, Index, Items, rows_of
from crowdqc.quality.agreement.chance import Corrected
from crowdqc.quality.agreement.distances import Distance
from crowdqc.quality.agreement.measure import Agreement, Intervals, measure
from crowdqc.quality.agreement.weights import Weights, weighted
from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.votes import Votes


def conger_kappa(
    votes: Votes,
    *,
    weights: Weights = "identity",
    values: ArrayLike | None = None,
    intervals: Intervals = None,
    level: float = 0.95,
    resamples: int = 1000,
) -> Agreement:
    """Conger's kappa: agreement beyond that of two different workers who each draw from their own shares.

    With two workers who answer every item it is Cohen's kappa, and with more Davies and Fleiss's, unlike the mean
    of Cohen's kappas over pairs. A worker's shares are those of all his answers and every worker weighs the same:
    with few answers a worker the shares are noise.

    Parameters
    ----------
    weights, values
        How far two classes agree, and the numbers they stand for (see `weighted`).
    intervals, level, resamples
        A generator for `resamples` bootstrap draws of items; "analytic" for Gwet's variance; None for none: low,
        high and error are then NaN.

    References
    ----------
    A. J. Conger (1980), Integration and generalization of kappas for multiple raters, Psychological Bulletin
    88(2).
    K. L. Gwet (2014), Handbook of inter-rater reliability, 4th ed., chapters 2 and 5.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2, 3, 3, 4, 4], list("abababab"), list("xxxxyyxy"))
    >>> round(conger_kappa(votes).value, 3)
    0.5
    """
    distance = weighted(weights, votes.n_classes, values)
    return measure(conger(votes, Items.of(votes), distance), intervals=intervals, level=level, resamples=resamples)


def conger(votes: Votes, items: Items, distance: Distance) -> Corrected:
    """Conger's kappa of answers and of their counts, an item a row."""
    once = votes.once()
    return Corrected.of(items, distance, _OwnShares(rows_of(once), once.worker, once.label, once, distance))


@brief
@dataclass(frozen=True, slots=True, eq=False)
class _OwnShares:
    """Two answers drawn from the shares of two different workers."""

    row: Index
    worker: Codes
    label: Codes
    votes: Votes
    distance: Distance

    def expected(self, weight: Floats) -> float:
        own, total, toward = self._others(weight)
        workers = int(np.count_nonzero(total))
        apart = float(own.mass @ toward) / self.distance.largest
        return apart / (workers * (workers - 1)) if workers > 1 else 0.0

    def influence(self) -> Floats:
        items = int(self.row[-1]) + 1
        own, total, toward = self._others(np.ones(items))
        workers = int(np.count_nonzero(total))
        mean = own.per_group(own.mass * toward)
        answer = own.find(self.worker, self.label)
        pull = (mean[self.worker] - toward[answer]) / total[self.worker]
        scale = items / (workers * (workers - 1)) / self.distance.largest
        return np.asarray(scale * np.bincount(self.row, pull, items))

    def _others(self, weight: Floats) -> tuple[Cells, Floats, Floats]:
        """Each worker's shares, his answers, and how far each class of his is from the other workers' shares."""
        said = Cells.of(
            self.worker,
            self.label,
            groups=self.votes.n_workers,
            codes=self.votes.n_classes,
            mass=weight[self.row],
        )
        own = Cells.of(
            said.group,
            said.code,
            groups=said.total.size,
            codes=said.codes,
            mass=said.mass / said.total[said.group],
        )
        pool = Cells.pooled(own.per_code(own.mass))
        everyone = self.distance.toward(pool, pool)
        return own, said.total, everyone[own.code] - self.distance.toward(own, own)
