"""What it costs to ask on, held against going through everything that may be answered."""

from __future__ import annotations

from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.items import expected_gains
from crowdqc.quality.overlap import look_ahead as module
from crowdqc.quality.overlap.lattice import affordable, lattice, points
from crowdqc.quality.overlap.look_ahead import go_on
from tests.quality.overlap.standings import standing

E2 = np.array([[0.8, 0.2], [0.2, 0.8]])


def by_the_tree(
    p: np.ndarray, e: np.ndarray, costs: np.ndarray, price: float, expert: np.ndarray | None, left: int
) -> float:
    """Ask once, then at each answer do the best: every sequence on its own, with normalised posteriors."""
    K = len(p)
    total = price
    for said in range(K):
        chance = sum(p[k] * e[k, said] for k in range(K))
        if chance == 0:
            continue
        then = np.array([p[k] * e[k, said] / chance for k in range(K)])
        choices = [min(sum(then[k] * costs[k, label] for k in range(K)) for label in range(K))]
        if expert is not None:
            choices.append(sum(then[k] * expert[k] for k in range(K)))
        if left > 1:
            choices.append(by_the_tree(then, e, costs, price, expert, left - 1))
        total += chance * min(choices)
    return float(total)


def of_a_batch(p: np.ndarray, e: np.ndarray, m: int) -> float:
    """Expected share of mistakes after exactly m answers, by all K^m sequences."""
    right = 0.0
    for said in product(range(len(p)), repeat=m):
        right += max(p[k] * np.prod([e[k, y] for y in said]) for k in range(len(p)))
    return float(1 - right)


@given(st.integers(2, 3), st.integers(1, 4), st.integers(0, 1000), st.booleans(), st.booleans())
def test_is_the_best_of_all_that_may_be_done(K: int, left: int, seed: int, priced: bool, expertly: bool) -> None:
    rng = np.random.default_rng(seed)
    posterior, e = rng.dirichlet(np.full(K, 0.7), 4), rng.dirichlet(np.full(K, 0.7), K)
    costs = rng.exponential(size=(K, K)) * (1 - np.eye(K)) if priced else None
    expert = rng.uniform(0.05, 0.6, K) if expertly else None
    price = float(rng.uniform(0, 0.1))
    found = go_on(posterior, e, costs, price=price, expert=expert, left=np.full(4, left))
    table = 1 - np.eye(K) if costs is None else costs
    expected = [by_the_tree(row, e, table, price, expert, left) for row in posterior]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@given(st.integers(2, 4), st.integers(0, 1000))
def test_one_answer_is_the_gain_of_one_answer(K: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    posterior, e = rng.dirichlet(np.ones(K), 5), rng.dirichlet(np.ones(K), K)
    gains = expected_gains(standing(posterior, e).consensus, e)
    found = go_on(posterior, e, None, price=0.03, expert=None, left=np.ones(5, dtype=np.int64))
    np.testing.assert_allclose(found, 0.03 + gains.cost - gains.gain, atol=1e-9)


@given(st.integers(2, 3), st.integers(1, 5), st.integers(0, 500))
def test_it_is_never_dearer_than_to_ask_for_all_at_once(K: int, left: int, seed: int) -> None:
    """And free answers are all taken, so that then it is the same."""
    rng = np.random.default_rng(seed)
    p, e = rng.dirichlet(np.ones(K)), rng.dirichlet(np.ones(K), K)
    batches = [of_a_batch(p, e, m) for m in range(1, left + 1)]
    left_of = np.array([left])
    for price in (0.0, 0.02):
        found = go_on(p[None], e, None, price=price, expert=None, left=left_of)[0]
        assert found <= min(cost + price * m for m, cost in enumerate(batches, start=1)) + 1e-9
    free = go_on(p[None], e, None, price=0.0, expert=None, left=left_of)[0]
    assert free == pytest.approx(batches[-1], abs=1e-9)


def test_two_answers_pay_where_one_cannot() -> None:
    """The trap of looking one answer ahead: none can turn the label alone."""
    posterior = np.array([[0.9, 0.1]])
    one, two = (
        go_on(posterior, E2, None, price=0.001, expert=None, left=np.array([left])).item() for left in (1, 2)
    )
    # with two left: the first agrees (0.74), so stop at .02/.74; or it does not (0.26), then the second decides
    assert one == pytest.approx(0.101)
    assert two == pytest.approx(0.001 + 0.02 + 0.26 * 0.001 + (0.08 * 0.2 + 0.18 * 0.2))
    assert two < 0.1 < one


@given(st.integers(2, 4), st.integers(0, 500))
def test_to_look_further_never_costs_more(K: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    posterior, e = rng.dirichlet(np.ones(K), 3), rng.dirichlet(np.ones(K), K)
    left = np.full(3, 5)
    costs = [go_on(posterior, e, None, price=0.01, expert=None, left=left, ahead=ahead) for ahead in range(1, 6)]
    for nearer, further in pairwise(costs):
        assert (further <= nearer + 1e-12).all()


def test_items_are_looked_at_each_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    posterior, left = rng.dirichlet(np.ones(3), 40), rng.integers(0, 6, 40)
    costs = rng.exponential(size=(3, 3)) * (1 - np.eye(3))
    e = rng.dirichlet(np.ones(3), 3)
    for table in (None, costs):
        whole = go_on(posterior, e, table, price=0.01, expert=np.full(3, 0.3), left=left)
        with monkeypatch.context() as smaller:
            smaller.setattr(module, "CELLS", 50)
            parts = go_on(posterior, e, table, price=0.01, expert=np.full(3, 0.3), left=left)
        loop = [
            go_on(posterior[i : i + 1], e, table, price=0.01, expert=np.full(3, 0.3), left=left[i : i + 1])[0]
            for i in range(40)
        ]
        np.testing.assert_allclose(parts, whole, atol=1e-12)
        np.testing.assert_allclose(loop, whole, atol=1e-12)
        assert np.isinf(whole[left == 0]).all()
        assert np.isfinite(whole[left > 0]).all()


@pytest.mark.parametrize(("K", "depth"), [(1, 4), (2, 5), (3, 4), (5, 3)])
def test_the_lattice_counts_each_multiset_once(K: int, depth: int) -> None:
    found = lattice(K, depth)

    @cache
    def counts(d: int, place: int) -> tuple[int, ...]:
        if d < 0:
            return (0,) * K
        before = list(counts(d - 1, int(found.parent[d][place])))
        before[found.label[d][place]] += 1
        return tuple(before)

    for d in range(depth):
        there = [counts(d, place) for place in range(found.parent[d].size)]
        assert len(set(there)) == len(there) == points(K, d + 1)
        for place, children in enumerate(found.children[d]):
            for said, child in enumerate(children.tolist()):
                wanted = list(counts(d - 1, place))
                wanted[said] += 1
                assert counts(d, child) == tuple(wanted)


def test_no_more_points_than_are_affordable() -> None:
    for K in range(1, 60):
        depth = affordable(K, 1000, 500)
        assert depth == 1 or sum(points(K, d) for d in range(depth + 1)) <= 500
        assert depth == 499 if K == 1 else sum(points(K, d) for d in range(depth + 2)) > 500
    assert affordable(2, 0, 500) == 0
