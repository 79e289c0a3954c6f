"""Recall and precision of each worker and class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from crowdqc.quality.aggregation import Aggregator, DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.matrices import Matrices
from crowdqc.quality.workers.recalls import score_recalls
from tests.quality.crowds import Row, rows, votes_of
from tests.quality.workers.planted import coin, crowd

NAN = float("nan")


def test_by_hand() -> None:
    votes = Votes.of(range(7), ["a"] * 7, list("xxxyyxy"), classes=["x", "y", "z"])
    gold = Gold.of(votes, dict(enumerate("xxyyyy")))
    found = score_recalls(Matrices.of(votes, DawidSkene().fit(votes, gold)), level=0.9)
    np.testing.assert_allclose(found.of_class, [[2, 4, 0]])
    np.testing.assert_allclose(found.said, [[4, 2, 0]])  # nobody else speaks of the seventh
    np.testing.assert_allclose(found.recall, [[1, 0.5, NAN]])
    np.testing.assert_allclose(found.precision, [[0.5, 1, NAN]])
    low, high = beta_interval([2, 2, 0], [2, 4, 0], 0.9)
    np.testing.assert_allclose(found.recall_low[0], low, atol=1e-6)
    np.testing.assert_allclose(found.recall_high[0], high, atol=1e-6)
    np.testing.assert_allclose((found.precision_low[0, 2], found.precision_high[0, 2]), (0, 1))


@pytest.mark.parametrize("model", [MajorityVote(), DawidSkene()])
@pytest.mark.parametrize(
    ("K", "overlap", "shares"), [(2, 3, [0.7, 0.3]), (3, 5, None), (5, 4, [0.3, 0.3, 0.2, 0.1, 0.1])]
)
def test_intervals_cover(model: Aggregator, K: int, overlap: int, shares: list[float] | None) -> None:
    """Nine of ten intervals at 90% hold the recall of the worker that the crowd was drawn with."""
    recalls, precisions, widths = [], [], []
    prior = np.full(K, 1 / K) if shares is None else np.array(shares)
    for seed in range(60):
        true = coin(np.random.default_rng(seed).uniform(0.6, 0.95, 15), K)
        votes = crowd(seed, true, items=500, overlap=overlap, shares=shares).votes
        found = score_recalls(Matrices.of(votes, model.fit(votes)), level=0.9)
        recall = np.diagonal(true, axis1=1, axis2=2)
        precision = prior * recall / (prior[:, None] * true).sum(axis=1)
        recalls.append((found.recall_low <= recall) & (recall <= found.recall_high))
        precisions.append((found.precision_low <= precision) & (precision <= found.precision_high))
        widths.append(found.recall_high - found.recall_low)
    assert 0.85 <= np.mean(recalls) <= 0.97
    assert 0.85 <= np.mean(precisions) <= 0.97
    assert np.mean(widths) < 0.4


@given(rows())
def test_ranges(table: list[Row]) -> None:
    votes = votes_of(table)
    found = score_recalls(Matrices.of(votes, DawidSkene().fit(votes, Gold.of(votes, {"a": "P"}))))
    for name in ("recall", "precision"):
        share, low, high = (getattr(found, name + end) for end in ("", "_low", "_high"))
        known = ~np.isnan(share)
        assert (low[known] <= share[known] + 1e-12).all()
        assert (share[known] <= high[known] + 1e-12).all()
        assert (low[~known] == 0).all()
        assert (high[~known] == 1).all()
    assert (found.recall_evidence <= found.of_class + 1e-9).all()
    assert (found.precision_evidence <= found.said + 1e-9).all()
