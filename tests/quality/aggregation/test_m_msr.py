"""M-MSR, against crowd-kit's from its own start, and piece by piece against loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.aggregation import m_msr
from crowdqc.quality.aggregation.m_msr import MMSR, Colleagues, Middle, completed, signs
from crowdqc.quality.aggregation.majority_vote import MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from tests.quality.aggregation.crowd_kit import fitted, predicted
from tests.quality.crowds import Row, rows, simulate, votes_of


@given(rows(), st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("PQR")))
def test_colleagues_are_compared_pair_by_pair(table: list[Row], truth: dict[str, str]) -> None:
    votes = votes_of(table)
    said = {(i, votes.workers.index(w)): k for i, w, k in table}
    asked = {i for i, _, _ in table}
    said |= {(i, votes.n_workers): k for i, k in truth.items() if i in asked}
    met = Colleagues.of(votes, Gold.of(votes, dict(truth)))
    found = {
        (int(w), int(o)): (e, c) for w, o, e, c in zip(met.worker, met.other, met.excess, met.common, strict=True)
    }
    expected = {}
    for worker in range(votes.n_workers + 1):
        for other in range(votes.n_workers + 1):
            both = [i for i in "abcdef" if worker != other and (i, worker) in said and (i, other) in said]
            if both:
                agree = np.mean([said[i, worker] == said[i, other] for i in both])
                expected[worker, other] = (pytest.approx(1.5 * agree - 0.5), len(both))
    assert found == expected
    assert met.degree.tolist() == [sum(w == worker for w, _ in found) for worker in range(votes.n_workers + 1)]


@given(rows(), st.integers(0, 3), st.integers(0, 99))
def test_the_middle_leaves_out_the_ends(table: list[Row], cut: int, seed: int) -> None:
    votes = votes_of(table)
    met = Colleagues.of(votes, Gold.none(votes))
    rng = np.random.default_rng(seed)
    values, present = rng.integers(0, 5, met.worker.size) / 2, rng.integers(0, 5, met.degree.size) / 2
    expected = present.copy()
    for worker in range(met.degree.size):
        own = np.sort(values[met.worker == worker])
        low = min(cut, int((own < present[worker]).sum()))
        high = min(cut, int((own > present[worker]).sum()))
        left = own[low : own.size - high]
        if left.size:
            expected[worker] = left.mean()
    np.testing.assert_allclose(Middle(met, cut)(values, present), expected)


@pytest.mark.parametrize(
    ("seed", "K", "workers", "overlap"), [(1, 3, 12, 12), (3, 4, 30, 12), (4, 2, 8, 6), (5, 2, 3, 3)]
)
def test_equals_crowd_kit_from_its_start(seed: int, K: int, workers: int, overlap: int) -> None:
    """Where all workers share items: those who share none it takes for two who contradict each other."""
    votes = simulate(seed, items=400, workers=workers, K=K, overlap=overlap, low=0.5).votes
    theirs = fitted("MMSR", votes)
    first_seen = np.argsort(np.unique(votes.worker, return_index=True)[1])
    start = np.ones(workers + 1)
    start[first_seen] = np.random.RandomState(0).uniform(size=workers)  # what it draws
    met = Colleagues.of(votes, Gold.none(votes))
    assert (met.degree[:-1] == workers - 1).all()
    s, iterations, converged = completed(met, start, 10_000, 1e-10)
    assert converged
    assert iterations == len(theirs.loss_history_)
    s = np.clip((s * signs(met))[:-1], -1 / (K - 1) + 1 / 20, 1 - 1 / 20)
    p = (s * (K - 1) + 1) / K
    np.testing.assert_allclose(np.log(p * (K - 1) / (1 - p)), theirs.skills_.sort_index(), atol=1e-9)
    # and from our own start it comes to the same stand
    ours = MMSR().fit(votes)
    np.testing.assert_allclose(ours.skill, p, atol=1e-5)  # type: ignore[arg-type]
    labels = predicted(theirs, votes).labels_.sort_index()
    assert np.mean(ours.label == labels) > 0.995


def test_finds_the_accuracies() -> None:
    crowd = simulate(7, items=4000, workers=20, K=3, overlap=8, low=0.4)
    consensus = MMSR().fit(crowd.votes)
    assert consensus.converged
    assert consensus.skill is not None
    np.testing.assert_allclose(consensus.skill, crowd.confusion[:, 0, 0], atol=0.06)
    assert consensus.confusion is not None
    np.testing.assert_allclose(consensus.confusion.table()[:, 1, 1], consensus.skill)


def test_those_who_lie_together_are_found_out() -> None:
    """Four of ten always give the same wrong answer."""
    crowd = simulate(8, items=300, workers=10, K=3, overlap=10, low=0.75)
    lie = crowd.votes.worker >= 6
    label = np.where(lie, (crowd.truth[crowd.votes.item] + 1) % 3, crowd.votes.label)
    votes = Votes.coded(
        crowd.votes.item, crowd.votes.worker, label, items=range(300), workers=range(10), classes=["0", "1", "2"]
    )
    vote, consensus = MajorityVote().fit(votes), MMSR().fit(votes)
    assert np.mean(consensus.label == crowd.truth) > np.mean(vote.label == crowd.truth) + 0.05
    assert consensus.skill is not None
    assert (consensus.skill[6:] < 1 / 3).all()
    assert (consensus.skill[:6] > 1 / 2).all()


def test_the_posterior_is_that_of_one_coin() -> None:
    votes = simulate(9, items=40, workers=6, K=3, overlap=3).votes
    consensus = MMSR().fit(votes)
    assert consensus.skill is not None
    likelihood = np.full((votes.n_items, 3), 1 / 3)
    for item, worker, label in zip(votes.item, votes.worker, votes.label, strict=True):
        p = consensus.skill[worker]
        likelihood[item] *= np.where(np.arange(3) == label, p, (1 - p) / 2)
    np.testing.assert_allclose(consensus.posterior, likelihood / likelihood.sum(axis=1, keepdims=True))
    assert consensus.log_likelihood == pytest.approx(np.log(likelihood.sum(axis=1)).sum())


def test_gold_is_one_more_worker() -> None:
    """Three who lie alike are believed against two, until gold speaks."""
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=60)
    noise = rng.random((60, 5)) < 0.1
    label = np.concatenate([truth[:, None] ^ noise[:, :2], 1 - truth[:, None] ^ noise[:, 2:]], axis=1).reshape(-1)
    votes = Votes.coded(
        np.repeat(np.arange(60), 5), np.tile(np.arange(5), 60), label, items=range(60), workers=range(5),
        classes=["0", "1"],
    )  # fmt: skip
    gold = Gold.of(votes, {item: str(truth[item]) for item in range(20)})
    assert np.mean(MMSR().fit(votes).label == truth) < 0.2
    assert np.mean(MMSR().fit(votes, gold).label[20:] == truth[20:]) > 0.9


def test_whom_nobody_meets_is_taken_for_average() -> None:
    met = [(i, w, "xy"[i % 2]) for i in range(9) for w in "abc"]
    votes = Votes.of(*zip(*met, (99, "d", "y"), strict=True))
    consensus = MMSR().fit(votes)
    assert consensus.label[-1] == 1
    assert consensus.skill is not None
    assert consensus.skill[3] == pytest.approx(consensus.skill[:3].mean())


def test_nobody_meets_anybody() -> None:
    votes = Votes.of([1, 2, 3], list("abc"), list("xyz"))
    consensus = MMSR().fit(votes)
    assert consensus.label.tolist() == [0, 1, 2]
    assert (consensus.confidence > 1 / 3).all()


def test_two_who_always_contradict_each_other_are_alike() -> None:
    votes = Votes.of([1, 1, 2, 2, 3], list("ababb"), list("xyyxy"))
    consensus = MMSR().fit(votes)
    assert consensus.tied.tolist() == [True, True, False]
    assert consensus.label[2] == 1


def test_a_crowd_at_one_item_is_not_compared_pair_by_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """10,000 answers to one item would be 100 million pairs; and what is left out is what has most answers."""
    n = 10_000
    rows = [(i, w, "x") for i in range(5) for w in range(4)] + [(9, w, "xy"[w % 3 > 0]) for w in range(n)]
    votes = Votes.of(*zip(*rows, strict=True))
    consensus = MMSR().fit(votes)
    assert consensus.label.tolist() == [0] * 5 + [1]
    assert Colleagues.of(votes, Gold.none(votes)).worker.size == 12
    monkeypatch.setattr(m_msr, "PAIRS", 0)
    assert not Colleagues.of(votes, Gold.none(votes)).worker.size
    assert MMSR().fit(votes).label.tolist() == [0] * 5 + [1]


@settings(max_examples=50)
@given(rows(), st.integers(0, 5))
def test_a_worker_asked_twice_is_one_colleague(table: list[Row], again: int) -> None:
    twice = table + table[:again]
    items, workers, labels = zip(*twice, strict=True) if twice else ((), (), ())
    votes = Votes.of(items, workers, labels, classes=list("PQR"), all_items="abcdef", repeats="all")
    one, other = (Colleagues.of(each, Gold.none(each)) for each in (votes_of(table), votes))
    np.testing.assert_array_equal(one.excess, other.excess)
    np.testing.assert_array_equal(one.common, other.common)
