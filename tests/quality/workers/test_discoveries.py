"""Rates of false discoveries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crowdqc.quality.workers.discoveries import q_values

CHANCES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(CHANCES)
def test_as_scipy(p: list[float]) -> None:
    np.testing.assert_allclose(q_values(p), stats.false_discovery_control(p, method="bh"), rtol=1e-12)


@given(CHANCES, st.integers(0, 50))
def test_what_was_left_out_had_a_chance_of_one(p: list[float], more: int) -> None:
    found = q_values(p, tests=len(p) + more)
    np.testing.assert_allclose(found, stats.false_discovery_control([*p, *[1.0] * more])[: len(p)], rtol=1e-12)


def test_no_test_is_no_test() -> None:
    np.testing.assert_allclose(q_values([0.02, np.nan, 0.03]), [0.03, np.nan, 0.03])
    assert q_values([]).size == 0
    assert np.isnan(q_values([np.nan])).all()


def test_few_false_ones_among_many_true_ones() -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        p = np.concatenate([rng.random(80), stats.norm.sf(rng.normal(3, 1, 20))])
        called = q_values(p) <= 0.1
        shares.append(called[:80].sum() / max(called.sum(), 1))
    assert np.mean(shares) == pytest.approx(0.08, abs=0.02)  # 0.1 times the share of true nulls
