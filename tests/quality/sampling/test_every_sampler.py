"""What holds for every sampler, whatever it looks at."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from crowdqc.errors import Invalid
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.sampling import (
    SAMPLERS,
    InvalidSampler,
    KnownErrors,
    MissingEvidence,
    Pool,
    Search,
    Uniform,
    sampler,
    written,
)
from crowdqc.quality.sampling.evidence import Column
from crowdqc.quality.sampling.pool import SUPPLY
from tests.quality.sampling.cases import CASES, MARGINS, everything, made

EVERY = sorted(SAMPLERS)
#: What each looks at, in the least.
LOOKS_AT = {
    "uniform": set(),
    "stratified": {"metadata"},
    "low_confidence": {"student"},
    "ensemble_disagreement": {"ensemble"},
    "instability": {"views"},
    "inconsistency": {"sequence", "time", "label"},
    "teacher_disagreement": {"student", "teacher"},
    "suspected_errors": {"label", "student"},
    "known_errors": {"embeddings", "error"},
    "outliers": {"embeddings"},
    "near_duplicates": {"embeddings", "label"},
    "search": {"embeddings", "wanted"},
}


def shuffled(pool: Pool, order: np.ndarray) -> Pool:
    """The same items in another order: item `order[new]` becomes item `new`."""
    at = np.argsort(order)
    changed: dict[str, object] = {}
    for field in fields(pool):
        held = getattr(pool, field.name)
        if isinstance(held, np.ndarray):
            changed[field.name] = held[order]
        elif field.name == "metadata":
            changed[field.name] = {name: Column(of.code[order], of.names) for name, of in held.items()}
        elif hasattr(held, "probabilities"):
            rows = np.random.default_rng(7).permutation(held.item.size)
            changed[field.name] = replace(
                held,
                item=at[held.item[rows]].astype(np.int32),
                model=held.model[rows],
                probabilities=held.probabilities[rows],
            )
    return replace(pool, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(CASES))
def test_beats_chance_where_it_should(name: str) -> None:
    found, by_chance = [], []
    for seed in range(6):
        pool, wrong = CASES[name](np.random.default_rng(seed))
        rng = np.random.default_rng([seed, 1])
        found.append(wrong[sampler(name).rank(pool, rng).top(30)].mean())
        by_chance.append(wrong[Uniform().rank(pool, rng).top(30)].mean())
    assert np.mean(found) >= MARGINS[name]
    assert np.mean(by_chance) <= 0.08
    assert np.mean(found) >= 2 * np.mean(by_chance)


@pytest.mark.parametrize("name", EVERY)
def test_gives_no_item_twice_and_none_that_was_looked_at(name: str) -> None:
    for seed in range(3):
        pool = everything(seed)
        ranking = made(name).rank(pool, np.random.default_rng(seed))
        assert len(ranking) > 5
        assert len(set(ranking.item.tolist())) == len(ranking)
        assert set(ranking.item.tolist()) <= set(pool.free().tolist())
        assert ranking.item.dtype == np.int32
        assert (np.diff(ranking.score) <= 1e-12).all()


@pytest.mark.parametrize("name", EVERY)
def test_the_seed_decides_and_nothing_else_does(name: str) -> None:
    pool = everything()
    one, two = (made(name).rank(pool, np.random.default_rng(4)) for _ in range(2))
    assert one.item.tolist() == two.item.tolist()
    assert one.score.tolist() == two.score.tolist()
    assert one.reasons(5) == two.reasons(5)


@pytest.mark.parametrize("name", EVERY)
def test_the_order_of_items_and_rows_changes_no_score(name: str) -> None:
    pool = everything()
    order = np.random.default_rng(3).permutation(pool.n_items)
    here = made(name).rank(pool, np.random.default_rng(0))
    there = made(name).rank(shuffled(pool, order), np.random.default_rng(0))
    scores = dict(zip(order[there.item].tolist(), there.score.tolist(), strict=True))
    assert scores == pytest.approx(dict(zip(here.item.tolist(), here.score.tolist(), strict=True)), abs=1e-4)


@pytest.mark.parametrize("name", EVERY)
def test_says_why_in_words(name: str) -> None:
    ranking = made(name).rank(everything(), np.random.default_rng(0))
    for reason in ranking.reasons(len(ranking)):
        assert 10 < len(reason) < 120
        assert "\n" not in reason
        assert "nan" not in reason


@pytest.mark.parametrize("name", EVERY)
def test_names_what_the_pool_lacks(name: str) -> None:
    if not LOOKS_AT[name]:
        assert len(sampler(name).rank(Pool.of(3), np.random.default_rng(0))) == 3
        return
    with pytest.raises(MissingEvidence) as refused:
        sampler(name).rank(Pool.of(3), np.random.default_rng(0))
    assert {error["where"] for error in refused.value.errors} == {f"pool.{each}" for each in LOOKS_AT[name]}
    for each in LOOKS_AT[name]:
        assert SUPPLY[each] in str(refused.value)


@pytest.mark.parametrize("name", EVERY)
def test_is_written_and_read(name: str) -> None:
    stored = json.loads(json.dumps(written(made(name))))
    assert stored["sampler"] == name
    assert sampler(stored["sampler"], stored["parameters"]) == made(name)


@pytest.mark.parametrize("name", EVERY)
def test_a_pool_without_free_items_ranks_none(name: str) -> None:
    pool = everything()
    pool = replace(pool, reviewed=np.ones(pool.n_items, dtype=bool))
    ranking = made(name).rank(pool, np.random.default_rng(0))
    assert (len(ranking), ranking.reasons(3)) == (0, ())


def test_ties_stand_in_an_order_by_chance() -> None:
    pool = Pool.of(6, student=np.full((6, 2), 0.5))
    orders = {
        tuple(sampler("low_confidence").rank(pool, np.random.default_rng(s)).item.tolist()) for s in range(9)
    }
    assert len(orders) > 5


def test_an_unknown_sampler_or_parameter_is_named() -> None:
    with pytest.raises(InvalidSampler, match=r"no sampler 'nearest'.*known_errors"):
        sampler("nearest")
    with pytest.raises(InvalidSampler, match=r"no parameter 'k'.*neighbours"):
        sampler("known_errors", k=3)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("low_confidence", {"measure": "doubt"}),
        ("ensemble_disagreement", {"measure": "kl"}),
        ("instability", {"measure": ""}),
        ("teacher_disagreement", {"measure": None}),
        ("stratified", {"shares": "fair"}),
        ("stratified", {"by": "weather"}),
        ("stratified", {"by": 5}),
        ("inconsistency", {"window": 0}),
        ("inconsistency", {"max_rate": -1}),
        ("known_errors", {"diversity": 1.5}),
        ("known_errors", {"neighbours": 0}),
        ("near_duplicates", {"similarity": 2}),
        ("near_duplicates", {"same": "no"}),
        ("search", {"penalty": 0}),
        ("outliers", {"neighbours": 1.5}),
    ],
)
def test_a_parameter_out_of_range_is_refused(name: str, parameters: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter):
        sampler(name, parameters)


def test_every_refusal_is_invalid_input() -> None:
    assert issubclass(MissingEvidence, Invalid)
    assert issubclass(InvalidSampler, Invalid)


def test_what_is_marked_is_not_searched_again() -> None:
    pool = everything()
    given = Search().rank(pool, np.random.default_rng(0)).item
    assert not {10, 11, 12} & set(given.tolist())
    # to others a mark says nothing
    assert {10, 11, 12} <= set(KnownErrors().rank(pool, np.random.default_rng(0)).item.tolist())
