"""Bayesian Dawid-Skene: its intervals hold the truth as often as they say."""

from __future__ import annotations

import numpy as np

from crowdqc.quality.aggregation import BayesianDawidSkene, HierarchicalDawidSkene
from crowdqc.quality.aggregation.confusion import PairConfusion, SampledConfusion
from crowdqc.quality.gold import Gold
from tests.quality.crowds import Crowd, answered, simulate

SHORT = BayesianDawidSkene(draws=100, warm_up=50)


def drawn(seed: int) -> Crowd:
    """Draw workers' matrices, rows from a Dirichlet, and 600 answers of ten of them."""
    rng = np.random.default_rng(seed)
    table = np.stack([rng.dirichlet(row, size=10) for row in np.eye(3) * 4 + 1], axis=1)
    return answered(rng, rng.integers(3, size=120), table, 5)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Over 200 crowds a 90% interval covers 85-95% of the confusion matrices' cells, and of the accuracies."""
    cells, accuracies, narrow = [], [], []
    for seed in range(200):
        crowd = drawn(seed)
        confusion = SHORT.fit(crowd.votes).confusion
        assert isinstance(confusion, SampledConfusion)
        low, high = confusion.interval(0.9)
        cells.append(np.mean((low <= crowd.confusion) & (crowd.confusion <= high)))
        low, high = confusion.accuracy_interval(0.9)
        accuracy = np.einsum("wkk->w", crowd.confusion) / 3
        accuracies.append(np.mean((low <= accuracy) & (accuracy <= high)))
        if seed < 20:
            variational = HierarchicalDawidSkene().fit(crowd.votes).confusion
            assert isinstance(variational, PairConfusion)
            low, high = variational.interval(0.9)
            narrow.append(np.mean((low <= crowd.confusion) & (crowd.confusion <= high)))
    assert 0.85 <= np.mean(cells) <= 0.95
    assert 0.85 <= np.mean(accuracies) <= 0.95
    assert np.mean(narrow) < 0.85  # why sampling is worth its time


def test_intervals_of_cells_hold_for_workers_who_are_equally_good_on_all_classes() -> None:
    """The prior knows nothing of such workers."""
    cells = []
    for seed in range(60):
        crowd = simulate(seed, items=120, workers=10, K=3, overlap=5)
        confusion = SHORT.fit(crowd.votes).confusion
        assert isinstance(confusion, SampledConfusion)
        low, high = confusion.interval(0.9)
        cells.append(np.mean((low <= crowd.confusion) & (crowd.confusion <= high)))
    assert 0.85 <= np.mean(cells) <= 0.95


def test_equal_seeds_give_equal_results() -> None:
    votes = simulate(0, items=50).votes
    one, other = SHORT.fit(votes), SHORT.fit(votes)
    np.testing.assert_array_equal(one.posterior, other.posterior)
    again = BayesianDawidSkene(draws=100, warm_up=50, seed=1).fit(votes)
    assert (one.posterior != again.posterior).any()
    assert np.abs(one.posterior - again.posterior).mean() < 0.03  # a chain of a hundred draws wanders


def test_finds_the_truth_and_never_contradicts_gold() -> None:
    crowd = simulate(6, items=300, workers=15, K=3)
    gold = Gold.of(crowd.votes, {item: str((crowd.truth[item] + 1) % 3) for item in range(5)})
    consensus = SHORT.fit(crowd.votes, gold)
    assert (consensus.label[:5] == (crowd.truth[:5] + 1) % 3).all()
    assert np.mean(consensus.label[5:] == crowd.truth[5:]) > 0.9
