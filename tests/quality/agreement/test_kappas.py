"""Kappas of all workers at once against statsmodels and nltk, and by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from crowdqc.quality.agreement import (
    InvalidAgreement,
    brennan_prediger,
    cohen_kappa,
    conger_kappa,
    consensus_agreement,
    fleiss_kappa,
    gwet_ac1,
    gwet_ac2,
    krippendorff_alpha,
    percent_agreement,
    scott_pi,
)
from crowdqc.quality.agreement.weights import Named
from crowdqc.quality.votes import Votes
from tests.quality.agreement.tables import FOUR, triples, wide
from tests.quality.crowds import simulate, votes_of


def complete(seed: int, workers: int = 4) -> Votes:
    return simulate(seed, items=60, K=4, workers=workers, overlap=workers).votes


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fleiss_equals_statsmodels_where_answers_are_equally_many(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats.inter_rater import fleiss_kappa as theirs

    votes = simulate(seed, items=60, K=4, overlap=5).votes
    assert fleiss_kappa(votes).value == pytest.approx(theirs(votes.counts()), abs=1e-9)
    uniform = theirs(votes.counts(), method="randolph")
    assert brennan_prediger(votes).value == pytest.approx(uniform, abs=1e-9)


@pytest.mark.parametrize("seed", [1, 2])
def test_nltk_says_the_same_of_complete_tables(seed: int) -> None:
    """Its pi is that of Siegel and Castellan (Fleiss), its multi_kappa that of Davies and Fleiss (Conger)."""
    nltk = pytest.importorskip("nltk.metrics.agreement")

    votes = complete(seed)
    task = nltk.AnnotationTask(triples(votes))
    assert percent_agreement(votes).value == pytest.approx(task.avg_Ao(), abs=1e-9)
    assert fleiss_kappa(votes).value == pytest.approx(task.pi(), abs=1e-9)
    assert brennan_prediger(votes).value == pytest.approx(task.S(), abs=1e-9)
    assert conger_kappa(votes).value == pytest.approx(task.multi_kappa(), abs=1e-9)
    assert krippendorff_alpha(votes).value == pytest.approx(task.alpha(), abs=1e-9)


def test_two_workers_who_answer_everything_are_the_classical_cases() -> None:
    votes = complete(5, workers=2)
    names: list[Named] = ["identity", "linear", "quadratic", "ordinal"]
    for name in names:
        assert fleiss_kappa(votes, weights=name).value == pytest.approx(scott_pi(votes, weights=name).value)
        assert conger_kappa(votes, weights=name).value == pytest.approx(cohen_kappa(votes, weights=name).value)


def test_ac1_by_hand() -> None:
    """Two workers, 2 classes: agreement 0.75; shares 7/8 and 1/8 give 2 * 7/8 * 1/8 by chance."""
    votes = wide(("xxxx", "xxxy"))
    chance = 2 * 7 / 64
    assert gwet_ac1(votes).value == pytest.approx((0.75 - chance) / (1 - chance))


def test_percentages_by_hand() -> None:
    votes = wide(("1123", "1223", "1*2*"))
    assert percent_agreement(votes).value == pytest.approx((1 + 0 + 1 + 1) / 4)
    assert consensus_agreement(votes).value == pytest.approx((1 + 0.5 + 1 + 1) / 4)
    assert percent_agreement(votes, weights="linear").value == pytest.approx((1 + 0.5 + 1 + 1) / 4)
    found = percent_agreement(votes, intervals="analytic")
    assert found.error == pytest.approx(np.std([1, 0, 1, 1], ddof=1) / 2)
    assert found.low == pytest.approx(
        0.75 - 3.182446305 * 0.25
    )  # Student's 0.975 quantile for 3 degrees of freedom
    assert found.high == 1


def test_a_single_answer_says_nothing_of_consensus() -> None:
    assert consensus_agreement(wide(("12", "1*"))).items == 1
    assert consensus_agreement(wide(("121", "2**"))).value == 0.5


def test_an_unused_class_changes_only_what_counts_declared_classes() -> None:
    table = [("a", "v", "P"), ("a", "w", "P"), ("b", "v", "P"), ("b", "w", "Q")]
    two, three = votes_of(table, "PQ"), votes_of(table, "PQR")
    for measure in (percent_agreement, consensus_agreement, fleiss_kappa, conger_kappa, krippendorff_alpha):
        assert measure(two).value == measure(three).value
    for measure in (gwet_ac1, brennan_prediger):
        assert measure(two).value != measure(three).value


def test_the_paradox_of_kappa() -> None:
    """Nearly all items of one class: workers agree on 94%, kappa and alpha hardly see it, AC1 does."""
    votes = wide(("x" * 97 + "yxy", "x" * 95 + "yyyxx"))
    assert percent_agreement(votes).value > 0.93
    assert krippendorff_alpha(votes).value < 0.4
    assert gwet_ac1(votes).value > 0.9


@pytest.mark.parametrize("weights", ["linear", "quadratic", "ordinal", "radical", "ratio", "circular", "bipolar"])
def test_weights_by_name_are_a_table(weights: Named) -> None:
    """A name and its table, which is looked up cell by cell, agree; so do kappas that need no table."""
    from crowdqc.quality.agreement import weighted

    votes, code = wide(FOUR), np.arange(5)
    distance = weighted(weights, 5)
    table = 1 - distance.between(code[:, None], code[None, :]) / distance.largest
    assert table.min() == pytest.approx(0) and np.diag(table) == pytest.approx(1)  # noqa: PT018
    for measure in (fleiss_kappa, conger_kappa, gwet_ac2, brennan_prediger, cohen_kappa, scott_pi):
        one = measure(votes, weights=weights, intervals="analytic")
        other = measure(votes, weights=table, intervals="analytic")
        assert (one.value, one.error) == pytest.approx((other.value, other.error), abs=1e-12)


def test_weights_that_cannot_be_read_are_refused() -> None:
    votes = wide(("12", "12"))
    with pytest.raises(InvalidAgreement, match="weights is 'cubic'"):
        fleiss_kappa(votes, weights="cubic")  # type: ignore[arg-type]
    with pytest.raises(InvalidAgreement, match=r"shape \(2,\)"):
        fleiss_kappa(votes, weights=[1, 0])
    with pytest.raises(InvalidAgreement, match="1 on the diagonal"):
        fleiss_kappa(votes, weights=[[0, 1], [1, 0]])
    with pytest.raises(InvalidAgreement, match="between 0 and 1"):
        gwet_ac2(votes, weights=[[1, -1], [-1, 1]])
    with pytest.raises(InvalidAgreement, match="each of the 2 classes"):
        gwet_ac2(votes, values=[1, 2, 3])


def test_the_formula_is_careful_where_many_items_have_one_answer() -> None:
    """Gwet's variance counts an item of one answer as if it had shown no agreement; the bootstrap does not."""
    votes = simulate(6, items=400, K=3, overlap=3).votes
    half = votes.where((votes.item % 2 == 0) | np.append(True, votes.item[1:] != votes.item[:-1]))
    formula, rng = fleiss_kappa(half, intervals="analytic"), np.random.default_rng(0)
    assert formula.error > 1.1 * fleiss_kappa(half, intervals=rng, resamples=300).error
    of_pairs = krippendorff_alpha(half, intervals="analytic")
    rng = np.random.default_rng(0)
    assert of_pairs.error == pytest.approx(krippendorff_alpha(half, intervals=rng, resamples=300).error, rel=0.1)
