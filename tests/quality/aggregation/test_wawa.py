"""Wawa, against crowd-kit's where nothing ties, and by hand where it does."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.aggregation.wawa import Wawa
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from tests.quality.aggregation.crowd_kit import fitted, predicted
from tests.quality.crowds import simulate


@pytest.mark.parametrize(("K", "overlap"), [(2, 5), (2, 7), (4, 1)])
def test_equals_crowd_kit_without_ties(K: int, overlap: int) -> None:
    votes = simulate(K, K=K, overlap=overlap, low=0.4).votes
    theirs = predicted(fitted("Wawa", votes), votes)
    ours = Wawa().fit(votes)
    np.testing.assert_allclose(ours.skill, theirs.skills_.sort_index(), atol=1e-12)  # type: ignore[arg-type]
    np.testing.assert_allclose(ours.posterior, theirs.probas_.sort_index().fillna(0), atol=1e-12)
    np.testing.assert_array_equal(ours.label, theirs.labels_.sort_index())


def test_tied_labels_share_the_credit() -> None:
    votes = Votes.of([1, 1, 1, 2, 2, 2], list("abcabc"), list("xyyxyz"), classes=["z", "y", "x"])
    consensus = Wawa().fit(votes)
    assert consensus.skill is not None
    np.testing.assert_allclose(consensus.skill, [(0 + 1 / 3) / 2, (1 + 1 / 3) / 2, (1 + 1 / 3) / 2])
    np.testing.assert_allclose(consensus.posterior[1], np.array([4, 4, 1]) / 9)
    assert consensus.tied.tolist() == [False, True]


def test_gold_measures_before_the_vote() -> None:
    """Two who agree are wrong, and a gold item may accept two labels."""
    votes = Votes.of([1, 1, 1, 2, 2, 2, 3, 3], list("abcabcac"), list("xxyxyzxy"))
    consensus = Wawa().fit(votes, Gold.of(votes, {1: "y", 2: ["y", "z"]}))
    assert consensus.skill is not None
    # the third item ties x against y: half a right answer for each
    np.testing.assert_allclose(consensus.skill, [0.5 / 3, 1 / 2, 2.5 / 3])
    assert consensus.label.tolist() == [1, 2, 1]


def test_nobody_of_skill_leaves_it_to_the_votes() -> None:
    votes = Votes.of([1, 1, 1, 2], list("abcc"), list("xxyz"), all_items=[1, 2, 3])
    consensus = Wawa().fit(votes, Gold.of(votes, {1: "z", 2: "y"}))
    assert consensus.skill is not None
    assert consensus.skill.tolist() == [0, 0, 0]
    later = Votes.of([1, 1, 2, 2, 2], list("ababc"), list("xxyyx"))
    consensus = Wawa().fit(later, Gold.of(later, {1: "y", 2: "x"}))
    np.testing.assert_allclose(consensus.skill, [0, 0, 1])  # type: ignore[arg-type]
    alone = Votes.of([1, 1, 2, 3, 3], list("abcab"), list("xxxyz"))
    consensus = Wawa().fit(alone, Gold.of(alone, {1: "y", 3: "x"}))
    assert consensus.posterior.tolist() == [[0, 1, 0], [1, 0, 0], [1, 0, 0]]


def test_weights_of_answers_are_left_aside() -> None:
    votes = Votes.of([1, 1, 1], list("abc"), list("xxy"), weights=[0, 0, 9])
    assert Wawa().fit(votes).label.tolist() == [0]
