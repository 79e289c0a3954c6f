"""Both products in one pass over the answers, compiled by numba where it is installed.

The pass works with odds against the last state, as products, so that an answer costs S - 1 multiplications and
no logarithm. Items are cut into blocks whose number depends on the problem alone, so that results do not depend
on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import get_num_threads, njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from crowdqc.quality.arrays import Codes, Floats
from crowdqc.quality.estimation.kernels import Expected, passes
from crowdqc.quality.estimation.kernels.unrolled import specialised
from crowdqc.quality.pairs import Pairs

#: Answers whose odds are multiplied before a logarithm is taken: so many within e^STEEP have a product.
FEW = 8
STEEP = 85.0
#: Answers from which threads pay, the greatest number of blocks, and how many answers a pair then has in each.
THREADED = 300_000
BLOCKS = 8
DENSE = 4
THREADS = min(BLOCKS, get_num_threads())
#: States up to which the loops over them are written out.
UNROLLED = 12
#: How many answers ahead the table is asked for, where it has more bytes than lie next to the processor.
AHEAD = 16
NEAR = 1 << 18
#: Numbers in a cache line.
LINE = 8


class Compiled:
    """One pass an iteration; the posterior that it gives is overwritten by the next.

    Each block has a table of its own, of one row a pair: the odds and, beside them, the counts.
    """

    def __init__(self, pairs: Pairs, kind: Codes, states: int) -> None:
        answers, last = pairs.of_answer.size, states - 1
        blocks = 1
        while answers >= THREADED and blocks < BLOCKS and 2 * blocks * DENSE * len(pairs) <= answers:
            blocks *= 2
        width = 2 * last if 2 * last > LINE else 1 << (2 * last - 1).bit_length()
        far = len(pairs) * width * 8 > NEAR
        self._pass, self._count, self._total = _compile(states, width, far)
        self._pairs, self._ends, self._kind = pairs, pairs.ends, np.ascontiguousarray(kind)
        self._row = np.zeros(answers + AHEAD, dtype=np.uint32)
        np.multiply(pairs.of_answer, width, out=self._row[:answers], casting="unsafe")
        # blocks of equally many answers
        self._cuts = np.searchsorted(pairs.ends, np.linspace(0, answers, blocks + 1), side="left")
        self._cuts[0], self._cuts[-1] = 0, pairs.n_items
        self._answers_of_pair = np.bincount(pairs.of_answer, minlength=len(pairs)).astype(np.float64)
        self._posterior = np.zeros((pairs.n_items, states))
        self._tables = _aligned(blocks, len(pairs), width)
        self._last = last

    def begin(self, posterior: Floats) -> Floats:
        self._posterior[:] = posterior
        self._tables[:] = 0.0
        self._each_block(self._count)
        return self._counted()

    def expect(self, log_rates: Floats, starts: Floats) -> Expected:
        odds = log_rates[:, :-1] - log_rates[:, -1:]
        np.clip(odds, -STEEP, STEEP, out=odds)
        np.exp(odds, out=odds)
        found = self._each_block(self._pass, odds.ravel(), self._kind, np.ravel(starts))
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
        counts = np.empty((len(self._pairs), self._last + 1))
        self._total(self._tables, self._answers_of_pair, counts)
        return counts

    def _each_block(self, work: Callable[..., Any], *arrays: Any) -> list[Any]:
        def one(block: int) -> Any:
            low, high = self._cuts[block : block + 2]
            return work(
                self._row,
                self._ends,
                low,
                high,
                self._tables[block].reshape(-1),
                self._posterior.reshape(-1),
                *arrays,
            )

        blocks = range(len(self._tables))
        shares = [[*blocks[share::THREADS]] for share in range(min(THREADS, len(blocks)))]
        # this thread works as well: one that slept would be woken on the core of its waker
        others = [_threads().submit(lambda share: [*map(one, share)], share) for share in shares[1:]]
        found = [[*map(one, shares[0])], *(other.result() for other in others)]
        return [found[block % len(shares)][block // len(shares)] for block in blocks]


def _aligned(blocks: int, rows: int, width: int) -> Floats:
    """Give tables that begin where a cache line begins, float64[blocks, rows, width]."""
    room = np.zeros(blocks * rows * width + LINE)
    skip = -(room.ctypes.data // 8) % LINE
    return room[skip : skip + blocks * rows * width].reshape(blocks, rows, width)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS - 1, thread_name_prefix="crowdqc")


@cache
def _compile(S: int, width: int, far: bool) -> tuple[Callable[..., Any], ...]:
    names = {"S": S, "STATES": np.uint64(S), "LAST": np.uint64(S - 1), "WIDTH": np.uint64(width)}
    names |= {"FAR": far, "FEW": np.uint64(FEW), "AHEAD": np.uint64(AHEAD), "prefetch": _prefetch}
    loops = {"STATES": S, "LAST": S - 1} if S <= UNROLLED else {}
    wanted = (passes.one_pass, passes.count, passes.total)
    made = [specialised(function, f"{S}_{width}_{far}", names, loops) for function in wanted]
    return tuple(njit(cache=True, nogil=True, fastmath={"contract"})(each) for each in made)


@njit(cache=True, nogil=True)
def _sum(pair, ends, table, out):  # type: ignore[no-untyped-def]
    for item in range(len(ends) - 1):
        out[item, :] = 0.0
        for answer in range(ends[item], ends[item + 1]):
            for k in range(out.shape[1]):
                out[item, k] += table[pair[answer], k]


@intrinsic
def _prefetch(_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of `array[index]`, which will be read and written."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        table = make_array(signature.args[0])(context, builder, arguments[0])  # type: ignore[no-untyped-call]
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        call = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, kind, "llvm.prefetch.p0i8"
        )
        place = builder.bitcast(builder.gep(table.data, [arguments[1]]), byte)
        builder.call(call, [place, number(1), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, index), generate
