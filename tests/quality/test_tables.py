"""What aggregation gives as columns: the same figures as the scores, in frames of others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from crowdqc.quality.aggregation import DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.items import score_items
from crowdqc.quality.tables import labels_table, workers_table
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import score_workers
from tests.quality.crowds import simulate


def test_labels_are_those_of_the_scores_in_any_frame() -> None:
    votes = simulate(4, items=60, K=3).votes
    consensus = DawidSkene().fit(votes)
    table, scores = labels_table(votes, consensus, posterior=True), score_items(votes, consensus)
    frame = pd.DataFrame(table)
    assert list(frame.columns)[:2] == ["item", "label"]
    assert frame["label"].tolist() == [votes.classes[code] for code in consensus.label]
    for name in ("confidence", "margin", "entropy", "agreement", "answers", "tied", "gold"):
        np.testing.assert_array_equal(frame[name], getattr(scores, name))
    assert frame[[f"p:{name}" for name in votes.classes]].to_numpy().sum(axis=1) == pytest.approx(1)
    assert pl.DataFrame(table)["label"].to_list() == frame["label"].tolist()
    assert pa.table(table).column("tied").to_pylist() == frame["tied"].tolist()


def test_an_item_without_answers_has_no_label() -> None:
    votes = Votes.of(["a"], ["ann"], ["x"], all_items=["a", "b"])
    table = labels_table(votes, MajorityVote().fit(votes))
    assert table["label"] == ["x", None]
    assert np.isnan(table["confidence"][1])


def test_workers_without_gold_have_the_scores_of_the_consensus() -> None:
    votes = simulate(4, items=60, K=3).votes
    consensus = DawidSkene().fit(votes)
    table, scores = workers_table(votes, consensus), score_workers(votes, consensus)
    assert table["worker"] == list(votes.workers)
    np.testing.assert_allclose(table["accuracy"], scores.consensus_accuracy)
    np.testing.assert_allclose(table["low"], scores.consensus_low)
    np.testing.assert_allclose(table["high"], scores.consensus_high)
    assert (table["answers"] == scores.answers).all()


def test_gold_counts_together_with_the_rest() -> None:
    crowd = simulate(5, items=80, K=2)
    votes = crowd.votes
    gold = Gold.of(votes, {item: votes.classes[crowd.truth[item]] for item in range(80)})
    table = workers_table(votes, MajorityVote().fit(votes, gold), gold)
    right = votes.label == crowd.truth[votes.item]
    expected = np.bincount(votes.worker, weights=right) / votes.answers_per_worker()
    np.testing.assert_allclose(table["accuracy"], expected)
    half = Gold.of(votes, {item: votes.classes[crowd.truth[item]] for item in range(40)})
    wide, narrow = (workers_table(votes, MajorityVote().fit(votes, known), known) for known in (None, half))
    assert (np.subtract(narrow["high"], narrow["low"]) < np.subtract(wide["high"], wide["low"])).mean() > 0.9


def test_a_worker_of_whom_nothing_is_known() -> None:
    votes = Votes.of(["a"], ["ann"], ["x"], classes=["x", "y"])
    table = workers_table(votes, MajorityVote().fit(votes))
    assert np.isnan(table["accuracy"][0])
    assert (table["low"][0], table["high"][0]) == (0, 1)
