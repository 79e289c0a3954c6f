"""Agreement: published tables and the reference libraries."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given

from crowdqc.quality.agreement import (
    Agreement,
    InvalidAgreement,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    percent_agreement,
)
from crowdqc.quality.agreement.coefficients import Level
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows, simulate, votes_of

Measure = Callable[..., Agreement]
ALL: list[Measure] = [percent_agreement, fleiss_kappa, gwet_ac1, krippendorff_alpha]

#: Krippendorff (2011), section C: 4 observers, 12 units; * was not answered.
FOUR = ("123321412***", "1233224125*3", "*3332342251*", "12332441251*")
#: The example of the krippendorff package: 3 observers, 15 units.
THREE = ("*****34121133*3", "1*213343*******", "**21344*21133*4")


def wide(observers: tuple[str, ...]) -> Votes:
    said = [
        (unit, who, label)
        for who, labels in enumerate(observers)
        for unit, label in enumerate(labels)
        if label != "*"
    ]
    return Votes.of(*zip(*said, strict=True))


def test_published_examples() -> None:
    four, three = wide(FOUR), wide(THREE)
    assert krippendorff_alpha(four).value == pytest.approx(0.743, abs=0.0006)
    assert krippendorff_alpha(four, scale="ordinal").value == pytest.approx(0.815, abs=0.0006)
    assert krippendorff_alpha(four, scale="interval").value == pytest.approx(0.849, abs=0.0006)
    assert krippendorff_alpha(three).value == pytest.approx(0.691, abs=0.0006)
    assert krippendorff_alpha(three, scale="interval").value == pytest.approx(0.811, abs=0.0006)


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval"])
@given(table=rows())
def test_alpha_equals_the_krippendorff_package(scale: Level, table: list[Row]) -> None:
    import krippendorff

    votes = votes_of([(i, w, str("PQR".index(k))) for i, w, k in table], classes="012")
    counts = votes.counts()
    ours = krippendorff_alpha(votes, scale=scale).value
    pairable = counts[counts.sum(axis=1) > 1]
    if (pairable.sum(axis=0) > 0).sum() < 2:
        assert np.isnan(ours)
        return
    theirs = krippendorff.alpha(
        value_counts=counts, value_domain=np.arange(3), level_of_measurement=scale, dtype=np.float64
    )
    assert ours == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fleiss_equals_statsmodels_where_answers_are_equally_many(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats.inter_rater import fleiss_kappa as theirs

    votes = simulate(seed, items=60, K=4, overlap=5).votes
    assert fleiss_kappa(votes).value == pytest.approx(theirs(votes.counts()), abs=1e-9)


def test_ac1_by_hand() -> None:
    """Two workers, 2 classes: agreement 0.75; shares 7/8 and 1/8 give 2 * 7/8 * 1/8 by chance."""
    votes = wide(("xxxx", "xxxy"))
    chance = 2 * 7 / 64
    assert gwet_ac1(votes).value == pytest.approx((0.75 - chance) / (1 - chance))


def test_an_unused_class_changes_only_ac1() -> None:
    table = [("a", "v", "P"), ("a", "w", "P"), ("b", "v", "P"), ("b", "w", "Q")]
    two, three = votes_of(table, "PQ"), votes_of(table, "PQR")
    for measure in (percent_agreement, fleiss_kappa, krippendorff_alpha):
        assert measure(two).value == measure(three).value
    assert gwet_ac1(two).value != gwet_ac1(three).value


def test_the_paradox_of_kappa() -> None:
    """Nearly all items of one class: workers agree on 94%, kappa and alpha hardly see it, AC1 does."""
    votes = wide(("x" * 97 + "yxy", "x" * 95 + "yyyxx"))
    assert percent_agreement(votes).value > 0.93
    assert krippendorff_alpha(votes).value < 0.4
    assert gwet_ac1(votes).value > 0.9


@pytest.mark.parametrize("measure", ALL)
def test_no_two_answers_are_nothing_to_agree_on(measure: Measure) -> None:
    for votes in (Votes.of([], [], [], classes=["x", "y"]), wide(("xyx",))):
        found = measure(votes, intervals=np.random.default_rng(0))
        assert np.isnan([found.value, found.low, found.high]).all()
        assert (found.items, found.answers) == (0, 0)


def test_one_class_throughout_is_undefined_not_perfect() -> None:
    votes = Votes.of([1, 1, 2, 2], list("abab"), ["x"] * 4, classes=["x", "y"])
    assert np.isnan(krippendorff_alpha(votes).value)
    assert np.isnan(fleiss_kappa(votes).value)
    assert percent_agreement(votes).value == gwet_ac1(votes).value == 1


@pytest.mark.parametrize("measure", ALL)
def test_perfect_agreement_is_one(measure: Measure) -> None:
    assert measure(wide(("xyxy", "xyxy", "xyxy"))).value == pytest.approx(1)


@pytest.mark.parametrize("measure", ALL)
def test_a_repeated_answer_is_one_voice(measure: Measure) -> None:
    items, workers, labels = [1, 1, 1, 2, 2], list("aabab"), list("xxyxx")
    once = Votes.of(items, workers, labels, repeats="first")
    assert measure(Votes.of(items, workers, labels, repeats="all")) == measure(once)


@pytest.mark.parametrize("measure", ALL)
def test_intervals_hold_the_value_and_repeat(measure: Measure) -> None:
    votes = simulate(9, items=100).votes
    one = measure(votes, intervals=np.random.default_rng(1), resamples=200)
    other = measure(votes, intervals=np.random.default_rng(1), resamples=200)
    assert one == other
    assert one.low < one.value < one.high
    wider = measure(votes, intervals=np.random.default_rng(1), resamples=200, level=0.99)
    assert wider.high - wider.low > one.high - one.low


def test_intervals_are_those_of_a_plain_bootstrap() -> None:
    votes = simulate(10, items=80, K=2).votes
    found = percent_agreement(votes, intervals=np.random.default_rng(0), resamples=2000)
    counts = votes.counts().astype(float)
    n = counts.sum(axis=1)
    share = (counts * (counts - 1)).sum(axis=1) / (n * (n - 1))
    draws = np.random.default_rng(1).choice(share, (2000, share.size)).mean(axis=1)
    np.testing.assert_allclose((found.low, found.high), np.quantile(draws, [0.025, 0.975]), atol=0.01)


def test_a_scale_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InvalidAgreement, match="numbers; these are x, y"):
        krippendorff_alpha(wide(("xy", "xy")), scale="interval")
    with pytest.raises(InvalidAgreement, match="ratio"):
        krippendorff_alpha(wide(("xy", "xy")), scale="ratio")  # type: ignore[arg-type]
