"""Scores of items: agreement, entropy, ties."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from crowdqc.quality.aggregation import DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.items import score_items
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows, votes_of

NAN = float("nan")


def test_scores_by_hand() -> None:
    votes = Votes.of([1, 1, 1, 1, 2, 2, 3], list("abcdaba"), list("xxxyxyy"), all_items=[1, 2, 3, 4])
    scores = score_items(votes, MajorityVote().fit(votes, Gold.of(votes, {3: "y"})))
    np.testing.assert_allclose(scores.agreement, [0.5, 0, NAN, NAN])
    np.testing.assert_allclose(scores.plurality, [0.75, 0.5, 1, NAN])
    np.testing.assert_allclose(scores.confidence, [0.75, 0.5, 1, NAN])
    np.testing.assert_allclose(scores.doubt, [0.25, 0.5, 0, NAN])
    np.testing.assert_allclose(scores.margin, [0.5, 0, 1, NAN])
    np.testing.assert_allclose(scores.entropy, [0.8112781, 1, 0, 1], atol=1e-6)
    assert scores.answers.tolist() == [4, 2, 1, 0]
    assert scores.label.tolist() == [0, 0, 1, -1]
    assert scores.tied.tolist() == [False, True, False, False]
    assert scores.gold.tolist() == [False, False, True, False]


def test_a_repeated_answer_is_one_voice() -> None:
    votes = Votes.of([1, 1, 1, 1], list("aaab"), list("xxxy"), repeats="all")
    scores = score_items(votes, MajorityVote().fit(votes))
    assert (scores.answers[0], scores.agreement[0], scores.plurality[0]) == (2, 0, 0.5)


@given(rows())
def test_scores_lie_in_their_ranges(table: list[Row]) -> None:
    votes = votes_of(table)
    scores = score_items(votes, DawidSkene().fit(votes))
    answered = scores.answers > 0
    for name in ("confidence", "entropy", "plurality", "doubt", "margin"):
        value = getattr(scores, name)[answered]
        assert ((value >= -1e-12) & (value <= 1)).all(), name
    assert np.isnan(scores.agreement[scores.answers < 2]).all()
    assert (scores.log_odds[answered] >= -1e-9).all() or votes.n_classes > 2


def test_what_is_certain_has_an_entropy_of_0_without_a_sign() -> None:
    votes = Votes.of([1, 1, 2], list("aba"), list("xyx"))
    for method in (MajorityVote(), DawidSkene()):
        entropy = score_items(votes, method.fit(votes, Gold.of(votes, {1: "y"}))).entropy
        assert str(entropy[0]) == "0.0"
