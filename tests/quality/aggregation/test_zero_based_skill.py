"""Zero-based skill, against crowd-kit's and as rounds of Wawa."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from crowdqc.quality.aggregation.wawa import Wawa
from crowdqc.quality.aggregation.zero_based_skill import ZeroBasedSkill
from crowdqc.quality.gold import Gold
from crowdqc.quality.parameters import InvalidParameter
from tests.quality.aggregation.crowd_kit import fitted, predicted
from tests.quality.crowds import Row, rows, simulate, votes_of


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ZeroBasedSkill(), {}),
        (
            ZeroBasedSkill(max_iterations=25, rate=0.3, rate_steps=4, rate_factor=0.8, eps=0.1),
            {"n_iter": 25, "lr_init": 0.3, "lr_steps_to_reduce": 4, "lr_reduce_factor": 0.8, "eps": 0.1},
        ),
    ],
)
def test_equals_crowd_kit_without_ties(ours: ZeroBasedSkill, theirs: dict[str, Any]) -> None:
    votes = simulate(1, items=150, K=2, overlap=5, low=0.3).votes
    model = predicted(fitted("ZeroBasedSkill", votes, **theirs), votes)
    consensus = ours.fit(votes)
    np.testing.assert_allclose(consensus.skill, model.skills_.sort_index(), atol=1e-10)  # type: ignore[arg-type]
    np.testing.assert_allclose(consensus.posterior, model.probas_.sort_index().fillna(0), atol=1e-10)


@given(rows())
def test_one_round_is_wawa(table: list[Row]) -> None:
    votes = votes_of(table)
    gold = Gold.of(votes, {"a": "P", "b": ["Q", "R"]})
    one, other = ZeroBasedSkill(max_iterations=1).fit(votes, gold), Wawa().fit(votes, gold)
    np.testing.assert_allclose(one.skill, other.skill, atol=1e-12)  # type: ignore[arg-type]
    np.testing.assert_allclose(one.posterior, other.posterior, atol=1e-12)


@given(rows())
def test_where_it_stands_still_each_skill_is_the_agreement_with_its_own_vote(table: list[Row]) -> None:
    votes = votes_of(table)
    consensus = ZeroBasedSkill().fit(votes)
    assert consensus.skill is not None
    if not consensus.converged:
        assert consensus.iterations == 100
        return
    best = consensus.posterior >= consensus.posterior.max(axis=1, keepdims=True) - 1e-9
    credit = (best / best.sum(axis=1, keepdims=True))[votes.item, votes.label]
    for worker in range(votes.n_workers):
        assert consensus.skill[worker] == pytest.approx(credit[votes.worker == worker].mean())


def test_parameters_are_checked() -> None:
    for wrong in ({"rate": 2}, {"rate_factor": -1}, {"eps": -1}, {"max_iterations": 0}, {"rate_steps": 0.5}):
        with pytest.raises(InvalidParameter, match=next(iter(wrong))):
            ZeroBasedSkill(**wrong)  # type: ignore[arg-type]
