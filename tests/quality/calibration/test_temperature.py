"""Temperature scaling, of one model and of several."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.calibration import fit_floor, fit_temperature, tempered, weights_by_likelihood
from crowdqc.quality.calibration.temperature import InvalidTemperature


def drawn(temperature: float, seed: int = 0, n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from probabilities, and the probabilities sharpened."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet([0.5, 0.7, 1.0], size=n)
    label = (rng.random(n)[:, None] > true.cumsum(axis=1)).sum(axis=1)
    return tempered(true, temperature), np.minimum(label, 2)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_was_put_in_comes_out(temperature: float) -> None:
    found = fit_temperature(*drawn(temperature))
    assert found.value == pytest.approx(temperature, rel=0.05)
    assert found.after <= found.before + 1e-9
    assert found.rows == 20_000


def test_copies_share_a_weight_and_a_guesser_gets_none() -> None:
    table, label = drawn(1.0)
    guess = np.random.default_rng(5).dirichlet([1, 1, 1], size=len(table))
    weight, _ = weights_by_likelihood([table, table, guess], label)
    assert weight[0] + weight[1] == pytest.approx(1, abs=0.05)
    assert weight[0] == pytest.approx(weight[1], abs=0.01)
    assert weight[2] < 0.05


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 5))
def test_tempering_keeps_the_order_and_the_sum(seed: int, weight: float) -> None:
    table = np.random.default_rng(seed).dirichlet([1, 1, 1, 1], size=5)
    soft = tempered(table, weight)
    np.testing.assert_allclose(soft.sum(axis=1), 1)
    assert (soft.argmax(axis=1) == table.argmax(axis=1)).all()


def test_few_labels_move_it_little() -> None:
    assert 0.5 < fit_temperature(np.array([[0.9, 0.1]]), [0]).value < 1.2
    assert np.isnan(fit_temperature(np.zeros((0, 2)), []).before)


def test_nonsense_is_refused() -> None:
    table = np.full((2, 2), 0.5)
    for tables, label in (([table], [0]), ([table], [0, 2]), ([], [0]), ([table, np.zeros((2, 3))], [0, 0])):
        with pytest.raises(InvalidTemperature):
            weights_by_likelihood(tables, label)


def test_the_floor_follows_the_model() -> None:
    table, label = drawn(8.0)
    assert fit_floor(table, label) <= 1e-10  # far too sure, yet its small numbers tell classes apart
    counts = np.random.default_rng(0).multinomial(10, [0.7, 0.2, 0.1], size=500) / 10
    mistaken = (counts.argmin(axis=1) + np.arange(500) % 2) % 3
    assert fit_floor(counts, mistaken) == 1e-3  # zeros that come true
    assert fit_floor(np.zeros((0, 2)), []) == 1e-6
