"""Intersection over union, against counted pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.shapes import iou

whole = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 5), st.integers(0, 5))


def pixels(box: tuple[int, int, int, int]) -> set[tuple[int, int]]:
    x, y, width, height = box
    return {(column, row) for column in range(x, x + width) for row in range(y, y + height)}


@given(whole, whole)
def test_it_is_that_of_pixels(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> None:
    one, other = pixels(a), pixels(b)
    wanted = len(one & other) / len(one | other) if one | other else 0.0
    np.testing.assert_allclose(iou(a, b), wanted)
    np.testing.assert_array_equal(iou(a, b), iou(b, a))


def test_shapes_are_broadcast() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 0, 2, 2], [9, 9, 1, 1]])
    table = iou(boxes[:, None], boxes[None])
    assert table.shape == (3, 3)
    np.testing.assert_allclose(table, [[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 1]])


def test_far_from_0_nothing_exceeds_1() -> None:
    rng = np.random.default_rng(1)
    boxes = np.hstack([rng.uniform(1e12, 2e12, (500, 2)), rng.uniform(0, 1e-3, (500, 2))])
    found = iou(boxes, boxes)
    assert (found <= 1).all()
    assert (found >= 0).all()
