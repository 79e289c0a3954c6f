"""Suspects: ranked, with reasons, of one model or several, of a crowd and of neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality import DawidSkene, ModelAware, Votes
from crowdqc.quality.label_errors import (
    InvalidEmbeddings,
    InvalidLabels,
    find_suspects,
    nearest,
    neighbours_say,
    normalised_margin,
    self_confidence,
)
from crowdqc.quality.label_errors import (
    given as given_room,
)
from crowdqc.quality.predictions import InvalidPredictions, Predictions

CLASSES = ("cat", "dog", "fox", "owl")


def flipped(seed: int, n: int = 800, K: int = 4, sharp: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, labels of which one in twenty is wrong, and probabilities of a model with a weak class."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(K, size=n)
    right = np.where(truth == 1, 1.0, 3.0)[:, None]
    scores = rng.normal(size=(n, K)) + right * np.eye(K)[truth]
    table = np.exp(2 * sharp * scores)
    label = np.where(rng.random(n) < 0.05, (truth + rng.integers(1, K, size=n)) % K, truth)
    return truth, label.astype(np.int32), table / table.sum(axis=1, keepdims=True)


def said(*tables: np.ndarray, names: tuple[str, ...] = ("m1", "m2", "m3")) -> Predictions:
    n = len(tables[0])
    return Predictions.coded(
        np.tile(np.arange(n), len(tables)),
        np.repeat(np.arange(len(tables)), n),
        np.concatenate(tables),
        models=names[: len(tables)],
        n_items=n,
        n_classes=tables[0].shape[1],
    )


def precision(scores: np.ndarray, wrong: np.ndarray) -> float:
    """Average precision: area under the precision-recall curve."""
    hits = wrong[np.argsort(-scores, kind="stable")]
    return float((hits.cumsum() / np.arange(1, hits.size + 1))[hits].mean())


def ranked(found: object, n: int) -> np.ndarray:
    scores = np.full(n, -np.inf)
    scores[found.item] = found.score  # type: ignore[attr-defined]
    return scores


def test_flips_are_found_better_than_by_the_usual_scores() -> None:
    ours, theirs = [], []
    for seed in range(10):
        truth, label, table = flipped(seed, sharp=3.0)
        wrong = truth != label
        ours.append(precision(ranked(find_suspects(said(table), label), label.size), wrong))
        usual = self_confidence(label, table), normalised_margin(label, table)
        theirs.append([precision(-scores, wrong) for scores in usual])
    assert np.mean(ours) > np.mean(theirs, axis=0).max() + 0.01


def test_a_table_of_suspects() -> None:
    truth, label, table = flipped(1)
    found = find_suspects(said(table), label, top=30)
    assert len(found) == 30
    assert (np.diff(found.score) <= 0).all()
    assert (found.given == label[found.item]).all()
    assert (found.suggested != found.given).all()
    assert (truth[found.item[:10]] == found.suggested[:10]).mean() >= 0.8
    assert found.looked_at == 800
    assert 20 <= found.expected_errors <= 160
    assert (found.against[:, 0] == (table[found.item].argmax(axis=1) != found.given)).all()
    first = next(found.reasons(CLASSES))
    assert first.startswith(f"contradicted by m1: {CLASSES[found.suggested[0]]} ")


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_order_blocks_and_precision_change_nothing(seed: int, single: bool) -> None:
    _, label, table = flipped(seed, n=120)
    label[::7] = -1
    if single:
        table = table.astype(np.float32)
    whole = find_suspects(said(table), label)
    assert not (set(whole.item.tolist()) & set(range(0, 120, 7)))
    mixed = np.random.default_rng(seed).permutation(120)
    shuffled = Predictions.coded(mixed, [0] * 120, table[mixed], models=["m1"], n_items=120, n_classes=4)
    held = given_room.BLOCK
    try:
        given_room.BLOCK = 40
        again = find_suspects(shuffled, label)
    finally:
        given_room.BLOCK = held
    np.testing.assert_allclose(np.sort(again.score), np.sort(whole.score), atol=1e-3)
    assert again.item[0] == whole.item[0] or again.score[0] == pytest.approx(again.score[1], abs=1e-3)


def test_models_speak_together_and_one_that_guesses_is_not_heard() -> None:
    truth, label, table = flipped(2)
    other = flipped(2, sharp=0.5)[2]
    noise = np.random.default_rng(9).dirichlet(np.ones(4), size=800)
    wrong = truth != label
    found = find_suspects(said(table, other, noise), label)
    assert found.weight[2] < 0.05
    alone = precision(ranked(find_suspects(said(noise), label), 800), wrong)
    assert precision(ranked(found, 800), wrong) > alone + 0.5
    assert "m1" in " ".join(found.reasons(CLASSES))


def test_items_that_a_model_leaves_out_are_ranked_by_the_others() -> None:
    _, label, table = flipped(3, n=100)
    both = Predictions.coded(
        np.r_[0:100, 0:50],
        np.r_[[0] * 100, [1] * 50],
        np.r_[table, table[:50]],
        models=["a", "b"],
        n_items=100,
        n_classes=4,
    )
    found = find_suspects(both, label)
    assert found.looked_at == 100
    assert not found.against[found.item >= 50, 1].any()


def test_the_crowd_is_heard_beside_the_models() -> None:
    truth, label, table = flipped(4, n=400)
    rng = np.random.default_rng(4)
    item = np.repeat(np.arange(400), 3)
    answer = np.where(rng.random(1200) < 0.8, truth[item], rng.integers(4, size=1200))
    votes = Votes.coded(
        item, np.tile(np.arange(3), 400), answer, items=range(400), workers=range(3), classes=CLASSES
    )
    wrong = truth != label
    consensus = DawidSkene().fit(votes)
    both = find_suspects(said(table), label, consensus=consensus)
    assert precision(ranked(both, 400), wrong) > precision(ranked(find_suspects(said(table), label), 400), wrong)
    assert both.crowd_given is not None
    assert "the crowd: " in next(both.reasons(CLASSES))
    heard = ModelAware().fit(votes, predictions=said(table))
    with pytest.raises(InvalidLabels, match="count twice"):
        find_suspects(said(table), label, consensus=heard)


def test_neighbours_are_one_more_model() -> None:
    rng = np.random.default_rng(6)
    truth = rng.integers(3, size=300)
    points = rng.normal(size=(300, 5)) + 4 * np.eye(5)[truth]
    label = np.where(rng.random(300) < 0.05, (truth + 1) % 3, truth).astype(np.int32)
    guess = rng.dirichlet(np.ones(3), size=300)
    with_them = find_suspects(said(guess), label, embeddings=(np.arange(300, dtype=np.int32), points))
    assert with_them.models == ("m1", "neighbours")
    assert precision(ranked(with_them, 300), truth != label) > 0.9


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(2, 90), st.integers(1, 12))
def test_nearest_is_exact(seed: int, n: int, k: int) -> None:
    from crowdqc.quality.label_errors import neighbours

    table = np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)
    held = neighbours.ROWS, neighbours.COLUMNS
    try:
        neighbours.ROWS, neighbours.COLUMNS = 16, 16
        found = nearest(table, k)
    finally:
        neighbours.ROWS, neighbours.COLUMNS = held
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -np.inf)
    best = -np.sort(-alike, axis=1)[:, : min(k, n - 1)]
    np.testing.assert_allclose(np.take_along_axis(alike, found.astype(np.int64), axis=1), best, atol=1e-6)


def test_neighbours_without_labels_say_nothing() -> None:
    label = np.array([0, -1, 1, 0], dtype=np.int32)
    found = neighbours_say(np.eye(4) + 0.1, np.arange(4, dtype=np.int32), label, 2, k=2)
    assert found.item.tolist() == [0, 2, 3]
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-6)


def test_nonsense_is_refused() -> None:
    _, label, table = flipped(0, n=10)
    with pytest.raises(InvalidLabels):
        find_suspects(said(table), label[:5])
    with pytest.raises(InvalidLabels):
        find_suspects(said(table), np.full(10, 4, dtype=np.int32))
    twice = Predictions.coded([0, 0], [0, 0], table[:2], models=["m"], n_items=10, n_classes=4)
    with pytest.raises(InvalidPredictions, match="more than once"):
        find_suspects(twice, label)
    with pytest.raises(InvalidEmbeddings):
        nearest([[0, 0], [1, 1]])


def test_nothing_to_look_at() -> None:
    table = flipped(0, n=10)[2]
    assert len(find_suspects(said(table), np.full(10, -1, dtype=np.int32))) == 0
    one = Predictions.coded([0, 1], [0, 0], [[1.0], [1.0]], models=["m"], n_items=2, n_classes=1)
    assert len(find_suspects(one, np.zeros(2, dtype=np.int32))) == 0


@pytest.mark.parametrize("power", [0.3, 3.0, 6.0])
def test_how_sure_a_model_is_of_itself_changes_little(power: float) -> None:
    truth, label, table = flipped(8)
    sharp = table**power
    sharp /= sharp.sum(axis=1, keepdims=True)
    as_is = precision(ranked(find_suspects(said(table), label), label.size), truth != label)
    sharpened = precision(ranked(find_suspects(said(sharp), label), label.size), truth != label)
    assert sharpened == pytest.approx(as_is, abs=0.02)
