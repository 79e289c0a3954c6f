"""Run lengths of masks: there and back, and as COCO counts them."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.shapes import InvalidMasks, mask_of_runs, run_lengths

tables = st.tuples(st.integers(0, 5), st.integers(0, 5), st.randoms()).map(
    lambda drawn: np.array([drawn[2].random() < 0.5 for _ in range(drawn[0] * drawn[1])], dtype=bool).reshape(
        drawn[0], drawn[1]
    )
)


@given(tables)
def test_there_and_back(mask: Any) -> None:
    np.testing.assert_array_equal(mask_of_runs(run_lengths(mask), *mask.shape), mask)


@given(tables)
def test_counts_go_down_the_columns(mask: Any) -> None:
    runs = [(bit, len(list(same))) for bit, same in groupby(bit for column in mask.T.tolist() for bit in column)]
    wanted = ([0] if runs and runs[0][0] else []) + [length for _, length in runs]
    assert run_lengths(mask).tolist() == (wanted or [0])


def test_an_example_of_coco() -> None:
    """Three rows, four columns; the second column and the head of the third are in."""
    mask = np.zeros((3, 4), dtype=bool)
    mask[:, 1] = mask[0, 2] = True
    assert run_lengths(mask).tolist() == [3, 4, 5]


@pytest.mark.parametrize(
    ("counts", "fault"),
    [
        ([1, 2], "sum to 3; a mask of 2 x 2 needs 4"),
        ([5, -1], "from 0 up"),
        ([1.5, 2.5], "whole"),
        ([[4]], "one column"),
    ],
)
def test_what_are_no_run_lengths(counts: Any, fault: str) -> None:
    with pytest.raises(InvalidMasks, match=fault):
        mask_of_runs(counts, 2, 2)
    with pytest.raises(InvalidMasks, match="1 dimensions"):
        run_lengths([1, 0])
