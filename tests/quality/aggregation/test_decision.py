"""The label of a posterior: ties, and what a mistake costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.aggregation import DawidSkene, MajorityVote, decide
from crowdqc.quality.aggregation.decision import InvalidCosts
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=1))
def test_equal_costs_choose_the_likeliest(weights: list[list[float]]) -> None:
    posterior = np.array(weights) / np.sum(weights, axis=1, keepdims=True)
    chosen = decide(posterior, 1 - np.eye(3))
    np.testing.assert_allclose(posterior[np.arange(len(chosen)), chosen], posterior.max(axis=1), atol=1e-8)


def test_costs_move_labels_but_not_gold() -> None:
    votes = Votes.of([1, 1, 1, 2, 2, 2], list("abcabc"), list("nnynny"), all_items=[1, 2, 3])
    gold = Gold.of(votes, {2: "n"})
    consensus = MajorityVote().fit(votes, gold)
    assert consensus.label.tolist() == [0, 0, -1]
    costly = consensus.under([[0, 1], [10, 0]])
    assert costly.label.tolist() == [1, 0, -1]
    assert costly.confidence[0] == pytest.approx(1 / 3)
    assert costly.margin[0] == pytest.approx(-1 / 3)
    assert consensus.label[0] == 0  # a value: the first consensus stays


def test_equally_costly_labels_are_tied() -> None:
    votes = Votes.of([1, 1, 1], list("abc"), list("nny"))
    assert MajorityVote().fit(votes).under([[0, 1], [2, 0]]).tied.tolist() == [True]


@pytest.mark.parametrize("costs", [[[0, 1]], [[1, 1], [1, 0]], [[0, -1], [1, 0]], [[0, np.inf], [1, 0]]])
def test_what_is_no_table_of_costs_is_refused(costs: object) -> None:
    votes = Votes.of([1, 1], list("ab"), list("ny"))
    with pytest.raises(InvalidCosts):
        DawidSkene().fit(votes).under(costs)  # type: ignore[arg-type]
