"""Majority vote: each answer counts the same."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from hashlib import blake2b
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.decision import TIE
from crowdqc.quality.aggregation.discounts import check_weights
from crowdqc.quality.arrays import Codes, Flags, Floats, row_sums
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.parameters import check_whole
from crowdqc.quality.votes import Votes

Ties = Literal["first_class", "prior", "random", "abstain"]


class InvalidMajorityVote(Invalid):
    """Majority vote knows no such way to settle a tie."""


@dataclass(frozen=True, slots=True)
class MajorityVote:
    """The posterior of a class is its share of the item's votes.

    Parameters
    ----------
    ties
        Which of the tied classes is the label. "first_class": the first in their declared order. "prior": the one
        with most votes on all items together; the first, where that is a tie as well. "random": drawn with `seed`.
        "abstain": none, the label is -1. Ties are marked in the consensus whichever it is, so that a policy can
        send them to a person, and their posterior stays even. Gold is never tied.
    seed
        For "random". The draw depends on the seed, the item's id and the names of the tied classes alone: not on
        the order of rows or classes, nor on the other items.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 1, 2, 2], ["a", "b", "c", "a", "b"], ["dog", "dog", "cat", "cat", "dog"])
    >>> consensus = MajorityVote().fit(votes)
    >>> consensus.label.tolist(), consensus.tied.tolist()
    ([1, 0], [False, True])
    >>> MajorityVote(ties="prior").fit(votes).label.tolist()
    [1, 1]
    """

    ties: Ties = "first_class"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.ties not in get_args(Ties):
            raise InvalidMajorityVote(f"ties is {self.ties!r}; it must be one of {', '.join(get_args(Ties))}.")
        check_whole(self, "seed", low=0, high=2**63 - 1)

    def fit(
        self, votes: Votes, gold: Gold | Truth | None = None, *, weights: ArrayLike | None = None
    ) -> Consensus:
        """Count the votes; an item without answers gets the uniform distribution and no label.

        With `weights`, float64[n_workers] from 0 to 1, a vote counts as much as its worker's.
        """
        gold = Gold.given(votes, gold)
        given = check_weights(weights, votes)
        counts = votes.counts().astype(np.float64) if given is None else _weighed(votes, given)
        consensus = by_votes(counts, votes, gold)
        if self.ties == "first_class" or not consensus.tied.any():
            return consensus
        label = consensus.label.copy()
        label[consensus.tied] = self._settled(votes, consensus.tied, leading(consensus.posterior[consensus.tied]))
        return replace(consensus, label=label)

    def _settled(self, votes: Votes, tied: Flags, among: Flags) -> Codes:
        """Settle the tied items, whose best classes are `among`, bool[tied items, K]; int32[tied items]."""
        if self.ties == "abstain":
            return np.full(len(among), -1, dtype=np.int32)
        if self.ties == "prior":
            rank = np.bincount(votes.label, minlength=votes.n_classes).astype(np.float64)
            return np.asarray(np.where(among, rank, -1.0).argmax(axis=1), dtype=np.int32)
        items = [votes.items[code] for code in np.flatnonzero(tied)]
        tickets = _tickets(items, votes.classes, self.seed)
        # a ticket of 0 loses against all others, and another ticket is 0 once in 2^64 draws
        return np.asarray(np.where(among, tickets, 0).argmax(axis=1), dtype=np.int32)


def _weighed(votes: Votes, weights: Floats) -> Floats:
    """Sum the weights of each item's votes by class, float64[n_items, K]."""
    cells = votes.item.astype(np.int64) * votes.n_classes + votes.label
    sums = np.bincount(cells, weights=weights[votes.worker], minlength=votes.n_items * votes.n_classes)
    return np.asarray(sums.reshape(votes.n_items, votes.n_classes), dtype=np.float64)


def by_votes(counts: Floats, votes: Votes, gold: Gold, *, skill: Floats | None = None) -> Consensus:
    """Take shares of votes, float64[n_items, K], for the posterior; all classes are alike where nothing counts."""
    total = row_sums(counts)
    counts = np.where(total[:, None] > 0, counts, 1.0)
    total[total == 0] = votes.n_classes
    with np.errstate(divide="ignore"):
        log_counts = np.log(counts)
    drawn = (votes.answers_per_item() > 0) & ~gold.known
    shares = drawn.astype(np.float64) @ (counts / total[:, None])
    prior = shares / shares.sum() if drawn.any() else np.full(votes.n_classes, 1 / max(votes.n_classes, 1))
    consensus = Consensus.of(log_counts, votes, gold, class_prior=prior, skill=skill)
    # 3 of 4 are 0.75 and not its logarithm's exponential
    as_it_is = gold.known | ~np.isfinite(total)
    exact = np.where(as_it_is[:, None], consensus.posterior, counts / total[:, None])
    return replace(consensus, posterior=exact)


def leading(shares: Floats) -> Flags:
    """Mark the best classes of each row of shares, float64[n, K], all of them where they tie."""
    highest = reduce(np.maximum, shares.T, np.zeros(len(shares)))
    return np.asarray(shares >= highest[:, None] - TIE)


def _tickets(items: Sequence[Hashable], classes: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """Draw a number for each item and class, uint64[items, K], from their names and the seed alone."""

    def hashed(name: str) -> int:
        key = seed.to_bytes(8, "little")
        return int.from_bytes(
            blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest(), "little"
        )

    of_item = np.fromiter((hashed(f"item {item}") for item in items), dtype=np.uint64, count=len(items))
    of_class = np.fromiter((hashed(f"class {name}") for name in classes), dtype=np.uint64, count=len(classes))
    mixed = of_item[:, None] ^ of_class
    # the finaliser of splitmix64: without it the same class would win wherever the highest bits agree
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
