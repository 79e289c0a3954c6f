"""Gold that may be wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from crowdqc.quality.aggregation import DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.gold_health import examine_gold
from crowdqc.quality.gold_health.answers import GoldAnswers
from crowdqc.quality.gold_health.suspects import SLIPS, find_suspects
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import Matrices
from tests.quality.gold_health.planted import below, found, gilded


@pytest.mark.parametrize("crowd", [{}, {"classes": 2}, {"spammers": 0.2}, {"hard": 0.5}])
def test_wrong_gold_is_found_and_right_gold_is_hardly_suspected(crowd: dict[str, Any]) -> None:
    hits, falsely, suspected = [], 0, 0
    for seed in range(15):
        case = gilded(seed, wrong=3, **crowd)
        health = case.examine(seconds=False, order=False)
        small = np.flatnonzero(health.suspects.q_value <= 0.05)
        hits.append(np.isin(case.wrong, small).mean())
        falsely += int((~np.isin(small, case.wrong)).sum())
        suspected += small.size
        assert np.isin(found(health, "suspect"), [case.votes.items[g] for g in small]).all()
    assert np.mean(hits) >= 0.9
    assert falsely <= 0.05 * suspected + 1


@pytest.mark.parametrize(
    "crowd", [{}, {"classes": 2}, {"spammers": 0.2}, {"share": 0.1}, {"workers": 12, "items": 120}]
)
def test_where_all_gold_is_right_chances_are_no_smaller_than_they_say(crowd: dict[str, Any]) -> None:
    runs = [gilded(seed, **crowd).examine(seconds=False, order=False) for seed in range(15)]
    p = np.concatenate([health.suspects.p_value for health in runs])
    for chance in (0.001, 0.01, 0.05, 0.1):
        assert below(chance, p) <= chance + 0.004, chance
    assert sum(len(found(health, "suspect")) for health in runs) <= 1


def test_the_probability_is_calibrated() -> None:
    """With few answers there is doubt: of items at about 0.7, about 0.7 are wrong."""
    said, wrong = [], []
    for seed in range(30):
        case = gilded(seed, share=0.12, wrong=5, accuracy=(0.55, 0.8))
        said.append(case.examine(seconds=False, order=False).suspects.wrong)
        wrong.append(np.isin(np.arange(40), case.wrong))
    chance, truth = np.concatenate(said), np.concatenate(wrong)
    assert chance.sum() == pytest.approx(truth.sum(), rel=0.4)
    doubted = (chance > 0.2) & (chance < 0.8)
    assert truth[doubted].mean() == pytest.approx(chance[doubted].mean(), abs=0.15)


def test_as_a_plain_loop() -> None:
    case = gilded(3, items=80, workers=8, golds=15, wrong=2)
    votes = case.votes
    consensus = DawidSkene().fit(votes, case.gold)
    matrices = Matrices.of(votes, consensus)
    answers = GoldAnswers.of(votes, consensus, case.gold)
    suspects = find_suspects(answers, matrices, consensus.class_prior)
    W, K = votes.n_workers, votes.n_classes
    expected = matrices.expected(slice(0, W))
    said = expected.sum(axis=(0, 1)) + 1
    prior = (consensus.class_prior + 0.05 / K) / 1.05
    for g in range(15):
        truth = int(case.gold.accepted[g].argmax())
        logs = np.zeros(K)
        for row in np.flatnonzero(votes.item == g):
            w, label = votes.worker[row], votes.label[row]
            counts, evidence = expected[w].copy(), matrices.evidence[w].copy()
            counts[truth, label] -= 1
            evidence[truth] -= 1
            for true in range(K):
                mass = counts[true].sum()
                share = max(evidence[true], 0) / mass if mass > 1e-9 else 0.0
                share = min(share, 1.0)
                rate = (max(counts[true, label], 0) * share + matrices.crowd[true, label]) / (mass * share + 1)
                logs[true] += np.log((1 - SLIPS) * rate + SLIPS * said[label] / said.sum())
        others = [k for k in range(K) if k != truth]
        against = np.log(sum(prior[k] * np.exp(logs[k]) for k in others) / sum(prior[k] for k in others))
        assert suspects.log_odds[g] == pytest.approx(against - logs[truth], abs=1e-6)
        assert suspects.p_value[g] == pytest.approx(min(1.0, np.exp(logs[truth] - against)), rel=1e-6)


def one_item(said: dict[str, int], accepted: list[str]) -> tuple[Votes, Gold]:
    """Twenty workers who are right nine times of ten, and one item of which so many say so."""
    items, workers, labels = [], [], []
    for w in range(20):
        for i in range(30):
            items.append(f"i{i:02}")
            workers.append(w)
            labels.append("xyz"[(i + ((i + w) % 10 == 0)) % 3])
    for w, label in enumerate(label for label, n in said.items() for _ in range(n)):
        items.append("gold")
        workers.append(w)
        labels.append(label)
    votes = Votes.of(items, workers, labels)
    return votes, Gold.of(votes, {"gold": accepted, **{f"i{i:02}": "xyz"[i % 3] for i in range(0, 30, 2)}})


def test_good_workers_who_disagree_are_counted() -> None:
    votes, gold = one_item({"x": 4, "y": 16}, ["x"])
    health = examine_gold(votes, DawidSkene().fit(votes, gold), gold)
    place = votes.items.index("gold")
    assert found(health, "suspect") == ["gold"]
    [g] = np.flatnonzero(health.item == place)
    assert votes.classes[health.suspects.says[g]] == "y"
    assert health.suspects.answers[g] == 20
    assert 0 < health.suspects.dissent[g] <= min(16, health.suspects.good[g])
    assert health.suspects.wrong[g] > 0.999
    [meaning] = [each.meaning for each in health.findings if each.kind == "suspect"]
    assert meaning.startswith("gold is gold as x, and the workers say y: ")


def test_of_several_accepted_labels_each_may_be_given() -> None:
    votes, gold = one_item({"x": 10, "y": 10}, ["x", "y"])
    health = examine_gold(votes, DawidSkene().fit(votes, gold), gold)
    assert found(health, "suspect") == found(health, "unsaid") == []
    assert health.suspects.wrong[health.item == votes.items.index("gold")] < 1e-6


def test_an_accepted_label_that_nobody_gives_is_told() -> None:
    votes, gold = one_item({"x": 18, "y": 2}, ["x", "z"])
    health = examine_gold(votes, DawidSkene().fit(votes, gold), gold)
    assert found(health, "unsaid") == ["gold"]
    assert found(health, "suspect") == []


def test_gold_that_accepts_everything_cannot_be_wrong() -> None:
    votes, gold = one_item({"x": 10, "y": 10}, ["x", "y", "z"])
    suspects = examine_gold(votes, DawidSkene().fit(votes, gold), gold).suspects
    g = int(np.flatnonzero(gold.accepted[gold.known].all(axis=1))[0])
    assert suspects.wrong[g] == 0
    assert np.isnan(suspects.p_value[g])


def test_a_consensus_that_did_not_know_the_gold_serves_as_well() -> None:
    case = gilded(4, wrong=3)
    health = examine_gold(case.votes, MajorityVote().fit(case.votes), case.gold)
    assert set(np.flatnonzero(health.suspects.q_value <= 0.05)) == {*case.wrong.tolist()}
