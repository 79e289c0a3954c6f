"""Edit distances of many pairs at once, against nltk's of one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics.distance import edit_distance

from crowdqc.quality.texts import distances
from crowdqc.quality.texts.distances import Sequences, differences, edit_distances

words = st.lists(st.lists(st.sampled_from("abc"), max_size=9), min_size=1, max_size=7)


@pytest.mark.parametrize("cells", [8, 1 << 17])
@given(some=words)
def test_each_distance_is_nltks(some: list[list[str]], cells: int) -> None:
    left, right = (side.ravel() for side in np.indices((len(some), len(some))))
    kept, distances.CELLS = distances.CELLS, cells  # however many are filled at once
    try:
        found = edit_distances(Sequences.of(some), left, right)
    finally:
        distances.CELLS = kept
    assert found.tolist() == [edit_distance(some[i], some[j]) for i, j in zip(left, right, strict=True)]


def test_long_and_short_ones_together() -> None:
    rng = np.random.default_rng(4)
    some = [rng.integers(30, size=n).tolist() for n in (0, 1, 400, 3, 250, 17)]
    left, right = (side.ravel() for side in np.indices((6, 6)))
    wanted = [edit_distance(some[i], some[j]) for i, j in zip(left, right, strict=True)]
    assert edit_distances(Sequences.of(some), left, right).tolist() == wanted


def test_shares_of_the_longer() -> None:
    some = Sequences.of([["a", "b"], ["a", "b", "c", "d"], [], []])
    found = differences(some, np.array([0, 0, 2]), np.array([1, 2, 3]))
    assert found.tolist() == [0.5, 1.0, 0.0]


def test_no_pairs() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert edit_distances(Sequences.of([]), none, none).tolist() == []
