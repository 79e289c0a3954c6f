"""What aggregation gives as columns: the same figures as the scores, in frames of others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from crowdqc.quality.aggregation import GLAD, DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.items import DifficultyModel, expected_gains, score_items
from crowdqc.quality.tables import labels_table, workers_table
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import Matrices, score_costs, score_spammers, score_workers
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


def test_workers_have_costs_and_spammer_scores_with_intervals() -> None:
    crowd = simulate(6, items=200, K=3)
    consensus = DawidSkene().fit(crowd.votes)
    matrices = Matrices.of(crowd.votes, consensus)
    costs = [[0, 1, 5], [1, 0, 1], [1, 1, 0]]
    table = workers_table(crowd.votes, consensus, costs=costs, matrices=matrices)
    paid, spammers = score_costs(matrices, consensus.class_prior, costs), score_spammers(matrices)
    for name, expected in {
        "expected_cost": paid.expected,
        "expected_cost_low": paid.expected_low,
        "expected_cost_high": paid.expected_high,
        "quality": paid.quality,
        "quality_low": paid.low,
        "quality_high": paid.high,
        "spammer_score": spammers.score,
        "spammer_low": spammers.low,
        "spammer_high": spammers.high,
    }.items():
        np.testing.assert_array_equal(table[name], expected)
    assert not np.allclose(workers_table(crowd.votes, consensus)["expected_cost"], table["expected_cost"])


def test_labels_with_difficulty_and_gain() -> None:
    votes = simulate(6, items=50, K=3).votes
    consensus = GLAD().fit(votes)
    hard = DifficultyModel().fit(votes, consensus)
    gains = expected_gains(consensus, Matrices.of(votes, consensus).crowd)
    plain = labels_table(votes, consensus)
    assert not {"difficulty", "expected_gain"} & plain.keys()
    np.testing.assert_array_equal(plain["method_difficulty"], consensus.difficulty)
    table = labels_table(votes, consensus, difficulties=hard, gains=gains)
    np.testing.assert_array_equal(table["difficulty"], hard.difficulty)
    assert (table["difficulty_low"] <= table["difficulty_high"]).all()
    np.testing.assert_array_equal(table["expected_gain"], gains.gain)
    np.testing.assert_array_equal(table["expected_information"], gains.information)


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
