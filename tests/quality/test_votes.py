"""Votes: ids to codes, repeats, and what is refused."""

from __future__ import annotations

import pickle
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.columns import Repeats
from crowdqc.quality.votes import InvalidVotes, Votes
from tests.quality.crowds import Row, rows, votes_of

NAN = float("nan")


def test_codes_name_what_was_said() -> None:
    votes = Votes.of([2, 1, 2], ["b", "a", "a"], ["y", "x", "y"], seconds=[5, 0, NAN])
    said = [
        (votes.items[i], votes.workers[w], votes.classes[k])
        for i, w, k in zip(votes.item, votes.worker, votes.label, strict=True)
    ]
    assert said == [(1, "a", "x"), (2, "a", "y"), (2, "b", "y")]
    assert votes.seconds is not None
    np.testing.assert_equal(votes.seconds, [NAN, NAN, 5])  # a time that is not above zero is unknown
    assert votes.item.dtype == votes.worker.dtype == votes.label.dtype == np.int32


@given(rows(), st.randoms())
def test_the_order_of_rows_changes_nothing(table: list[Row], random: Random) -> None:
    mixed = list(table)
    random.shuffle(mixed)
    one, other = votes_of(table), votes_of(mixed)
    assert (one.items, one.workers, one.classes) == (other.items, other.workers, other.classes)
    for name in ("item", "worker", "label"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize(("repeats", "labels"), [("first", "xz"), ("last", "yz"), ("all", "xyz")])
def test_repeats(repeats: Repeats, labels: str) -> None:
    votes = Votes.of([1, 1, 1], ["a", "b", "a"], ["x", "z", "y"], repeats=repeats)
    assert "".join(votes.classes[k] for k in votes.label) == labels
    assert votes.once().counts().sum() == 2


def test_repeats_are_rejected_by_name() -> None:
    with pytest.raises(InvalidVotes, match="'a' answered item 7 more than once"):
        Votes.of([7, 7], ["a", "a"], ["x", "y"], repeats="reject")


@pytest.mark.parametrize("label", [None, NAN, "", 1, True, 1.0])
def test_a_label_that_is_not_text_is_refused_by_row(label: object) -> None:
    with pytest.raises(InvalidVotes, match="label of row 1 is"):
        Votes.of([1, 2], ["a", "a"], ["x", label])  # type: ignore[arg-type]


def test_a_mixture_of_labels_is_refused_with_a_way_out() -> None:
    with pytest.raises(InvalidVotes, match=r"label of row 1 is 1, not text\. Make .* text: labels\.astype\(str\)"):
        Votes.of([1, 2], ["a", "a"], ["x", 1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "labels",
    [[1, 0, 1], [True, False, True], [1.0, 0.0, 1.0], [2.5, True, 1], np.array([1, 0, 1]), pd.Series([1, 0, 1])],
)
def test_labels_of_which_none_is_text_become_text_as_in_a_frame(labels: Any) -> None:
    columns = {"item": [1, 2, 3], "worker": ["a", "a", "b"], "label": labels}
    here, there = Votes.of(columns["item"], columns["worker"], labels), Votes.of_frame(columns)
    assert here.classes == there.classes
    np.testing.assert_array_equal(here.label, there.label)


def test_declared_classes_become_text_with_the_labels() -> None:
    assert Votes.of([1, 2], ["a", "a"], [0, 1], classes=[2, 1, 0]).classes == ("2", "1", "0")


@pytest.mark.parametrize("label", [None, NAN, pd.NA, (1, 2), b"x"])
def test_neither_text_nor_a_number_is_refused_by_row(label: Any) -> None:
    with pytest.raises(InvalidVotes, match="label of row 1 is"):
        Votes.of([1, 2], ["a", "a"], [1, label])


@pytest.mark.parametrize("missing", [None, NAN, ""])
def test_a_missing_id_is_refused_by_row(missing: object) -> None:
    with pytest.raises(InvalidVotes, match="item of row 1 is missing"):
        Votes.of([1, missing], ["a", "a"], ["x", "x"])


def test_an_undeclared_label_is_refused_by_name() -> None:
    with pytest.raises(InvalidVotes, match=r"'X' of row 1 is not known.*'x', 'y'"):
        Votes.of([1, 2], ["a", "a"], ["x", "X"], classes=["x", "y"])


def test_declared_classes_and_items_are_kept_unused() -> None:
    votes = Votes.of(["b"], ["w"], ["é"], classes=["z", "é"], all_items=["c", "b"])
    assert votes.items == ("c", "b")
    assert votes.counts().tolist() == [[0, 0], [0, 1]]


def test_ids_of_mixed_types_are_different_ids() -> None:
    votes = Votes.of([1, "1", 1], ["a", "a", "b"], ["x", "x", "x"])
    assert votes.n_items == 2
    assert votes.answers_per_item().sum() == 3


def test_no_answers() -> None:
    votes = Votes.of([], [], [], classes=["x"])
    assert len(votes) == 0
    assert votes.counts().shape == (0, 1)


def test_unequal_columns_and_wrong_codes_are_refused() -> None:
    with pytest.raises(InvalidVotes, match="2, 1 and 2 rows"):
        Votes.of([1, 2], ["a"], ["x", "y"])
    with pytest.raises(InvalidVotes, match="from 0 to 1"):
        Votes.coded([0], [0], [2], items=[1], workers=["a"], classes=["x", "y"])


def test_pickles() -> None:
    votes = Votes.of([1, 2], ["a", "b"], ["x", "y"])
    again = pickle.loads(pickle.dumps(votes))
    assert again.items == votes.items
    np.testing.assert_array_equal(again.label, votes.label)


def test_votes_are_shown_in_a_line() -> None:
    votes = Votes.of([1, 1, 2] * 400, [*range(1200)], ["x", "y", "x"] * 400)
    assert repr(votes) == "Votes(1,200 answers, 2 items, 1,200 workers, 2 classes)"
    assert repr(Votes.of([1], ["a"], ["x"])) == "Votes(1 answer, 1 item, 1 worker, 1 class)"
