"""Confident learning gives what cleanlab gives, on drawn and on real data."""

from __future__ import annotations

import csv
import gzip
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.label_errors import (
    ConfidentJoint,
    adjusted,
    confident_thresholds,
    find_errors,
    normalised_margin,
    self_confidence,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    count = pytest.importorskip("cleanlab.count")
    filters = pytest.importorskip("cleanlab.filter")
    rank = pytest.importorskip("cleanlab.rank")

DATA = Path(__file__).parents[4] / "shared" / "data" / "cifar10h"
THEIRS = {
    "noise_rate": "prune_by_noise_rate",
    "class": "prune_by_class",
    "both": "both",
    "confident_learning": "confident_learning",
}


def drawn(seed: int, n: int, K: int, flips: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels, some of them flipped, and what a model that is right most times says."""
    rng = np.random.default_rng(seed)
    truth = np.append(np.arange(K), rng.integers(K, size=n - K))
    table = rng.dirichlet(np.full(K, 0.4), size=n) + 1.2 * np.eye(K)[truth]
    table /= table.sum(axis=1, keepdims=True)
    label = np.where(rng.random(n) < flips, rng.integers(K, size=n), truth)
    label[:K] = np.arange(K)
    return label, table


def same(label: np.ndarray, table: np.ndarray) -> None:
    """Compare everything."""
    joint = ConfidentJoint.of(label, table)
    np.testing.assert_allclose(confident_thresholds(label, table), count.get_confident_thresholds(label, table))
    counted, errors = count.compute_confident_joint(
        label, table, calibrate=False, return_indices_of_off_diagonals=True
    )
    assert joint.counts.tolist() == counted.tolist()
    assert np.flatnonzero(joint.off_diagonal).tolist() == list(errors)
    assert joint.calibrated.tolist() == count.compute_confident_joint(label, table).tolist()
    np.testing.assert_allclose(joint.joint, count.estimate_joint(label, table))
    assert joint.expected_errors == count.num_label_issues(
        label, table, estimation_method="off_diagonal_calibrated"
    )
    _, noise, inverse = count.estimate_latent(joint.calibrated, label)
    np.testing.assert_allclose(joint.noise, noise, atol=1e-4)
    np.testing.assert_allclose(joint.inverse_noise, inverse.T, atol=1e-4)
    for way, theirs in THEIRS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = filters.find_label_issues(label, table, filter_by=theirs, n_jobs=1)
        assert find_errors(label, table, by=way).tolist() == expected.tolist(), way
    for ours, theirs in ((self_confidence, "self_confidence"), (normalised_margin, "normalized_margin")):
        scores = rank.get_label_quality_scores(label, table, method=theirs)
        np.testing.assert_allclose(ours(label, table), scores, atol=1e-12)
        scores = rank.get_label_quality_scores(label, table, method=theirs, adjust_pred_probs=True)
        np.testing.assert_allclose(ours(label, adjusted(label, table)), scores, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(20, 300), st.integers(2, 6), st.floats(0, 0.5))
def test_as_cleanlab_on_drawn_labels(seed: int, n: int, K: int, flips: float) -> None:
    same(*drawn(seed, n, K, flips))


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real predictions are not at {DATA}")
def test_as_cleanlab_on_real_labels() -> None:
    def rows(name: str) -> list[dict[str, str]]:
        with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    label = np.array([int(row["label"]) for row in rows("truth.csv.gz")])
    said = np.array([[float(row[f"p_{k}"]) for k in range(10)] for row in rows("pred_probs.csv.gz")])
    # cleanlab says nothing of ties, which five digits make
    said += np.random.default_rng(0).random(said.shape) * 1e-9
    same(label, said / said.sum(axis=1, keepdims=True))
