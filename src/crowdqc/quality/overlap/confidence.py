"""Toloka's dynamic overlap: one more answer while the leading one is not confident enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Floats
from crowdqc.quality.logs import log_sum
from crowdqc.quality.overlap.decisions import ASK, REASONS, Decisions, bounded
from crowdqc.quality.overlap.rule import check_bounds, drawn
from crowdqc.quality.overlap.standing import InvalidStanding, Standing
from crowdqc.quality.parameters import check_number
from crowdqc.quality.votes import Votes

#: How near 0 and 1 an accuracy may come: two who never err and contradict each other leave no answer at all.
EDGE = 1e-12
#: A confidence that is lower by no more than this is rounding.
SMALL = 1e-12


@dataclass(frozen=True, slots=True)
class ConfidenceOverlap:
    """Ask for one more answer where the confidence of the leading one is below a threshold.

    Parameters
    ----------
    min_confidence
        From 0 to 1; Toloka recommends 0.7 to 0.95, and 0.8 as the best.
    minimum, maximum
        Overlap to begin with, and at most.
    sample
        Share of items that are asked up to the maximum whatever their confidence, as an unbiased sample.

    Notes
    -----
    With q the accuracy of each worker, Y the number of classes and each class alike likely beforehand,

        P(said | x) = q where said = x, else (1 - q) / (Y - 1),    conf(x) = prod P(said | x) / sum_x' (same).

    A model's prediction is one more vote: its log odds, `Standing.baseline`, are added to its class. Toloka has
    that as `baseline_solutions` with a `confidence_weight`, whose arithmetic it does not print.

    References
    ----------
    Toloka's requester guide, "Dynamic overlap (incremental relabeling)"; its API, `dynamic_overlap_config`.

    Examples
    --------
    The guide's own: three classes, and workers with skills of 70, 90 and 80.

    >>> from crowdqc.quality.aggregation import MajorityVote
    >>> votes = Votes.of([1, 1, 2, 2], list("ABAB"), ["OK", "OK", "OK", "BAD"], classes=["OK", "BAD", "404"])
    >>> standing = Standing.of(votes, MajorityVote().fit(votes), accuracy=[0.7, 0.9])
    >>> found = ConfidenceOverlap(min_confidence=0.8, maximum=3).decide(standing)
    >>> found.confidence.round(5).tolist(), found.names(), found.words(1)
    ([0.97674, 0.76056], ['enough', 'ask'], 'confidence 0.76 is below 0.80')
    """

    min_confidence: float = 0.8
    minimum: int = 2
    maximum: int = 5
    sample: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "min_confidence", high=1.0)
        check_bounds(self)

    def decide(self, standing: Standing) -> Decisions:
        """Decide on every item."""
        known = standing.consensus.known
        confidence = answer_confidence(standing).max(axis=1, initial=0.0)
        action, reason, ruled = bounded(
            standing.answered, known, drawn(self, standing), self.minimum, self.maximum
        )
        unsure = ruled & (confidence < self.min_confidence - SMALL)
        reason[ruled] = REASONS.index("sure")
        action[unsure], reason[unsure] = ASK, REASONS.index("unsure")
        nothing = np.full(action.size, np.nan)
        return Decisions(
            action=action,
            reason=reason,
            overlap=(standing.answered + (action == ASK)).astype(np.int32),
            confidence=np.where(known, 1.0, confidence),
            stop=nothing,
            ask=nothing,
            expert=nothing,
            gain=nothing,
            least=self.minimum,
            most=self.maximum,
            limit=self.min_confidence,
        )


def answer_confidence(standing: Standing) -> Floats:
    """Give Toloka's confidence in each class, float64[n_items, K]; evenly spread where nothing is said."""
    votes, K = standing.votes, standing.votes.n_classes
    scores = np.zeros((votes.n_items, K)) if standing.baseline is None else standing.baseline.copy()
    if not scores.size:
        return scores
    weight = vote_weight(standing.accuracies(), K)
    cells = votes.item.astype(np.int64) * K + votes.label
    added = np.bincount(cells, weights=weight[votes.worker], minlength=scores.size)
    scores += added.reshape(scores.shape)
    return np.asarray(np.exp(scores - log_sum(scores)[:, None]))


def vote_weight(accuracy: ArrayLike, K: int) -> Floats:
    """Give by how much an answer raises the log odds of its class against each other one.

    It is log(q (K - 1) / (1 - q)): what all classes have in common falls out of the confidence.

    >>> vote_weight([0.5, 0.9], 2).round(2).tolist()
    [0.0, 2.2]
    """
    q = np.clip(np.asarray(accuracy, dtype=np.float64), EDGE, 1 - EDGE)
    return np.log(q * max(K - 1, 1) / (1 - q))


def baseline(votes: Votes, items: ArrayLike, labels: ArrayLike, weights: ArrayLike) -> Floats:
    """Add up what models say, by codes of items and classes, as one more vote each.

    Parameters
    ----------
    items, labels
        int[m], codes into `votes.items` and `votes.classes`.
    weights
        float[m], log odds; `vote_weight(q, K)` for a model that is right as often as a worker of accuracy q.

    Returns
    -------
    float64[n_items, K]

    Raises
    ------
    InvalidStanding
        Columns of unequal length, a code that does not exist, a weight that is not finite.
    """
    item, label = np.asarray(items, dtype=np.int64), np.asarray(labels, dtype=np.int64)
    weight = np.asarray(weights, dtype=np.float64)
    if not item.shape == label.shape == weight.shape or item.ndim != 1:
        raise InvalidStanding("items, labels and weights of a baseline must be equally long columns.")
    fits = (item >= 0) & (item < votes.n_items) & (label >= 0) & (label < votes.n_classes) & np.isfinite(weight)
    if not fits.all():
        raise InvalidStanding(f"Row {int(np.argmin(fits))} of the baseline names no item, no class or no weight.")
    table = np.zeros((votes.n_items, votes.n_classes))
    np.add.at(table, (item, label), weight)
    return table
