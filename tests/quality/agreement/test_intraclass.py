"""Intraclass correlation against Shrout and Fleiss, and against analyses of variance by others."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from crowdqc.quality.agreement import InvalidAgreement, intraclass_correlation
from crowdqc.quality.agreement.intraclass import Kind
from crowdqc.quality.ratings import Ratings
from crowdqc.quality.votes import Votes
from tests.quality.agreement.tables import JUDGES, wide

#: Values of Shrout and Fleiss (1979), table 4; intervals as R's psych prints them for these data.
PUBLISHED: dict[Kind, tuple[float, float, float]] = {
    "ICC1": (0.17, -0.13, 0.72),
    "ICC2": (0.29, 0.02, 0.76),
    "ICC3": (0.71, 0.34, 0.95),
    "ICC1k": (0.44, -0.88, 0.91),
    "ICC2k": (0.62, 0.07, 0.93),
    "ICC3k": (0.91, 0.68, 0.99),
}
KINDS = list(PUBLISHED)


def numeric(table: np.ndarray, answered: np.ndarray | None = None) -> Votes:
    """Rows are items, columns workers."""
    item, worker = np.nonzero(np.ones(table.shape) if answered is None else answered)
    values, label = np.unique(table[item, worker], return_inverse=True)
    items, workers = map(range, table.shape)
    return Votes.coded(item, worker, label, items=items, workers=workers, classes=[repr(float(x)) for x in values])


def scores(seed: int, items: int, workers: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    bias = rng.normal(size=(1, workers))
    return rng.normal(size=(items, 1)) + bias + 0.8 * rng.normal(size=(items, workers))


@pytest.mark.parametrize("kind", KINDS)
def test_shrout_and_fleiss(kind: Kind) -> None:
    found = intraclass_correlation(wide(JUDGES), kind=kind, intervals="analytic")
    assert (found.value, found.low, found.high) == pytest.approx(PUBLISHED[kind], abs=0.0051)
    assert (found.items, found.answers) == (6, 24)


@pytest.mark.parametrize("seed", [1, 2])
def test_two_ways_from_an_analysis_of_variance_by_statsmodels(seed: int) -> None:
    pandas = pytest.importorskip("pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.formula.api import ols
        from statsmodels.stats.anova import anova_lm

        table = scores(seed, 15, 4)
        n, k = table.shape
        item, worker = np.indices(table.shape).reshape(2, -1)
        frame = pandas.DataFrame({"item": item, "worker": worker, "score": table.ravel()})
        squares = anova_lm(ols("score ~ C(item) + C(worker)", frame).fit())["mean_sq"]
    between, judges, error = squares
    expected = {
        "ICC2": (between - error) / (between + (k - 1) * error + k * (judges - error) / n),
        "ICC3": (between - error) / (between + (k - 1) * error),
        "ICC2k": (between - error) / (between + (judges - error) / n),
        "ICC3k": (between - error) / between,
    }
    for kind, value in expected.items():
        assert intraclass_correlation(numeric(table), kind=kind).value == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("seed", [1, 2])
def test_one_way_with_missing_answers_from_scipys_f(seed: int) -> None:
    """ICC1 is (F - 1) / (F + n0 - 1), whatever the numbers of answers."""
    from scipy import stats

    rng = np.random.default_rng(seed)
    table, answered = scores(seed, 20, 5), rng.random((20, 5)) < 0.6
    answered[:, 0] |= ~answered.any(axis=1)
    F = stats.f_oneway(*[row[there] for row, there in zip(table, answered, strict=True)]).statistic
    n = answered.sum(axis=1)
    n0 = (n.sum() - (n**2).sum() / n.sum()) / (len(n) - 1)
    votes = numeric(table, answered)
    assert intraclass_correlation(votes).value == pytest.approx((F - 1) / (F + n0 - 1), abs=1e-9)
    assert intraclass_correlation(votes, kind="ICC1k").value == pytest.approx(1 - 1 / F, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_ninety_percent_intervals_cover_ninety_percent_of_normal_answers(kind: Kind) -> None:
    k, bias, noise = 4, 0.5, 1.0
    single = 1 / (1 + noise + (0 if kind.startswith("ICC3") else bias))
    truth = k * single / (1 + (k - 1) * single) if kind.endswith("k") else single
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        shape = (40, k) if kind.startswith("ICC1") else (1, k)  # each item has judges of its own
        judged = rng.normal(size=(40, 1)) + np.sqrt(bias) * rng.normal(size=shape)
        votes = numeric(judged + np.sqrt(noise) * rng.normal(size=(40, k)))
        found = intraclass_correlation(votes, kind=kind, intervals="analytic", level=0.9)
        covered += found.low <= truth <= found.high
    assert 0.85 <= covered / 200 <= 0.95


def test_a_judge_who_is_always_higher_matters_to_two_but_not_to_three() -> None:
    table = np.arange(10.0)[:, None] + np.array([0.0, 5.0, -3.0])
    assert intraclass_correlation(numeric(table), kind="ICC3").value == pytest.approx(1)
    assert intraclass_correlation(numeric(table), kind="ICC3k").value == pytest.approx(1)
    assert intraclass_correlation(numeric(table), kind="ICC2").value < 0.4


def test_resampled_intervals_hold_the_value() -> None:
    votes = numeric(scores(3, 40, 4))
    for kind in KINDS:
        found = intraclass_correlation(votes, kind=kind, intervals=np.random.default_rng(0), resamples=200)
        formula = intraclass_correlation(votes, kind=kind, intervals="analytic")
        assert found.value == pytest.approx(formula.value)
        assert found.low < found.value < found.high


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_compare_is_not_defined(kind: Kind) -> None:
    for observers in ((), ("121",), ("1", "2"), ("111", "111")):
        found = intraclass_correlation(wide(observers, "12"), kind=kind, intervals="analytic")
        assert np.isnan([found.value, found.low, found.high]).all()


def test_ratings_are_taken_as_they_are() -> None:
    said = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8)]
    rows = [(i, j, x) for i, row in enumerate(said) for j, x in enumerate(row)]
    items, workers, values = zip(*rows, strict=True)
    votes = Votes.of(items, workers, [str(value) for value in values])
    for kind in ("ICC1", "ICC2"):
        found = intraclass_correlation(Ratings.of(items, workers, values), kind=kind)  # type: ignore[arg-type]
        assert found.value == pytest.approx(intraclass_correlation(votes, kind=kind).value)  # type: ignore[arg-type]


def test_two_ways_need_every_answer() -> None:
    with pytest.raises(InvalidAgreement, match="ICC2 needs every worker to have answered every item; ICC1"):
        intraclass_correlation(wide(("123", "12*")), kind="ICC2")
    with pytest.raises(InvalidAgreement, match="kind is 'ICC4'"):
        intraclass_correlation(wide(("123", "123")), kind="ICC4")  # type: ignore[arg-type]
    with pytest.raises(InvalidAgreement, match="classes that are numbers"):
        intraclass_correlation(wide(("xy", "xy")))
