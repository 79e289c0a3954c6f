"""KOS, against crowd-kit's, against its messages written out one by one, and against what the paper promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from crowdqc.quality.aggregation.kos import KOS, Messages
from crowdqc.quality.aggregation.majority_vote import MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes
from tests.quality.aggregation.crowd_kit import fitted
from tests.quality.crowds import Row, rows, simulate, votes_of
from tests.quality.test_real_crowds import DATA, accuracy, answers, reference

Floats = NDArray[np.float64]


@pytest.mark.parametrize("seed", range(4))
def test_equals_crowd_kit(seed: int) -> None:
    """With sums for messages and its start, to the sign: it has two classes and no scores."""
    votes = simulate(seed, items=120, workers=15, K=2, overlap=5).votes
    theirs = fitted("KOS", votes, random_state=seed).labels_.sort_index()
    start = np.random.RandomState(seed).normal(1, 1, size=len(votes))  # what it draws
    ours = KOS(rounds=100, messages="sum").fit(votes, start=start)
    np.testing.assert_array_equal(ours.label, theirs)
    assert not ours.tied.any()


def naive(votes: Votes, rounds: int, messages: Messages) -> tuple[Floats, Floats]:
    """All messages as vectors, edge by edge; the scores of the items and what answers weigh."""
    K, n = votes.n_classes, len(votes)
    e = np.eye(K)[votes.label] - 1 / K
    y = np.ones(n)
    for _ in range(rounds):
        x = np.zeros((n, K))
        for edge in range(n):
            others = (votes.item == votes.item[edge]) & (np.arange(n) != edge)
            x[edge] = y[others] @ e[others] / (max(others.sum(), 1) if messages == "mean" else 1)
        z = np.zeros(n)
        for edge in range(n):
            others = (votes.worker == votes.worker[edge]) & (np.arange(n) != edge)
            z[edge] = (x[others] * e[others]).sum() / (max(others.sum(), 1) if messages == "mean" else 1)
        greatest = np.abs(z).max(initial=0)
        # What rounding leaves of messages that cancel out is no message.
        y = z / greatest if greatest > 1e-12 else np.zeros(n)
    scores = np.zeros((votes.n_items, K))
    np.add.at(scores, votes.item, y[:, None] * e)
    return scores, y


@pytest.mark.parametrize("messages", ["mean", "sum"])
@given(rows(20), st.integers(1, 3))
def test_equals_the_messages_one_by_one(messages: Messages, table: list[Row], rounds: int) -> None:
    votes = votes_of(table)
    scores, y = naive(votes, rounds, messages)
    with_votes = (scores * (votes.counts() - votes.counts().mean(axis=1, keepdims=True))).sum()
    if np.abs(y).max(initial=0) < 1e-6 or abs(with_votes) < 1e-6:
        return  # rounding would decide
    scores = scores / np.sqrt(np.square(y).mean()) * np.sign(with_votes)
    heard = np.abs(scores).max(axis=1) > 1e-6
    posterior = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(KOS(rounds, messages).fit(votes).posterior[heard], posterior[heard], atol=1e-9)


@pytest.mark.parametrize("K", [2, 4])
def test_hammers_are_told_from_spammers(K: int) -> None:
    """Theorem 2.1 speaks of regular graphs: there it beats the vote by far, with either kind of message."""
    rng = np.random.default_rng(K)
    N, each, answers_per_item = 1000, 15, 15
    worker = rng.permutation(np.repeat(np.arange(N), each))
    item, truth, hammer = np.repeat(np.arange(N), answers_per_item), rng.integers(K, size=N), rng.random(N) < 0.25
    label = np.where(hammer[worker], truth[item], rng.integers(K, size=worker.size))
    names = [str(k) for k in range(K)]
    votes = Votes.coded(item, worker, label, items=range(N), workers=range(N), classes=names)
    vote = np.mean(MajorityVote().fit(votes).label == truth)
    found = [KOS(messages=kind).fit(votes) for kind in ("mean", "sum")]
    for consensus in found:
        assert np.mean(consensus.label == truth) > vote + 0.08
        assert consensus.skill is not None
        assert np.nanmean(consensus.skill[hammer]) > 5 * abs(np.nanmean(consensus.skill[~hammer]))
    assert np.mean(found[0].label == found[1].label) > 0.99


def test_few_who_answer_much_do_not_outvote_the_rest() -> None:
    """As on the set rte: four who guess alike give half of the answers; sums end at chance, means do not."""
    rng = np.random.default_rng(0)
    N = 400
    truth, habit = rng.integers(2, size=N), rng.integers(2, size=N)
    rows = [(i, f"clique {c}", habit[i] ^ (rng.random() < 0.2)) for i in range(N) for c in range(4)]
    # pages of 20 items for 6 workers who do nothing else
    rows += [(i, f"page {i // 20} {c}", truth[i] ^ (rng.random() < 0.15)) for i in range(N) for c in range(6)]
    items, workers, labels = zip(*rows, strict=True)
    votes = Votes.of(items, workers, [str(int(label)) for label in labels])
    sums, means = (np.mean(KOS(messages=kind).fit(votes).label == truth) for kind in ("sum", "mean"))
    assert sums < 0.6
    assert means > 0.95


def test_one_who_says_the_opposite_is_read_against_his_word() -> None:
    votes = simulate(3, items=200, workers=5, K=2, overlap=5, low=0.75, high=0.9).votes
    label = votes.label.copy()
    label[votes.worker == 2] ^= 1
    turned = Votes.coded(votes.item, votes.worker, label, items=range(200), workers=range(5), classes=["0", "1"])
    skill = KOS().fit(turned).skill
    assert skill is not None
    assert skill[2] < -0.5
    assert (np.delete(skill, 2) > 0.5).all()


def test_gold_says_who_is_right() -> None:
    """Without it the two camps are alike; the posterior of the rest follows the gold."""
    said = {"a": "xyxyxyxy", "b": "xyxyxyxy", "c": "yxyxyxyx", "d": "yxyxyxyx"}
    rows = [(item, worker, label) for worker, labels in said.items() for item, label in enumerate(labels)]
    votes = Votes.of(*zip(*rows, strict=True))
    assert KOS().fit(votes).tied.all()
    for messages in ("mean", "sum"):
        consensus = KOS(messages=messages).fit(votes, Gold.of(votes, {0: "y", 1: "x", 2: "y"}))  # type: ignore[arg-type]
        assert consensus.label.tolist() == [1, 0] * 4


def test_whom_nothing_is_known_of_has_a_vote() -> None:
    votes = Votes.of([1, 1, 1, 2], list("abcd"), list("yyxz"))
    consensus = KOS().fit(votes)
    assert consensus.label.tolist() == [1, 2]
    assert consensus.skill is not None
    assert consensus.skill.tolist() == [0, 0, 0, 0]


def test_what_is_no_start_is_refused() -> None:
    votes = Votes.of([1, 1], list("ab"), list("xy"))
    for start in ([1.0], [1.0, float("nan")]):
        with pytest.raises(InvalidParameter, match="2 finite numbers"):
            KOS().fit(votes, start=start)
    with pytest.raises(InvalidParameter, match="mean, sum"):
        KOS(messages="product")  # type: ignore[arg-type]


@pytest.mark.skipif(not DATA.is_dir(), reason="the real crowds are not at hand")
def test_on_a_real_crowd() -> None:
    """The reference is crowd-kit's, at chance; our sums reproduce it, our means repair it."""
    votes = answers("rte")
    assert accuracy("rte", KOS(100, "sum").fit(votes)) == pytest.approx(reference("rte", "KOS"), abs=0.01)
    assert accuracy("rte", KOS().fit(votes)) > 0.91
