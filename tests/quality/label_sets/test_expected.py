"""Expected scores against the sum over all true sets."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.label_sets import expected_scores

cells = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.8, 1.0]), st.booleans()), max_size=6)


def by_enumeration(probability: list[float], chosen: list[bool]) -> tuple[float, float]:
    jaccard = f1 = 0.0
    for true in product([False, True], repeat=len(chosen)):
        weight = float(np.prod([p if there else 1 - p for p, there in zip(probability, true, strict=True)]))
        both = sum(a and b for a, b in zip(chosen, true, strict=True))
        union, total = sum(chosen) + sum(true) - both, sum(chosen) + sum(true)
        jaccard += weight * (both / union if union else 1)
        f1 += weight * (2 * both / total if total else 1)
    return jaccard, f1


@given(st.lists(cells, min_size=1, max_size=4))
def test_equals_the_sum_over_all_true_sets(items: list[list[tuple[float, bool]]]) -> None:
    item = np.array([code for code, row in enumerate(items) for _ in row], dtype=np.int32)
    probability = np.array([p for row in items for p, _ in row], dtype=np.float64)
    chosen = np.array([there for row in items for _, there in row], dtype=bool)
    found = np.array(expected_scores(item, probability, chosen, len(items))).T
    for row, scores in zip(items, found, strict=True):
        assert tuple(scores) == pytest.approx(by_enumeration([p for p, _ in row], [c for _, c in row]), abs=1e-12)


def test_very_many_options() -> None:
    rng = np.random.default_rng(0)
    p = np.append(np.full(30, 0.9), np.full(970, 0.01))
    chosen = p > 0.5
    true = rng.random((20_000, 1000)) < p
    both, total = (true & chosen).sum(axis=1), true.sum(axis=1) + 30
    jaccard, f1 = expected_scores(np.zeros(1000, dtype=np.int32), p, chosen, 1)
    assert jaccard[0] == pytest.approx(np.mean(both / (total - both)), abs=0.002)
    assert f1[0] == pytest.approx(np.mean(2 * both / total), abs=0.002)
