"""Texts: what is read, what is refused, and the words of answers."""

from __future__ import annotations

import pickle
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.texts import InvalidTexts, Reading, Texts

cell = st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.sampled_from(["", "yes", "No", "a b"]))
tables = st.lists(cell, max_size=12, unique_by=lambda row: row[:2])


@given(tables, st.randoms())
def test_the_order_of_rows_changes_nothing(table: list[tuple[str, str, str]], random: Random) -> None:
    mixed = random.sample(table, len(table))
    one, other = (Texts.of(*zip(*rows, strict=True)) if rows else Texts.of([], [], []) for rows in (table, mixed))
    said = {(one.items[i], one.workers[w], t) for i, w, t in zip(one.item, one.worker, one.text, strict=True)}
    assert said == set(table)
    assert (one.items, one.workers, one.text) == (other.items, other.workers, other.text)
    np.testing.assert_array_equal(one.item, other.item)
    np.testing.assert_array_equal(one.worker, other.worker)


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, pd.NA, pd.NaT])
def test_what_is_missing_is_refused_by_row(value: Any) -> None:
    with pytest.raises(InvalidTexts, match="text of row 1 is missing") as refused:
        Texts.of([1, 2], ["a", "a"], ["yes", value])
    assert refused.value.facts["row"] == 1


@pytest.mark.parametrize("value", [3, 2.5, b"bytes", ["words"]])
def test_what_is_no_text_is_refused_by_row(value: Any) -> None:
    with pytest.raises(InvalidTexts, match=r"text of row 0 is .*, not text"):
        Texts.of([1], ["a"], [value])


def test_columns_of_frames_are_read() -> None:
    frame = pd.DataFrame({"item": [2, 1], "worker": ["a", "b"], "text": ["two", "one"]})
    texts = Texts.of(frame["item"], frame["worker"], frame["text"])
    assert (texts.items, texts.text) == ((1, 2), ("one", "two"))


def test_repeats_as_declared() -> None:
    for repeats, kept in (("first", ("1",)), ("last", ("2",)), ("all", ("1", "2"))):
        assert Texts.of([1, 1], ["a", "a"], ["1", "2"], repeats=repeats).text == kept  # type: ignore[arg-type]
    with pytest.raises(InvalidTexts, match="row 1 answered the same before"):
        Texts.of([1, 1], ["a", "a"], ["1", "2"], repeats="reject")


def test_columns_must_fit() -> None:
    with pytest.raises(InvalidTexts, match="2, 1, 2 rows"):
        Texts.of([1, 2], ["a"], ["1", "2"])
    with pytest.raises(InvalidTexts, match="item of row 0 is missing"):
        Texts.of([None], ["a"], ["1"])
    with pytest.raises(InvalidTexts, match="item codes must lie from 0 to 0"):
        Texts.coded([1], [0], ["1"], items=["a"], workers=["w"])


def test_words() -> None:
    texts = Texts.of([1, 2], ["a", "a"], ["The  Cat.", ""])
    assert texts.words() == [("the", "cat."), ()]
    assert texts.words(list)[0] == tuple("thecat.")  # spaces are empty once read
    kept = Texts.of([1], ["a"], ["The Cat"], reading=Reading(case=False))
    assert kept.words() == [("The", "Cat")]


def test_where_and_pickle() -> None:
    texts = Texts.of([1, 2], ["a", "b"], ["x", "y"], reading=Reading(case=False)).where(np.array([False, True]))
    again = pickle.loads(pickle.dumps(texts))
    assert again.text == ("y",)
    assert again.reading == Reading(case=False)
    assert again.answers_per_item().tolist() == [0, 1]
    assert again.answers_per_worker().tolist() == [0, 1]
