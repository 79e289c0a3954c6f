"""A coefficient of each part of the items."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.agreement import InvalidAgreement, cohen_kappa, gwet_ac1, krippendorff_alpha, per_slice
from crowdqc.quality.votes import Votes
from tests.quality.agreement.tables import wide
from tests.quality.crowds import simulate


def test_a_slice_is_as_if_the_rest_were_not_there() -> None:
    votes = simulate(1, items=90, K=3, workers=5).votes
    code = np.random.default_rng(0).integers(-1, 4, size=90)
    for coefficient in (krippendorff_alpha, gwet_ac1, cohen_kappa):
        found = per_slice(votes, code, coefficient, intervals="analytic", level=0.9)
        assert len(found) == 4
        for place, each in enumerate(found):
            alone = coefficient(votes.where(code[votes.item] == place), intervals="analytic", level=0.9)
            assert each == alone


def test_empty_slices_are_there_and_undefined() -> None:
    found = per_slice(wide(("1212", "1221")), [1, 1, -1, -1], n_slices=3)
    assert [each.items for each in found] == [0, 2, 0]
    assert found[1].value == 1
    assert np.isnan([found[0].value, found[2].value]).all()
    assert per_slice(Votes.of([], [], [], classes=["x"]), []) == ()


def test_slices_must_fit_the_items() -> None:
    votes = wide(("12", "12"))
    with pytest.raises(InvalidAgreement, match="each of the 2 items"):
        per_slice(votes, [0])
    with pytest.raises(InvalidAgreement, match="each of the 2 items"):
        per_slice(votes, [0.5, 1.0])
    with pytest.raises(InvalidAgreement, match="holds 5; with n_slices=2"):
        per_slice(votes, [0, 5], n_slices=2)
