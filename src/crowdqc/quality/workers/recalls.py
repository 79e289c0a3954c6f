"""Of what is of a class, how much a worker calls so; of what he calls so, how much is; with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.workers.matrices import Matrices


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Recalls:
    """One row a worker and one column a class, float64[n_workers, K] each.

    Attributes
    ----------
    recall, recall_low, recall_high
        P(said it | it is), and its interval; NaN and (0, 1) where nothing is known.
    precision, precision_low, precision_high
        P(it is | said it), among his own items, and its interval; NaN and (0, 1) where nothing is known.
    of_class, said
        Expected answers to items of the class, and answers that say it, as far as somebody else answered too.
    recall_evidence, precision_evidence
        Answers with known truth that would tell as much: those, less where everyone else is in doubt.
    """

    recall: Floats
    recall_low: Floats
    recall_high: Floats
    of_class: Floats
    recall_evidence: Floats
    precision: Floats
    precision_low: Floats
    precision_high: Floats
    said: Floats
    precision_evidence: Floats


def score_recalls(matrices: Matrices, *, level: float = 0.95) -> Recalls:
    """Give each worker's recall and precision of each class.

    A worker's own answer never vouches for itself: the truth of an item is what everyone else makes of it, and
    gold. The intervals are those of shares of as many answers as the evidence is worth.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import MajorityVote
    >>> from crowdqc.quality.gold import Gold
    >>> from crowdqc.quality.votes import Votes
    >>> votes = Votes.of([1, 2, 3, 4, 5], "aaaaa", "xxxyy", classes=["x", "y", "z"])
    >>> gold = Gold.of(votes, {1: "x", 2: "x", 3: "y", 4: "y"})
    >>> found = score_recalls(Matrices.of(votes, MajorityVote().fit(votes, gold)))
    >>> found.recall.tolist(), found.precision.round(2).tolist(), found.of_class.tolist()
    ([[1.0, 0.5, nan]], [[0.67, 1.0, nan]], [[2.0, 2.0, 0.0]])
    """
    W, K = matrices.n_workers, matrices.n_classes
    hits, of_class, said, doubt = (np.zeros((W, K)) for _ in range(4))
    cell = matrices.pairs.worker, matrices.pairs.label
    rows = np.arange(len(matrices.pairs))
    hits[cell] = matrices.counts[rows, matrices.pairs.label]
    doubt[cell] = matrices.unknown[rows]
    said[cell] = matrices.counts.sum(axis=1)
    of_class[matrices.pairs.busy] = matrices.pairs.by_worker(matrices.counts)
    # half an answer of each kind, so that one lucky start is not certain
    precision = (hits + 0.5) / (said + 1)
    known = np.clip(said - doubt / (precision * (1 - precision)), 0.0, None)
    return Recalls(
        *_share(hits, of_class, matrices.evidence, level),
        of_class,
        matrices.evidence,
        *_share(hits, said, known, level),
        said,
        known,
    )


def _share(part: Floats, whole: Floats, evidence: Floats, level: float) -> tuple[Floats, Floats, Floats]:
    """Give a share and its interval, all unknown where there is no evidence."""
    share = np.divide(part, whole, out=np.full(part.shape, np.nan), where=(whole > 0) & (evidence > 0))
    share = np.minimum(share, 1.0)
    low, high = beta_interval(np.nan_to_num(share) * evidence, evidence, level)
    return share, low, high
