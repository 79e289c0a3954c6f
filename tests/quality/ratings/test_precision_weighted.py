"""The precision-weighted model: exact normal theory, simulated crowds, and what must not matter."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.ratings import (
    Estimates,
    GoldValues,
    Mean,
    PrecisionWeighted,
    Ratings,
    variational,
)
from crowdqc.quality.ratings.covariance import marginal_variances
from crowdqc.quality.ratings.variational import Answers, Beliefs

Floats = NDArray[np.float64]
cell = st.tuples(st.sampled_from("abcde"), st.sampled_from("vwxyz"), st.integers(0, 10))
tables = st.lists(cell, max_size=20, unique_by=lambda row: row[:2])


@dataclass(frozen=True)
class Crowd:
    ratings: Ratings
    value: Floats
    bias: Floats
    deviation: Floats


def simulate(
    seed: int, *, items: int = 200, workers: int = 20, overlap: int = 5, bias: float = 3.0, likeness: float = 2.0
) -> Crowd:
    """Values of deviation 10 about 50; workers of about deviation 5, the less alike the lower `likeness`."""
    rng = np.random.default_rng(seed)
    value, biases = rng.normal(50, 10, items), rng.normal(0, bias, workers)
    deviation = 5 / np.sqrt(rng.gamma(likeness, 1 / likeness, workers))
    item = np.repeat(np.arange(items), overlap)
    worker = np.concatenate([rng.choice(workers, overlap, replace=False) for _ in range(items)])
    said = value[item] + biases[worker] + deviation[worker] * rng.normal(size=item.size)
    ratings = Ratings.coded(item, worker, said, items=range(items), workers=range(workers))
    return Crowd(ratings, value, biases, deviation)


def read(table: list[tuple[str, str, int]]) -> Ratings:
    columns = zip(*table, strict=True) if table else ([], [], [])
    return Ratings.of(*columns, all_items="abcdef")


def rmse(estimates: Estimates, truth: Floats) -> float:
    return float(np.sqrt(np.mean((estimates.value - truth) ** 2)))


def exact(answers: Answers, b: Beliefs) -> tuple[Floats, Floats]:
    """Mean and covariance of all values and then biases given the precisions, by one dense system.

    The mean of the items, with a flat prior, and that of the biases, where there is gold, are integrated out.
    """
    items, workers = answers.gold.size, answers.n.size
    drawn = answers.drawn
    A, right = np.zeros((items + workers + 2, items + workers + 2)), np.zeros(items + workers + 2)
    centre, bias_centre = items + workers, items + workers + 1
    against = np.array([[1, -1], [-1, 1]])
    for i, j, y in zip(answers.item, answers.worker, answers.y, strict=True):
        A[np.ix_([i, items + j], [i, items + j])] += b.precision[j]
        right[[i, items + j]] += b.precision[j] * y
    for i in np.flatnonzero(drawn):
        A[np.ix_([i, centre], [i, centre])] += against / b.spread
    for j in range(items, items + workers):
        A[np.ix_([j, bias_centre], [j, bias_centre])] += against / b.bias_spread
    A[bias_centre, bias_centre] += 1e12 if drawn.all() else 1 / b.bias_centre_spread
    fixed = np.flatnonzero(~drawn)
    free = np.setdiff1d(np.arange(len(A)), fixed)
    covariance, mean = np.zeros_like(A), np.zeros(len(A))
    covariance[np.ix_(free, free)] = np.linalg.inv(A[np.ix_(free, free)])
    mean[fixed] = answers.gold[fixed]
    mean[free] = covariance[np.ix_(free, free)] @ (right[free] - A[np.ix_(free, fixed)] @ mean[fixed])
    return mean, covariance[: items + workers, : items + workers]


def fitted(crowd: Crowd, gold: dict[int, float] | None = None) -> tuple[Answers, Beliefs]:
    ratings = crowd.ratings
    middle, unit = ratings.value.mean(), ratings.value.std()
    known = GoldValues.of(ratings, gold or {}).value
    answers = Answers(
        ratings.item,
        ratings.worker,
        (ratings.value - middle) / unit,
        (known - middle) / unit,
        ratings.answers_per_worker().astype(np.float64),
    )
    beliefs = variational.begin(answers, 2.0)
    for _ in range(400):
        beliefs = variational.step(answers, beliefs, 1e-3)
    return answers, beliefs


@pytest.mark.parametrize("golds", [0, 5])
def test_values_and_biases_are_those_of_exact_normal_theory(golds: int) -> None:
    crowd = simulate(1, items=40, workers=8, overlap=3)
    answers, b = fitted(crowd, {item: float(crowd.value[item]) for item in range(golds)})
    mean, _ = exact(answers, b)
    np.testing.assert_allclose(b.value, mean[:40], atol=1e-5)
    np.testing.assert_allclose(b.bias, mean[40:48], atol=1e-5)


@pytest.mark.parametrize(
    ("items", "workers", "overlap", "golds"),
    [(40, 8, 3, 0), (40, 8, 3, 4), (60, 4, 4, 0), (60, 30, 2, 0), (100, 100, 3, 0), (30, 30, 1, 0)],
)
def test_errors_are_near_those_of_exact_normal_theory(items: int, workers: int, overlap: int, golds: int) -> None:
    """Where the precisions are known: that they are not widens the reported ones."""
    crowd = simulate(2, items=items, workers=workers, overlap=overlap)
    busy, worker = np.unique(crowd.ratings.worker, return_inverse=True)
    ratings = replace(crowd.ratings, worker=worker.astype(np.int32), workers=tuple(range(busy.size)))
    crowd = Crowd(ratings, crowd.value, crowd.bias[busy], crowd.deviation[busy])
    answers, b = fitted(crowd, {item: float(crowd.value[item]) for item in range(golds)})
    _, covariance = exact(answers, b)
    error = np.sqrt(np.diag(covariance))
    value_variance, bias_variance = marginal_variances(answers, b)
    ours = np.sqrt(np.append(value_variance, bias_variance))
    drawn = error > 0
    ratio = ours[drawn] / error[drawn]
    assert ratio.min() > 0.85
    assert 0.9 < np.median(ratio) < 1.25
    assert (ours[~drawn] == 0).all()


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held: list[list[float]] = []
    for seed in range(60):
        crowd = simulate(seed)
        estimates = PrecisionWeighted(level=0.9).fit(crowd.ratings)
        r = estimates.raters
        assert r is not None
        held.append(
            [
                np.mean((low <= truth) & (truth <= high))
                for low, truth, high in (
                    (estimates.low, crowd.value, estimates.high),
                    (r.bias_low, crowd.bias, r.bias_high),
                    (r.deviation_low, crowd.deviation, r.deviation_high),
                )
            ]
        )
    assert ((np.mean(held, axis=0) > 0.87) & (np.mean(held, axis=0) < 0.93)).all()


@pytest.mark.parametrize("likeness", [0.7, 2.0, 1000.0])
@pytest.mark.parametrize("workers", [10, 200])
def test_it_is_nearer_to_the_truth_than_the_mean(likeness: float, workers: int) -> None:
    """Even where workers have three answers each or are all alike."""
    better = [
        rmse(PrecisionWeighted().fit(crowd.ratings), crowd.value) / rmse(Mean().fit(crowd.ratings), crowd.value)
        for crowd in (simulate(seed, workers=workers, overlap=3, likeness=likeness) for seed in range(10))
    ]
    assert np.mean(better) < 0.97


def test_finds_the_biases_and_the_careless() -> None:
    crowd = simulate(5, workers=10, likeness=1.0)
    r = PrecisionWeighted().fit(crowd.ratings).raters
    assert r is not None
    centred = crowd.bias - crowd.bias.mean()
    np.testing.assert_allclose(r.bias, centred, atol=3)
    np.testing.assert_allclose(np.log(r.deviation), np.log(crowd.deviation), atol=0.4)
    np.testing.assert_allclose(r.weight.mean(), 1)
    np.testing.assert_allclose(r.weight, r.deviation**-2 / np.mean(r.deviation**-2))


def test_gold_settles_the_constant() -> None:
    """All workers are 5 too high: nothing but gold can tell, and then all other items move."""
    crowd = simulate(6, bias=1.0)
    high = replace(crowd.ratings, value=crowd.ratings.value + 5)
    without = PrecisionWeighted().fit(high)
    gold = GoldValues.of(high, {item: float(crowd.value[item]) for item in range(40)})
    with_gold = PrecisionWeighted().fit(high, gold)
    assert np.mean(without.value - crowd.value) == pytest.approx(5, abs=1)
    assert np.mean((with_gold.value - crowd.value)[40:]) == pytest.approx(0, abs=0.7)
    np.testing.assert_array_equal(with_gold.value[:40], crowd.value[:40])
    assert (with_gold.error[:40] == 0).all()


@settings(deadline=None)
@given(tables, st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10)))
def test_the_bound_never_falls_and_gold_is_held(table: list[tuple[str, str, int]], truth: dict[str, int]) -> None:
    ratings = read(table)
    gold = GoldValues.of(ratings, truth)
    estimates = PrecisionWeighted().fit(ratings, gold)
    assert (np.diff(estimates.objective) >= -1e-7 * (1 + np.abs(estimates.objective[:-1]))).all()
    np.testing.assert_array_equal(estimates.value[gold.known], gold.value[gold.known])
    silent = (estimates.answers == 0) & ~gold.known
    assert (np.isnan(estimates.value) == silent).all()
    assert ((estimates.low <= estimates.value) & (estimates.value <= estimates.high))[~silent].all()
    unlike = np.unique(ratings.value).size > 1  # answers that are all the same say nothing of errors
    assert (np.isnan(estimates.error) == (silent if unlike else ~gold.known)).all()


@settings(max_examples=30, deadline=None)
@given(tables, st.sampled_from([0.01, 3.0, 1e4]), st.sampled_from([-50.0, 0.0, 7.0]))
def test_the_unit_does_not_matter(table: list[tuple[str, str, int]], unit: float, shift: float) -> None:
    ratings = read(table)
    moved = replace(ratings, value=ratings.value * unit + shift)
    one, other = PrecisionWeighted().fit(ratings), PrecisionWeighted().fit(moved)
    np.testing.assert_allclose(one.value * unit + shift, other.value, rtol=1e-6, atol=1e-6 * unit)
    np.testing.assert_allclose(one.error * unit, other.error, rtol=1e-3, atol=1e-6 * unit)


def test_who_is_called_what_does_not_matter() -> None:
    crowd = simulate(7, items=50)
    ratings = crowd.ratings
    order = np.random.default_rng(0).permutation(20)
    renamed = Ratings.coded(ratings.item, order[ratings.worker], ratings.value, items=range(50), workers=range(20))
    one, other = PrecisionWeighted().fit(ratings), PrecisionWeighted().fit(renamed)
    np.testing.assert_allclose(one.value, other.value, rtol=1e-9)
    assert one.raters is not None
    assert other.raters is not None
    np.testing.assert_allclose(one.raters.bias, other.raters.bias[order], atol=1e-7)


def test_two_who_always_agree_are_not_believed_without_end() -> None:
    """Two who always say 50 have no errors by each other; the others must still be heard."""
    crowd = simulate(8, items=100, workers=12, overlap=6, bias=1.0)
    lazy = (crowd.ratings.worker == 0) | (crowd.ratings.worker == 1)
    ratings = replace(crowd.ratings, value=np.where(lazy, 50.0, crowd.ratings.value))
    estimates = PrecisionWeighted().fit(ratings)
    assert rmse(estimates, crowd.value) < rmse(Mean().fit(ratings), crowd.value)
    assert estimates.raters is not None
    assert (estimates.raters.weight[:2] < 0.5).all()


@pytest.mark.parametrize(
    "table", [[], [("a", "v", 3)], [("a", "v", 3), ("a", "w", 3)], [("a", "v", 3), ("b", "v", 5)]]
)
def test_little_or_nothing(table: list[str]) -> None:
    estimates = PrecisionWeighted().fit(read([(item, worker, int(value)) for item, worker, value in table]))
    assert estimates.answers.sum() == len(table)
    for item, _, value in table:
        assert estimates.value["abcdef".index(item)] == pytest.approx(int(value), abs=2)


def test_ten_thousand_answers_on_one_item() -> None:
    rng = np.random.default_rng(0)
    said = rng.normal(3, 1, 10_000)
    ratings = Ratings.coded(np.zeros(10_000, int), np.arange(10_000), said, items=["a"], workers=range(10_000))
    estimates = PrecisionWeighted().fit(ratings)
    assert estimates.value[0] == pytest.approx(3, abs=0.05)
    assert estimates.error[0] == pytest.approx(0.01, rel=0.4)


def test_a_worker_without_answers_is_not_judged() -> None:
    ratings = Ratings.coded([0, 0], [0, 2], [1.0, 2.0], items=["a"], workers=["u", "v", "w"])
    raters = PrecisionWeighted().fit(ratings).raters
    assert raters is not None
    assert np.isnan(raters.bias).tolist() == np.isnan(raters.deviation_low).tolist() == [False, True, False]


def test_stops_at_the_cap_and_says_so() -> None:
    estimates = PrecisionWeighted(max_iterations=2).fit(simulate(9, items=30).ratings)
    assert (estimates.iterations, estimates.converged) == (2, False)


def test_parameters_and_pickles() -> None:
    assert pickle.loads(pickle.dumps(PrecisionWeighted())) == PrecisionWeighted()
    with pytest.raises(InvalidParameter, match=r"pseudo_answers is 0; .* from 1 up"):
        PrecisionWeighted(pseudo_answers=0)
    with pytest.raises(InvalidParameter, match="max_iterations is 0"):
        PrecisionWeighted(max_iterations=0)
    with pytest.raises(InvalidParameter, match="level is 95"):
        PrecisionWeighted(level=95)
