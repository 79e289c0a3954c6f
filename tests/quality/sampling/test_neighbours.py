"""Nearest neighbours, exact and approximate, against every pair; and the samplers that stand on them."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from crowdqc.quality.sampling import KnownErrors, NearDuplicates, Outliers, Pool, neighbours
from crowdqc.quality.sampling.diversity import spread_out
from crowdqc.quality.sampling.neighbours import InvalidNeighbours, exact, graph, nearest, unit
from tests.quality.sampling.cases import clusters


def drawn(seed: int, n: int, d: int = 16) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32))


@pytest.mark.parametrize(
    ("q", "n", "k"), [(5, 7, 3), (40, 900, 4), (3, 64, 64), (1, 1, 1), (300, 2000, 1), (0, 5, 2)]
)
def test_exact_is_every_pair(q: int, n: int, k: int) -> None:
    queries, among = drawn(1, q), drawn(2, n)
    row, similarity = exact.nearest(queries, among, k)
    every = queries @ among.T
    assert row.tolist() == np.argsort(-every, axis=1, kind="stable")[:, :k].tolist()
    np.testing.assert_allclose(similarity, np.take_along_axis(every, row, axis=1), atol=1e-6)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, among = drawn(1, 50), drawn(2, 700)
    whole = exact.nearest(queries, among, 3)[0]
    monkeypatch.setattr(exact, "HELD", 2000)
    assert exact.nearest(queries, among, 3)[0].tolist() == whole.tolist()


def test_equal_neighbours_stand_by_their_rows() -> None:
    vectors = np.repeat(np.eye(2, dtype=np.float32), 3, axis=0)
    assert nearest(vectors[:1], vectors, 4).item.tolist() == [[0, 1, 2, 3]]
    assert graph(vectors, 2).item[:3].tolist() == [[1, 2], [0, 2], [0, 1]]


def test_no_item_is_its_own_neighbour_even_among_its_copies() -> None:
    found = graph(np.ones((30, 4), dtype=np.float32), 3)
    assert not (found.item == np.arange(30)[:, None]).any()
    assert found.similarity == pytest.approx(1.0)


def test_few_items_have_few_neighbours() -> None:
    assert graph(np.ones((3, 2), dtype=np.float32), 10).item.shape == (3, 2)
    assert graph(np.ones((1, 2), dtype=np.float32), 10).item.shape == (1, 0)
    assert graph(np.ones((0, 2), dtype=np.float32), 10).item.shape == (0, 0)


def test_a_vector_of_zeros_is_like_nothing() -> None:
    found = graph(np.array([[0, 0], [1, 0], [1, 1]], dtype=np.float32), 1)
    assert found.similarity[0].tolist() == [0.0]


def test_an_unknown_way_is_named() -> None:
    with pytest.raises(InvalidNeighbours, match="auto, exact, approximate"):
        graph(np.ones((3, 2), dtype=np.float32), 1, "quick")  # type: ignore[arg-type]


def test_without_faiss_all_is_exact_and_who_wants_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "find_spec", lambda name: None)
    monkeypatch.setattr(neighbours, "PATIENCE", 0)
    vectors = drawn(0, 20)
    with pytest.raises(InvalidNeighbours, match=r"pip install 'crowdqc\[neighbours\]'"):
        graph(vectors, 2, "approximate")
    assert graph(vectors, 2).item.tolist() == graph(vectors, 2, "exact").item.tolist()


def test_approximate_finds_nearly_all_and_the_same_each_time() -> None:
    pytest.importorskip("faiss")
    vectors = clusters(np.random.default_rng(0), [150] * 20, d=32)[0].astype(np.float32)
    near, same, every = (graph(vectors, 10, how) for how in ("approximate", "approximate", "exact"))  # type: ignore[arg-type]
    assert near.item.tolist() == same.item.tolist()
    hits = [len({*a} & {*b}) / 10 for a, b in zip(near.item.tolist(), every.item.tolist(), strict=True)]
    assert np.mean(hits) > 0.98
    assert (np.diff(near.similarity, axis=1) <= 0).all()


def test_approximate_compares_every_pair_where_nothing_clusters() -> None:
    pytest.importorskip("faiss")
    vectors = drawn(0, 3000, 64)
    assert graph(vectors, 5, "approximate").item.tolist() == graph(vectors, 5, "exact").item.tolist()


def test_approximate_finds_as_many_as_are_wanted() -> None:
    pytest.importorskip("faiss")
    vectors = drawn(0, 300)
    found = graph(vectors, 299, "approximate").item.tolist()
    assert [sorted({*row, place}) for place, row in enumerate(found)] == [[*range(300)]] * 300


def test_auto_takes_faiss_where_every_pair_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")
    from crowdqc.quality.sampling.neighbours import approximate

    asked = []
    quick = approximate.nearest
    monkeypatch.setattr(approximate, "nearest", lambda vectors, k: asked.append(k) or quick(vectors, k))
    vectors = drawn(0, 300)
    graph(vectors, 4)
    assert asked == []
    monkeypatch.setattr(neighbours, "PATIENCE", 0)
    graph(vectors, 4)
    assert asked == [5]
    assert "faiss" in sys.modules


def test_diversity_gives_the_small_cluster_a_turn() -> None:
    rng = np.random.default_rng(0)
    vectors, of = clusters(rng, [200, 10, 290])
    pool = Pool.of(500, embeddings=vectors, error=[*range(20), 200, 201])
    seen = {}
    for diversity in (0.0, 0.3):
        top = KnownErrors(diversity=diversity, neighbours=1).rank(pool, np.random.default_rng(1)).top(40)
        seen[diversity] = np.bincount(of[top], minlength=3).tolist()
    assert seen[0.0][1] < seen[0.3][1]
    assert seen[0.3][1] >= 6


def test_near_duplicates_do_not_follow_each_other() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 16))
    vectors[1:11] = vectors[0] + 0.001 * rng.normal(size=(10, 16))
    pool = Pool.of(40, embeddings=vectors, error=[0])
    assert set(KnownErrors(diversity=0.0).rank(pool, rng).top(10).tolist()) == set(range(1, 11))
    assert len(set(KnownErrors(diversity=0.7).rank(pool, rng).top(10).tolist()) & set(range(1, 11))) <= 2


def test_behind_the_candidates_the_order_is_by_closeness() -> None:
    pool = Pool.of(60, embeddings=drawn(3, 60), error=[0, 1])
    some = KnownErrors(candidates=10).rank(pool, np.random.default_rng(0))
    none = KnownErrors(diversity=0.0).rank(pool, np.random.default_rng(0))
    assert sorted(some.top(10).tolist()) == sorted(none.top(10).tolist())
    assert some.item[10:].tolist() == none.item[10:].tolist()
    assert (np.diff(some.score) <= 1e-12).all()


def test_what_is_right_pushes_away() -> None:
    vectors = [[1, 0, 0], [0, 1, 0], [0.7, 0.1, 0.7], [0.7, 0.7, 0.1]]
    pool = Pool.of(4, embeddings=vectors, error=[0], right=[1])
    assert KnownErrors().rank(pool, np.random.default_rng(0)).item.tolist() == [2, 3]


def test_spread_out_is_greedy() -> None:
    vectors, score = drawn(5, 12), np.random.default_rng(5).random(12)
    order, value = spread_out(vectors, score, 0.4)
    every = vectors @ vectors.T
    for turn in range(12):
        before = order[:turn]
        worth = 0.6 * score - 0.4 * np.log1p((np.maximum(every[:, before], 0) ** 4).sum(axis=1))
        worth[before] = -np.inf
        assert order[turn] == worth.argmax()
        assert value[turn] == pytest.approx(worth.max(), abs=1e-6)


def test_near_duplicates_with_other_labels_come_first() -> None:
    vectors = [[1, 0], [1, 0.01], [0, 1], [0.001, 1], [1, 1]]
    pool = Pool.of(5, label=[0, 1, 2, 2, 0], embeddings=vectors, classes="abc", right=[0])
    ranking = NearDuplicates(same=True).rank(pool, np.random.default_rng(0))
    # item 0 was looked at, and is a partner all the same; item 4 has none
    assert ranking.item[0] == 1
    assert sorted(ranking.item.tolist()) == [1, 2, 3]
    assert ranking.why(1) == "almost the same as item 0 (similarity 1.00), which is called a and not b"
    assert ranking.why(2) == "almost the same as item 3 (similarity 1.00)"
    assert NearDuplicates().rank(pool, np.random.default_rng(0)).item.tolist() == [1]


def test_an_outlier_is_far_from_all() -> None:
    vectors = np.vstack([drawn(0, 30) + 5, -drawn(1, 1) - 5])
    ranking = Outliers(neighbours=3).rank(Pool.of(31, embeddings=vectors), np.random.default_rng(0))
    assert ranking.item[0] == 30
