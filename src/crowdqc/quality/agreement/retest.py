"""How far a worker agrees with himself when he is asked the same again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.quality.agreement.crosstabs import CrossTables
from crowdqc.quality.agreement.measure import NAN, Agreement, InvalidAgreement, symmetric
from crowdqc.quality.agreement.weights import Weights, weighted
from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.votes import Votes


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Retest:
    """Workers' repeated answers, each against the one before it; arrays have an entry a worker.

    Attributes
    ----------
    pairs
        int64[W], answers that repeat an earlier one to the same item.
    agreement, agreement_low, agreement_high
        float64[W], share of these that say the same as the one before; NaN and 0 to 1 without any.
    kappa
        float64[W], Cohen's kappa of earlier and later answers; NaN where it is not defined.
    overall, overall_kappa
        The same of all workers' repeated answers in one table; `items` counts pairs of a worker and an item,
        `answers` the answers to them. Their intervals take workers, not answers, for the sample: what one person
        says twice hangs together. NaN where one worker repeats.
    """

    pairs: NDArray[np.int64]
    agreement: Floats
    agreement_low: Floats
    agreement_high: Floats
    kappa: Floats
    overall: Agreement
    overall_kappa: Agreement


def retest(
    votes: Votes, *, weights: Weights = "identity", values: ArrayLike | None = None, level: float = 0.95
) -> Retest:
    """Compare each worker's repeated answers to an item; build the votes with `repeats="all"`.

    Parameters
    ----------
    weights, values
        How far two classes agree, for the kappas (see `weighted`).
    level
        Of the intervals: Jeffreys' for a worker's share, Student's over workers for the overall figures.

    Examples
    --------
    >>> items, workers = [1, 2, 3, 1, 2, 3, 1], ["ann"] * 6 + ["bob"]
    >>> votes = Votes.of(items, workers, list("xyxxyyx"), repeats="all")
    >>> again = retest(votes)
    >>> again.pairs.tolist(), again.agreement.round(2).tolist(), again.kappa.round(2).tolist()
    ([3, 0], [0.67, nan], [0.4, nan])
    """
    if not 0 < level < 1:
        raise InvalidAgreement(f"level is {level!r}; it must lie between 0 and 1.")
    distance = weighted(weights, votes.n_classes, values)
    later = np.flatnonzero(~votes.opens_group())
    worker = votes.worker[later].astype(np.int64)
    before, after = votes.label[later - 1].astype(np.int64), votes.label[later].astype(np.int64)
    own, _ = CrossTables.of(worker, before, after, groups=votes.n_workers, K=votes.n_classes)
    everyone, cell = CrossTables.of(np.zeros_like(worker), before, after, groups=1, K=votes.n_classes)

    same = own.per_group(own.count * (own.first == own.second))
    low, high = beta_interval(same, own.total, level)
    # a pair of worker and item opens where its second answer stands
    opens = np.diff(later, prepend=-2) > 1
    groups = int(np.count_nonzero(opens | (np.diff(votes.item[later], prepend=-1) != 0)))
    counted = groups, groups + later.size
    [share], ([kappa], moved) = everyone.agreement(), everyone.linear(distance)
    return Retest(
        pairs=own.total.astype(np.int64),
        agreement=own.agreement(),
        agreement_low=low,
        agreement_high=high,
        kappa=own.kappa(distance),
        overall=_over_workers(float(share), (before == after) - share, worker, votes.n_workers, counted, level),
        overall_kappa=_over_workers(float(kappa), moved[cell], worker, votes.n_workers, counted, level),
    )


def _over_workers(
    value: float,
    moved: Floats,
    worker: NDArray[np.int64],
    n_workers: int,
    counted: tuple[int, int],
    level: float,
) -> Agreement:
    """An interval from how far each worker moves the value, workers being the sample."""
    workers = np.unique(worker).size
    if np.isnan(value) or workers < 2:
        return Agreement(value if not np.isnan(value) else NAN, *counted)
    each = np.bincount(worker, moved, n_workers) / worker.size
    error = float((each**2).sum() * workers / (workers - 1)) ** 0.5
    error, low, high = symmetric(value, error, level, workers - 1)
    return Agreement(value, *counted, low, high, error)
