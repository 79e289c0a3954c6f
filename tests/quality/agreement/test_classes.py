"""Agreement class by class: against making one class of all the others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from crowdqc.quality.agreement import InvalidAgreement, fleiss_kappa, krippendorff_alpha, per_class
from crowdqc.quality.votes import Votes
from tests.quality.agreement.tables import numbered, wide
from tests.quality.crowds import simulate


def against_all(votes: Votes, code: int) -> Votes:
    is_it = (votes.label == code).astype(np.int32)
    return Votes.coded(
        votes.item, votes.worker, is_it, items=votes.items, workers=votes.workers, classes=["other", "it"]
    )


@given(votes=numbered("1234"))
def test_kappa_and_alpha_are_those_of_one_class_against_all(votes: Votes) -> None:
    found = per_class(votes)
    for code in range(4):
        binary = against_all(votes, code)
        assert found.kappa[code] == pytest.approx(fleiss_kappa(binary).value, abs=1e-9, nan_ok=True)
        assert found.alpha[code] == pytest.approx(krippendorff_alpha(binary).value, abs=1e-9, nan_ok=True)


def test_the_kappas_of_the_classes_make_up_that_of_all() -> None:
    """Fleiss (1971), section 4: kappa is the mean of those of the classes, weighed by p (1 - p)."""
    votes = simulate(2, items=80, K=4, overlap=4).votes
    share = votes.counts().sum(axis=0) / len(votes)
    weight = share * (1 - share)
    assert weight @ per_class(votes).kappa / weight.sum() == pytest.approx(fleiss_kappa(votes).value, abs=1e-12)


def test_specific_agreement_of_two_is_positive_and_negative_agreement() -> None:
    """Cicchetti and Feinstein: twice the joint answers of a class over all answers of it."""
    found = per_class(wide(("1111122212", "1112122222")))
    assert found.specific.tolist() == pytest.approx([2 * 4 / (6 + 4), 2 * 4 / (4 + 6)])
    assert found.answers.tolist() == [10, 10]


def test_each_answer_weighs_the_same_in_specific_agreement() -> None:
    """Of item 1 three said it: each finds 2 of 2 others with it; of item 2 one of three: 0 of 2."""
    found = per_class(wide(("11", "12", "12")))
    assert found.specific.tolist() == pytest.approx([3 / 4, 2 * 0.5 / 2])


def test_intervals_are_drawn_by_items() -> None:
    votes = simulate(3, items=120, K=3).votes
    found = per_class(votes, intervals=np.random.default_rng(0), resamples=400)
    alone = krippendorff_alpha(against_all(votes, 1), intervals=np.random.default_rng(1), resamples=400)
    assert (found.low[2, 1], found.high[2, 1]) == pytest.approx((alone.low, alone.high), abs=0.03)
    values = np.array([found.specific, found.kappa, found.alpha])
    assert ((found.low < values) & (values < found.high)).all()


def test_what_is_not_there_is_not_defined() -> None:
    empty = per_class(Votes.of([], [], [], classes=["x", "y"]), intervals=np.random.default_rng(0), resamples=2)
    assert np.isnan([empty.specific, empty.kappa, empty.alpha, *empty.low]).all()
    one = per_class(wide(("11", "11"), "12"), intervals=np.random.default_rng(0), resamples=2)
    assert one.specific[0] == 1
    assert np.isnan([one.specific[1], *one.kappa, *one.alpha]).all()
    with pytest.raises(InvalidAgreement, match="level is 0"):
        per_class(wide(("11", "11")), level=0)
