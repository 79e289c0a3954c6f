"""The rule that weighs what one more answer saves against what it costs."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.aggregation import Consensus
from crowdqc.quality.aggregation.decision import InvalidCosts
from crowdqc.quality.gold import Gold
from crowdqc.quality.items import InvalidMatrix
from crowdqc.quality.overlap import ACTIONS, ExpectedSaving, Standing, WorkerGroups
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes
from tests.quality.overlap.standings import simulated, standing

E2 = [[0.8, 0.2], [0.2, 0.8]]
ASK, EXPERT = ACTIONS.index("ask"), ACTIONS.index("expert")


def test_it_does_what_is_expected_to_cost_least() -> None:
    found = ExpectedSaving(price=0.02, expert_price=0.1, maximum=6).decide(simulated(0, overlap=4))
    # by the class of the action: enough, ask, expert
    figures = np.stack([found.stop, found.ask, found.expert])
    chosen = figures[found.action, np.arange(found.action.size)]
    np.testing.assert_allclose(chosen, figures.min(axis=0), atol=1e-9)
    assert set(found.names()) == {"enough", "ask", "expert"}


def test_one_item_by_hand() -> None:
    """At even odds an answer of 0.8 leaves 0.2 to pay: it saves 0.3."""
    even = standing([[0.5, 0.5]], E2)
    for price, action in ((0.29, "ask"), (0.31, "enough")):
        found = ExpectedSaving(price=price, maximum=3).decide(even)
        assert (found.names(), found.overlap[0]) == ([action], 2 + (action == "ask"))
        assert (found.stop[0], found.ask[0], found.gain[0]) == pytest.approx((0.5, 0.2 + price, 0.3))
    for price, action in ((0.19, "expert"), (0.21, "ask")):
        rule = ExpectedSaving(price=0.0, expert_price=price, maximum=3)
        assert rule.decide(even).names() == [action]
    # an expert who errs costs his mistakes as well
    assert ExpectedSaving(expert_price=0.1, expert_accuracy=0.9).decide(even).expert[0] == pytest.approx(0.2)


def test_what_a_mistake_costs_decides() -> None:
    item = standing([[0.97, 0.03]], E2)
    assert ExpectedSaving(price=0.05, maximum=3).decide(item).names() == ["enough"]
    costs = ((0.0, 1.0), (40.0, 0.0))
    found = ExpectedSaving(price=0.05, maximum=3, costs=costs).decide(item)
    assert found.names() == ["ask"]
    assert found.stop[0] == pytest.approx(0.97)  # to say the second class
    wrong = ExpectedSaving(expert_price=0.1, expert_accuracy=0.5, costs=costs).decide(item).expert[0]
    assert wrong == pytest.approx(0.1 + 0.5 * (0.97 * 1 + 0.03 * 40))


@given(st.integers(0, 50), st.integers(2, 4), st.booleans())
def test_the_dearer_an_answer_the_fewer_are_asked(seed: int, K: int, expertly: bool) -> None:
    rng = np.random.default_rng(seed)
    state = standing(rng.dirichlet(np.ones(K), 12), rng.dirichlet(np.ones(K) / 2, K))
    expert = 0.2 if expertly else None
    asked = [
        ExpectedSaving(price=price, expert_price=expert, maximum=5).decide(state).action == ASK
        for price in (0.0, 0.001, 0.01, 0.05, 0.2, 1.0)
    ]
    for cheaper, dearer in itertools.pairwise(asked):
        assert (dearer <= cheaper).all()
    assert not asked[-1].any()


@given(st.integers(0, 50))
def test_the_dearer_an_expert_the_fewer_are_sent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = standing(rng.dirichlet(np.ones(3), 12), rng.dirichlet(np.ones(3), 3))
    sent = [
        ExpectedSaving(price=0.02, expert_price=price).decide(state).action == EXPERT
        for price in (0.0, 0.05, 0.2, 0.6, 1.0)
    ]
    for cheaper, dearer in itertools.pairwise(sent):
        assert (dearer <= cheaper).all()
    assert not sent[-1].any()


@given(st.integers(0, 200), st.permutations(range(3)), st.booleans())
def test_other_names_of_the_classes_change_nothing(seed: int, order: list[int], priced: bool) -> None:
    rng = np.random.default_rng(seed)
    posterior, e = rng.dirichlet(np.ones(3), 8), rng.dirichlet(np.ones(3), 3)
    costs = rng.exponential(size=(3, 3)) * (1 - np.eye(3)) if priced else None

    def decide(p: np.ndarray, table: np.ndarray, c: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        rows = None if c is None else tuple(map(tuple, c.tolist()))
        found = ExpectedSaving(price=0.03, expert_price=0.3, costs=rows).decide(standing(p, table))
        return found.action, found.ask

    at = np.ix_(order, order)
    action, ask = decide(posterior, e, costs)
    renamed, asked = decide(posterior[:, order], e[at], None if costs is None else costs[at])
    np.testing.assert_array_equal(renamed, action)
    np.testing.assert_allclose(asked, ask, atol=1e-12)


def test_it_keeps_between_the_minimum_and_the_maximum() -> None:
    posterior = [[0.5, 0.5]] * 3 + [[1.0, 0.0]]
    state = standing(posterior, E2, [3, 4, 5, 2])
    found = ExpectedSaving(price=0.0, minimum=3, maximum=4).decide(state)
    assert found.names() == ["ask", "enough", "enough", "ask"]
    assert found.words(1) == "the maximum of 4 answers is reached"
    assert found.words(3) == "fewer answers than the minimum of 3"
    assert np.isinf(found.ask[1:3]).all()
    # there an expert may still be the cheaper
    found = ExpectedSaving(price=0.0, expert_price=0.4, minimum=3, maximum=4).decide(state)
    assert found.names() == ["ask", "expert", "expert", "ask"]
    assert found.words(1) == "an expert is expected to cost 0.4, to stop 0.5; no answer is left"


def test_gold_never_asks_and_goes_to_no_expert() -> None:
    state = standing([[0.5, 0.5], [0.5, 0.5]], E2, [1, 2], gold={0: "1"}, draws=[0.0, 0.9])
    found = ExpectedSaving(price=0.0, expert_price=0.0, sample=0.5).decide(state)
    assert found.names() == ["enough", "expert"]
    assert (found.words(0), found.stop[0], found.gain[0]) == ("its truth is known", 0, 0)


def test_the_sample_is_asked_up_to_the_maximum() -> None:
    state = standing([[0.999, 0.001]] * 4, E2, [2, 2, 5, 1], draws=[0.1, 0.3, 0.1, 0.3])
    found = ExpectedSaving(price=0.01, sample=0.2, maximum=5).decide(state)
    assert found.names() == ["ask", "enough", "enough", "ask"]
    assert found.words(0) == "drawn by chance to be asked up to the maximum of 5"
    with pytest.raises(InvalidParameter, match=r"no draws.*audit_draws"):
        ExpectedSaving(sample=0.2).decide(standing([[0.5, 0.5]], E2))


def test_to_look_one_answer_ahead_stops_too_early() -> None:
    state = standing([[0.9, 0.1]], E2)
    assert ExpectedSaving(price=0.001, ahead=1).decide(state).names() == ["enough"]
    found = ExpectedSaving(price=0.001).decide(state)
    assert (found.names(), found.gain[0]) == (["ask"], 0)
    assert found.words(0) == f"to ask on is expected to cost {found.ask[0]:.3g}, to stop 0.1"


def test_the_most_saving_comes_first() -> None:
    found = ExpectedSaving(price=0.01, expert_price=0.45, maximum=4).decide(
        standing([[0.8, 0.2], [0.5, 0.5], [1.0, 0.0], [0.7, 0.3]], E2, [2, 2, 2, 2])
    )
    assert found.taking("ask").tolist() == [1, 3, 0]
    assert found.taking("enough").tolist() == [2]
    last = ExpectedSaving(expert_price=0.1, maximum=2).decide(standing([[0.8, 0.2], [0.5, 0.5]], E2))
    assert last.taking("expert").tolist() == [1, 0]


def test_the_expected_cost_is_what_is_paid() -> None:
    """Over many items and answers that really come, from a crowd that is as the table says."""
    rng = np.random.default_rng(7)
    n, price, most, e = 4000, 0.02, 7, np.array(E2)
    truth = rng.integers(2, size=n)
    logs = np.zeros((n, 2))
    rule = ExpectedSaving(price=price, expert_price=0.12, minimum=1, maximum=most)
    promised, spent, sent = 0.0, np.zeros(n, dtype=int), np.zeros(n, dtype=bool)
    asking = np.ones(n, dtype=bool)
    for answers in range(1, most + 1):
        said = np.where(rng.random(n) < 0.8, truth, 1 - truth)
        logs[asking] += np.log(e[:, said[asking]].T)
        spent += asking
        posterior = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
        found = rule.decide(standing(posterior, e, answers))
        if answers == 1:
            promised = price + np.minimum(np.minimum(found.stop, found.ask), found.expert).mean()
        sent |= asking & (found.action == EXPERT)
        asking &= found.action == ASK
    wrong = (logs.argmax(axis=1) != truth) & ~sent
    assert (price * spent + 0.12 * sent + wrong).mean() == pytest.approx(promised, abs=0.01)


def test_degenerate() -> None:
    one = standing([[1.0]], [[1.0]])
    assert ExpectedSaving(price=0.0, expert_price=0.0).decide(one).names() == ["enough"]
    assert ExpectedSaving().decide(standing(np.zeros((0, 2)), E2)).names() == []
    # a crowd that tells nothing is not asked, whatever the price
    blind = standing([[0.5, 0.5]], [[0.6, 0.4], [0.6, 0.4]])
    assert ExpectedSaving(price=0.0).decide(blind).names() == ["enough"]
    votes = Votes.of([], [], [], classes="xy", all_items=[1, 2])
    consensus = Consensus.of(np.zeros((2, 2)), votes, Gold.none(votes), class_prior=np.full(2, 0.5))
    assert ExpectedSaving().decide(Standing.of(votes, consensus, crowd=E2)).names() == ["ask", "ask"]


def test_the_crowd_is_estimated_where_it_is_not_given() -> None:
    state = simulated(2, items=400, overlap=4)
    found = ExpectedSaving(price=0.02, maximum=6).decide(state)
    assert 0 < (found.action == ASK).sum() < 200
    groups = WorkerGroups.of(state.votes, state.consensus, 2)
    told = ExpectedSaving(price=0.02, maximum=6).decide(replace(state, crowd=groups))
    np.testing.assert_array_equal(told.ask, found.ask)


def test_who_answers_tells_something_as_well() -> None:
    """Known groups are never worth less than one crowd of the same mean, and the gain is theirs together."""
    tables = np.array([[[0.95, 0.05], [0.05, 0.95]], [[0.5, 0.5], [0.5, 0.5]]])
    groups = WorkerGroups.given(tables, [0.4, 0.6])
    posterior = np.random.default_rng(0).dirichlet([1, 1], 20)
    together = ExpectedSaving(price=0.01).decide(standing(posterior, groups.anybody()))
    apart = ExpectedSaving(price=0.01).decide(standing(posterior, groups))
    assert (apart.ask <= together.ask + 1e-12).all()
    assert (apart.gain >= together.gain - 1e-12).all()
    assert (apart.ask < together.ask - 1e-3).any()
    even = ExpectedSaving(price=0.01).decide(standing([[0.5, 0.5]], groups))
    assert even.gain[0] == pytest.approx(0.4 * 0.45)


def test_with_many_classes_workers_are_not_told_apart() -> None:
    """There the answers looked ahead are worth more than who gives them."""
    state = simulated(3, K=10, items=200)
    two, one = ExpectedSaving().decide(state), ExpectedSaving(groups=1).decide(state)
    np.testing.assert_array_equal(two.ask, one.ask)


def test_refused() -> None:
    for parameters in (
        {"price": -1},
        {"price": float("nan")},
        {"expert_price": -1},
        {"expert_accuracy": 1.1},
        {"ahead": 0},
        {"groups": 0},
        {"minimum": 4, "maximum": 3},
    ):
        with pytest.raises(InvalidParameter):
            ExpectedSaving(**parameters)
    with pytest.raises(InvalidCosts):
        ExpectedSaving(costs=((0.0, 1.0, 1.0),)).decide(standing([[0.5, 0.5]], E2))
    with pytest.raises(InvalidMatrix):
        ExpectedSaving().decide(standing([[0.5, 0.5]], [[0.5, 0.4], [0.5, 0.5]]))
