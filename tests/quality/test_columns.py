"""Columns: ids to codes, what is refused, and repeats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.errors import Invalid
from crowdqc.quality import columns
from crowdqc.quality.columns import Repeats

NAN = float("nan")
ids = st.lists(st.one_of(st.integers(0, 5), st.sampled_from(["0", "a", "é"])), max_size=20)


@given(ids)
def test_codes_name_the_ids(column: list[object]) -> None:
    codes, known = columns.coded(column, "item", Invalid)
    assert [known[code] for code in codes] == column
    assert codes.dtype == np.int32
    assert columns.coded(column[::-1], "item", Invalid)[1] == known


@pytest.mark.parametrize("missing", [None, NAN, ""])
def test_a_missing_id_is_refused_by_row(missing: object) -> None:
    with pytest.raises(Invalid, match="item of row 2 is missing"):
        columns.coded(["a", "b", missing], "item", Invalid)  # type: ignore[list-item]


def test_an_unknown_id_is_refused_by_row() -> None:
    with pytest.raises(Invalid, match="item 'c' of row 1 is not known"):
        columns.coded(["a", "c"], "item", Invalid, ["a", "b"])
    with pytest.raises(Invalid, match="named twice"):
        columns.coded(["a"], "item", Invalid, ["a", "a"])


@pytest.mark.parametrize("value", [None, "3", True, [1]])
def test_what_is_no_number_is_refused_by_row(value: object) -> None:
    with pytest.raises(Invalid, match=r"value of row 1 is .*, not a number"):
        columns.numbers([1, value], "value", Invalid)


@pytest.mark.parametrize("value", [NAN, float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_refused_by_row(value: float) -> None:
    for column in ([1.0, value], np.array([1.0, value])):
        with pytest.raises(Invalid, match=r"value of row 1 is .*finite"):
            columns.numbers(column, "value", Invalid)


def test_frames_and_arrays_are_columns() -> None:
    pandas, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    for column in (np.array([3, 1]), pandas.Series([3, 1]), arrow.array([3, 1]), (3, 1)):
        codes, known = columns.coded(columns.plain(column), "item", Invalid)
        assert (codes.tolist(), known) == ([1, 0], (1, 3))
        assert type(known[0]) is int
        assert columns.numbers(column, "value", Invalid).tolist() == [3.0, 1.0]


@pytest.mark.parametrize(("repeats", "kept"), [("first", [0, 1, 2]), ("last", [3, 1, 2]), ("all", [0, 3, 1, 2])])
def test_repeats(repeats: Repeats, kept: list[int]) -> None:
    unit, worker = np.array([4, 4, 7, 4]), np.array([0, 1, 0, 0], dtype=np.int32)
    assert columns.settled(unit, worker, repeats, Invalid).tolist() == kept


def test_repeats_are_rejected_by_row() -> None:
    with pytest.raises(Invalid, match="row 3 answered the same before"):
        columns.settled(np.array([4, 4, 7, 4]), np.array([0, 1, 0, 0], dtype=np.int32), "reject", Invalid)
    with pytest.raises(Invalid, match="first, last, all, reject"):
        columns.settled(np.array([4]), np.array([0], dtype=np.int32), "some", Invalid)  # type: ignore[arg-type]
