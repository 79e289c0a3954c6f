"""Workers who share mistakes."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from crowdqc.quality.aggregation import Aggregator, DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import collusion as collusion_module
from crowdqc.quality.workers import meetings as meetings_module
from crowdqc.quality.workers.collusion import Collusion, CollusionTest
from crowdqc.quality.workers.matrices import Matrices
from crowdqc.quality.workers.meetings import Meetings
from crowdqc.quality.workers.mistakes import Mistakes
from tests.quality.workers.planted import coin, crowd


def look(votes: Votes, model: Aggregator | None = None, gold: Gold | None = None) -> Collusion:
    consensus = (model or DawidSkene()).fit(votes, gold)
    return CollusionTest().run(votes, consensus, Matrices.of(votes, consensus))


def called(found: Collusion) -> set[tuple[int, int]]:
    pairs = zip(found.first.tolist(), found.second.tolist(), strict=True)
    return {pair for pair, q in zip(pairs, found.q_value, strict=True) if q <= 0.05}


CROWDS: list[dict[str, Any]] = [
    {"K": 3, "items": 1000},
    {"K": 2, "items": 1000, "hard": 0.2, "attracts": 0.4},
    {"K": 3, "items": 1000, "hard": 0.2},
    {"K": 5, "items": 800, "hard": 0.2, "low": 0.8},
    {"K": 3, "items": 300, "hard": 0.2, "overlap": 10},
    {"K": 3, "items": 1500, "hard": 0.1, "overlap": 3},
]


def drawn(seed: int, K: int, low: float = 0.65, **how: Any) -> Votes:
    return crowd(seed, coin(np.random.default_rng(seed).uniform(low, 0.95, 20), K), **how).votes


@pytest.mark.parametrize("model", [MajorityVote(), DawidSkene()])
def test_attractive_mistakes_are_no_collusion(model: Aggregator) -> None:
    """At most 5% of crowds may have a false discovery, be it that one wrong label attracts everybody."""
    false = [bool(called(look(drawn(seed, **how), model))) for how in CROWDS for seed in range(5)]
    assert np.sum(false) <= 4


@pytest.mark.parametrize("model", [MajorityVote(), DawidSkene()])
def test_a_copy_is_found(model: Aggregator) -> None:
    hit, false = [], []
    for seed in range(6):
        true = coin(np.random.default_rng(seed).uniform(0.65, 0.85, 20), 3)
        found = look(crowd(seed, true, items=2500, overlap=5, hard=0.1, copies=[(0, 1)]).votes, model)
        hit.append((0, 1) in called(found))
        false.append(len(called(found) - {(0, 1)}))
        assert (found.group[:2] >= 0).all() == hit[-1]
    assert np.mean(hit) >= 0.8
    assert np.sum(false) <= 2


def test_a_ring_hangs_together() -> None:
    """Three who copy from a fourth, and another two; both are rings of their own, the larger first."""
    true = coin(np.full(24, 0.72), 4)
    copies = [(3, 4), (3, 5), (3, 6), (20, 21)]
    found = look(crowd(1, true, items=2500, overlap=6, copies=copies).votes)
    assert (found.group[3:7] == 0).all()
    assert (found.group[[20, 21]] == 1).all()
    assert (found.group == -1).sum() == 24 - 6
    assert (np.diff(found.first * 100 + found.second) > 0).all()


def test_agreement_on_what_is_right_is_no_evidence() -> None:
    """Ten experts who are always right say the same of everything."""
    votes = crowd(0, coin([1.0] * 10 + [0.6] * 10, 3), items=500, overlap=6).votes
    found = look(votes)
    experts = (found.first < 10) & (found.second < 10)
    assert not (found.q_value[experts] < 0.05).any()


def test_gold_shows_those_who_are_the_majority() -> None:
    """Two of the three who answer an item copy one another: they are its consensus, and the third looks bad."""
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=1000)
    copied = np.where(rng.random(200) < 0.6, truth[:200], (truth[:200] + 1) % 3)
    items = np.concatenate([np.arange(200), np.arange(200), np.arange(200), *[np.arange(200, 1000)] * 3])
    workers = np.concatenate([np.repeat([0, 1], 200), rng.integers(2, 10, 200)])
    workers = np.concatenate([workers, *np.array([[2, 3, 4], [5, 6, 7], [7, 8, 9]])[rng.integers(3, size=800)].T])
    honest = np.where(
        rng.random(items.size) < 0.85, truth[items], (truth[items] + rng.integers(1, 3, items.size)) % 3
    )
    labels = np.concatenate([copied, copied, honest[400:]])
    votes = Votes.of(items, workers, labels.astype(str))
    gold = Gold.of(votes, {item: str(label) for item, label in enumerate(truth)})
    assert (0, 1) not in called(look(votes, MajorityVote()))
    known = look(votes, MajorityVote(), gold)
    assert called(known) == {(0, 1)}
    assert known.wrong[0] == pytest.approx((copied != truth[:200]).sum(), abs=1e-6)
    assert (known.common[0], known.same[0]) == (200, 200)


def test_expectation_is_that_of_independent_workers() -> None:
    """Given gold, pairs share as many mistakes as are expected: over all pairs, and each within its chance."""
    true = coin(np.linspace(0.5, 0.9, 12), 4)
    ratio = []
    for seed in range(5):
        found_crowd = crowd(seed, true, items=300, overlap=12)
        votes = found_crowd.votes
        gold = Gold.of(votes, {item: str(label) for item, label in enumerate(found_crowd.truth)})
        consensus = DawidSkene().fit(votes, gold)
        mistakes = Mistakes.of(votes, consensus, Matrices.of(votes, consensus))
        habits = mistakes.habits(0)
        rows = {worker: np.flatnonzero(votes.worker == worker) for worker in range(12)}
        for one, two in combinations(range(12), 2):
            faced = mistakes.faced(rows[one], rows[two])
            wrong = (votes.label[rows[one]] == votes.label[rows[two]]) & (
                votes.label[rows[one]] != found_crowd.truth
            )
            assert faced.seen.sum() == pytest.approx(wrong.sum())
            # errors spread over three labels
            chance = 300 * (1 - true[one, 0, 0]) * (1 - true[two, 0, 0]) / 3
            ratio.append(
                faced.moments(np.tile(habits.weights(np.array([one]), np.array([two])), (300, 1)))[0].sum()
                / chance
            )
    assert np.mean(ratio) == pytest.approx(1, abs=0.05)
    assert np.std(ratio) < 0.25


def test_meetings_are_counted_as_by_hand() -> None:
    votes = drawn(5, 3, items=300, overlap=4)
    answered = [set(votes.item[votes.worker == worker].tolist()) for worker in range(20)]
    common = {pair: len(answered[pair[0]] & answered[pair[1]]) for pair in combinations(range(20), 2)}
    found = Meetings.of(votes, MajorityVote().fit(votes), 12)
    assert found.met == sum(number >= 12 for number in common.values())
    assert all(common[pair] >= 12 for pair in zip(found.first.tolist(), found.second.tolist(), strict=True))
    for part, pair, one, two in found.shared(votes):
        assert (votes.item[one] == votes.item[two]).all()
        assert (votes.worker[one] == found.first[part][pair]).all()
        assert (votes.worker[two] == found.second[part][pair]).all()
        met = [common[both] for both in zip(found.first[part].tolist(), found.second[part].tolist(), strict=True)]
        assert np.bincount(pair).tolist() == met


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = crowd(0, coin(np.full(15, 0.75), 3), items=600, overlap=5, copies=[(0, 1)]).votes
    whole = look(votes)
    monkeypatch.setattr(meetings_module, "BLOCK", 200)
    monkeypatch.setattr(meetings_module, "DENSE", 0)
    monkeypatch.setattr(collusion_module, "HELD", 90)
    parted = look(votes)
    assert len(whole) > 0
    for name in ("first", "second", "common", "same", "group"):
        assert getattr(parted, name).tolist() == getattr(whole, name).tolist(), name
    np.testing.assert_allclose(parted.p_value, whole.p_value)
    assert parted.tests == whole.tests


def test_a_worker_who_answers_twice_is_one_voice() -> None:
    votes = crowd(0, coin(np.full(10, 0.75), 3), items=400, overlap=5, copies=[(0, 1)]).votes
    twice = Votes.coded(
        np.tile(votes.item, 2), np.tile(votes.worker, 2), np.tile(votes.label, 2),
        items=votes.items, workers=votes.workers, classes=votes.classes, repeats="all",
    )  # fmt: skip
    once, again = look(votes, MajorityVote()), look(twice, MajorityVote())
    assert once.tests == again.tests
    assert once.common.max() == again.common.max()


def test_nobody_met() -> None:
    for votes in (Votes.of([], [], []), Votes.of([1, 2], ["a", "b"], ["x", "y"])):
        found = look(votes)
        assert (len(found), found.tests) == (0, 0)
        assert (found.group == -1).all()
