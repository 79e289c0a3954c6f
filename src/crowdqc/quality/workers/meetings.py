"""Which workers met on the same items, and which of them agreed there against others suspiciously often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, Counts, Flags, Floats, brief
from crowdqc.quality.votes import Votes

if TYPE_CHECKING:
    from scipy import sparse

#: Pairs of answers to the same item that are multiplied out at once: bounds memory, changes no result.
BLOCK = 1 << 23
#: Workers times items up to which a dense product is tried where many meet on each item.
DENSE = 1 << 26
#: Of pairs whose agreement against others has at least this chance by a first guess, nothing more is asked.
LIKELY = 0.01


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Meetings:
    """Pairs of workers worth a closer look.

    Attributes
    ----------
    first, second
        int64[pairs], codes of workers, the first below the second; sorted.
    met
        How many pairs there are that have enough items in common, worth a look or not.
    """

    first: Counts
    second: Counts
    met: int

    @classmethod
    def of(cls, votes: Votes, consensus: Consensus, least: int) -> Self:
        """Find the pairs with at least `least` items in common that gave two or more odd answers alike.

        An answer is odd where it is not the consensus, or where two who gave it would be in the minority without
        each other. A first guess at how many two workers share by chance, from how many each gives, leaves out
        those who share no more.

        Parameters
        ----------
        votes
            One answer a worker and item.
        """
        odd = _odd(votes, consensus)
        W, K = votes.n_workers, votes.n_classes
        cell = votes.item.astype(np.int64) * K + votes.label
        share = np.bincount(votes.worker[odd], minlength=W) / np.maximum(votes.answers_per_worker(), 1)
        answered = _incidence(votes.worker, votes.item.astype(np.int64), W)
        oddly = _incidence(votes.worker[odd], cell[odd], W)
        met = 0
        pairs: list[tuple[Counts, Counts]] = []
        for low, high in _blocks(answered):
            first, second, common = _product(answered, low, high)
            enough = common >= least
            met += int(enough.sum())
            alike = _product(oddly, low, high)
            key, wanted = first * W + second, alike[0] * W + alike[1]
            at = np.minimum(np.searchsorted(key, wanted), max(key.size - 1, 0))
            look = alike[2] >= 2
            look &= enough[at] if key.size else False
            u, v, shared = alike[0][look], alike[1][look], alike[2][look]
            guess = common[at[look]] * share[u] * share[v] / max(K - 1, 1)
            rare = _poisson_tail(shared, guess) < LIKELY
            pairs.append((u[rare], v[rare]))
        empty = np.zeros(0, dtype=np.int64)
        return cls(
            np.concatenate([empty, *(u for u, _ in pairs)]), np.concatenate([empty, *(v for _, v in pairs)]), met
        )

    def shared(self, votes: Votes) -> Iterator[tuple[slice, Counts, Counts, Counts]]:
        """Give the answers of the pairs to the items that they have in common, some pairs after the others.

        Parameters
        ----------
        votes
            One answer a worker and item.

        Yields
        ------
        slice, pair, a, b
            Which pairs; for each item in common the pair, counted from 0 in the slice, and the rows of the two
            answers.
        """
        n = votes.answers_per_worker()
        order = np.argsort(votes.worker, kind="stable")
        start = np.cumsum(n) - n
        swap = n[self.second] < n[self.first]
        fewer, more = np.where(swap, self.second, self.first), np.where(swap, self.first, self.second)
        key = votes.item * np.int64(max(votes.n_workers, 1)) + votes.worker
        ends = np.cumsum(n[fewer])
        low = 0
        while low < fewer.size:
            done = ends[low - 1] if low else 0
            high = max(low + 1, int(np.searchsorted(ends, done + (BLOCK >> 3), side="right")))
            part = slice(low, high)
            size = n[fewer[part]]
            pair = np.repeat(np.arange(size.size), size)
            within = np.arange(pair.size) - np.repeat(np.cumsum(size) - size, size)
            a = order[start[fewer[part]][pair] + within]
            wanted = votes.item[a] * np.int64(votes.n_workers) + more[part][pair]
            b = np.minimum(np.searchsorted(key, wanted), key.size - 1)
            both = key[b] == wanted
            pair, a, b = pair[both], a[both], b[both]
            turned = swap[part][pair]
            yield part, pair, np.where(turned, b, a), np.where(turned, a, b)
            low = high


def _odd(votes: Votes, consensus: Consensus) -> Flags:
    """Whether an answer differs from the consensus, or its label is outvoted once two voices are taken from it."""
    counts = votes.counts()
    mine = counts[votes.item, votes.label]
    others = counts.sum(axis=1)[votes.item] - mine
    return np.asarray((votes.label != consensus.label[votes.item]) | ((mine - 2 < others) & (others > 0)))


def _incidence(worker: Codes, column: Counts, W: int) -> sparse.csr_array:
    """Workers by those columns that occur, 1 where the worker is in the column."""
    from scipy import sparse

    present, place = np.unique(column, return_inverse=True)
    shape = (W, present.size)
    return sparse.csr_array((np.ones(place.size, dtype=np.float32), (worker, place)), shape=shape)


def _blocks(answered: sparse.csr_array) -> Iterator[tuple[int, int]]:
    """Cut the workers so that those of a block meet a bounded number of answers."""
    per_item = np.bincount(answered.indices, minlength=answered.shape[1])
    reach = np.append(0, np.cumsum(per_item[answered.indices]))[answered.indptr]
    low, W = 0, answered.shape[0]
    while low < W:
        high = int(np.searchsorted(reach, reach[low] + BLOCK, side="right")) - 1
        high = min(max(high, low + 1), W)
        yield low, high
        low = high


def _product(table: sparse.csr_array, low: int, high: int) -> tuple[Counts, Counts, Floats]:
    """Count the columns that the workers from `low` to `high` share with those after them; sorted pairs."""
    W, columns = table.shape
    block = table[low:high]
    if columns and W * columns <= DENSE and block.nnz and table.nnz > W * columns // 8:
        counts = block.toarray() @ table.toarray().T
        row, column = np.nonzero(counts)
        data = counts[row, column]
    else:
        product = (block @ table.T).tocsr()
        product.sort_indices()
        row = np.repeat(np.arange(high - low), np.diff(product.indptr))
        column, data = product.indices, product.data
    first, second = row.astype(np.int64) + low, column.astype(np.int64)
    upper = second > first
    return first[upper], second[upper], data[upper].astype(np.float64)


def _poisson_tail(count: Floats, mean: Floats) -> Floats:
    from scipy.special import gammainc

    return np.asarray(gammainc(count, mean))
