"""How well a method foretells answers that it has not seen: the evidence by which methods are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, Flags, Floats
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes

#: Parts that the answers are dealt into; one is held out at a time.
FOLDS = 5
#: Answers that all fits of one candidate together may read: more answers, fewer folds; above it a sample of items.
WORK = 300_000


class Foretelling(Protocol):
    """A method whose consensus can foretell answers."""

    def fit(self, votes: Votes, gold: Gold | None = None) -> Consensus: ...


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """The answers that candidates are tried on, the same for each of them.

    Attributes
    ----------
    votes, gold
        All answers, or those to a sample of items where there are more than `WORK`.
    fold
        int8[n], the part of each answer; answers to one item are dealt to different parts in turn.
    folds
        The parts that are held out, one at a time.
    """

    votes: Votes
    gold: Gold
    fold: Codes
    folds: tuple[int, ...]

    @classmethod
    def of(cls, votes: Votes, gold: Gold, seed: int) -> Trial:
        rng = np.random.default_rng(seed)
        n = len(votes)
        if n > WORK:
            drawn = rng.random(votes.n_items) < WORK / n
            votes = votes.where(drawn[votes.item])
        place = np.empty(len(votes), dtype=np.int64)
        order = np.lexsort((rng.random(len(votes)), votes.item))
        place[order] = np.arange(len(votes))
        begins = np.append(0, np.cumsum(votes.answers_per_item()))[:-1]
        turn = rng.integers(FOLDS, size=votes.n_items)
        fold = ((place - begins[votes.item] + turn[votes.item]) % FOLDS).astype(np.int32)
        return cls(votes, gold, fold, tuple(range(int(np.clip(WORK // max(n, 1), 1, FOLDS)))))

    @property
    def counted(self) -> Flags:
        """Answers that count: held out once, and not the only one of their item, bool[n]."""
        return np.asarray(np.isin(self.fold, self.folds) & (self.votes.answers_per_item()[self.votes.item] > 1))

    def foretold(self, method: Foretelling) -> Floats:
        """Log probability of each answer that counts, by a fit without its part, float64[counted]."""
        logs = np.empty(len(self.votes))
        for fold in self.folds:
            out = self.fold == fold
            consensus = method.fit(self.votes.where(~out), self.gold)
            logs[out] = consensus.foretells(self.votes.item[out], self.votes.worker[out], self.votes.label[out])
        return np.asarray(logs[self.counted])


def mean_and_error(values: Floats, group: Codes) -> tuple[float, float]:
    """Give the mean and its standard error where values of one group (a worker's answers) hang together.

    References
    ----------
    K.-Y. Liang, S. L. Zeger (1986), Longitudinal data analysis using generalized linear models (cluster-robust
    variance, of a mean).
    """
    if not values.size:
        return float("nan"), float("nan")
    mean = float(values.mean())
    sums = np.bincount(group, weights=values - mean)
    groups = int(np.count_nonzero(np.bincount(group)))
    scale = groups / (groups - 1) if groups > 1 else float("inf")
    return mean, float(np.sqrt(scale * (sums**2).sum())) / values.size if groups > 1 else float("inf")
