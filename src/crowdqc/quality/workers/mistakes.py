"""What two workers say alike against all others on an item, and what chance and the item lead one to expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Counts, Flags, Floats, brief
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.backing import with_shares
from crowdqc.quality.workers.matrices import Matrices

#: Pairs of answers from which is learned what the crowd shares.
DRAWN = 20_000
#: Iterations of that, and of doing it again without one pair.
STEPS, FURTHER = 100, 20
#: A pair that has more than this share of it does not enter what is expected of itself.
MATTERS = 0.02


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Faced:
    """Pairs of answers to the same item, one row each.

    Attributes
    ----------
    told
        bool[rows], whether there are others, or gold.
    alike
        bool[rows], whether the two say the same.
    seen
        float64[rows], probability that they say the same and are wrong, by all others and by both, were they
        independent.
    wrong
        float64[rows, K], that probability had both said a label.
    causes
        float64[rows, K, causes], why both might say a label and be wrong: chance, by both matrices; one like
        others on the item, and one by his matrix; both like others; a mistake that is the easier for both the
        oftener they make it; a mistake that is easy for anybody.
    """

    told: Flags
    alike: Flags
    seen: Floats
    wrong: Floats
    causes: Floats

    def moments(self, weights: Floats) -> tuple[Floats, Floats]:
        """Mean and variance of `seen`, float64[rows], of two who do not know of each other.

        Parameters
        ----------
        weights
            float64[rows, causes], how much each cause counts.
        """
        each = np.einsum("ilc,ic->il", self.causes, weights)
        mean = each.sum(axis=1)
        return mean, np.maximum((self.wrong * each).sum(axis=1) - mean**2, 0.0)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """What pairs of answers drawn from the whole crowd share, and why.

    Attributes
    ----------
    pair
        int64[rows], first worker times the number of workers, and the second.
    seen
        float64[rows], as in `Faced`.
    total, hit
        float64[rows, causes], the causes of all labels together, and those of the label that the first of the two
        gave.
    n_workers
        Of the votes.
    """

    pair: Counts
    seen: Floats
    total: Floats
    hit: Floats
    n_workers: int

    def weights(self, first: Counts, second: Counts) -> Floats:
        """Find how much each cause counts for each pair of workers, float64[pairs, causes]; nobody by himself.

        What is drawn from a pair does not enter its own weights, where it is so much that it would matter.
        """
        whole = self._fit(np.ones(self.seen.size, dtype=bool))
        found = np.tile(whole, (first.size, 1))
        key, most = first * np.int64(self.n_workers) + second, self.seen.sum() * MATTERS
        for place in np.flatnonzero(np.isin(key, self.pair)):
            own = self.pair == key[place]
            if self.seen[own].sum() > most:
                found[place] = self._fit(~own, whole)
        return found

    def _fit(self, rows: Flags, start: Floats | None = None) -> Floats:
        """Weigh the causes by maximum likelihood of Poisson numbers whose means are sums of them.

        As many mistakes are then expected as are shared. Whatever makes items hard, attracts to a wrong label or
        moves a consensus moves all pairs, and so it is in the weights.
        """
        total = self.total[rows].sum(axis=0)
        happened = rows & (self.seen > 0)
        seen, hit = self.seen[happened], self.hit[happened]
        usable = total > 0
        if not seen.size:
            return np.asarray(np.eye(total.size)[0])
        even = np.divide(seen.sum() / total.size, total, out=np.zeros_like(total), where=usable)
        weights = even if start is None else start
        for _ in range(STEPS if start is None else FURTHER):
            more = hit.T @ (seen / np.maximum(hit @ weights, 1e-300))
            weights = weights * np.divide(more, total, out=np.zeros_like(total), where=usable)
        return np.asarray(weights)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Mistakes:
    """The answers, as looked at by two.

    Attributes
    ----------
    votes, once
        All answers, and the first of each worker to each item.
    rows
        int64[len(once)], the row in `votes` of each in `once`.
    counts
        int64[n_items, K], of `once`.
    """

    votes: Votes
    once: Votes
    rows: Counts
    counts: Counts
    consensus: Consensus
    matrices: Matrices

    @classmethod
    def of(cls, votes: Votes, consensus: Consensus, matrices: Matrices) -> Self:
        once = votes.once()
        return cls(votes, once, np.flatnonzero(votes.opens_group()), once.counts(), consensus, matrices)

    def faced(self, one: Counts, two: Counts) -> Faced:
        """Look at pairs of answers, by their rows in `once`."""
        label, item = self.once.label, self.once.item[one]
        at = np.arange(one.size)
        truth = self._without_both(one, two)
        told: Flags = ~np.isnan(truth.sum(axis=1))
        truth[~told] = 0.0
        share = self.counts[item].astype(np.float64)
        share[at, label[one]] -= 1
        share[at, label[two]] -= 1
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1.0)
        u, v = self.matrices.rates(self.once.worker[one]), self.matrices.rates(self.once.worker[two])
        right = truth * np.einsum("icc->ic", u) * np.einsum("icc->ic", v)
        both = np.einsum("ic,icl,icl->il", truth, u, v)
        wrong = np.divide(np.maximum(both - right, 0.0), both, out=np.zeros_like(both), where=both > 0)
        first, second = (
            np.einsum("ic,icl->il", truth, rates) - truth * np.einsum("icc->ic", rates) for rates in (u, v)
        )
        first, second = np.maximum(first, 0.0), np.maximum(second, 0.0)
        causes = [both, share * (first + second) / 2, share**2, np.sqrt(first * second), np.ones_like(both)]
        alike = told & (label[one] == label[two])
        seen = np.where(alike, wrong[at, label[one]], 0.0)
        return Faced(told, alike, seen, wrong, np.stack(causes, axis=2) * wrong[:, :, None])

    def _without_both(self, one: Counts, two: Counts) -> Floats:
        """Posterior of items by everyone but two workers, all of whose answers to the item are left out."""
        ends = np.append(self.rows[1:], len(self.votes))
        start = np.stack([self.rows[one], self.rows[two]], axis=1).ravel()
        size = np.stack([ends[one], ends[two]], axis=1).ravel() - start
        place = np.repeat(np.arange(size.size) // 2, size)
        within = np.arange(place.size) - np.repeat(np.cumsum(size) - size, size)
        left = self.consensus.leaving_out(self.votes, place, np.repeat(start, size) + within)
        return with_shares(left, self.consensus)

    def habits(self, seed: int | np.random.Generator) -> Habits:
        """Draw pairs of answers from the whole crowd."""
        one, two = self._draw(np.random.default_rng(seed))
        faced = self.faced(one, two)
        u, v = self.once.worker[one].astype(np.int64), self.once.worker[two]
        W = self.once.n_workers
        hit = faced.causes[np.arange(one.size), self.once.label[one]] if one.size else faced.causes.sum(axis=1)
        return Habits(np.minimum(u, v) * W + np.maximum(u, v), faced.seen, faced.causes.sum(axis=1), hit, W)

    def _draw(self, rng: np.random.Generator) -> tuple[Counts, Counts]:
        """Draw pairs of answers to the same item, each item as often as another."""
        n = self.counts.sum(axis=1)
        start = np.cumsum(n) - n
        items = np.flatnonzero((n > 2) | ((n > 1) & self.consensus.known))
        if not items.size:
            return items, items
        K = max(self.once.n_classes, 1)
        drawn = max(500, min(DRAWN, (1 << 23) // K**2))
        items = rng.permutation(items)[:drawn]
        items = np.tile(items, max(1, drawn // items.size))
        one = rng.integers(n[items])
        two = (one + 1 + rng.integers(n[items] - 1)) % n[items]
        return start[items] + one, start[items] + two
