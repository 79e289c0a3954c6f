"""How far everyone else bears out each answer, and how much that tells of whether it is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes

#: Half a right answer and half a wrong one keep an accuracy from 0 and 1, where all evidence would count the same.
HALF = 0.5


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Backing:
    """One entry an answer; NaN where nobody else answered the item and it is not gold.

    With q the posterior of the item by everyone else (one's own answer never vouches for itself), an answer of
    label l has the backing q(l). Of a worker who is right with probability a, errors spread evenly, its mean is
    linear in a, so that each answer gives an unbiased estimate of a, and its variance says what it is worth. An
    item of which others know nothing is worth nothing: the worker is not blamed for their doubts.

    Attributes
    ----------
    chance
        float64[n], q(l).
    square, cube
        float64[n], sum of q^2 and of q^3 over the classes.
    n_classes
        K.
    """

    chance: Floats
    square: Floats
    cube: Floats
    n_classes: int

    @classmethod
    def of(cls, votes: Votes, consensus: Consensus, gold: Gold | None = None) -> Self:
        """Look at each answer through everyone else's eyes; gold accepts it or does not."""
        chance, square, cube = (np.full(len(votes), np.nan) for _ in range(3))
        for part, others in by_everyone_else(votes, consensus):
            chance[part] = others[np.arange(len(others)), votes.label[part]]
            square[part] = (others**2).sum(axis=1)
            cube[part] = (others**3).sum(axis=1)
        if gold is not None:
            on_gold = gold.known[votes.item]
            chance[on_gold] = gold.accepted[votes.item, votes.label][on_gold]
            square[on_gold] = cube[on_gold] = 1.0
        return cls(chance, square, cube, votes.n_classes)

    def weigh(self, accuracy: Floats) -> tuple[Floats, Floats]:
        """Turn answers into estimates of the accuracy of their workers.

        Parameters
        ----------
        accuracy
            float64[n], about what the worker's accuracy is: it decides the weights, and biases nothing.

        Returns
        -------
        estimate, weight
            float64[n]; a sum of weights is a number of answers with known truth that would tell as much, and the
            weighted mean of the estimates is the accuracy. Weights lie from 0 to 1; 0 where nothing is known.
        """
        estimate = np.zeros(accuracy.size)
        weight = _worth(self.square, self.cube, accuracy, self.n_classes)
        told = weight > 0
        base = (1 - self.square[told]) / max(self.n_classes - 1, 1)
        estimate[told] = (self.chance[told] - base) / (self.square[told] - base)
        return estimate, weight

    def shares(self, group: NDArray[np.integer], groups: int, rounds: int = 4) -> tuple[Floats, Floats]:
        """Estimate the share of right answers in groups of answers.

        Parameters
        ----------
        group
            int[n], the group of each answer, as its worker; below 0 for none.

        Returns
        -------
        accuracy, evidence
            float64[groups]; NaN and 0 where nothing is known. The evidence is as the sum of weights above.
        """
        inside = group >= 0
        at = np.where(inside, group, 0)
        accuracy, evidence = np.full(groups, 0.75), np.zeros(groups)
        right = evidence
        for _ in range(rounds):
            estimate, weight = self.weigh(accuracy[at] if groups else np.zeros(group.size))
            weight = weight * inside
            evidence = np.bincount(at, weights=weight, minlength=groups).astype(np.float64)
            right = np.clip(np.bincount(at, weights=weight * estimate, minlength=groups), 0.0, evidence)
            accuracy = (right + HALF) / (evidence + 2 * HALF)
        return np.divide(right, evidence, out=np.full(groups, np.nan), where=evidence > 0), evidence


def by_everyone_else(votes: Votes, consensus: Consensus) -> Iterator[tuple[slice, Floats]]:
    """Give the posterior of each answer's item had its worker not answered it, chunk by chunk.

    `Consensus.others`, with class shares for methods whose posterior is of votes alone.
    """
    for part, others in consensus.others(votes):
        yield part, with_shares(others, consensus)


def with_shares(others: Floats, consensus: Consensus) -> Floats:
    """Weigh posteriors that know no class prior, float64[n, K], by the shares of the labels that were given."""
    if consensus.confusion is not None or not others.size:
        return others
    clear = (consensus.label >= 0) & ~consensus.tied & ~consensus.known
    shares = np.bincount(consensus.label[clear], minlength=others.shape[1]) + 1.0
    weighed = others * shares
    return np.asarray(weighed / weighed.sum(axis=1, keepdims=True))


def worth(others: Floats, accuracy: Floats) -> Floats:
    """Tell what answers are worth, as `Backing.weigh`, float64[n].

    Parameters
    ----------
    others
        float64[n, K], posterior of each answer's item by everyone else.
    accuracy
        float64[n], of its worker.
    """
    return _worth((others**2).sum(axis=1), (others**3).sum(axis=1), accuracy, others.shape[1])


def _worth(square: Floats, cube: Floats, accuracy: Floats, K: int) -> Floats:
    """Information on the accuracy, as a share of that of an answer with known truth.

    The squared slope of the mean backing in the accuracy, over the variance of the backing.
    """
    weight = np.zeros(accuracy.size)
    if K < 2:
        return weight
    stray = (1 - accuracy) / (K - 1)
    slope = square - (1 - square) / (K - 1)
    mean = accuracy * square + stray * (1 - square)
    spread = accuracy * cube + stray * (square - cube) - mean**2
    told = (slope > 1e-9) & (spread > 1e-12)  # neither is true of NaN
    weight[told] = (accuracy * (1 - accuracy))[told] * slope[told] ** 2 / spread[told]
    return np.minimum(weight, 1.0)
