"""Comparisons: what is read, what is refused, and repeats."""

from __future__ import annotations

import pickle
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.comparisons import Comparisons, InvalidComparisons

Row = tuple[str, str, str, str]
row = st.tuples(*map(st.sampled_from, ("abcd", "abcd", "xyz", ["left", "right", "same"])))
tables = st.lists(
    row.filter(lambda row: row[0] != row[1]), max_size=15, unique_by=lambda row: ("".join(sorted(row[:2])), row[2])
)


def read(table: list[Row], **settings: object) -> Comparisons:
    columns = zip(*table, strict=True) if table else ([], [], [], [])
    return Comparisons.of(*columns, **settings)  # type: ignore[arg-type]


@given(tables, st.randoms())
def test_the_order_of_rows_changes_nothing(table: list[Row], random: Random) -> None:
    one, other = read(table), read(random.sample(table, len(table)))
    assert (one.items, one.workers) == (other.items, other.workers)
    for name in ("left", "right", "worker", "choice"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    said = {
        (one.items[left], one.items[right], one.workers[worker], ("left", "right", "same")[choice])
        for left, right, worker, choice in zip(one.left, one.right, one.worker, one.choice, strict=True)
    }
    assert said == set(table)
    assert one.comparisons_per_item().sum() == 2 * len(table)
    assert one.answers_per_worker().sum() == len(table)


def test_the_same_two_items_are_the_same_question_whichever_is_left() -> None:
    table = [("a", "b", "w", "left"), ("b", "a", "w", "same")]
    assert read(table).choice.tolist() == [0]
    assert read(table, repeats="last").choice.tolist() == [2]
    assert len(read(table, repeats="all")) == 2
    with pytest.raises(InvalidComparisons, match="row 1 answered the same before"):
        read(table, repeats="reject")


def test_what_is_refused() -> None:
    with pytest.raises(InvalidComparisons, match="Row 1 compares 'b' with itself"):
        read([("a", "b", "w", "left"), ("b", "b", "w", "left")])
    with pytest.raises(
        InvalidComparisons, match=r"choice of row 0 is 'a'; it must be left, right or same\. Say on"
    ):
        read([("a", "b", "w", "a")])
    with pytest.raises(InvalidComparisons, match="worker of row 0 is missing"):
        read([("a", "b", "", "left")])
    with pytest.raises(InvalidComparisons, match="choice codes must lie from 0 to 2"):
        Comparisons.coded([0], [1], [0], [3], items="ab", workers="w")
    with pytest.raises(InvalidComparisons, match="2, 1, 1, 1 rows"):
        Comparisons.of("ab", "b", "w", ["left"])


def test_where_and_pickle() -> None:
    comparisons = read([("a", "b", "w", "left"), ("b", "c", "v", "same")])
    some = pickle.loads(pickle.dumps(comparisons.where(comparisons.choice == 2)))
    assert (some.left.tolist(), some.right.tolist(), len(some.items)) == ([1], [2], 3)
