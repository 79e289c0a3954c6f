"""The room that knows crowd-kit: what goes in and comes back, and the faults that it keeps away."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings

from crowdqc.errors import Invalid
from crowdqc.quality import crowdkit
from crowdqc.quality.aggregation import MajorityVote
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows, simulate, votes_of

pytest.importorskip("crowdkit.aggregation")

#: Those that come without torch, and without a part of scikit-learn that is gone.
METHODS = ["MajorityVote", "DawidSkene", "OneCoinDawidSkene", "GLAD", "MACE", "MMSR", "KOS"]


def test_without_crowd_kit_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "crowdkit", None)
    monkeypatch.setitem(sys.modules, "crowdkit.aggregation", None)
    with pytest.raises(Invalid, match=r"GLAD needs crowd-kit.*pip install 'crowdqc\[crowdkit\]'"):
        crowdkit.labels("GLAD", simulate(1, items=5).votes)


def test_a_method_that_is_not_there() -> None:
    with pytest.raises(crowdkit.NotForCrowdKit, match="no method 'Glad' among its classification"):
        crowdkit.labels("Glad", simulate(1, items=5).votes)


@given(rows())
@settings(max_examples=25)
def test_a_majority_is_a_majority(table: list[Row]) -> None:
    votes = votes_of(table)
    label, probability = crowdkit.labels("MajorityVote", votes)
    ours = MajorityVote().fit(votes)
    np.testing.assert_array_equal(label < 0, ours.label < 0)
    clear = ~ours.tied
    np.testing.assert_array_equal(label[clear], ours.label[clear])
    answered = votes.answers_per_item() > 0
    shares = votes.counts()[answered] / votes.answers_per_item()[answered, None]
    np.testing.assert_allclose(probability[answered], shares)
    assert np.isnan(probability[~answered]).all()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_takes_no_answers(name: str) -> None:
    votes = Votes.of([], [], [], classes=["n", "y"], all_items=["a", "b"])
    label, probability = crowdkit.labels(name, votes)
    assert label.tolist() == [-1, -1]
    assert np.isnan(probability).all()


@pytest.mark.parametrize("name", [*METHODS, "Wawa", "ZeroBasedSkill"])
def test_every_method_finds_what_is_easy(name: str) -> None:
    crowd = simulate(5, items=60, workers=8, K=2, low=0.75)
    quick = {"MACE": {"n_restarts": 1}, "ZeroBasedSkill": {"n_iter": 10}}
    label, _ = crowdkit.labels(name, crowd.votes, **quick.get(name, {}))
    assert np.mean(label == crowd.truth) > 0.85


def test_a_class_that_nobody_named_has_a_column() -> None:
    votes = Votes.of([1, 1, 2], list("aba"), list("xyx"), classes=["w", "x", "y"])
    _, probability = crowdkit.labels("DawidSkene", votes)
    assert probability.shape == (2, 3)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert probability[:, 0].tolist() == [0, 0]


def test_parameters_reach_it() -> None:
    votes = simulate(2, items=50).votes
    one, many = (crowdkit.labels("DawidSkene", votes, n_iter=n, tol=0.0)[1] for n in (1, 30))
    assert np.abs(one - many).max() > 0.01


def test_nothing_is_changed() -> None:
    votes = simulate(3, items=20).votes
    before = [column.copy() for column in (votes.item, votes.worker, votes.label)]
    crowdkit.labels("DawidSkene", votes)
    for column, copy in zip((votes.item, votes.worker, votes.label), before, strict=True):
        np.testing.assert_array_equal(column, copy)


def test_texts_are_composed_in_the_order_given() -> None:
    item = np.array([0, 0, 0, 2], dtype=np.int32)
    words = [("a", "cat"), ("a", "bat"), ("the", "cat"), ()]
    assert crowdkit.compose(item, words) == {0: ("a", "cat"), 2: ()}
    assert crowdkit.compose(item[:0], []) == {}


def test_an_empty_word_is_refused() -> None:
    with pytest.raises(crowdkit.NotForCrowdKit, match="A word is empty"):
        crowdkit.compose(np.array([0], dtype=np.int32), [("a", "")])


def test_too_many_masks_are_refused() -> None:
    n = crowdkit.MOST_MASKS + 1
    item, worker = np.zeros(n, dtype=np.int32), np.arange(n, dtype=np.int32)
    with pytest.raises(crowdkit.NotForCrowdKit, match="101 masks"):
        crowdkit.segmentations("SegmentationEM", item, worker, [np.ones((1, 1), dtype=bool)] * n)
    assert crowdkit.segmentations("SegmentationEM", item[:0], worker[:0], []) == {}
