"""The measures of the samplers, against their definitions written out."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.sampling import (
    EnsembleDisagreement,
    Instability,
    LowConfidence,
    Pool,
    Sampler,
    TeacherDisagreement,
)
from crowdqc.quality.sampling.chunks import LEAST


def scores(sampler: Sampler, pool: Pool) -> list[float]:
    ranking = sampler.rank(pool, np.random.default_rng(0))
    of = dict(zip(ranking.item.tolist(), ranking.score.tolist(), strict=True))
    return [of.get(item, np.nan) for item in range(pool.n_items)]


def H(p: np.ndarray) -> float:
    return float(-sum(x * np.log(x) for x in p if x > 0))


def KL(p: np.ndarray, q: np.ndarray) -> float:
    p, q = np.maximum(p, LEAST), np.maximum(q, LEAST)
    p, q = p / p.sum(), q / q.sum()
    return float((p * np.log(p / q)).sum())


drawn = st.tuples(st.integers(0, 10_000), st.integers(2, 5), st.integers(2, 5))


def said(seed: int, M: int, K: int) -> np.ndarray:
    """Probabilities of M members for 4 items; some are certain."""
    rng = np.random.default_rng(seed)
    table = rng.dirichlet(np.full(K, 0.3), (M, 4))
    table[0, 0] = np.eye(K)[0]
    return table


@given(drawn)
@settings(max_examples=25)
def test_ensembles(shape: tuple[int, int, int]) -> None:
    table = said(*shape)
    M, K = shape[1:]
    pool = Pool.of(4, ensemble=table)
    bald = [H(table[:, i].mean(axis=0)) - np.mean([H(p) for p in table[:, i]]) for i in range(4)]
    votes = [H(np.bincount(table[:, i].argmax(axis=1), minlength=K) / M) for i in range(4)]
    pairs = [np.mean([KL(p, q) for p, q in permutations(table[:, i], 2)]) for i in range(4)]
    assert scores(EnsembleDisagreement(), pool) == pytest.approx(bald, abs=1e-9)
    assert scores(EnsembleDisagreement("vote_entropy"), pool) == pytest.approx(votes, abs=1e-9)
    assert scores(EnsembleDisagreement("pairwise_kl"), pool) == pytest.approx(pairs, abs=1e-8)


@given(drawn)
@settings(max_examples=25)
def test_views(shape: tuple[int, int, int]) -> None:
    table = said(*shape)
    V, K = shape[1:]
    pool = Pool.of(4, views=table)
    flips = [1 - np.bincount(table[:, i].argmax(axis=1), minlength=K).max() / V for i in range(4)]
    assert scores(Instability(), pool) == pytest.approx(table.var(axis=0).sum(axis=1).tolist(), abs=1e-9)
    assert scores(Instability("flips"), pool) == pytest.approx(flips, abs=2e-6)
    jensen_shannon = [np.mean([KL(p, table[:, i].mean(axis=0)) for p in table[:, i]]) for i in range(4)]
    assert scores(Instability("divergence"), pool) == pytest.approx(jensen_shannon, abs=1e-4)


@given(drawn)
@settings(max_examples=25)
def test_one_model(shape: tuple[int, int, int]) -> None:
    student, teacher = said(*shape)[:2]
    pool = Pool.of(4, student=student, teacher=teacher)
    ordered = np.sort(student, axis=1)
    assert scores(LowConfidence(), pool) == pytest.approx((1 - ordered[:, -1] + ordered[:, -2]).tolist())
    assert scores(LowConfidence("least_confidence"), pool) == pytest.approx((1 - ordered[:, -1]).tolist())
    shares = [H(p) / np.log(shape[2]) for p in student]
    assert scores(LowConfidence("entropy"), pool) == pytest.approx(shares, abs=1e-9)
    apart = [KL(p, q) for p, q in zip(teacher, student, strict=True)]
    assert scores(TeacherDisagreement("divergence"), pool) == pytest.approx(apart, abs=1e-8)
    margins = [
        np.nan if p.argmax() == q.argmax() else p.max() - p[q.argmax()]
        for p, q in zip(teacher, student, strict=True)
    ]
    assert scores(TeacherDisagreement(), pool) == pytest.approx(margins, nan_ok=True)


def test_members_that_are_all_unsure_agree() -> None:
    pool = Pool.of(2, ensemble=[[[0.5, 0.5], [0.9, 0.1]], [[0.5, 0.5], [0.1, 0.9]]])
    for measure in ("bald", "pairwise_kl"):
        assert scores(EnsembleDisagreement(measure), pool)[0] == 0  # type: ignore[arg-type]


def test_an_item_with_one_member_is_left_out() -> None:
    table = np.full((2, 3, 2), 0.5)
    table[1, 1] = np.nan
    pool = Pool.of(3, ensemble=table, views=table)
    assert np.isnan(scores(EnsembleDisagreement(), pool)).tolist() == [False, True, False]
    assert np.isnan(scores(Instability(), pool)).tolist() == [False, True, False]


def test_many_chunks_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool.of(4, ensemble=said(3, 3, 4), student=said(4, 2, 4)[0])
    whole = [scores(sampler, pool) for sampler in (EnsembleDisagreement(), LowConfidence())]
    monkeypatch.setattr("crowdqc.quality.sampling.chunks.HELD", 4)
    assert [scores(sampler, pool) for sampler in (EnsembleDisagreement(), LowConfidence())] == whole
