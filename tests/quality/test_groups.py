"""Rows in groups: sums, means and pairs, against loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.groups import means, pairs_within, sums


@given(st.lists(st.integers(0, 5), max_size=6))
def test_pairs_are_those_of_a_loop(sizes: list[int]) -> None:
    group = np.repeat(np.arange(len(sizes)), sizes)
    wanted = [(i, j) for i in range(len(group)) for j in range(i + 1, len(group)) if group[i] == group[j]]
    left, right = pairs_within(np.array(sizes, dtype=np.int64))
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == wanted


def test_sums_of_nothing_are_numbers() -> None:
    found = sums(np.zeros(0, dtype=np.int64), np.zeros(0), 2)
    assert found.dtype == np.float64
    assert found.tolist() == [0.0, 0.0]


def test_means_are_weighted_and_leave_out_what_is_not_known() -> None:
    group, values = np.array([0, 0, 0, 1, 2]), np.array([1.0, 3.0, np.nan, np.nan, 5.0])
    found = means(group, values, 4, np.array([1.0, 3.0, 9.0, 1.0, 0.0]))
    np.testing.assert_array_equal(found, [2.5, np.nan, np.nan, np.nan])
