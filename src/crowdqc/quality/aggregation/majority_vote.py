"""Majority vote: each answer counts the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes


class InvalidMajorityVote(Invalid):
    """Majority vote knows no such way to settle a tie."""


@dataclass(frozen=True, slots=True)
class MajorityVote:
    """The posterior of a class is its share of the item's votes.

    Parameters
    ----------
    ties
        "first_class": the first of the tied classes in their declared order. Ties are marked in the
        consensus either way, so that a policy can send them to a person.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 1, 2, 2], ["a", "b", "c", "a", "b"], ["cat", "cat", "dog", "cat", "dog"])
    >>> consensus = MajorityVote().fit(votes)
    >>> consensus.label.tolist(), consensus.tied.tolist()
    ([0, 0], [False, True])
    """

    ties: Literal["first_class"] = "first_class"

    def __post_init__(self) -> None:
        if self.ties != "first_class":
            raise InvalidMajorityVote(f"ties is {self.ties!r}; it must be 'first_class'.")

    def fit(self, votes: Votes, gold: Gold | None = None) -> Consensus:
        """Count the votes; an item without answers gets the uniform distribution and no label."""
        gold = Gold.none(votes) if gold is None else gold
        counts = votes.counts().astype(np.float64)
        counts[~counts.any(axis=1)] = 1.0
        with np.errstate(divide="ignore"):
            log_counts = np.log(counts)
        drawn = (votes.answers_per_item() > 0) & ~gold.known
        shares = (counts[drawn] / counts[drawn].sum(axis=1, keepdims=True)).sum(axis=0)
        prior = shares / shares.sum() if drawn.any() else np.full(votes.n_classes, 1 / max(votes.n_classes, 1))
        return Consensus.of(log_counts, votes, gold, class_prior=prior)
