"""Exposure and class balance, the one front, and cases in which there is nothing to see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crowdqc.quality.aggregation import DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold, InvalidGold
from crowdqc.quality.gold_health import KINDS, examine_gold
from crowdqc.quality.gold_health.answers import GoldAnswers
from crowdqc.quality.gold_health.trends import earlier
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.simulation import Simulation
from crowdqc.quality.tables import gold_classes_table, gold_table, gold_workers_table
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import InvalidColumn, Matrices
from tests.quality.gold_health.planted import found, gilded


def test_exposures_by_hand() -> None:
    votes = Votes.of([1, 1, 1, 2, 3], ["a", "b", "c", "a", "d"], ["x", "x", "y", "y", "x"], all_items=[1, 2, 3, 4])
    gold = Gold.of(votes, {1: "x", 2: "y", 4: "x"})
    order = [0.0, 4.0, 10.0, 2.0, 8.0]
    exposures = examine_gold(votes, MajorityVote().fit(votes, gold), gold, order, most_exposed=0.5).exposures
    assert exposures.answers.tolist() == [3, 1, 0]
    assert exposures.share.tolist() == [0.75, 0.25, 0]
    assert exposures.over.tolist() == [True, False, False]
    assert exposures.left.tolist() == [0, 1, 2]
    assert exposures.life.tolist() == [0, 10, np.inf]  # one more at one in ten


def test_earlier_exposures_by_a_plain_loop() -> None:
    case = gilded(1, items=60, workers=15, golds=20)
    order = np.floor(case.order / 7)  # many at one time
    order[::11] = np.nan
    answers = GoldAnswers.of(case.votes, MajorityVote().fit(case.votes, case.gold), case.gold)
    before = earlier(answers, order[answers.row])
    for row, votes_row in enumerate(answers.row):
        if not np.isnan(order[votes_row]):
            same = case.votes.item == case.votes.item[votes_row]
            assert before[row] == np.sum(order[same] < order[votes_row])


def test_classes_that_gold_lacks_are_told() -> None:
    crowd = Simulation(items=800, workers=20, classes=["a", "b", "c"], class_shares=[0.5, 0.3, 0.2]).run(3)
    of_class = [np.flatnonzero(crowd.truth == k) for k in range(3)]
    truth = {crowd.votes.items[i]: "abc"[k] for k, n in enumerate([5, 40, 20]) for i in of_class[k][:n]}
    gold = Gold.of(crowd.votes, truth)
    consensus = DawidSkene().fit(crowd.votes, gold)
    matrices = Matrices.of(crowd.votes, consensus)
    health = examine_gold(crowd.votes, consensus, gold, matrices=matrices, width=0.3)
    balance = health.balance
    np.testing.assert_allclose(balance.gold, [5, 40, 20])
    np.testing.assert_allclose(balance.rest_share, [0.5, 0.3, 0.2], atol=0.06)
    assert found(health, "imbalance")[0] == "a"
    assert balance.difference[0] < 0 < balance.difference[1]
    assert balance.high[0] < 0
    assert balance.chance < 1e-6
    assert balance.lacks.tolist() == np.maximum(balance.needed - [5, 40, 20], 0).tolist()
    for k, n in enumerate(balance.needed):
        found_share = matrices.crowd[k, k]
        low, high = beta_interval([found_share * n, found_share * (n - 1)], [n, n - 1])
        assert high[0] - low[0] <= 0.3 < high[1] - low[1]


def test_gold_that_is_drawn_from_the_rest_is_in_balance() -> None:
    p = [gilded(seed, golds=60).examine(seconds=False, order=False).balance.chance for seed in range(40)]
    assert np.mean(np.array(p) <= 0.05) <= 0.15
    assert np.mean(p) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("golds", [0, 100])
def test_no_gold_and_nothing_but_gold(golds: int) -> None:
    case = gilded(2, items=100, workers=10, golds=40)
    gold = Gold.none(case.votes)
    gold.accepted[np.arange(golds), 0] = True
    health = examine_gold(case.votes, DawidSkene().fit(case.votes, gold), gold, case.order)
    assert health.item.size == golds
    assert np.isnan(health.leaks.p_value).all()
    assert np.isnan(health.knowing.right).all()
    assert np.isnan(health.ease.better)
    assert np.isnan(health.balance.p_value).all()
    assert {each.kind for each in health.findings} <= {*KINDS} - {"leak", "knowing", "ease", "imbalance"}
    if not golds:
        assert health.findings == ()
    tables = gold_table(case.votes, gold, health), gold_workers_table(case.votes, health)
    assert [{len(column) for column in table.values()} for table in tables] == [{golds}, {10}]


def test_all_gold_still_tells_wrong_gold() -> None:
    case = gilded(3, items=60, golds=60, wrong=3)
    assert {*np.flatnonzero(case.examine().suspects.q_value <= 0.05)} == {*case.wrong.tolist()}


def test_one_worker_one_class_one_item_and_no_answers() -> None:
    one = Votes.of([1, 2, 3], ["a"] * 3, ["x", "y", "x"], seconds=[1, 2, 3])
    lone = Votes.of([1, 2], ["a", "b"], ["x", "x"], classes=["x"])
    none = Votes.of([], [], [], classes=["x", "y"], all_items=[1])
    for votes, truth in ((one, {1: "x"}), (one, {1: "y", 2: "y"}), (lone, {1: "x"}), (none, {1: "x"})):
        gold = Gold.of(votes, truth)
        health = examine_gold(votes, MajorityVote().fit(votes, gold), gold, np.arange(len(votes)))
        assert health.item.size == len(truth)
        assert not {"suspect", "leak", "knowing"} & {each.kind for each in health.findings}
        assert len(gold_table(votes, gold, health)["item"]) == len(truth)


def test_seconds_and_order_that_are_not_known() -> None:
    case = gilded(4, items=120, workers=12)
    nothing = np.full(len(case.votes), np.nan)
    unknown = replace(case, votes=replace(case.votes, seconds=nothing), order=nothing)
    health = unknown.examine()
    assert np.isnan(health.leaks.pace).all()
    assert np.isnan(health.leaks.p_value).all()
    assert np.isnan(health.exposures.life).all()
    plain = case.examine(seconds=False, order=False)
    assert plain.trends is None
    np.testing.assert_array_equal(plain.leaks.p_value, plain.leaks.p_better)


def test_it_does_not_matter_who_is_called_what() -> None:
    """Items and workers in another order: the same figures."""
    case = gilded(5, items=150, workers=15, wrong=2)
    votes, rng = case.votes, np.random.default_rng(0)
    item, worker = rng.permutation(votes.n_items), rng.permutation(votes.n_workers)
    back = np.argsort(item)
    other = Votes.coded(
        item[votes.item],
        worker[votes.worker],
        votes.label,
        items=[votes.items[i] for i in back],
        workers=[votes.workers[w] for w in np.argsort(worker)],
        classes=votes.classes,
        seconds=votes.seconds,
    )
    one = case.examine(order=False)
    two = replace(case, votes=other, gold=Gold(case.gold.accepted[back])).examine(order=False)
    there = np.argsort([other.items[i] for i in two.item])
    np.testing.assert_allclose(two.suspects.log_odds[there], one.suspects.log_odds, atol=1e-3)
    np.testing.assert_allclose(two.leaks.p_value[there], one.leaks.p_value, atol=1e-3)
    np.testing.assert_allclose(two.knowing.p_value[worker], one.knowing.p_value, atol=1e-3)


def test_the_tables() -> None:
    case = gilded(6, wrong=2)
    health = case.examine()
    table = gold_table(case.votes, case.gold, health)
    assert table["item"] == list(case.votes.items[:40])
    assert {len(column) for column in table.values()} == {40}
    bad = [table["meaning"][g] for g in case.wrong]
    assert all("good workers disagree" in words for words in bad)
    assert gold_classes_table(case.votes, health)["class"] == list(case.votes.classes)
    assert gold_workers_table(case.votes, health)["gold_answers"].sum() == health.ease.answers


def test_what_cannot_be_read_is_refused() -> None:
    case = gilded(7, items=60, workers=10)
    consensus = MajorityVote().fit(case.votes, case.gold)
    with pytest.raises(InvalidColumn):
        examine_gold(case.votes, consensus, case.gold, [1.0])
    with pytest.raises(InvalidParameter):
        examine_gold(case.votes, consensus, case.gold, most_exposed=2.0)
    with pytest.raises(InvalidGold):
        examine_gold(case.votes, consensus, {"nowhere": "0"})
