"""The queue: shares, no item twice, the random slice."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.sampling import (
    InvalidQueue,
    KnownErrors,
    LowConfidence,
    MissingEvidence,
    Part,
    Pool,
    QueuePlan,
    Sampler,
    TeacherDisagreement,
    Yields,
)
from tests.quality.sampling.cases import everything

SAMPLERS: dict[str, Sampler] = {"unsure": LowConfidence(), "teacher": TeacherDisagreement(), "near": KnownErrors()}


def plan(shares: tuple[float, ...] = (1.0, 1.0, 1.0), random: float = 0.15) -> QueuePlan:
    return QueuePlan.of(SAMPLERS, shares, random)


@given(st.integers(0, 100), st.integers(1, 80), st.floats(0.1, 0.25), st.tuples(*[st.floats(0.1, 5)] * 3))
@settings(max_examples=25, deadline=None)
def test_what_holds_for_every_queue(seed: int, size: int, random: float, shares: tuple[float, ...]) -> None:
    pool = everything(seed)
    queue = plan(shares, random).build(pool, size, seed)
    size = min(size, pool.free().size)
    assert len(set(queue.item.tolist())) == len(queue)
    assert len(queue) + queue.missing == size
    assert set(queue.item.tolist()) <= set(pool.free().tolist())
    assert queue.random.sum() == max(1, round(random * size))
    assert queue.chance == pytest.approx(queue.random.sum() / pool.free().size)
    assert queue.chosen.any(axis=1).all()
    for place, reasons in enumerate(queue.reasons):
        flags = zip(queue.names, queue.chosen[place], strict=True)
        assert {*reasons} == {name for name, flag in flags if flag}


def test_the_seed_decides() -> None:
    pool = everything(n=400)
    one, two, other = (plan().build(pool, 60, seed) for seed in (1, 1, 2))
    assert one.item.tolist() == two.item.tolist()
    assert one.reasons == two.reasons
    assert one.item.tolist() != other.item.tolist()


def test_places_go_by_shares() -> None:
    pool = everything(n=900)
    queue = plan((3, 2, 1), 0.1).build(pool, 200, 0)
    # an item that two chose costs only the first of them its share
    alone = queue.chosen[:, 1:] & ~queue.random[:, None] & (queue.chosen[:, 1:].cumsum(axis=1) == 1)
    assert queue.random.sum() == 20
    assert alone.sum() == 180
    assert alone.sum(axis=0) == pytest.approx([90, 60, 30], abs=8)


def test_the_random_slice_is_a_fair_sample_whatever_the_samplers_do() -> None:
    """The samplers find nearly all errors; the random slice still has as many as all items have."""
    n = 300
    wrong = np.zeros(n, dtype=bool)
    wrong[:30] = True
    sure = np.where(wrong, 0.55, 0.95)
    pool = Pool.of(n, student=np.stack([sure, 1 - sure], axis=1))
    rule = QueuePlan.of({"unsure": LowConfidence()})
    rates, times = [], np.zeros(n)
    for seed in range(400):
        queue = rule.build(pool, 60, seed)
        rates.append(wrong[queue.item[queue.random]].mean())
        times[queue.item[queue.random]] += 1
        assert wrong[queue.item].sum() == 30
    assert np.mean(rates) == pytest.approx(0.1, abs=4 * np.std(rates) / 20)
    # each item 400 * 9 / 300 = 12 times, a binomial of variance 11.6
    assert ((times - 12) ** 2).mean() == pytest.approx(11.64, rel=0.3)


def test_who_stops_early_has_a_fair_part_of_the_slice() -> None:
    pool = everything(n=500)
    first = [plan().build(pool, 100, seed).random[:40].sum() for seed in range(60)]
    assert np.mean(first) == pytest.approx(6, abs=0.9)


def test_another_sampler_changes_no_draw_of_the_others() -> None:
    pool = everything(n=200)
    few = QueuePlan.of({"unsure": LowConfidence()}).build(pool, 40, 5)
    more = QueuePlan.of({"near": KnownErrors(), "unsure": LowConfidence()}).build(pool, 40, 5)
    assert sorted(few.item[few.random].tolist()) == sorted(more.item[more.random].tolist())


def test_who_has_no_more_to_say_leaves_his_places() -> None:
    pool = everything(n=100)
    silent = replace(pool, teacher=pool.student)
    queue = QueuePlan.of({"teacher": TeacherDisagreement(), "unsure": LowConfidence()}).build(silent, 40, 0)
    assert (len(queue), queue.missing) == (40, 0)
    assert not queue.chosen[:, queue.names.index("teacher")].any()
    alone = QueuePlan.of({"teacher": TeacherDisagreement()}).build(silent, 40, 0)
    assert (len(alone), alone.missing) == (6, 34)


def test_without_parts_all_is_random() -> None:
    queue = QueuePlan(()).build(Pool.of(10), 4, 0)
    assert (len(queue), queue.random.all(), queue.chance) == (4, True, 0.4)
    assert len(QueuePlan(()).build(Pool.of(2, right=[0, 1]), 4, 0)) == 0


def test_a_share_of_nothing_is_not_asked() -> None:
    queue = QueuePlan.of(SAMPLERS, [1, 0, 0]).build(Pool.of(3, student=[[0.5, 0.5]] * 3), 2, 0)
    assert queue.names == ("random", "unsure")
    with pytest.raises(MissingEvidence, match="teacher"):
        plan().build(Pool.of(3, student=[[0.5, 0.5]] * 3), 2, 0)


def test_a_plan_is_written_and_read() -> None:
    rule = plan((1, 2, 3), 0.2)
    assert QueuePlan.read(json.loads(json.dumps(rule.written()))) == rule
    assert [part.share for part in rule.shared({"near": 0.7, "unsure": 0.3}).parts] == [0.3, 0.0, 0.7]


@pytest.mark.parametrize(
    "stored",
    [{}, {"parts": 3}, {"parts": [{"name": "x"}]}, {"parts": ["x"]}, {"parts": [{"name": "x", "sampler": []}]}],
)
def test_a_plan_that_is_none_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(InvalidQueue, match="cannot be read"):
        QueuePlan.read(stored)


def test_bad_plans_are_named() -> None:
    for share in (0.05, 0.3):
        with pytest.raises(InvalidParameter, match=r"random is .* from 0\.1 to 0\.25"):
            plan(random=share)
    with pytest.raises(InvalidQueue, match="named 'a'"):
        QueuePlan((Part("a", LowConfidence()), Part("a", KnownErrors())))
    with pytest.raises(InvalidQueue, match="'random' cannot name"):
        Part("random", LowConfidence())
    with pytest.raises(InvalidQueue, match="All shares are 0"):
        plan((0, 0, 0))
    with pytest.raises(InvalidQueue, match="2 shares for 3"):
        QueuePlan.of(SAMPLERS, [1, 2])
    with pytest.raises(InvalidQueue, match="size is 0"):
        plan().build(everything(), 0, 0)


def test_yields_count_each_who_chose() -> None:
    queue = plan().build(everything(n=300), 60, 3)
    wrong = queue.item % 3 == 0
    looked = np.arange(60) < 40
    brought = Yields.from_queue(queue, wrong & looked, looked)
    for place, name in enumerate(queue.names):
        assert brought.looked[place] == sum(name in reasons for reasons in queue.reasons[:40])
        assert brought.found[place] == (queue.chosen[:40, place] & wrong[:40]).sum()
