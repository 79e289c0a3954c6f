"""All coefficients at once: each as it is alone, and those that suit the scale."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from crowdqc.quality import agreement
from crowdqc.quality.agreement import Agreement, InvalidAgreement, measure_agreement
from crowdqc.quality.agreement.alpha import Scale
from crowdqc.quality.votes import Votes
from tests.quality.agreement.tables import FOUR, JUDGES, wide
from tests.quality.crowds import simulate


def alone(scale: Scale) -> dict[str, Callable[..., Agreement]]:
    weights = {"nominal": "identity", "ordinal": "quadratic", "interval": "quadratic", "ratio": "ratio"}[scale]
    gwet = "gwet_ac1" if scale == "nominal" else "gwet_ac2"
    kappas = {
        name: partial(getattr(agreement, name), weights=weights)
        for name in ("fleiss_kappa", "brennan_prediger", "conger_kappa", "cohen_kappa", "scott_pi")
    }
    icc = partial(agreement.intraclass_correlation)
    numeric = {"icc1": partial(icc, kind="ICC1"), "icc1k": partial(icc, kind="ICC1k")}
    return {
        "percent_agreement": agreement.percent_agreement,
        "consensus_agreement": agreement.consensus_agreement,
        "krippendorff_alpha": partial(agreement.krippendorff_alpha, scale=scale),
        gwet: partial(agreement.gwet_ac2, weights=weights),
        **kappas,
        **(numeric if scale in ("interval", "ratio") else {}),
    }


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval", "ratio"])
def test_each_is_as_it_is_alone(scale: Scale) -> None:
    votes = wide(FOUR)  # the classes are 1 to 5, so that values and ranks are the same
    found = measure_agreement(votes, scale=scale, level=0.9)
    assert set(found) == set(alone(scale))
    for name, measure in alone(scale).items():
        assert found[name] == measure(votes, intervals="analytic", level=0.9), name


def test_complete_numbers_have_every_icc() -> None:
    found = measure_agreement(wide(JUDGES), scale="interval")
    kinds = ("icc1", "icc1k", "icc2", "icc2k", "icc3", "icc3k")
    assert sorted(name for name in found if name.startswith("icc")) == list(kinds)
    for name in kinds:
        kind = name.replace("icc", "ICC")
        expected = agreement.intraclass_correlation(wide(JUDGES), kind=kind, intervals="analytic")
        assert found[name].value == pytest.approx(expected.value)
        assert found[name].low == pytest.approx(expected.low)


def test_numbers_are_compared_as_numbers() -> None:
    """1.0 is 1, and 10 comes after 9, whatever the names and their order."""
    votes = Votes.of([1, 1, 2, 2, 3, 3], list("ababab"), ["1", "1.0", "10", "9", "9", "9.00"])
    found = measure_agreement(votes, scale="interval")
    assert found["percent_agreement"].value == pytest.approx(2 / 3)
    assert found["krippendorff_alpha"].value > 0.95
    assert measure_agreement(votes)["percent_agreement"].value == 0


def test_values_may_be_given() -> None:
    votes = wide(("abca", "abba", "acca"))
    one = measure_agreement(votes, scale="interval", values=[3, 1, 2])
    two = measure_agreement(wide(("3123", "3113", "3223")), scale="interval")
    assert one == two


def test_values_may_give_the_order_of_ordinal_classes() -> None:
    words = wide((("mid", "top", "low", "top"), ("top", "top", "low", "mid")))
    assert words.classes == ("low", "mid", "top")
    # Numbers have their own order: 10 comes after 9.
    tens = wide((("9", "10", "8", "10"), ("10", "10", "8", "9")))
    assert tens.classes == ("8", "9", "10")
    found = measure_agreement(words, scale="ordinal", values=[8, 10, 9])
    assert found == measure_agreement(wide(("cbab", "bbac")), scale="ordinal")
    alone = agreement.krippendorff_alpha(words, scale="ordinal", values=[1, 100, 9], intervals="analytic")
    assert found["krippendorff_alpha"] == alone


def test_weights_may_be_given() -> None:
    votes = wide(FOUR)
    found = measure_agreement(votes, scale="ordinal", weights="linear")
    expected = agreement.cohen_kappa(votes, weights="linear", intervals="analytic")
    assert found["cohen_kappa"] == expected
    plain = measure_agreement(votes, scale="ordinal", weights="identity")
    assert plain["gwet_ac1"] == agreement.gwet_ac1(votes, intervals="analytic")


def test_the_bootstrap_repeats_and_draws_the_same_items_for_all() -> None:
    votes = simulate(1, items=100, K=3).votes
    one = measure_agreement(votes, intervals="bootstrap", seed=3)
    assert one == measure_agreement(votes, intervals="bootstrap", seed=3)
    assert one["fleiss_kappa"].low != measure_agreement(votes, intervals="bootstrap", seed=4)["fleiss_kappa"].low
    rng = np.random.default_rng(3)
    assert one["percent_agreement"] == agreement.percent_agreement(votes, intervals=rng, resamples=200)
    analytic = measure_agreement(votes)
    assert one["conger_kappa"] == analytic["conger_kappa"]


def test_without_intervals() -> None:
    found = measure_agreement(wide(FOUR), intervals=None)
    assert all(np.isnan([each.low, each.high, each.error]).all() for each in found.values())
    assert not np.isnan([each.value for each in found.values()]).any()


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval", "ratio"])
@pytest.mark.parametrize("intervals", ["analytic", "bootstrap", None])
def test_little_gives_no_figure_and_no_fault(scale: Scale, intervals: str) -> None:
    few = [
        Votes.of([], [], [], classes=[]),
        Votes.of([], [], [], classes=["1", "2"]),
        wide(("1",)),
        wide(("121",)),
        wide(("1", "2")),
        wide(("111", "111")),
        wide(("111", "111"), "12"),
        wide(("000", "000"), "0"),
    ]
    for votes in few:
        found = measure_agreement(votes, scale=scale, intervals=intervals, resamples=5)
        assert "krippendorff_alpha" in found
        assert all(np.isnan(each.value) or -1 <= each.value <= 1 for each in found.values())


def test_what_is_not_a_scale_is_refused() -> None:
    votes = wide(("12", "12"))
    with pytest.raises(InvalidAgreement, match="scale is 'metric'"):
        measure_agreement(votes, scale="metric")  # type: ignore[arg-type]
    with pytest.raises(InvalidAgreement, match="intervals is 'exact'"):
        measure_agreement(votes, intervals="exact")  # type: ignore[arg-type]
    with pytest.raises(InvalidAgreement, match="classes that are numbers"):
        measure_agreement(wide(("xy", "xy")), scale="interval")
