"""How well a method foretells answers that it has not seen: the evidence by which methods are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes

#: Parts that the answers are dealt into; one is held out at a time.
FOLDS = 5
#: Times that they are dealt anew where they are few: one deal more or less should not decide.
DEALS = 2
#: Answers that the fits of one candidate may read in all: with more answers fewer deals, then fewer parts, and in
#: the end a sample of the items.
WORK = 200_000


class Foretelling(Protocol):
    """A method whose consensus can foretell answers."""

    def fit(self, votes: Votes, gold: Gold | None = None) -> Consensus: ...


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """The answers that candidates are tried on, the same for each of them.

    Attributes
    ----------
    votes, gold
        All answers, or those to a sample of items where there are more than `WORK`.
    deals
        Each an int32[n], the part of each answer; answers to one item are dealt to different parts in turn.
    folds
        The parts that are held out, one at a time.
    sampled
        Whether there are more answers than are tried: then fits are broken off early as well.
    """

    votes: Votes
    gold: Gold
    deals: tuple[Codes, ...]
    folds: tuple[int, ...]
    sampled: bool

    @classmethod
    def of(cls, votes: Votes, gold: Gold, seed: int) -> Trial:
        """Deal the answers."""
        rng = np.random.default_rng(seed)
        sampled = len(votes) > WORK
        if sampled:
            drawn = rng.random(votes.n_items) < WORK / len(votes)
            votes = votes.where(drawn[votes.item])
        n = max(len(votes), 1)
        deals = tuple(_deal(votes, rng) for _ in range(int(np.clip(WORK // (n * FOLDS), 1, DEALS))))
        return cls(votes, gold, deals, tuple(range(int(np.clip(WORK // n, 1, FOLDS)))), sampled)

    @property
    def answers(self) -> int:
        """Answers that the fits of one candidate read in all."""
        return len(self.votes) * len(self.deals) * len(self.folds)

    @property
    def counted(self) -> Flags:
        """Answers that count: held out, and not the only one of their item, bool[n]."""
        out = np.isin(self.deals[0], self.folds)
        return np.asarray(out & (self.votes.answers_per_item()[self.votes.item] > 1))

    def foretold(self, method: Foretelling) -> Floats:
        """Log probability of each answer that counts, by fits without its part, float64[counted]."""
        logs = np.zeros(len(self.votes))
        for deal in self.deals:
            for fold in self.folds:
                out = deal == fold
                consensus = method.fit(self.votes.where(~out), self.gold)
                unseen = self.votes.where(out)
                logs[out] += consensus.foretells(unseen.item, unseen.worker, unseen.label)
        return np.asarray(logs[self.counted] / len(self.deals))


def _deal(votes: Votes, rng: np.random.Generator) -> Codes:
    place = np.empty(len(votes), dtype=np.int64)
    order = np.lexsort((rng.random(len(votes)), votes.item))
    place[order] = np.arange(len(votes))
    begins = np.append(0, np.cumsum(votes.answers_per_item()))[:-1]
    turn = rng.integers(FOLDS, size=votes.n_items)
    return np.asarray((place - begins[votes.item] + turn[votes.item]) % FOLDS, dtype=np.int32)


def mean_and_error(values: Floats, *groups: Codes) -> tuple[float, float]:
    """Give the mean and its standard error, where values of one group hang together, in one or two groupings.

    A worker's answers are alike, and so are those to one item: with both, the variance is that by worker and that
    by item, less what is counted twice.

    References
    ----------
    A. C. Cameron, J. B. Gelbach, D. L. Miller (2011), Robust inference with multiway clustering, equation 2.11.
    """
    if values.size < 2:
        return (float(values.mean()) if values.size else float("nan")), float("inf")
    mean = float(values.mean())
    apart = values - mean
    squares = [(np.bincount(group, weights=apart) ** 2).sum() for group in groups]
    twice = (apart**2).sum() if len(groups) == 2 else 0.0
    # with few groups the difference can fall below what one of them says
    variance = max(float(sum(squares) - twice), *(float(each) for each in squares))
    return mean, float(np.sqrt(variance)) / values.size
