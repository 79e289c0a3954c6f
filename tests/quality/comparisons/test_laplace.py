"""Errors of scores against one dense inverse."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from crowdqc.quality.comparisons import laplace
from crowdqc.quality.comparisons.components import components
from crowdqc.quality.comparisons.laplace import Information

Floats = NDArray[np.float64]


def graph(seed: int, sizes: list[int], degree: int) -> Information:
    """Random graphs of these sizes, side by side, and one item that is compared with none."""
    rng = np.random.default_rng(seed)
    left, right, first = [], [], 0
    for size in sizes:
        chain = np.arange(size - 1)
        others = rng.integers(size, size=size * degree // 2)
        left += [first + chain, first + others]
        right += [first + chain + 1, first + (others + rng.integers(1, size, size=others.size)) % size]
        first += size
    edges = np.concatenate(left).astype(np.int32), np.concatenate(right).astype(np.int32)
    return Information(*edges, rng.uniform(0.1, 0.3, edges[0].size), np.full(first + 1, 0.4), 0.5)


def dense(information: Information, component: NDArray[np.int32]) -> tuple[Floats, float]:
    n = information.ground.size
    X = np.zeros((information.left.size, n + 1))
    rows = np.arange(information.left.size)
    X[rows, information.left] += 1
    X[rows, information.right] -= 1
    X[:, n] = 1
    ground = np.append(information.ground, information.position or 0)
    C = np.linalg.pinv(X.T @ (information.weight[:, None] * X) + np.diag(ground))
    same = (component[:, None] == component) & (component >= 0)
    centring = np.eye(n) - same / np.maximum(same.sum(axis=1, keepdims=True), 1)
    return np.sqrt(np.diag(centring @ C[:n, :n] @ centring.T)), float(np.sqrt(C[n, n]))


@pytest.mark.parametrize("ground", [0.4, 0.0])
@pytest.mark.parametrize("sizes", [[12], [2, 9, 2, 5, 9]])
def test_equals_the_dense_inverse(sizes: list[int], ground: float, monkeypatch: pytest.MonkeyPatch) -> None:
    information = graph(1, sizes, 4)
    information = Information(
        information.left, information.right, information.weight, np.full(information.ground.size, ground), 0.5
    )
    component = components(information.left, information.right, information.ground.size)
    expected, expected_position = dense(information, component)
    for cells in (1 << 22, 1):  # all at once, one by one
        monkeypatch.setattr(laplace, "CELLS", cells)
        error, position = information.errors(component)
        np.testing.assert_allclose(error[:-1], expected[:-1], rtol=1e-7)
        assert np.isnan(error[-1])
        assert position == pytest.approx(expected_position, rel=1e-7)


def test_without_a_position_bias() -> None:
    whole = graph(2, [7], 3)
    information = Information(whole.left, whole.right, whole.weight, whole.ground)
    error, position = information.errors(components(whole.left, whole.right, 8))
    H = np.diag(whole.ground[:7])
    for a, b, weight in zip(whole.left, whole.right, whole.weight, strict=True):
        H[np.ix_([a, b], [a, b])] += weight * np.array([[1, -1], [-1, 1]])
    centring = np.eye(7) - 1 / 7
    np.testing.assert_allclose(error[:7] ** 2, np.diag(centring @ np.linalg.inv(H) @ centring))
    assert np.isnan(position)


@pytest.mark.parametrize("degree", [6, 20])
def test_great_components_are_near(degree: int, monkeypatch: pytest.MonkeyPatch) -> None:
    information = graph(3, [300, 200], degree)
    component = components(information.left, information.right, 501)
    exact, exact_position = information.errors(component)
    monkeypatch.setattr(laplace, "EXACT", 50)
    error, position = information.errors(component)
    ratio = error[:-1] / exact[:-1]
    assert 0.9 < ratio.min() <= ratio.max() < 1.1
    assert position == pytest.approx(exact_position, rel=0.05)
