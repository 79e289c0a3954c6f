"""Components against a search by hand, and scores within them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.comparisons.components import centred, components, shares, strongly_connected
from crowdqc.quality.comparisons.ranking import ranks

edges = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda edge: edge[0] != edge[1]), max_size=9
)


def columns(table: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    array = np.array(table, dtype=np.int32).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def reach(table: list[tuple[int, int]], start: int) -> set[int]:
    found = {start}
    while more := {there for here, there in table if here in found} - found:
        found |= more
    return found


@given(edges)
def test_components(table: list[tuple[int, int]]) -> None:
    both = table + [(b, a) for a, b in table]
    expected = [min(reach(both, item)) if len(reach(both, item)) > 1 else -1 for item in range(8)]
    assert components(*columns(table), 8).tolist() == expected


@given(edges)
def test_strongly_connected(table: list[tuple[int, int]]) -> None:
    winner, loser = columns(table)
    component = components(winner, loser, 8)
    expected = all(a in reach(table, b) for a, b in table)
    assert strongly_connected(winner, loser, component) == expected


@given(st.lists(st.tuples(st.integers(-30, 30), st.integers(-1, 3)), min_size=1, max_size=12))
def test_scores_within_components(table: list[tuple[int, int]]) -> None:
    score = np.array([score / 10 for score, _ in table])
    name = np.array([group for _, group in table])
    first = np.array([np.flatnonzero(name == group)[0] if group >= 0 else -1 for group in name], dtype=np.int32)
    middle, share, rank = centred(score, first), shares(score, first), ranks(score, first)
    for group in range(4):
        of = name == group
        if of.any():
            np.testing.assert_allclose(middle[of], score[of] - score[of].mean(), atol=1e-12)
            np.testing.assert_allclose(share[of], np.exp(score[of]) / np.exp(score[of]).sum())
            assert rank[of].tolist() == [1 + int((score[of] > own).sum()) for own in score[of]]
    out = name < 0
    assert np.isnan(middle[out]).all()
    assert np.isnan(share[out]).all()
    assert (rank[out] == 0).all()
