"""Crowds that are drawn: what is drawn has the shares that were asked for, and comes again with its seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.aggregation import DawidSkene
from crowdqc.quality.simulation import Crowd, InvalidSimulation, Simulation
from crowdqc.quality.votes import Votes


def shares(crowd: Crowd) -> np.ndarray:
    """What each worker said of each true class, as shares, float64[W, K, K]."""
    votes = crowd.votes
    W, K = votes.n_workers, votes.n_classes
    cells = (votes.worker.astype(np.int64) * K + crowd.truth[votes.item]) * K + votes.label
    counts = np.bincount(cells, minlength=W * K * K).reshape(W, K, K)
    return counts / np.maximum(counts.sum(axis=2, keepdims=True), 1)


@given(
    st.integers(0, 40),
    st.integers(1, 12),
    st.integers(1, 4),
    st.data(),
    st.sampled_from([0.0, 2.0]),
    st.integers(0, 9),
)
def test_votes_are_well_formed(
    items: int, workers: int, K: int, data: st.DataObject, activity: float, seed: int
) -> None:
    overlap = data.draw(st.integers(1, workers))
    crowd = Simulation(items=items, workers=workers, classes=K, overlap=overlap, activity=activity).run(seed)
    votes = crowd.votes
    assert (votes.n_items, votes.n_workers, votes.n_classes) == (items, workers, K)
    assert votes.answers_per_item().tolist() == [overlap] * items
    # the same as if it had been checked and sorted, every worker once an item
    again = Votes.coded(
        votes.item,
        votes.worker,
        votes.label,
        items=votes.items,
        workers=votes.workers,
        classes=votes.classes,
        repeats="reject",
    )
    assert again.worker.tolist() == votes.worker.tolist()
    assert list(votes.items) == sorted(votes.items)
    np.testing.assert_allclose(crowd.confusion.sum(axis=2), 1)
    same = Simulation(items=items, workers=workers, classes=K, overlap=overlap, activity=activity).run(seed)
    assert same.votes.label.tolist() == votes.label.tolist()
    assert same.truth.tolist() == crowd.truth.tolist()


@pytest.mark.parametrize("K", [2, 3, 7])
@pytest.mark.parametrize("ordinal", [False, True])
def test_workers_say_what_their_matrices_say(K: int, ordinal: bool) -> None:
    """Chi-square of all answers against the matrices they were drawn from."""
    how = Simulation(
        items=20_000, workers=12, classes=K, overlap=6, spammers=0.2, adversaries=0.2, biased=0.2, ordinal=ordinal
    )
    crowd = how.run(seed=11)
    votes = crowd.votes
    cells = (votes.worker.astype(np.int64) * K + crowd.truth[votes.item]) * K + votes.label
    counts = np.bincount(cells, minlength=12 * K * K).reshape(12, K, K)
    expected = counts.sum(axis=2, keepdims=True) * crowd.confusion
    assert (counts[expected == 0] == 0).all()
    use = expected > 5
    chi = ((counts[use] - expected[use]) ** 2 / expected[use]).sum()
    freedom = 12 * K * (K - 1)
    assert abs(chi - freedom) < 4 * np.sqrt(2 * freedom) + use.size - use.sum()


def test_kinds_of_workers() -> None:
    crowd = Simulation(
        items=10, workers=100, classes=4, accuracy=(0.7, 0.9), spammers=0.1, adversaries=0.2, biased=0.3
    ).run(seed=1)
    assert {kind: crowd.kinds.count(kind) for kind in crowd.kinds} == {
        "good": 40,
        "spammer": 10,
        "adversary": 20,
        "biased": 30,
    }
    right = np.einsum("wkk->wk", crowd.confusion)
    for kind, matrix, diagonal in zip(crowd.kinds, crowd.confusion, right, strict=True):
        if kind == "good":
            assert ((diagonal >= 0.7) & (diagonal <= 0.9)).all()
        elif kind == "adversary":
            assert ((diagonal >= 0.1 - 1e-9) & (diagonal <= 0.3 + 1e-9)).all()
        elif kind == "spammer":
            assert (matrix == matrix[0]).all()  # he does not look
        else:
            assert (np.delete(matrix.min(axis=0), matrix.min(axis=0).argmax()) < 0.3).all()
            assert matrix.min(axis=0).max() >= 0.3  # his favourite, whatever is true


def test_ordinal_mistakes_are_near() -> None:
    matrix = Simulation(items=1, workers=5, classes=5, ordinal=True).run().confusion
    assert (np.diff(matrix[:, 0], axis=1) < 0).all()
    assert (np.diff(matrix[:, 4], axis=1) > 0).all()


def test_truth_follows_the_shares() -> None:
    crowd = Simulation(items=50_000, workers=3, overlap=1, classes=["x", "y", "z"], class_shares=[6, 3, 1]).run(
        seed=2
    )
    np.testing.assert_allclose(np.bincount(crowd.truth) / 50_000, [0.6, 0.3, 0.1], atol=0.01)
    assert crowd.labels()[:3] == ["xyz"[code] for code in crowd.truth[:3]]


@pytest.mark.parametrize(("workers", "overlap"), [(200, 4), (10, 4)])
def test_workers_are_drawn_alike_or_as_often_as_they_are_active(workers: int, overlap: int) -> None:
    even = Simulation(items=20_000, workers=workers, overlap=overlap).run(seed=3).votes.answers_per_worker()
    expected = 20_000 * overlap / workers
    assert np.abs(even - expected).max() < 5 * np.sqrt(expected)
    skewed = Simulation(items=20_000, workers=workers, overlap=overlap, activity=1.5).run(seed=3)
    counts = np.sort(skewed.votes.answers_per_worker())
    assert counts[-workers // 10 :].sum() > 2 * counts.sum() * 0.1


def test_both_ways_of_drawing_workers_agree() -> None:
    """Pairs of workers on an item: as likely as draws without replacement make them."""
    from crowdqc.quality.simulation import _assign

    often = np.array([1.0, 2.0, 4.0] + [0.5] * 9)
    rng = np.random.default_rng(5)
    few = _assign(60_000, 2, often, rng).reshape(-1, 2)  # of many: drawn one after the other
    # the first goes by rate, the second by what is left
    share = often / often.sum()
    first_second = share[:, None] * share[None, :] / (1 - share[:, None])
    expected = first_second + first_second.T
    found = np.zeros((12, 12))
    np.add.at(found, (few[:, 0], few[:, 1]), 1)
    upper = np.triu_indices(12, 1)
    np.testing.assert_allclose(found[upper] / 60_000, expected[upper], atol=0.006)
    all_but_one = _assign(60_000, 11, often, rng).reshape(-1, 11)  # nearly all: by waiting times
    left = np.bincount(66 - all_but_one.sum(axis=1), minlength=12) / 60_000
    assert left[2] < left[1] < left[0] < left[3:].min()


def test_a_model_is_as_accurate_as_asked_and_calibrated() -> None:
    crowd = Simulation(items=40_000, workers=2, overlap=1, classes=4, class_shares=[4, 3, 2, 1]).run(seed=6)
    table = crowd.predictions(0.75, seed=1)
    np.testing.assert_allclose(table.sum(axis=1), 1)
    assert (table.argmax(axis=1) == crowd.truth).mean() == pytest.approx(0.75, abs=0.002)
    sure, right = table.max(axis=1), table.argmax(axis=1) == crowd.truth
    part = np.digitize(sure, np.quantile(sure, np.linspace(0.1, 0.9, 9)))
    gaps = [abs(sure[part == each].mean() - right[part == each].mean()) for each in range(10)]
    assert max(gaps) < 0.03
    for accuracy in (0.3, 1.0):
        with pytest.raises(InvalidSimulation, match="accuracy of a model"):
            crowd.predictions(accuracy)


def test_the_matrices_are_found_again() -> None:
    crowd = Simulation(items=4000, workers=10, classes=3, overlap=6, biased=0.3).run(seed=7)
    found = DawidSkene().fit(crowd.votes)
    assert (found.label == crowd.truth).mean() > 0.9
    assert found.confusion is not None
    np.testing.assert_allclose(found.confusion.table(), crowd.confusion, atol=0.1)
    np.testing.assert_allclose(shares(crowd), crowd.confusion, atol=0.06)


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"items": -1}, "items is -1"),
        ({"workers": 0}, "workers is 0"),
        ({"classes": 0}, "classes is 0"),
        ({"classes": ["a", "a"]}, "each its own"),
        ({"overlap": 60}, "overlap is 60"),
        ({"accuracy": (0.9, 0.6)}, "accuracy"),
        ({"spammers": 0.7, "biased": 0.7}, "shares of workers"),
        ({"activity": 9}, "activity is 9"),
        ({"class_shares": [1]}, "2 numbers"),
        ({"class_shares": [0, 0]}, "not all 0"),
    ],
)
def test_what_cannot_be_drawn(wrong: dict[str, object], what: str) -> None:
    with pytest.raises(InvalidSimulation, match=what):
        Simulation(**wrong)  # type: ignore[arg-type]
