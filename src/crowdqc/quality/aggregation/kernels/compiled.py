"""Both products in one pass over the answers, compiled by numba where it is installed.

The pass works with odds against the last state, as products, so that an answer costs S - 1 multiplications and no
logarithm. Items are cut into a fixed number of blocks, so that results do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numba import njit

from crowdqc.quality.aggregation.kernels import Expected
from crowdqc.quality.aggregation.pairs import Pairs
from crowdqc.quality.arrays import Codes, Floats

#: Log odds beyond which an answer is as good as certain: eight such factors are still numbers.
STEEP = 85.0
#: Answers from which threads pay, and into how many blocks the items are then cut.
THREADED = 300_000
BLOCKS = 4


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
        self._each_block(self._count, self._posterior)
        return self._counted()

    def expect(self, log_rates: Floats, starts: Floats) -> Expected:
        odds = np.exp(np.clip(log_rates[:, :-1] - log_rates[:, -1:], -STEEP, STEEP))
        found = self._each_block(self._pass, self._kind, odds, np.ascontiguousarray(starts), self._posterior)
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
        np.subtract(self._answers_of_pair, table[:, :-1].sum(axis=1), out=table[:, -1])
        np.maximum(table[:, -1], 0.0, out=table[:, -1])
        return table

    def _each_block(self, work: Callable[..., Any], *arrays: Any) -> list[Any]:
        self._counts[:] = 0.0

        def one(block: int) -> Any:
            low, high = self._cuts[block : block + 2]
            return work(self._pairs.of_answer, self._pairs.ends, low, high, *arrays, self._counts[block])

        blocks = range(len(self._counts))
        return [one(0)] if len(blocks) == 1 else list(_threads().map(one, blocks))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(BLOCKS, thread_name_prefix="crowdqc")


# The number of states is fixed when a pass is compiled, for then its short loops are unrolled.


@cache
def _compile_pass(S: int) -> Callable[..., tuple[float, float]]:
    last = S - 1

    @njit(cache=True, nogil=True, fastmath={"contract"})
    def one_pass(pair, ends, low, high, kind, odds, starts, posterior, counts):  # type: ignore[no-untyped-def]
        evidence, product, moved = 0.0, 1.0, 0.0
        row = np.empty(S)
        for item in range(low, high):
            begin, end = ends[item], ends[item + 1]
            for k in range(S):
                row[k] = starts[kind[item], k]
            for answer in range(begin, end):
                of = pair[answer]
                for k in range(last):
                    row[k] *= odds[of, k]
                if (answer - begin) & 7 == 7:
                    # eight such odds cannot overflow; then start from 1 again
                    highest = row[0]
                    for k in range(1, S):
                        highest = max(highest, row[k])
                    for k in range(S):
                        row[k] /= highest
                    evidence += np.log(highest)
            total = 0.0
            for k in range(S):
                total += row[k]
            if 1e-150 < total < 1e150:
                # one logarithm for many items
                product *= total
                if not 1e-150 < product < 1e150:
                    evidence += np.log(product)
                    product = 1.0
            else:
                evidence += np.log(total)
            share = 1.0 / total
            for k in range(S):
                value = row[k] * share
                moved += abs(value - posterior[item, k])
                posterior[item, k] = value
                row[k] = value
            for answer in range(begin, end):
                of = pair[answer]
                for k in range(last):
                    counts[of, k] += row[k]
        return evidence + np.log(product), moved

    return one_pass


@cache
def _compile_count(S: int) -> Callable[..., None]:
    last = S - 1

    @njit(cache=True, nogil=True)
    def count(pair, ends, low, high, posterior, counts):  # type: ignore[no-untyped-def]
        for item in range(low, high):
            for answer in range(ends[item], ends[item + 1]):
                for k in range(last):
                    counts[pair[answer], k] += posterior[item, k]

    return count


@njit(cache=True, nogil=True)
def _sum(pair, ends, table, out):  # type: ignore[no-untyped-def]
    for item in range(len(ends) - 1):
        out[item, :] = 0.0
        for answer in range(ends[item], ends[item + 1]):
            for k in range(out.shape[1]):
                out[item, k] += table[pair[answer], k]
