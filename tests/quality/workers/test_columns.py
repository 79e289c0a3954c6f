"""Columns beside the answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.columns import InvalidColumn, beside, column

ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=20)


@given(ROWS, st.sampled_from(["first", "last"]))
def test_values_follow_their_rows(rows: list[tuple[str, str]], repeats: str) -> None:
    """The labels themselves, brought beside the votes, are the votes' labels."""
    items, workers = [item for item, _ in rows], [worker for _, worker in rows]
    labels = [str(number) for number in range(len(rows))]
    votes = Votes.of(items, workers, labels, repeats=repeats)  # type: ignore[arg-type]
    found = beside(votes, items, workers, np.arange(len(rows)), repeats=repeats)  # type: ignore[arg-type]
    assert [votes.classes[code] for code in votes.label] == [f"{number:.0f}" for number in found]


def test_what_is_not_there_is_not_known() -> None:
    votes = Votes.of([1, 2], ["a", "a"], ["x", "x"])
    np.testing.assert_equal(beside(votes, [2, 3, 2], ["a", "a", "b"], [5.0, 6.0, 7.0]), [np.nan, 5])
    np.testing.assert_equal(beside(votes, [], [], []), [np.nan, np.nan])


def test_times() -> None:
    votes = Votes.of([1, 2, 3], ["a"] * 3, ["x"] * 3)
    times = np.array(["2026-01-02T03:04:05", "NaT", "2026-01-02T03:04:04"], dtype="datetime64[s]")
    found = beside(votes, [1, 2, 3], ["a"] * 3, times)
    assert found[0] - found[2] == 1e6
    assert np.isnan(found[1])
    np.testing.assert_equal(column(times, votes, "order"), found)


def test_refused() -> None:
    votes = Votes.of([1, 2], ["a", "a"], ["x", "x"])
    with pytest.raises(InvalidColumn, match=r"order has the shape \(1,\); it must be \(2,\)"):
        column([1], votes, "order")
    with pytest.raises(InvalidColumn, match="order must be numbers or times"):
        column(["soon", "late"], votes, "order")
    with pytest.raises(InvalidColumn, match="1, 1 and 2 rows"):
        beside(votes, [1], ["a"], [1, 2])
