"""Intervals over workers: what crowds of other workers really give."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.agreement import (
    InvalidAgreement,
    gwet_ac1,
    krippendorff_alpha,
    over_workers,
    percent_agreement,
)
from crowdqc.quality.votes import Votes
from tests.quality.agreement.tables import wide


def draw(seed: int, workers: int = 12, items: int = 300) -> Votes:
    """Each crowd is another, from very good workers to guessing ones; the items are always alike."""
    rng = np.random.default_rng(seed)
    truth = np.arange(items) % 3
    skill = rng.uniform(0, 1, size=(workers, 1))
    said = np.where(rng.random((workers, items)) < skill, truth, rng.integers(3, size=(workers, items)))
    worker, item = np.indices(said.shape).reshape(2, -1)
    return Votes.coded(item, worker, said.ravel(), items=range(items), workers=range(workers), classes=list("012"))


@pytest.mark.parametrize("coefficient", [krippendorff_alpha, gwet_ac1, percent_agreement])
def test_ninety_percent_intervals_cover_ninety_percent_of_crowds(coefficient: object) -> None:
    found = [over_workers(draw(seed), coefficient, level=0.9) for seed in range(200)]  # type: ignore[arg-type]
    values = np.array([each.value for each in found])
    assert np.mean([each.error for each in found]) == pytest.approx(values.std(), rel=0.15)
    covered = np.mean([each.low <= values.mean() <= each.high for each in found])
    assert 0.85 <= covered <= 0.95
    over_items = coefficient(draw(0), intervals="analytic").error  # type: ignore[operator]
    assert over_items < values.std() / 2  # which misses most of it


def test_many_workers_are_left_out_in_groups() -> None:
    votes = draw(1, workers=60, items=100)
    one_by_one, in_groups = (over_workers(votes, groups=groups) for groups in (100, 15))
    assert in_groups.value == one_by_one.value
    assert in_groups.error == pytest.approx(one_by_one.error, rel=0.35)
    assert in_groups.error != one_by_one.error


def test_options_reach_the_coefficient() -> None:
    votes = draw(2, workers=5, items=50)
    assert over_workers(votes, scale="ordinal").value == krippendorff_alpha(votes, scale="ordinal").value


def test_two_workers_cannot_be_told_from_others() -> None:
    found = over_workers(wide(("1212", "1221")))
    assert not np.isnan(found.value)
    assert np.isnan([found.low, found.high, found.error]).all()
    assert np.isnan(over_workers(Votes.of([], [], [], classes=["x"])).value)
    with pytest.raises(InvalidAgreement, match="level is 1"):
        over_workers(wide(("12", "12")), level=1)
