"""The mean of a finite set: the bound holds at every look, and is nearly that of counts for zeros and ones."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.confidence_sequences import Draws, highest_mean, most
from crowdqc.quality.intervals import InvalidInterval


@pytest.mark.parametrize("kind", ["rare", "spread"])
def test_holds_at_every_look(kind: str) -> None:
    rng, N, level, runs, wrong = np.random.default_rng(11), 400, 0.8, 60, 0
    values = np.where(np.arange(N) < 20, 0.9, 0.1) if kind == "rare" else rng.beta(2, 3, N)
    mean = values.mean()
    for _ in range(runs):
        drawn = rng.permutation(values)[:120]
        wrong += any(highest_mean(drawn[:n], N, level) < mean for n in range(10, 121, 10))
    assert wrong <= (1 - level) * runs


def test_of_zeros_and_ones_it_is_near_the_bound_of_counts() -> None:
    for hits, drawn in ((0, 400), (4, 400), (40, 400)):
        x = np.zeros(drawn)
        x[np.linspace(0, drawn - 1, hits).astype(int)] = 1
        counted = most(Draws.of(hits, drawn, 10_000)) / 10_000
        assert counted - 0.004 < highest_mean(x, 10_000) < counted + 0.01


def test_the_whole_set_leaves_no_doubt() -> None:
    x = np.random.default_rng(2).random(200)
    assert x.mean() <= highest_mean(x, 200) <= x.mean() + 0.01


def test_what_is_refused() -> None:
    for draws, size, level in (([0.5, 1.5], 9, 0.9), ([0.5] * 3, 2, 0.9), ([0.5], 9, 1.0)):
        with pytest.raises(InvalidInterval):
            highest_mean(draws, size, level)
