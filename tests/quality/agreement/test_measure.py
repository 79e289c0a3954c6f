"""Figures and their intervals: what all coefficients have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from crowdqc.quality import agreement
from crowdqc.quality.agreement import Agreement, InvalidAgreement, percent_agreement
from crowdqc.quality.votes import Votes
from tests.quality.agreement.tables import wide
from tests.quality.crowds import simulate

Measure = Callable[..., Agreement]

#: Coefficients of items, whose bootstrap is quick.
OF_ITEMS: dict[str, Measure] = {
    "percent": agreement.percent_agreement,
    "consensus": agreement.consensus_agreement,
    "fleiss": agreement.fleiss_kappa,
    "fleiss quadratic": partial(agreement.fleiss_kappa, weights="quadratic"),
    "brennan": agreement.brennan_prediger,
    "ac1": agreement.gwet_ac1,
    "ac2": partial(agreement.gwet_ac2, weights="linear"),
    "alpha": agreement.krippendorff_alpha,
    "alpha ordinal": partial(agreement.krippendorff_alpha, scale="ordinal"),
    "alpha interval": partial(agreement.krippendorff_alpha, scale="interval"),
    "alpha ratio": partial(agreement.krippendorff_alpha, scale="ratio"),
}
OF_WORKERS: dict[str, Measure] = {
    "conger": agreement.conger_kappa,
    "cohen": agreement.cohen_kappa,
    "cohen linear": partial(agreement.cohen_kappa, weights="linear"),
    "scott": agreement.scott_pi,
}
ICC: dict[str, Measure] = {
    "icc1": agreement.intraclass_correlation,
    "icc1k": partial(agreement.intraclass_correlation, kind="ICC1k"),
}
WITH_ERROR = [pytest.param(measure, id=name) for name, measure in {**OF_ITEMS, **OF_WORKERS}.items()]
RESAMPLED = [pytest.param(measure, id=name) for name, measure in {**OF_ITEMS, **ICC}.items()]
ALL = [pytest.param(measure, id=name) for name, measure in {**OF_ITEMS, **OF_WORKERS, **ICC}.items()]


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize("intervals", ["analytic", np.random.default_rng(0), None])
def test_no_two_answers_are_nothing_to_agree_on(measure: Measure, intervals: object) -> None:
    for votes in (Votes.of([], [], [], classes=["1", "2"]), wide(("121",)), Votes.of([], [], [], classes=[])):
        found = measure(votes, intervals=intervals, resamples=3)
        assert np.isnan([found.value, found.low, found.high, found.error]).all()
        assert (found.items, found.answers) == (0, 0)


@pytest.mark.parametrize("measure", ALL)
def test_one_item_is_measured_and_has_no_error(measure: Measure) -> None:
    found = measure(wide(("1", "2", "2"), "12"), intervals="analytic")
    assert (found.items, found.answers) == (1, 3)
    assert np.isnan(found.error)


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize("intervals", ["analytic", "bootstrap"])
def test_one_item_has_no_interval(measure: Measure, intervals: str) -> None:
    drawn = np.random.default_rng(0) if intervals == "bootstrap" else intervals
    found = measure(Votes.of([1, 1], list("ab"), ["1", "2"]), intervals=drawn, resamples=20)
    assert (found.items, found.answers) == (1, 2)
    assert np.isnan([found.low, found.high, found.error]).all()


@pytest.mark.parametrize("measure", ALL)
def test_perfect_agreement_is_one(measure: Measure) -> None:
    votes = wide(("121212", "121212", "121212"))
    for intervals in ("analytic", np.random.default_rng(0)):
        found = measure(votes, intervals=intervals, resamples=5)
        assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))


@pytest.mark.parametrize("measure", ALL)
def test_all_of_one_class_leaves_nothing_to_correct_for(measure: Measure) -> None:
    votes = wide(("111111", "111111"), "12")
    found = measure(votes, intervals="analytic")
    free_of_shares = {"percent", "consensus", "brennan", "ac1", "ac2"}
    if {every: name for name, every in OF_ITEMS.items()}.get(measure) in free_of_shares:
        assert found.value == 1
    else:
        assert np.isnan([found.value, found.low, found.high]).all()


@pytest.mark.parametrize("measure", ALL)
def test_one_class_declared_is_undefined_but_for_what_ignores_chance(measure: Measure) -> None:
    found = measure(wide(("111111", "111111")), intervals="analytic")
    assert np.isnan(found.value) or found.value == 1


@pytest.mark.parametrize("measure", ALL)
def test_a_repeated_answer_is_one_voice(measure: Measure) -> None:
    items, workers, labels = [1, 1, 1, 2, 2, 3, 3], list("aababab"), list("1122122")
    once = Votes.of(items, workers, labels, repeats="first")
    assert measure(Votes.of(items, workers, labels, repeats="all")) == measure(once)


@pytest.mark.parametrize("measure", ALL)
def test_the_order_of_rows_and_what_items_are_called_do_not_matter(measure: Measure) -> None:
    votes = simulate(3, items=40, K=3, workers=6).votes
    rows = np.random.default_rng(0).permutation(len(votes))
    other = Votes.coded(
        39 - votes.item[rows],
        votes.worker[rows],
        votes.label[rows],
        items=range(40),
        workers=range(6),
        classes=votes.classes,
    )
    one, two = measure(votes, intervals="analytic"), measure(other, intervals="analytic")
    figures = [(found.value, found.low, found.high) for found in (one, two)]
    assert figures[0] == pytest.approx(figures[1], abs=1e-12)


@pytest.mark.parametrize("measure", ALL)
def test_ten_thousand_answers_to_an_item(measure: Measure) -> None:
    rng = np.random.default_rng(0)
    votes = Votes.coded(
        np.repeat([0, 1, 2], [10_000, 2, 2]),
        np.r_[np.arange(10_000), 0, 1, 0, 1],
        np.r_[rng.integers(2, size=10_000), 0, 0, 1, 1],
        items=range(3),
        workers=range(10_000),
        classes=["1", "2"],
    )
    found = measure(votes, intervals="analytic")
    assert found.answers == 10_004
    assert np.isfinite(found.value) or measure in OF_WORKERS.values()  # no two workers share five items


@pytest.mark.parametrize("measure", RESAMPLED)
def test_resampled_intervals_hold_the_value_and_repeat(measure: Measure) -> None:
    votes = simulate(9, items=100).votes
    one = measure(votes, intervals=np.random.default_rng(1), resamples=200)
    other = measure(votes, intervals=np.random.default_rng(1), resamples=200)
    assert one == other
    assert one.low < one.value < one.high
    wider = measure(votes, intervals=np.random.default_rng(1), resamples=200, level=0.99)
    assert wider.high - wider.low > one.high - one.low


@pytest.mark.parametrize("measure", WITH_ERROR)
def test_the_formula_and_the_bootstrap_see_the_same_error(measure: Measure) -> None:
    votes = simulate(12, items=150, workers=6, K=4, overlap=5, low=0.4, high=0.8).votes
    formula = measure(votes, intervals="analytic")
    drawn = measure(votes, intervals=np.random.default_rng(1), resamples=200)
    assert formula.error == pytest.approx(drawn.error, rel=0.2)


def test_intervals_are_those_of_a_plain_bootstrap() -> None:
    votes = simulate(10, items=80, K=2).votes
    found = percent_agreement(votes, intervals=np.random.default_rng(0), resamples=2000)
    counts = votes.counts().astype(float)
    n = counts.sum(axis=1)
    share = (counts * (counts - 1)).sum(axis=1) / (n * (n - 1))
    draws = np.random.default_rng(1).choice(share, (2000, share.size)).mean(axis=1)
    np.testing.assert_allclose((found.low, found.high), np.quantile(draws, [0.025, 0.975]), atol=0.01)
    assert found.error == pytest.approx(draws.std(), rel=0.05)


@pytest.mark.parametrize(
    ("measure", "intervals"),
    [
        (agreement.krippendorff_alpha, "analytic"),
        (agreement.krippendorff_alpha, "bootstrap"),
        (agreement.fleiss_kappa, "analytic"),
        (agreement.gwet_ac1, "analytic"),
    ],
)
def test_ninety_percent_intervals_cover_ninety_percent(measure: Measure, intervals: str) -> None:
    truth = measure(simulate(0, items=20_000, workers=10, overlap=3, low=0.8, high=0.8).votes).value
    covered = 0
    for seed in range(1, 201):
        votes = simulate(seed, items=100, workers=10, overlap=3, low=0.8, high=0.8).votes
        how = "analytic" if intervals == "analytic" else np.random.default_rng(seed)
        found = measure(votes, intervals=how, level=0.9, resamples=200)
        covered += found.low <= truth <= found.high
    assert 0.85 <= covered / 200 <= 0.95


@pytest.mark.parametrize("measure", ALL)
def test_what_cannot_be_an_interval_is_refused(measure: Measure) -> None:
    votes = wide(("1212", "1221"))
    with pytest.raises(InvalidAgreement, match="level is 1"):
        measure(votes, level=1)
    with pytest.raises(InvalidAgreement, match="intervals is 'exact'"):
        measure(votes, intervals="exact")
