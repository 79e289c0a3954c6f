"""Masks: what is read, what is refused."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from crowdqc.quality.shapes import InvalidMasks, Masks

A, B, C = np.eye(2, dtype=bool), np.ones((2, 2), dtype=bool), np.zeros((1, 3), dtype=bool)


def test_masks_are_kept_by_item_and_worker() -> None:
    masks = Masks.of(["y", "x", "y"], ["b", "a", "a"], [A, C, B], all_items=["x", "y", "z"])
    assert masks.shape.tolist() == [[1, 3], [2, 2], [0, 0]]
    np.testing.assert_array_equal(masks.of_item(1), [B, A])
    np.testing.assert_array_equal(masks.of_item(0), [C])
    assert masks.of_item(2).shape == (0, 0, 0)
    assert masks.answers_per_item().tolist() == [1, 2, 0]
    assert masks.answers_per_worker().tolist() == [2, 1]


def test_what_was_given_is_not_changed_with_it() -> None:
    mine = A.copy()
    masks = Masks.of([1], ["a"], [mine])
    mine[:] = True
    np.testing.assert_array_equal(masks.of_item(0)[0], A)


def test_numbers_that_are_0_or_1_are_read() -> None:
    for dtype in (np.uint8, np.float32, np.int64):
        np.testing.assert_array_equal(Masks.of([1], ["a"], [A.astype(dtype)]).of_item(0)[0], A)


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (A * 255, "mask of row 1 holds something that is neither 0 nor 1"),
        (np.array([[0.0, np.nan]]), "mask of row 1 holds"),
        ([["yes"]], "mask of row 1 holds"),
        ([1, 0], "mask of row 1 has 1 dimensions"),
        (None, "mask of row 1 has 0 dimensions"),
        ([[1], [1, 0]], "mask of row 1 has rows of unequal length"),
        (C, "mask of row 1 is 1 x 3, that of row 0 2 x 2; those of item 7 must be of one size"),
    ],
)
def test_what_is_no_mask_is_refused_by_row(bad: Any, fault: str) -> None:
    with pytest.raises(InvalidMasks, match=fault) as refused:
        Masks.of([7, 7], ["a", "b"], [A, bad])
    assert refused.value.facts["row"] == 1


def test_repeats_as_declared() -> None:
    for repeats, kept in (("first", [A]), ("last", [B]), ("all", [A, B])):
        masks = Masks.of([1, 1], ["a", "a"], [A, B], repeats=repeats)  # type: ignore[arg-type]
        np.testing.assert_array_equal(masks.of_item(0), kept)
    with pytest.raises(InvalidMasks, match="row 1 answered the same before"):
        Masks.of([1, 1], ["a", "a"], [A, B], repeats="reject")


def test_columns_must_fit() -> None:
    with pytest.raises(InvalidMasks, match="1, 1, 2 rows"):
        Masks.of([1], ["a"], [A, B])
    with pytest.raises(InvalidMasks, match="item of row 0 is missing"):
        Masks.of([None], ["a"], [A])


def test_pickle() -> None:
    masks = pickle.loads(pickle.dumps(Masks.of([1], ["a"], [A])))
    np.testing.assert_array_equal(masks.of_item(0), [A])
