"""Crowds to test with: simulated ones whose truth is known, and arbitrary small tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from crowdqc.quality.votes import Votes

Row = tuple[str, str, str]


@dataclass(frozen=True)
class Crowd:
    votes: Votes
    truth: NDArray[np.int64]
    confusion: NDArray[np.float64]


def simulate(
    seed: int,
    *,
    items: int = 300,
    workers: int = 20,
    K: int = 3,
    overlap: int = 5,
    low: float = 0.5,
    high: float = 0.95,
) -> Crowd:
    """Workers whose accuracy lies between low and high, errors spread evenly; `overlap` of them answer an item."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(K, size=items)
    accuracy = rng.uniform(low, high, size=workers)
    confusion = np.empty((workers, K, K))
    confusion[:] = ((1 - accuracy) / (K - 1))[:, None, None]
    confusion[:, np.arange(K), np.arange(K)] = accuracy[:, None]
    return answered(rng, truth, confusion, overlap)


def answered(
    rng: np.random.Generator, truth: NDArray[np.int64], confusion: NDArray[np.float64], overlap: int
) -> Crowd:
    """Draw `overlap` workers an item, and what they say by their matrices, float[workers, K, K]."""
    workers, K = confusion.shape[:2]
    item = np.repeat(np.arange(truth.size), overlap)
    worker = np.concatenate([rng.choice(workers, overlap, replace=False) for _ in range(truth.size)])
    label = (rng.random(item.size)[:, None] > confusion[worker, truth[item]].cumsum(axis=1)).sum(axis=1)
    votes = Votes.coded(
        item,
        worker,
        np.minimum(label, K - 1),
        items=range(truth.size),
        workers=range(workers),
        classes=[str(k) for k in range(K)],
    )
    return Crowd(votes, truth, confusion)


def rows(max_size: int = 40) -> st.SearchStrategy[list[Row]]:
    """Tables of (item, worker, label) of at most 6 items, 5 workers and 3 classes, each pair once."""
    row = st.tuples(st.sampled_from("abcdef"), st.sampled_from("vwxyz"), st.sampled_from("PQR"))
    return st.lists(row, max_size=max_size, unique_by=lambda row: row[:2])


def votes_of(table: list[Row], classes: str = "PQR") -> Votes:
    items, workers, labels = zip(*table, strict=True) if table else ((), (), ())
    return Votes.of(items, workers, labels, classes=list(classes), all_items="abcdef")
