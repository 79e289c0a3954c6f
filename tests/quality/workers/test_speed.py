"""Answers that are too fast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crowdqc.quality.aggregation import DawidSkene
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.backing import Backing
from crowdqc.quality.workers.speed import Speeds, SpeedTest
from tests.quality.workers.planted import coin, crowd


def timed(seed: int, careless: int | None = None, quick: int | None = None) -> Votes:
    """A crowd with times: long and short items, slow and fast workers; half of what two workers answer is hurried.

    The careless one guesses there, the quick one is as good as ever.
    """
    rng = np.random.default_rng(seed)
    votes = crowd(seed, coin(rng.uniform(0.7, 0.95, 25), 3), items=600, overlap=4).votes
    usual = rng.normal(2.5, 0.5, 600)[votes.item] + rng.normal(0, 0.3, 25)[votes.worker]
    seconds = np.exp(usual + rng.normal(0, 0.4, len(votes)))
    label = votes.label.copy()
    for worker in (careless, quick):
        hurried = np.flatnonzero((votes.worker == worker) & (rng.random(len(votes)) < 0.5))
        seconds[hurried] = rng.uniform(0.5, 1.5, hurried.size)
        if worker == careless:
            label[hurried] = rng.integers(3, size=hurried.size)
    return replace(votes, seconds=seconds, label=label)


def run(votes: Votes, gold: Gold | None = None, **parameters: float) -> Speeds:
    backing = Backing.of(votes, DawidSkene().fit(votes, gold), gold)
    return SpeedTest(**parameters).run(votes, backing)


def test_careless_hurry_is_found_and_quickness_alone_is_not() -> None:
    careless, quick, others = [], [], []
    for seed in range(15):
        found = run(timed(seed, careless=0, quick=1))
        small = found.q_value < 0.05
        careless.append(small[0] and found.low[0] > 0)
        quick.append(small[1])
        others.append(np.nansum(small[2:]))
        assert 0.35 < found.share[0] < 0.65
        assert 0.35 < found.share[1] < 0.65
        assert found.hurried[2:].sum() < 40
    assert np.mean(careless) == 1
    assert np.mean(quick) <= 0.1
    assert np.sum(others) <= 2


def test_where_hurry_does_no_harm_it_finds_none() -> None:
    """With a line that many honest answers are below."""
    p = np.concatenate([run(timed(seed), spread=1.0).p_value for seed in range(20)])
    for chance in (0.01, 0.05, 0.1, 0.2):
        assert np.nanmean(p <= chance) <= chance + 0.005, chance
    assert np.isfinite(p).mean() > 0.9


def test_by_hand() -> None:
    """Gold, and a minimum that says what is hurried: three of four hurried answers wrong, all others right."""
    right = [True] * 20 + [False, False, False, True]
    votes = Votes.of(
        range(24), ["a"] * 24, ["x" if good else "y" for good in right], seconds=[30] * 10 + [31] * 10 + [2] * 4
    )
    gold = Gold.of(votes, dict.fromkeys(range(24), "x"))
    found = run(votes, gold, minimum=5.0, spread=10.0)
    assert (found.timed[0], found.hurried[0], found.share[0]) == (24, 4, 4 / 24)
    assert (found.fast[0], found.calm[0], found.difference[0]) == pytest.approx((0.25, 1, 0.75))
    assert found.low[0] > 0.2
    assert found.p_value[0] < 0.01
    assert found.repeated[0] == 1
    assert found.usual_share == 4 / 24


def test_pace_is_against_what_others_take_on_the_item() -> None:
    """Short items and long ones; one worker takes half as long as the rest, and long items are no fault of his."""
    items, workers = np.repeat(np.arange(200), 5), np.tile(np.arange(5), 200)
    long = np.where(items % 2, 10.0, 100.0)
    votes = Votes.of(items, workers, ["x"] * 1000, seconds=long * np.where(workers == 0, 0.5, 1.0))
    found = run(votes)
    assert found.pace[0] == pytest.approx(0.5, rel=0.25)
    np.testing.assert_allclose(found.pace[1:], 1, rtol=0.6)
    assert found.pace[0] < 0.6 * found.pace[1:].min()


def test_a_page_is_one_time_for_all_its_answers() -> None:
    """Ten answers on a page that took 100 seconds are not ten answers of 100 seconds."""
    rng = np.random.default_rng(0)
    items, workers = np.repeat(np.arange(100), 4), np.tile(np.arange(4), 100)
    page = items // 10
    seconds = rng.uniform(80, 120, (4, 10))[workers, page]
    seconds[(workers == 0) & (page == 3)] = 5
    votes = Votes.of(items, workers, ["x"] * 400, seconds=seconds)
    backing = Backing.of(votes, DawidSkene().fit(votes))
    whole, paged = SpeedTest().run(votes, backing), SpeedTest().run(votes, backing, page)
    assert whole.timed.tolist() == [100] * 4
    assert whole.repeated.tolist() == [1] * 4
    assert paged.timed.tolist() == [10] * 4
    assert paged.repeated.tolist() == [0] * 4
    assert paged.hurried.tolist() == [1, 0, 0, 0]
    assert whole.hurried.tolist() == [10, 0, 0, 0]


def test_without_times_nothing_is_known() -> None:
    votes = Votes.of([1, 1], ["a", "b"], ["x", "x"])
    found = run(votes)
    assert found.timed.tolist() == [0, 0]
    np.testing.assert_equal((found.pace, found.share, found.p_value), [[np.nan] * 2] * 3)
    assert (found.share_low.tolist(), found.share_high.tolist()) == ([0, 0], [1, 1])
    assert np.isnan(found.usual_share)
