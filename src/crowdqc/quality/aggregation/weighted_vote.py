"""Weighted vote: each answer counts as much as its worker, and as itself, is worth."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from numbers import Real

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.majority_vote import by_votes
from crowdqc.quality.arrays import Floats
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes


@dataclass(frozen=True, slots=True)
class WeightedVote:
    """The posterior of a class is its share of the weights of the item's answers.

    An answer weighs what its worker does, times its own weight (`votes.weight`). With neither this is the majority
    vote. Where all answers of an item weigh nothing all classes are alike, and tied. The skill is the worker's
    weight; there is none without `weights`.

    Parameters
    ----------
    weights
        Weight by worker id, from 0 up; who is not named weighs 1, and ids that nobody has are passed over.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 1], ["ann", "bob", "cid"], ["cat", "dog", "dog"])
    >>> WeightedVote({"ann": 3}).fit(votes).posterior.round(3).tolist()
    [[0.6, 0.4]]
    """

    weights: Mapping[Hashable, float] | None = None

    def __post_init__(self) -> None:
        for worker, weight in (self.weights or {}).items():
            if not _is_weight(weight):
                raise InvalidParameter(
                    f"The weight of worker {worker!r} is {weight!r}; it must be a number from 0 up.", worker=worker
                )

    def fit(self, votes: Votes, gold: Gold | Truth | None = None) -> Consensus:
        """Weigh the votes; an item without answers gets the uniform distribution and no label."""
        gold = Gold.given(votes, gold)
        weight = None if votes.weight is None else _relative(votes.weight)
        skill = None
        if self.weights is not None:
            by_worker = np.fromiter(
                (self.weights.get(worker, 1.0) for worker in votes.workers),
                dtype=np.float64,
                count=votes.n_workers,
            )
            weight = _relative(by_worker)[votes.worker] * (1.0 if weight is None else weight)
            skill = np.where(votes.answers_per_worker() > 0, by_worker, np.nan)
        return by_votes(weighed(votes, weight), votes, gold, skill=skill)


def weighed(votes: Votes, weight: Floats | None) -> Floats:
    """Sum the weights, float64[n], of each item's answers by class, float64[n_items, K]; None weighs all alike."""
    cell = votes.item * np.int64(votes.n_classes) + votes.label
    sums = np.bincount(cell, weights=weight, minlength=votes.n_items * votes.n_classes)
    return np.asarray(sums.reshape(votes.n_items, votes.n_classes), dtype=np.float64)


def _is_weight(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return 0 <= float(value) < math.inf


def _relative(weight: Floats) -> Floats:
    """Divide by the greatest, so that no sum or product overflows."""
    greatest = weight.max(initial=0.0)
    return weight / greatest if greatest > 0 else weight
