"""Answers given out again: nothing is seen before it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from crowdqc.quality.aggregation import Consensus, DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.overlap import (
    ConfidenceOverlap,
    ExpectedSaving,
    FixedOverlap,
    InvalidStanding,
    Rule,
    Standing,
    arrivals,
    replay,
)
from crowdqc.quality.votes import Votes
from tests.quality.crowds import simulate


def test_answers_come_in_an_order_of_each_item() -> None:
    votes = simulate(0, items=50, overlap=4).votes
    place = arrivals(votes, 1)
    for item in range(50):
        assert sorted(place[votes.item == item].tolist()) == [0, 1, 2, 3]
    np.testing.assert_array_equal(place, arrivals(votes, 1))
    assert (place != arrivals(votes, 2)).any()


def test_fixed_overlap_takes_the_first() -> None:
    votes = simulate(1, items=40, overlap=5).votes
    place = arrivals(votes, 3)
    ended = replay(votes, FixedOverlap(3), MajorityVote(), place=place)
    assert (ended.rounds, ended.spent.tolist()) == (1, [3] * 40)
    first = place < 3
    np.testing.assert_array_equal(ended.votes.worker, votes.worker[first])
    np.testing.assert_array_equal(ended.votes.label, votes.label[first])
    # more than there are: all of them, and the wish for more is left to be seen
    ended = replay(votes, FixedOverlap(9), MajorityVote())
    assert (len(ended.votes), set(ended.decisions.names())) == (len(votes), {"ask"})


@dataclass(frozen=True)
class Watched:
    """An aggregator that keeps what it was shown."""

    shown: list[Votes]

    def fit(self, votes: Votes, gold: Gold | None = None) -> Consensus:
        self.shown.append(votes)
        return MajorityVote().fit(votes, gold)


def test_nothing_is_seen_before_it_is_asked_for() -> None:
    votes = simulate(2, items=60, overlap=6).votes
    place = arrivals(votes, 0)
    watched = Watched([])
    ended = replay(votes, ConfidenceOverlap(0.9, 2, 6), watched, place=place)
    sizes = [len(shown) for shown in watched.shown]
    assert sizes[0] == 120
    assert sizes == sorted(set(sizes))
    assert ended.rounds == len(sizes)
    assert sizes[-1] == len(ended.votes) == ended.spent.sum()
    # what was asked for are the first answers of each item, and stopping by the last state is right
    assert (place[: votes.item.size] < ended.spent[votes.item]).sum() == len(ended.votes)
    final = Standing.of(ended.votes, ended.consensus)
    assert not (ConfidenceOverlap(0.9, 2, 6).decide(final).action == 1)[ended.spent < 6].any()


def test_gold_is_there_from_the_start_and_is_asked_no_more() -> None:
    votes = simulate(3, items=30, overlap=5).votes
    gold = Gold.of(votes, {0: "1"})
    ended = replay(votes, ExpectedSaving(price=0.01, maximum=5), DawidSkene(), gold)
    assert ended.spent[0] == 5
    assert ended.decisions.words(0) == "its truth is known"


def test_the_sample_gets_all_answers() -> None:
    votes = simulate(4, items=100, overlap=6, low=0.8).votes
    draws = np.random.default_rng(0).random(100)
    rule = ExpectedSaving(price=0.05, maximum=6, sample=0.2)
    ended = replay(votes, rule, DawidSkene(), draws=draws)
    assert (ended.spent[draws < 0.2] == 6).all()
    assert ended.spent[draws >= 0.2].mean() < 4


def test_dynamic_overlap_is_as_accurate_for_half_the_answers() -> None:
    """On crowds of independent workers, of whom the posterior is right."""
    crowd = simulate(5, items=1500, workers=40, K=2, overlap=10, low=0.65, high=0.95)
    right, spent = {}, {}
    rules: dict[str, Rule] = {
        "all": FixedOverlap(10),
        "half": FixedOverlap(5),
        "ours": ExpectedSaving(price=0.005, maximum=10),
    }
    for name, rule in rules.items():
        ended = replay(crowd.votes, rule, DawidSkene())
        right[name] = float((ended.consensus.label == crowd.truth).mean())
        spent[name] = float(ended.spent.mean())
    assert spent["ours"] <= 5
    assert right["ours"] >= right["all"] - 0.006
    assert right["ours"] >= right["half"] + 0.02


def test_refused() -> None:
    votes = simulate(0, items=5).votes
    with pytest.raises(InvalidStanding, match="place has the shape"):
        replay(votes, FixedOverlap(2), MajorityVote(), place=np.zeros(3, dtype=np.int64))
    consensus = MajorityVote().fit(votes)
    for wrong in ({"accuracy": [0.5]}, {"draws": [2.0] * 5}, {"accuracy": [np.nan] * 20}):
        with pytest.raises(InvalidStanding):
            Standing.of(votes, consensus, **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidStanding, match="the votes have others"):
        Standing.of(simulate(0, items=6).votes, consensus)
