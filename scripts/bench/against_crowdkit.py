"""Times Dawid-Skene and majority vote against crowd-kit, side by side in one interleaved run; prints ratios.

    python scripts/bench/against_crowdkit.py [ANSWERS [CLASSES ...]]

Both fit the same simulated crowd for the same number of iterations. The machine may be noisy, so that of each pair
of neighbouring runs the ratio is taken, and of the ratios the median.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable

import pandas
from aggregation import draw

from crowdqc.quality import DawidSkene, MajorityVote, Votes

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from crowdkit import aggregation as crowdkit

ITERATIONS = 10
ROUNDS = 5


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compared(votes: Votes) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Give, for each method, what crowdqc and what crowd-kit do with the same columns of codes."""
    frame = pandas.DataFrame({"task": votes.item, "worker": votes.worker, "label": votes.label})

    def coded() -> Votes:
        # Building the columns is part of the work, as the joins of a frame are.
        names = {"items": votes.items, "workers": votes.workers, "classes": votes.classes}
        return Votes.coded(votes.item, votes.worker, votes.label, **names)

    plain = DawidSkene(diagonal=0, off_diagonal=0, class_items=0, max_iterations=ITERATIONS, tolerance=0)
    return {
        "Dawid-Skene": (
            lambda: plain.fit(coded()),
            lambda: crowdkit.DawidSkene(n_iter=ITERATIONS, tol=0).fit(frame),
        ),
        "majority vote": (lambda: MajorityVote().fit(coded()), lambda: crowdkit.MajorityVote().fit(frame)),
    }


if __name__ == "__main__":
    answers = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print("method           answers  classes    crowdqc   crowd-kit   ratio (median of pairs)")
    for classes in [int(each) for each in sys.argv[2:]] or [2, 5]:
        for name, (ours, theirs) in compared(draw(answers, classes)).items():
            ours()
            theirs()
            pairs = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
            own, other = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(slow / fast for fast, slow in pairs)
            print(f"{name:13} {answers:10,} {classes:8} {own:9.3f}s {other:10.3f}s {ratio:7.1f}x")
