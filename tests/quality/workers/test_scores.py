"""Scores of workers: against gold, against everybody else, with honest intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from crowdqc.quality.aggregation import METHODS, Aggregator, DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import score_workers
from tests.quality.crowds import Row, rows, simulate, votes_of

NAN = float("nan")


def test_gold_is_counted_by_hand() -> None:
    votes = Votes.of([1, 1, 2, 2, 3], list("ababa"), list("xyxyx"))
    gold = Gold.of(votes, {1: "x", 2: ["x", "y"]})
    scores = score_workers(votes, MajorityVote().fit(votes, gold), gold)
    assert scores.gold_answers.tolist() == [2, 2]
    assert scores.gold_correct.tolist() == [2, 1]
    assert scores.gold_accuracy.tolist() == [1, 0.5]
    # Gold has its own score, and nobody else answered item 3.
    assert scores.judged.tolist() == [0, 0]
    assert np.isnan(scores.consensus_accuracy).all()
    assert (scores.gold_high[0], scores.gold_low[1] < 0.5 < scores.gold_high[1]) == (1, True)


@pytest.mark.parametrize("name", METHODS)
def test_alone_one_is_not_right_but_unknown(name: str) -> None:
    """With one answer an item, agreement with the consensus would always be 1."""
    votes = Votes.of(range(5), list("aabbc"), list("xxyxy"))
    scores = score_workers(votes, METHODS[name]().fit(votes))
    np.testing.assert_equal(scores.consensus_accuracy, [NAN, NAN, NAN])
    np.testing.assert_equal(scores.judged, [0, 0, 0])
    assert scores.consensus_low.tolist() == [0, 0, 0]
    assert scores.consensus_high.tolist() == [1, 1, 1]


def test_ones_own_answer_does_not_count_for_itself() -> None:
    """An expert and a guesser on each item: by the consensus itself both look right half the time or more."""
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=400)
    guess = rng.integers(2, size=400)
    votes = Votes.of([*range(400)] * 2, ["expert"] * 400 + ["guesser"] * 400, map(str, [*truth, *guess]))
    scores = score_workers(votes, MajorityVote().fit(votes))
    assert (
        scores.consensus_accuracy[0] == scores.consensus_accuracy[1] or np.isnan(scores.consensus_accuracy).all()
    )
    assert (scores.consensus_low < 0.5).all()  # nothing tells who of the two knows


@pytest.mark.parametrize("model", [MajorityVote(), DawidSkene()])
@pytest.mark.parametrize(("overlap", "K"), [(3, 2), (3, 4), (6, 3)])
def test_intervals_cover_the_true_accuracy(model: Aggregator, overlap: int, K: int) -> None:
    """Of simulated crowds, as often as they say, and without leaning to either side."""
    by_gold, by_consensus, errors = [], [], []
    for seed in range(8):
        crowd = simulate(seed, items=400, workers=15, K=K, overlap=overlap, low=0.6)
        true = crowd.confusion[:, 0, 0]
        votes = crowd.votes
        gold = Gold.of(votes, {item: str(crowd.truth[item]) for item in range(100)})
        scores = score_workers(votes, model.fit(votes, gold), gold)
        by_gold.append((scores.gold_low <= true) & (true <= scores.gold_high))
        by_consensus.append((scores.consensus_low <= true) & (true <= scores.consensus_high))
        errors.append(scores.consensus_accuracy - true)
    assert 0.9 < np.mean(by_gold) < 1
    assert 0.9 < np.mean(by_consensus) < 1
    assert abs(np.mean(errors)) < 0.02


def test_confusion_counts_are_the_expected_answers() -> None:
    votes = Votes.of([1, 1, 2, 2], list("abab"), list("xxxy"), classes=list("xyz"))
    scores = score_workers(votes, MajorityVote().fit(votes))
    np.testing.assert_allclose(scores.confusion_counts[0], np.array([[1.5, 0, 0], [0.5, 0, 0], [0, 0, 0]]))
    np.testing.assert_allclose(scores.confusion_counts[1], np.array([[1, 0.5, 0], [0, 0.5, 0], [0, 0, 0]]))
    np.testing.assert_allclose(scores.confusion.sum(axis=2), 1)
    np.testing.assert_allclose(scores.confusion[:, 2], [[1 / 6, 1 / 6, 2 / 3]] * 2)  # unseen: the prior


def test_median_seconds() -> None:
    votes = Votes.of(range(6), list("aaabbc"), ["x"] * 6, seconds=[3, 1, 100, 2, 4, NAN])
    scores = score_workers(votes, MajorityVote().fit(votes))
    np.testing.assert_equal(scores.median_seconds, [3, 3, NAN])
    untimed = Votes.of([1], ["a"], ["x"])
    np.testing.assert_equal(score_workers(untimed, MajorityVote().fit(untimed)).median_seconds, [NAN])


@given(rows())
def test_scores_lie_in_their_ranges(table: list[Row]) -> None:
    votes = votes_of(table)
    gold = Gold.of(votes, {"a": "P", "b": ["P", "Q"]})
    scores = score_workers(votes, DawidSkene().fit(votes, gold), gold)
    np.testing.assert_allclose(scores.confusion.sum(axis=2), 1)
    np.testing.assert_allclose(scores.confusion_counts.sum(axis=(1, 2)), scores.answers)
    known = scores.evidence > 0  # a single answer that others doubt may tell nothing
    assert (scores.consensus_low[known] <= scores.consensus_accuracy[known]).all()
    assert (scores.consensus_accuracy[known] <= scores.consensus_high[known]).all()
