"""What each worker says of each class, as everyone else's answers tell, and how much that rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import CHUNK, Codes, Counts, Floats, brief
from crowdqc.quality.pairs import Pairs
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.backing import by_everyone_else, worth

#: Pseudo-answers in each row: half a right one and half a wrong one, spread. A recall then has Jeffreys' prior.
HALF = 0.5
#: How often a worker is taken to be right before he is looked at.
TRUST = 0.7
#: Iterations at most, and a share of the answers that moves and is too small to go on for.
STEPS = 50
SMALL = 3e-4
#: Cells of matrices that are held at once.
CELLS = 1 << 22


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Matrices:
    """The confusion of each worker, estimated from what everyone else makes of his items.

    Attributes
    ----------
    pairs
        The (worker, label) pairs that occur.
    counts
        float64[pairs, K], expected answers of each pair to items of each true class.
    evidence
        float64[n_workers, K], answers to items known to be of that class that would tell as much: fewer where
        everyone else is in doubt.
    unknown
        float64[pairs], variance of the number of right answers of each pair, given everything.
    crowd
        float64[K, K], P(said | true), rows true, of all answers together: what an unknown worker is expected to
        say.
    """

    pairs: Pairs
    counts: Floats
    evidence: Floats
    unknown: Floats
    crowd: Floats

    @classmethod
    def of(cls, votes: Votes, consensus: Consensus) -> Self:
        """Estimate by expectation maximisation, the posterior by everyone else held fixed.

        A worker's own answer enters the truth of its item only through his own matrix e, with the likelihood
        sum_c q(c) e[c, said], where q is what all others make of the item. What it is worth is what it would
        tell of one accuracy (`Backing`): where q is flat, nothing. Answers to items that nobody else answered do
        not enter.
        """
        pairs, K = Pairs.among(votes), votes.n_classes
        counts, evidence = np.zeros((len(pairs), K)), np.zeros((votes.n_workers, K))
        unknown = np.zeros(len(pairs))
        others = np.empty((len(votes), K), dtype=np.float32)
        for some, posterior in by_everyone_else(votes, consensus):
            others[some] = posterior
        heard = np.flatnonzero(~np.isnan(others[:, :1]).any(axis=1))  # a row is known or is not
        order = heard[_sorted(pairs.of_answer[heard])]
        ends = np.cumsum(np.bincount(pairs.of_answer[order], minlength=len(pairs)))
        for low, high in _parts(pairs, ends):
            rows = order[ends[low - 1] if low else 0 : ends[high - 1]]
            part = _Part(
                others[rows].astype(np.float64),
                pairs.of_answer[rows] - low,
                pairs.label[low:high],
                pairs.place[low:high] - pairs.place[low],
            )
            busy = pairs.busy[pairs.place[low] : pairs.place[high - 1] + 1]
            counts[low:high], evidence[busy], unknown[low:high] = part.estimate()
        crowd = pseudo_answers(K)
        for true in range(K):
            crowd[true] += np.bincount(pairs.label, weights=counts[:, true], minlength=K)
        return cls(pairs, counts, evidence, unknown, crowd / crowd.sum(axis=1, keepdims=True))

    @property
    def n_workers(self) -> int:
        return self.pairs.n_workers

    @property
    def n_classes(self) -> int:
        return self.pairs.n_classes

    def parts(self) -> Iterator[slice]:
        """Cut the workers so that the matrices of a part are of bounded size."""
        step = max(1, CELLS // max(self.n_classes, 1) ** 2)
        for start in range(0, self.n_workers, step):
            yield slice(start, min(start + step, self.n_workers))

    def expected(self, workers: slice) -> Floats:
        """Expected answers of some workers by true class and label said, float64[workers, K, K]."""
        low, high = np.searchsorted(self.pairs.worker, (workers.start, workers.stop))
        K = self.n_classes
        table = np.zeros((workers.stop - workers.start, K, K))
        table[self.pairs.worker[low:high] - workers.start, :, self.pairs.label[low:high]] = self.counts[low:high]
        return table

    def known(self, workers: slice) -> Floats:
        """Answers of some workers by class and label, as many as the evidence is worth, float64[workers, K, K]."""
        return _scaled(self.expected(workers), self.evidence[workers])

    def dirichlet(self, workers: slice) -> Floats:
        """Parameters of the Dirichlet posterior of rows, float64[workers, K, K]: the crowd's row is one answer."""
        return np.asarray(self.known(workers) + self.crowd)

    def rates(self, workers: Counts | Codes) -> Floats:
        """P(said | true) of workers, one matrix for each of them as listed, float64[len(workers), K, K]."""
        K = self.n_classes
        wanted, place = np.unique(workers, return_inverse=True)
        row = np.full(self.n_workers, -1)
        row[wanted] = np.arange(wanted.size)
        pairs = np.flatnonzero(row[self.pairs.worker] >= 0)
        table = np.zeros((wanted.size, K, K))
        table[row[self.pairs.worker[pairs]], :, self.pairs.label[pairs]] = self.counts[pairs]
        table = _scaled(table, self.evidence[wanted]) + self.crowd
        return np.asarray((table / table.sum(axis=2, keepdims=True))[place])


def _sorted(codes: Codes) -> Counts:
    """Sort stably, sixteen bits at a time: numpy counts numbers as short as that, and merges longer ones."""
    order = np.argsort(codes.astype(np.uint16), kind="stable")  # by the lower bits
    if codes.max(initial=0) >> 16:
        order = order[np.argsort((codes[order] >> 16).astype(np.uint16), kind="stable")]
    return order


def _scaled(table: Floats, evidence: Floats) -> Floats:
    """Scale rows of counts, float64[workers, K, K], so that they sum to the evidence, float64[workers, K]."""
    mass = table.sum(axis=2)
    share = np.divide(evidence, mass, out=np.zeros_like(mass), where=mass > 0)
    return np.asarray(table * share[:, :, None])


def pseudo_answers(K: int, right: float = HALF, wrong: float = HALF) -> Floats:
    """Right answers in each row, on the diagonal, and wrong ones, spread over the rest, float64[K, K]."""
    aside = wrong / (K - 1) if K > 1 else 0.0
    return np.full((K, K), aside) + np.eye(K) * (right - aside)


def _parts(pairs: Pairs, ends: Counts) -> Iterator[tuple[int, int]]:
    """Cut the pairs between workers so that a part has a bounded number of answers, or is one worker."""
    stops = np.append(pairs.first[1:], len(pairs)).astype(np.int64)
    low = 0
    while low < len(pairs):
        done = ends[low - 1] if low else 0
        fit = np.searchsorted(ends[stops - 1], done + CHUNK, side="right")
        next_worker = np.searchsorted(stops, low, side="right")
        high = int(stops[min(max(fit - 1, next_worker), stops.size - 1)])
        yield low, high
        low = high


@brief
@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The answers of some workers.

    Attributes
    ----------
    others
        float64[answers, K], what everyone else makes of the items; sorted by pair.
    pair
        int32[answers].
    label, worker
        int32[pairs], sorted by worker, who are numbered from 0.
    """

    others: Floats
    pair: Codes
    label: Codes
    worker: Codes

    def estimate(self) -> tuple[Floats, Floats, Floats]:
        """Give counts, float64[pairs, K], evidence, float64[workers, K], and what is unknown, float64[pairs]."""
        K = self.others.shape[1]
        first = np.flatnonzero(np.diff(self.worker, prepend=-1))
        pseudo = pseudo_answers(K)
        used, mass = pseudo.T[self.label], pseudo.sum(axis=1)
        # everybody begins as one who is right more often than not
        rates = pseudo_answers(K, TRUST, 1 - TRUST)[:, self.label].T
        counts = np.zeros(used.shape)
        for _ in range(STEPS):
            truth = self._truth(rates)
            before, counts = counts, self._sums(truth)
            total = np.add.reduceat(counts, first, axis=0)
            rates = (counts + used) / (total + mass)[self.worker]
            if np.abs(counts - before).sum() <= SMALL * self.pair.size:
                break
        right = np.add.reduceat(counts[np.arange(self.label.size), self.label], first)
        accuracy = (right + HALF) / (total.sum(axis=1) + 2 * HALF)
        tells = worth(self.others, accuracy[self.worker][self.pair])
        sure = truth[np.arange(self.pair.size), self.label[self.pair]]
        known = self._sums(truth * tells[:, None])
        return counts, np.add.reduceat(known, first, axis=0), self._sums((sure * (1 - sure))[:, None])[:, 0]

    def _truth(self, rates: Floats) -> Floats:
        """Posterior of the class of each answer's item, given the worker's matrix, float64[answers, K]."""
        truth = np.take(rates, self.pair, axis=0)
        truth *= self.others
        truth /= np.maximum(np.einsum("ac->a", truth), 1e-300)[:, None]
        return truth

    def _sums(self, table: Floats) -> Floats:
        """Sum the rows of answers over each pair."""
        sums = np.zeros((self.label.size, table.shape[1]))
        starts = np.flatnonzero(np.diff(self.pair, prepend=-1))
        if starts.size:
            sums[self.pair[starts]] = np.add.reduceat(table, starts, axis=0)
        return sums
