"""Crowds in which it is known who does what: workers with matrices of their own, items that are hard, copies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Crowd

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]


def coin(accuracy: ArrayLike, K: int) -> Reals:
    """Matrices of workers of these accuracies, errors spread evenly."""
    right = np.asarray(accuracy, dtype=np.float64)[:, None, None]
    return np.asarray(right * np.eye(K) + (1 - right) / (K - 1) * (1 - np.eye(K)))


def mixed(seed: int, workers: int, K: int) -> Reals:
    """Matrices of a quarter of spammers, one worker in twelve who is wrong in a fixed way, and good ones."""
    rng = np.random.default_rng(seed)
    table = coin(rng.uniform(0.6, 0.95, workers), K)
    quarter = workers // 4
    table[:quarter] = rng.dirichlet(np.ones(K), quarter)[:, None, :]
    table[quarter : workers // 3] = np.roll(table[quarter : workers // 3], 1, axis=2)
    return table


def assigned(rng: np.random.Generator, items: int, workers: int, overlap: int) -> Ints:
    """Who answers each item, int64[items, overlap]."""
    return np.argsort(rng.random((items, workers)), axis=1)[:, :overlap]


def said(rng: np.random.Generator, rates: Reals) -> Ints:
    """Draw a label by each row of rates."""
    drawn = (rng.random(len(rates))[:, None] > rates.cumsum(axis=1)).sum(axis=1)
    return np.asarray(np.minimum(drawn, rates.shape[1] - 1))


def crowd(
    seed: int,
    confusion: Reals,
    *,
    items: int = 300,
    overlap: int = 5,
    shares: Sequence[float] | Reals | None = None,
    hard: float = 0.0,
    attracts: float = 0.6,
    copies: Sequence[tuple[int, int]] = (),
) -> Crowd:
    """Workers with these matrices, float64[workers, K, K]; `overlap` of them answer an item.

    On a share `hard` of the items one wrong label attracts a share `attracts` of all answers. Of each pair in
    `copies` the second says what the first says, eight times of ten, of what both are asked.
    """
    rng = np.random.default_rng(seed)
    W, K, _ = confusion.shape
    truth = rng.choice(K, size=items, p=shares)
    worker = assigned(rng, items, W, overlap).ravel()
    item = np.repeat(np.arange(items), overlap)
    rates = confusion[worker, truth[item]]
    decoy = (truth + rng.integers(1, K, size=items)) % K
    caught = np.flatnonzero((rng.random(items) < hard)[item])
    rates[caught] *= 1 - attracts
    rates[caught, decoy[item[caught]]] += attracts
    label = said(rng, rates)
    for source, copier in copies:
        of_source = dict(zip(item[worker == source], label[worker == source], strict=True))
        for row in np.flatnonzero(worker == copier):
            if item[row] in of_source and rng.random() < 0.8:
                label[row] = of_source[item[row]]
    classes = [str(k) for k in range(K)]
    votes = Votes.coded(item, worker, label, items=range(items), workers=range(W), classes=classes)
    return Crowd(votes, truth, confusion)


def all_gold(found: Crowd) -> Gold:
    """The truth of every item."""
    return Gold.of(found.votes, {item: str(label) for item, label in enumerate(found.truth)})
