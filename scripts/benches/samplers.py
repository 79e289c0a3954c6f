"""Measures the samplers on many items: time, processor time, memory, and how many nearest neighbours are found.

    scripts/bench samplers                # 100,000 vectors of 384 dimensions: some minutes
    scripts/bench samplers 20000 384      # fewer
    scripts/bench samplers --exact        # every pair as well

The vectors lie in 500 clusters of a 32-dimensional space, with noise in all dimensions. Each part runs in a
process of its own, so that its memory is its own. `OPENBLAS_NUM_THREADS` and `OMP_NUM_THREADS` say how many cores
are used.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from crowdqc.quality.predictions import Predictions
from crowdqc.quality.sampling import KnownErrors, LowConfidence, Pool, Search
from crowdqc.quality.sampling.neighbours import Nearest, graph, nearest, unit

K, SAMPLE = 10, 1000
PARTS = {
    "faiss": "the 10 nearest of every item, by faiss",
    "exact": "the same, by every pair",
    "known_errors": "known_errors, 1,000 known errors and 1,000 known right",
    "search": "search, 20 marked",
    "low_confidence": "low_confidence, 1,000,000 items of 100 classes",
}


def drawn(n: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(500, 32))[rng.integers(0, 500, n)] + 0.6 * rng.normal(size=(n, 32))
    mixed = latent @ rng.normal(size=(32, d)) / np.sqrt(32) + 0.3 * rng.normal(size=(n, d))
    return np.asarray(mixed, dtype=np.float32)


def predicted(n: int, K: int) -> Predictions:
    """Draw predictions as they come from a table: checked, and in memory once."""
    rng = np.random.default_rng(0)
    table = rng.random((n, K))
    table /= table.sum(axis=1, keepdims=True)
    return Predictions(np.arange(n, dtype=np.int32), np.zeros(n, dtype=np.int32), table, ("model",))


def measured(part: str, n: int, d: int) -> str:
    """Perform one part, and tell its figures as a row."""
    if part == "low_confidence":
        pool = Pool.of(1_000_000, student=predicted(1_000_000, 100))
        return row(part, lambda: LowConfidence().rank(pool, np.random.default_rng(1)))
    vectors = drawn(n, d)
    rng = np.random.default_rng(1)
    some = rng.permutation(n)[:2000]
    Search().rank(Pool.of(2, embeddings=np.eye(2), wanted=[0]), rng)  # loads what is loaded once
    if part == "known_errors":
        pool = Pool.of(n, embeddings=vectors, error=some[:1000], right=some[1000:])
        return row(part, lambda: KnownErrors().rank(pool, rng))
    if part == "search":
        pool = Pool.of(n, embeddings=vectors, wanted=some[:10], unwanted=some[10:20])
        return row(part, lambda: Search().rank(pool, rng))
    found: list[Nearest] = []
    told = row(part, lambda: found.append(graph(vectors, K, "approximate" if part == "faiss" else "exact")))
    looked, length = some[:SAMPLE], unit(vectors)
    every = nearest(length[looked], length, K + 1).item.tolist()
    rows = zip(found[0].item[looked].tolist(), every, looked.tolist(), strict=True)
    hits = [len({*theirs} & ({*best} - {item})) / K for theirs, best, item in rows]
    return f"{told} {np.mean(hits):.4f} |"


def row(part: str, perform: Callable[[], object]) -> str:
    """Perform it, and tell its figures."""
    before, started = os.times(), time.perf_counter()
    perform()
    wall, after = time.perf_counter() - started, os.times()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    cpu = after.user + after.system - before.user - before.system
    return f"| {PARTS[part]} | {wall:.1f} | {cpu:.1f} | {peak:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("n", type=int, nargs="?", default=100_000)
    parser.add_argument("d", type=int, nargs="?", default=384)
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        print(measured(given.part, given.n, given.d))
        return
    print(f"| {given.n:,} items, {given.d} dimensions | seconds | of the processor | GiB at the most | found |")
    print("| --- | ---: | ---: | ---: | ---: |", flush=True)
    for part in PARTS:
        if part != "exact" or given.exact:
            subprocess.run([sys.executable, __file__, str(given.n), str(given.d), "--part", part], check=True)


if __name__ == "__main__":
    main()
