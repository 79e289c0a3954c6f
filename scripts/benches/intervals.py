"""Measures how often 90% intervals of confusion matrices hold the truth, on simulated crowds.

scripts/bench intervals [CROWDS]
"""

from __future__ import annotations

import sys
import time

import numpy as np

from crowdqc.quality import Votes
from crowdqc.quality.aggregation import BayesianDawidSkene, DawidSkene, HierarchicalDawidSkene
from crowdqc.quality.calibration import calibration

METHODS = {
    "dawid_skene": DawidSkene(),
    "hierarchical_dawid_skene": HierarchicalDawidSkene(),
    "bayesian_dawid_skene": BayesianDawidSkene(),
}


def crowd(
    seed: int, items: int, workers: int, K: int, overlap: int, equal: bool
) -> tuple[Votes, np.ndarray, np.ndarray]:
    """Draw a crowd: rows of each matrix from a Dirichlet, or one accuracy a worker from .5 to .95."""
    rng = np.random.default_rng(seed)
    if equal:
        accuracy = rng.uniform(0.5, 0.95, size=workers)[:, None, None]
        table = np.where(np.eye(K, dtype=bool), accuracy, (1 - accuracy) / (K - 1))
    else:
        table = np.stack([rng.dirichlet(row, size=workers) for row in np.eye(K) * 4 + 1], axis=1)
    truth = rng.integers(K, size=items)
    item = np.repeat(np.arange(items), overlap)
    worker = np.concatenate([rng.choice(workers, overlap, replace=False) for _ in range(items)])
    label = (
        (rng.random(item.size)[:, None] > table[worker, truth[item]].cumsum(axis=1)).sum(axis=1).clip(max=K - 1)
    )
    names = [str(k) for k in range(K)]
    votes = Votes.coded(item, worker, label, items=range(items), workers=range(workers), classes=names)
    return votes, truth, table


if __name__ == "__main__":
    crowds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print("| crowd | method | cells inside | on the diagonal | labels right | calibration error | seconds |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for words, shape in {
        "20 workers, 300 items x 5, 3 classes": (300, 20, 3, 5, False),
        "the same, equally good on all classes": (300, 20, 3, 5, True),
        "25 workers, 200 items x 3, 2 classes": (200, 25, 2, 3, False),
        "15 workers, 300 items x 3, 4 classes": (300, 15, 4, 3, False),
    }.items():
        found: dict[str, list[tuple[float, ...]]] = {name: [] for name in METHODS}
        for seed in range(crowds):
            votes, truth, table = crowd(seed, *shape)
            for name, method in METHODS.items():
                start = time.perf_counter()
                consensus = method.fit(votes)
                taken = time.perf_counter() - start
                low, high = consensus.confusion.interval(0.9)  # type: ignore[union-attr]
                inside = (low <= table) & (table <= high)
                right = consensus.label == truth
                error = calibration(consensus.confidence, right).error
                diagonal = np.einsum("wkk->wk", inside).mean()
                found[name].append((inside.mean(), diagonal, right.mean(), error, taken))
        for name, rows in found.items():
            cells, diagonal, right, error, taken = np.mean(rows, axis=0)
            print(f"| {words} | {name} | {cells:.2f} | {diagonal:.2f} | {right:.3f} | {error:.3f} | {taken:.2f} |")
