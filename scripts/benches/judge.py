"""Measures how long aggregation takes: `judge` and its fit on simulated answers, and the memory it takes.

scripts/bench judge [ANSWERS [CLASSES]]
"""

from __future__ import annotations

import resource
import sys
import time

from quality import draw  # the bench beside this one

from crowdqc.quality import DawidSkene, Problem, judge

if __name__ == "__main__":
    answers = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    K = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    votes = draw(answers, K)
    started = time.perf_counter()
    consensus = DawidSkene().fit(votes)
    fitted = time.perf_counter() - started
    started = time.perf_counter()
    judge(Problem(votes))
    judged = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(votes)} answers, {votes.n_items} items, {votes.n_workers} workers, {K} classes")
    print(f"fit    {fitted:6.2f} s, {consensus.iterations} iterations")
    print(f"judge  {judged:6.2f} s (fit, scores, agreement with intervals, routes)")
    print(f"memory {peak:6.0f} MiB at the most, the drawing of the answers included")
