"""The forms of the products against one another, and against crowd-kit."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.aggregation import DawidSkene
from crowdqc.quality.estimation.kernels import engine, kernel, passes
from crowdqc.quality.estimation.kernels.unrolled import specialised
from crowdqc.quality.gold import Gold
from crowdqc.quality.pairs import Pairs
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows, simulate, votes_of

pytest.importorskip("numba")
LIKELIHOOD = {"diagonal": 0.0, "off_diagonal": 0.0, "class_items": 0.0}


@settings(max_examples=60, deadline=None)
@given(rows(), st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("PQR"), min_size=1)))
def test_one_step_is_the_same_in_both_forms(table: list[Row], truth: dict[str, set[str]]) -> None:
    votes = votes_of(table)
    gold = Gold.of(votes, truth)
    for parameters in ({}, LIKELIHOOD):
        model = DawidSkene(max_iterations=5, tolerance=0, **parameters)  # type: ignore[arg-type]
        with engine("scipy"):
            one = model.fit(votes, gold)
        with engine("compiled"):
            other = model.fit(votes, gold)
        np.testing.assert_allclose(one.posterior, other.posterior, atol=1e-9)
        both = min(one.iterations, other.iterations)  # one of them may come to rest earlier
        np.testing.assert_allclose(one.objective[:both], other.objective[:both], atol=1e-8)


@pytest.mark.parametrize("K", [2, 3, 7, 20])
def test_a_fit_is_the_same_in_both_forms(K: int) -> None:
    votes = simulate(3, items=400, workers=15, K=K).votes
    with engine("scipy"):
        one = DawidSkene().fit(votes)
    with engine("compiled"):
        other = DawidSkene().fit(votes)
    np.testing.assert_allclose(one.log_posterior, other.log_posterior, atol=1e-6)
    np.testing.assert_allclose(one.objective, other.objective, rtol=1e-9)
    assert one.iterations == other.iterations


@pytest.mark.parametrize("workers", [1000, 20_000])
def test_blocks_change_nothing(workers: int) -> None:
    """Above `THREADED` answers the items are cut into blocks, which threads share."""
    rng = np.random.default_rng(5)
    n, items = 400_000, 80_000
    votes = Votes.coded(
        np.repeat(np.arange(items), 5),
        (rng.integers(workers, size=items)[:, None] + np.arange(5)).ravel() % workers,
        rng.integers(2, size=n),
        items=range(items),
        workers=range(workers),
        classes=["n", "y"],
    )
    pairs = Pairs.among(votes)
    kind = np.zeros(items, dtype=np.int32)
    log_rates = np.log(rng.dirichlet(np.ones(2), len(pairs)))
    start = rng.dirichlet(np.ones(2), items)
    prior = np.array([[0.3, 0.7]])
    with engine("scipy"):
        plain = kernel(pairs, kind, 2)
    with engine("compiled"):
        compiled = kernel(pairs, kind, 2)
    np.testing.assert_allclose(plain.begin(start), compiled.begin(start), rtol=1e-9)
    one, other = plain.expect(log_rates, prior), compiled.expect(log_rates, prior)
    np.testing.assert_allclose(one.posterior, other.posterior, atol=1e-12)
    np.testing.assert_allclose(one.counts, other.counts, atol=1e-8)
    np.testing.assert_allclose([one.evidence, one.moved], [other.evidence, other.moved], rtol=1e-9)
    again = compiled.begin(start)
    np.testing.assert_array_equal(again, compiled.begin(start))


@pytest.mark.parametrize("form", ["scipy", "compiled"])
@pytest.mark.parametrize("iterations", [1, 3, 12])
def test_maximum_likelihood_is_that_of_crowdkit(form: str, iterations: int) -> None:
    crowdkit = pytest.importorskip("crowdkit.aggregation")
    import pandas

    votes = simulate(8, items=200, workers=12, K=4, overlap=5).votes
    frame = pandas.DataFrame({"task": votes.item, "worker": votes.worker, "label": votes.label})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = crowdkit.DawidSkene(n_iter=iterations, tol=-np.inf).fit_predict_proba(frame)
    with engine(form):  # type: ignore[arg-type]
        ours = DawidSkene(max_iterations=iterations, tolerance=0, **LIKELIHOOD).fit(votes)  # type: ignore[arg-type]
    expected = theirs.sort_index()[sorted(theirs.columns)].to_numpy()
    np.testing.assert_allclose(ours.posterior, expected, atol=1e-8)


def test_ten_thousand_answers_to_one_item() -> None:
    """Nine thousand for one class, and then more for the other: what came first must not be the end of it."""
    n = 20_000
    log_rates = np.log(np.array([[0.9, 0.1], [0.05, 0.95], [0.3, 0.7]]))
    votes = Votes.coded(
        np.zeros(n, dtype=int), np.arange(n), np.arange(n) % 2, items=["a"], workers=range(n), classes=["n", "y"]
    )
    pairs = Pairs.among(votes)
    rates = np.repeat(log_rates[[0, 1]], [n // 2, n // 2], axis=0)  # 2.2 nats for n, then 2.9 for y
    kind = np.zeros(1, dtype=np.int32)
    prior = np.array([[0.5, 0.5]])
    found = {}
    for form in ("scipy", "compiled"):
        with engine(form):  # type: ignore[arg-type]
            products = kernel(pairs, kind, 2)
        products.begin(np.array([[0.5, 0.5]]))
        found[form] = products.expect(rates, prior)
    assert found["scipy"].posterior[0, 1] == 1
    np.testing.assert_allclose(found["scipy"].posterior, found["compiled"].posterior)
    np.testing.assert_allclose(found["scipy"].evidence, found["compiled"].evidence)


@given(st.integers(1, 40), st.integers(2, 5), st.integers(0, 1000))
def test_many_answers_and_steep_rates(answers: int, S: int, seed: int) -> None:
    """Both ways of the compiled pass, against the plain form, with rates that all but exclude a class."""
    rng = np.random.default_rng(seed)
    votes = Votes.coded(
        np.repeat([0, 1, 2], answers),
        np.tile(np.arange(answers), 3),
        rng.integers(2, size=3 * answers),
        items=["a", "b", "c"],
        workers=range(answers),
        classes=["n", "y"],
    )
    pairs = Pairs.among(votes)
    log_rates = -rng.gamma(1, 12, size=(len(pairs), S)).clip(max=75)
    kind = np.array([0, 0, 1], dtype=np.int32)
    starts = np.stack([rng.dirichlet(np.ones(S)), np.eye(S)[0] + np.eye(S)[S - 1]])
    found = {}
    for form in ("scipy", "compiled"):
        with engine(form):  # type: ignore[arg-type]
            products = kernel(pairs, kind, S)
        products.begin(np.full((3, S), 1 / S))
        found[form] = products.expect(log_rates, starts)
    np.testing.assert_allclose(found["scipy"].posterior, found["compiled"].posterior, atol=1e-12)
    np.testing.assert_allclose(found["scipy"].evidence, found["compiled"].evidence, rtol=1e-9)
    np.testing.assert_allclose(found["scipy"].counts, found["compiled"].counts, atol=1e-9)


@pytest.mark.parametrize("S", [2, 3, 6])
@pytest.mark.parametrize("answers", [3, 20])
def test_loops_that_are_written_out_do_the_same(S: int, answers: int) -> None:
    """The loops are plain Python: as they are written, written out, and compiled they give the same."""
    rng = np.random.default_rng(S)
    pairs, items, last = 7, 5, S - 1
    row_of = (rng.integers(pairs, size=items * answers + passes.AHEAD) * 2 * last).astype(np.uint32)
    ends = np.arange(items + 1) * answers
    odds, kind = rng.gamma(1, size=pairs * last), np.zeros(items, dtype=np.int32)
    names = {"S": S, "STATES": np.uint64(S), "LAST": np.uint64(last), "WIDTH": np.uint64(2 * last)}
    found = []
    for loops in ({}, {"STATES": S, "LAST": last}):
        work = specialised(passes.one_pass, f"test_{S}", names, loops)
        table, posterior = np.zeros(pairs * 2 * last), np.full(items * S, 1 / S)
        sums = work(row_of, ends, 0, items, table, posterior, odds, kind, np.ones(S))
        found.append((table, posterior, *sums))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(found[0][1].reshape(items, S).sum(axis=1), 1.0)
    assert found[0][0].reshape(pairs, 2, last)[:, 1].sum() == pytest.approx(
        answers * found[0][1].reshape(items, S)[:, :last].sum()
    )
