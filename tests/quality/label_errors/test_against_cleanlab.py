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
    find_suspects,
    normalised_margin,
    self_confidence,
)
from crowdqc.quality.predictions import Predictions

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


def rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def probabilities(path: Path, K: int) -> np.ndarray:
    said = np.array([[float(row[f"p_{k}"]) for k in range(K)] for row in rows(path)])
    return np.asarray(said / said.sum(axis=1, keepdims=True))


def area(scores: np.ndarray, wrong: np.ndarray) -> float:
    """Area under the precision-recall curve, as average precision."""
    hits = wrong[np.argsort(-scores, kind="stable")]
    return float((hits.cumsum() / np.arange(1, hits.size + 1))[hits].mean())


real = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real predictions are not at {DATA}")


@real
def test_as_cleanlab_on_real_labels() -> None:
    label = np.array([int(row["label"]) for row in rows(DATA / "truth.csv.gz")])
    # cleanlab says nothing of ties, which five digits make
    said = probabilities(DATA / "pred_probs.csv.gz", 10) + np.random.default_rng(0).random((label.size, 10)) * 1e-9
    same(label, said / said.sum(axis=1, keepdims=True))


def ours_and_best(label: np.ndarray, wrong: np.ndarray, table: np.ndarray) -> tuple[float, float]:
    """Give the area of our ranking, and that of the best of cleanlab's scores."""
    n, K = table.shape
    said = Predictions.coded(np.arange(n), [0] * n, table, models=["m"], n_items=n, n_classes=K)
    found = find_suspects(said, label.astype(np.int32))
    scores = np.empty(n)
    scores[found.item] = found.score
    theirs = [
        area(-rank.get_label_quality_scores(label, table, method=name, adjust_pred_probs=adjust), wrong)
        for name in ("self_confidence", "normalized_margin")
        for adjust in (False, True)
    ]
    return area(scores, wrong), max(theirs)


@real
def test_more_is_found_than_by_the_best_of_cleanlabs_scores() -> None:
    label = np.array([int(row["label"]) for row in rows(DATA / "truth.csv.gz")])
    wrong = np.zeros(label.size, dtype=bool)
    for row in rows(DATA / "review.csv.gz"):
        wrong[int(row["item"])] = int(row["votes_given"]) < 3
    table = probabilities(DATA / "pred_probs.csv.gz", 10)
    ours, theirs = ours_and_best(label, wrong, table)
    assert ours > theirs
    sharp = np.maximum(table, 1e-12) ** 3
    ours, theirs = ours_and_best(label, wrong, sharp / sharp.sum(axis=1, keepdims=True))
    assert ours > theirs
    folder = DATA.parent / "sentiment_sp"
    table = probabilities(folder / "pred_probs.csv.gz", 2)
    items = {row["item"]: place for place, row in enumerate(rows(folder / "pred_probs.csv.gz"))}
    truth, first = np.zeros(len(items), dtype=int), np.zeros(len(items), dtype=int)
    for row in rows(folder / "truth.csv.gz"):
        truth[items[row["item"]]] = int(row["label"])
    votes = np.zeros((len(items), 2))
    for row in reversed(rows(folder / "answers.csv.gz")):
        votes[items[row["item"]], int(row["label"])] += 1
        first[items[row["item"]]] = int(row["label"])
    for given_label in (votes.argmax(axis=1), first):
        ours, theirs = ours_and_best(given_label, given_label != truth, table)
        assert ours > theirs
