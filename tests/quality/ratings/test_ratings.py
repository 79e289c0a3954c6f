"""Ratings: what is read, what is refused, and gold values."""

from __future__ import annotations

import pickle
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.ratings import (
    GoldValues,
    InvalidRatings,
    Mean,
    Median,
    PrecisionWeighted,
    Ratings,
    TrimmedMean,
)

NAN = float("nan")
cell = st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.integers(-3, 3))
tables = st.lists(cell, max_size=12, unique_by=lambda row: row[:2])


@given(tables, st.randoms())
def test_the_order_of_rows_changes_nothing(table: list[tuple[str, str, int]], random: Random) -> None:
    mixed = random.sample(table, len(table))
    one, other = (
        Ratings.of(*zip(*rows, strict=True)) if rows else Ratings.of([], [], []) for rows in (table, mixed)
    )
    assert (one.items, one.workers) == (other.items, other.workers)
    said = {(one.items[i], one.workers[w], v) for i, w, v in zip(one.item, one.worker, one.value, strict=True)}
    assert said == set(table)
    for name in ("item", "worker", "value"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("value", [NAN, None, "3", True, float("inf")])
def test_what_is_no_number_is_refused_by_row(value: object) -> None:
    with pytest.raises(InvalidRatings, match="value of row 1"):
        Ratings.of([1, 2], ["a", "a"], [1.0, value])


@pytest.mark.parametrize("value", [1e308, -1e308, 1e154, 1.1e150])
def test_numbers_whose_squares_no_float_holds_are_refused_by_row(value: float) -> None:
    with pytest.raises(InvalidRatings, match=r"value of row 2 is .*; it must lie from -1e\+150 to 1e\+150"):
        Ratings.of([2, 1, 1], list("aba"), [1, 2, value])
    with pytest.raises(InvalidRatings, match="gold value of row 0"):
        GoldValues.of(Ratings.of([1], ["a"], [1]), {1: value})


@pytest.mark.parametrize("method", [Mean(), Median(), PrecisionWeighted(), TrimmedMean()])
def test_the_greatest_numbers_are_averaged(method: Mean) -> None:
    rng = np.random.default_rng(0)
    item, worker = np.divmod(np.arange(60), 3)
    found = method.fit(Ratings.of(item, worker, rng.choice([-1e150, 1e150, 3e149], size=60)))
    assert np.isfinite(found.value).all()
    assert not np.isnan(found.low).any()


def test_repeats_as_declared() -> None:
    for repeats, mean in (("first", 1.0), ("last", 3.0), ("all", 2.0)):
        ratings = Ratings.of([1, 1], ["a", "a"], [1, 3], repeats=repeats)  # type: ignore[arg-type]
        assert ratings.value.mean() == mean
    with pytest.raises(InvalidRatings, match="row 1 answered the same before"):
        Ratings.of([1, 1], ["a", "a"], [1, 3], repeats="reject")


def test_columns_must_fit() -> None:
    with pytest.raises(InvalidRatings, match="2, 1, 2 rows"):
        Ratings.of([1, 2], ["a"], [1, 2])
    with pytest.raises(InvalidRatings, match="worker codes must lie from 0 to 0"):
        Ratings.coded([0], [1], [2.0], items=["a"], workers=["w"])
    with pytest.raises(InvalidRatings, match="item 'b' of row 1 is not known"):
        Ratings.of(["a", "b"], ["w", "w"], [1, 2], all_items=["a"])


def test_gold_values() -> None:
    ratings = Ratings.of(["b"], ["w"], [1.5], all_items=["c", "b"])
    gold = GoldValues.of(ratings, {"c": 2})
    assert gold.known.tolist() == [True, False]
    with pytest.raises(InvalidRatings, match="gold item 'd' of row 0 is not known"):
        GoldValues.of(ratings, {"d": 2})
    with pytest.raises(InvalidRatings, match="gold value of row 0 is nan"):
        GoldValues.of(ratings, {"c": NAN})


def test_where_and_pickle() -> None:
    ratings = Ratings.of([1, 2], ["a", "b"], [5, 6]).where(np.array([False, True]))
    again = pickle.loads(pickle.dumps(ratings))
    assert again.value.tolist() == [6.0]
    assert again.answers_per_item().tolist() == [0, 1]
    assert again.answers_per_worker().tolist() == [0, 1]
