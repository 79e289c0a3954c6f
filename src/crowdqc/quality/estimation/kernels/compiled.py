"""Both products in one pass over the answers, compiled by numba where it is installed.

The pass works with odds against the last state, as products, so that an answer costs S - 1 multiplications and no
logarithm; where an item has many answers, as sums of logarithms, for products would run out of numbers. Items are
cut into a fixed number of blocks, so that results do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numba import get_num_threads, njit

from crowdqc.quality.arrays import Codes, Floats, row_sums
from crowdqc.quality.estimation.kernels import Expected
from crowdqc.quality.pairs import Pairs

#: Answers to an item up to which their odds are multiplied; with more, logarithms are added.
FEW = 8
#: Log odds beyond which an answer is as good as certain: so few such factors are still numbers.
STEEP = 85.0
#: Answers from which threads pay, and into how many blocks the items are then cut.
THREADED = 300_000
BLOCKS = 4
THREADS = min(BLOCKS, get_num_threads())


class Compiled:
    """One pass an iteration; the posterior that it gives is overwritten by the next."""

    def __init__(self, pairs: Pairs, kind: Codes, states: int) -> None:
        self._pairs, self._kind = pairs, np.ascontiguousarray(kind)
        self._pass, self._count = _compile_pass(states), _compile_count(states)
        many = pairs.of_answer.size >= THREADED and len(pairs) * BLOCKS <= pairs.of_answer.size
        # blocks of equally many answers
        parts = np.linspace(0, pairs.of_answer.size, (BLOCKS if many else 1) + 1)
        self._cuts = np.searchsorted(pairs.ends, parts, side="left")
        self._cuts[0], self._cuts[-1] = 0, pairs.n_items
        self._answers_of_pair = np.bincount(pairs.of_answer, minlength=len(pairs)).astype(np.float64)
        self._posterior = np.zeros((pairs.n_items, states))
        self._counts = np.zeros((len(self._cuts) - 1, len(pairs), states - 1))

    def begin(self, posterior: Floats) -> Floats:
        self._posterior[:] = posterior
        self._each_block(self._count, self._posterior.reshape(-1))
        return self._counted()

    def expect(self, log_rates: Floats, starts: Floats) -> Expected:
        log_odds = log_rates[:, :-1] - log_rates[:, -1:]
        odds = np.exp(np.clip(log_odds, -STEEP, STEEP))
        flat = [np.ravel(table) for table in (odds, log_odds, starts, self._posterior)]
        found = self._each_block(self._pass, self._kind, *flat)
        # what the odds leave out: each answer's rate of the last state
        apart = float(self._answers_of_pair @ log_rates[:, -1])
        return Expected(
            posterior=self._posterior,
            counts=self._counted(),
            evidence=sum(evidence for evidence, _ in found) + apart,
            moved=sum(change for _, change in found),
        )

    def scores(self, log_rates: Floats) -> Floats:
        scores = np.empty(self._posterior.shape)
        _sum(self._pairs.of_answer, self._pairs.ends, np.ascontiguousarray(log_rates), scores)
        return scores

    def _counted(self) -> Floats:
        """Add up the blocks, and the last state, which has what the others leave."""
        table = np.empty((len(self._pairs), self._posterior.shape[1]))
        self._counts.sum(axis=0, out=table[:, :-1])
        np.subtract(self._answers_of_pair, row_sums(table[:, :-1]), out=table[:, -1])
        np.maximum(table[:, -1], 0.0, out=table[:, -1])
        return table

    def _each_block(self, work: Callable[..., Any], *arrays: Any) -> list[Any]:
        self._counts[:] = 0.0

        def one(block: int) -> Any:
            low, high = self._cuts[block : block + 2]
            return work(
                self._pairs.of_answer, self._pairs.ends, low, high, *arrays, self._counts[block].reshape(-1)
            )

        if len(self._counts) == 1 or THREADS == 1:
            return [one(block) for block in range(len(self._counts))]
        # this thread works as well: one that slept would be woken on the core of its waker
        cut = -(-len(self._counts) // THREADS)
        others = [_threads().submit(one, block) for block in range(cut, len(self._counts))]
        return [one(block) for block in range(cut)] + [other.result() for other in others]


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS - 1, thread_name_prefix="crowdqc")


# The number of states is fixed when a pass is compiled, for then its short loops are unrolled. Tables are flat and
# indices unsigned, which saves the look whether an index is negative.


@cache
def _compile_pass(S: int) -> Callable[..., tuple[float, float]]:
    last = np.uint64(S - 1)
    states = np.uint64(S)

    @njit(cache=True, nogil=True, fastmath={"contract"})
    def one_pass(pair, ends, low, high, kind, odds, log_odds, starts, posterior, counts):  # type: ignore[no-untyped-def]
        evidence, product, moved = 0.0, 1.0, 0.0
        row = np.empty(S)
        for item in range(np.uint64(low), np.uint64(high)):
            begin, end = np.uint64(ends[item]), np.uint64(ends[item + np.uint64(1)])
            start = np.uint64(kind[item]) * states
            for k in range(states):
                row[k] = starts[start + k]
            if end - begin <= FEW:
                for answer in range(begin, end):
                    of = np.uint64(pair[answer]) * last
                    for k in range(last):
                        row[k] *= odds[of + k]
                highest = 0.0
            else:
                for k in range(states):
                    row[k] = np.log(row[k]) if row[k] > 0 else -np.inf
                for answer in range(begin, end):
                    of = np.uint64(pair[answer]) * last
                    for k in range(last):
                        row[k] += log_odds[of + k]
                highest = row[0]
                for k in range(states):
                    highest = max(highest, row[k])
                for k in range(states):
                    row[k] = np.exp(row[k] - highest)
            total = 0.0
            for k in range(states):
                total += row[k]
            evidence += highest
            if 1e-150 < total < 1e150:
                # one logarithm for many items
                product *= total
                if not 1e-150 < product < 1e150:
                    evidence += np.log(product)
                    product = 1.0
            else:
                evidence += np.log(total)
            share = 1.0 / total
            at = item * states
            for k in range(states):
                value = row[k] * share
                moved += abs(value - posterior[at + k])
                posterior[at + k] = value
                row[k] = value
            for answer in range(begin, end):
                of = np.uint64(pair[answer]) * last
                for k in range(last):
                    counts[of + k] += row[k]
        return evidence + np.log(product), moved

    return one_pass


@cache
def _compile_count(S: int) -> Callable[..., None]:
    last = np.uint64(S - 1)
    states = np.uint64(S)

    @njit(cache=True, nogil=True)
    def count(pair, ends, low, high, posterior, counts):  # type: ignore[no-untyped-def]
        for item in range(np.uint64(low), np.uint64(high)):
            for answer in range(np.uint64(ends[item]), np.uint64(ends[item + np.uint64(1)])):
                of = np.uint64(pair[answer]) * last
                for k in range(last):
                    counts[of + k] += posterior[item * states + k]

    return count


@njit(cache=True, nogil=True)
def _sum(pair, ends, table, out):  # type: ignore[no-untyped-def]
    for item in range(len(ends) - 1):
        out[item, :] = 0.0
        for answer in range(ends[item], ends[item + 1]):
            for k in range(out.shape[1]):
                out[item, k] += table[pair[answer], k]
