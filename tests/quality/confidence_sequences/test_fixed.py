"""Exact intervals of one look: those of statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from crowdqc.quality.confidence_sequences import fixed_interval
from crowdqc.quality.intervals import InvalidInterval


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_equals_statsmodels(seen: tuple[int, int], level: float) -> None:
    low, high = fixed_interval(*seen, level)
    expected = proportion_confint(*seen, alpha=1 - level, method="beta")
    np.testing.assert_allclose((low, high), np.nan_to_num(expected), rtol=1e-9)


def test_the_ends() -> None:
    low, high = fixed_interval([0, 0, 5], [0, 5, 5])
    assert low[:2].tolist() == [0, 0]
    assert high[[0, 2]].tolist() == [1, 1]


@pytest.mark.parametrize(("hits", "total", "level"), [(3, 2, 0.9), (1, 2, 1.0)])
def test_what_is_refused(hits: int, total: int, level: float) -> None:
    with pytest.raises(InvalidInterval):
        fixed_interval(hits, total, level)
