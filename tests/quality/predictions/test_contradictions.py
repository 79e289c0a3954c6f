"""Predictions, and where they contradict the workers."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.predictions import Contradictions, InvalidPredictions, Predictions, columns, contradictions
from crowdqc.quality.votes import Votes

VOTES = Votes.of([1, 2, 3], ["a"] * 3, ["x", "y", "x"], classes=["x", "y", "z"], all_items=[1, 2, 3, 4])


def test_rows_are_checked_and_normalised() -> None:
    said = Predictions.of(VOTES, [2, 1], ["m2", "m1"], [[0.5, 0.2, 0.3004], [1.0, 0, 0]])
    assert said.models == ("m1", "m2")
    assert (said.item.tolist(), said.model.tolist()) == ([1, 0], [1, 0])
    np.testing.assert_allclose(said.probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("row", [[0.5, 0.4, 0], [1.2, -0.2, 0], [np.nan, 0.5, 0.5], [np.inf, 0, 0], [1, 0]])
def test_what_is_no_distribution_is_refused(row: list[float]) -> None:
    with pytest.raises(InvalidPredictions):
        Predictions.of(VOTES, [1], ["m"], [row])


def test_an_unknown_item_is_refused_by_name() -> None:
    with pytest.raises(InvalidPredictions, match="item 9"):
        Predictions.of(VOTES, [9], ["m"], [[1, 0, 0]])


def test_contradictions_by_hand() -> None:
    table = np.array([[0.9, 0.1, 0], [0.1, 0.2, 0.7], [0.6, 0.1, 0.3], [0.5, 0.5, 0], [0, 0, 1]])
    said = Predictions.of(VOTES, [1, 1, 2, 2, 4], ["v1", "v2", "v1", "v2", "v1"], table)
    found = contradictions(said, np.array([0, 1, 0, -1], dtype=np.int32))
    # item 2: v2 finds the label as likely as another; item 4: no consensus to contradict
    assert found.item.tolist() == [0, 1]
    assert [found.models[m] for m in found.model] == ["v2", "v1"]
    assert found.label.tolist() == [2, 0]
    np.testing.assert_allclose(found.probability, [0.7, 0.6])
    np.testing.assert_allclose(found.consensus_probability, [0.1, 0.1])
    np.testing.assert_allclose(found.strongest(4), [0.7, 0.6, 0, 0])


def test_the_surest_comes_first() -> None:
    said = Predictions.of(VOTES, [2, 2, 2], ["a", "b", "c"], [[0.6, 0.4, 0], [0.9, 0.1, 0], [0.9, 0, 0.1]])
    found = contradictions(said, np.array([0, 1, 0, -1], dtype=np.int32))
    assert [found.models[m] for m in found.model] == ["b", "c", "a"]
    assert found.first().tolist() == [0]


def test_nothing_predicted() -> None:
    said = Predictions.of(VOTES, [], [], [])
    assert len(contradictions(said, np.zeros(4, dtype=np.int32))) == 0
    assert Contradictions.none().strongest(2).tolist() == [0, 0]


def test_the_most_confident_mistakes_first() -> None:
    table = [[0.2, 0.8, 0], [0.95, 0.05, 0], [0.9, 0, 0.1], [0, 0.2, 0.8]]
    said = Predictions.of(VOTES, [1, 2, 3, 4], ["a"] * 4, table)
    found = contradictions(said, np.array([0, 1, 2, 1], dtype=np.int32))
    assert found.item[found.by_confidence()].tolist() == [1, 2, 0, 3]


def test_single_precision_stays_and_nothing_given_is_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "BLOCK", 6)
    rng = np.random.default_rng(3)
    table = rng.dirichlet([1, 1, 1], size=50).astype(np.float32)
    kept = table.copy()
    said = Predictions.coded(np.arange(50), [0] * 50, table, models=["m"], n_items=50, n_classes=3)
    assert said.probabilities.dtype == np.float32
    np.testing.assert_allclose(said.probabilities.sum(axis=1), 1, rtol=1e-6)
    table[:] = 0
    np.testing.assert_allclose(said.probabilities, kept, rtol=1e-6)
    kept[41] = [0.2, 0.2, 0.2]
    with pytest.raises(InvalidPredictions, match="Row 41 is"):
        Predictions.coded(np.arange(50), [0] * 50, kept, models=["m"], n_items=50, n_classes=3)
