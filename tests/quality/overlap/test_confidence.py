"""Toloka's rule, by the figures of its guide and by its formula."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.aggregation import MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.overlap import (
    ConfidenceOverlap,
    InvalidStanding,
    Standing,
    accuracy_by_gold,
    accuracy_by_others,
    accuracy_of_skill,
    answer_confidence,
    baseline,
    vote_weight,
)
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes
from tests.quality.crowds import simulate

CLASSES = ("OK", "BAD", "404")
SKILLS = {"A": 70, "B": 90, "C": 80}


def tolokas(said: dict[str, str], **more: object) -> Standing:
    """One item, answered so by workers of the guide's skills."""
    votes = Votes.of(["item"] * len(said), list(said), list(said.values()), classes=CLASSES)
    accuracy = accuracy_of_skill([SKILLS[str(worker)] for worker in votes.workers])
    return Standing.of(votes, MajorityVote().fit(votes), accuracy=accuracy, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "label", "confidence", "action", "overlap"),
    [
        ({"A": "OK", "B": "OK"}, "OK", 0.97674, "enough", 2),
        ({"A": "OK", "B": "BAD"}, "BAD", 0.76056, "ask", 3),
        ({"A": "OK", "B": "BAD", "C": "BAD"}, "BAD", 0.96214, "enough", 3),
    ],
)
def test_the_figures_of_the_guide(
    said: dict[str, str], label: str, confidence: float, action: str, overlap: int
) -> None:
    standing = tolokas(said)
    classes = answer_confidence(standing)[0]
    assert CLASSES[classes.argmax()] == label
    found = ConfidenceOverlap(min_confidence=0.8, minimum=2, maximum=3).decide(standing)
    assert found.confidence[0] == pytest.approx(confidence, abs=5e-6)
    assert (found.names(), found.overlap.tolist()) == ([action], [overlap])


@given(st.integers(0, 500), st.integers(2, 5))
def test_is_the_formula(seed: int, Y: int) -> None:
    rng = np.random.default_rng(seed)
    votes = simulate(seed, items=6, workers=5, K=Y, overlap=3).votes
    q = rng.uniform(0.05, 0.95, votes.n_workers)
    found = answer_confidence(Standing.of(votes, MajorityVote().fit(votes), accuracy=q))
    for item in range(votes.n_items):
        rows = np.flatnonzero(votes.item == item)
        products = [
            np.prod([q[w] if said == x else (1 - q[w]) / (Y - 1) for w, said in zip(votes.worker[rows],
                     votes.label[rows], strict=True)])
            for x in range(Y)
        ]  # fmt: skip
        np.testing.assert_allclose(found[item], np.array(products) / sum(products), atol=1e-9)


def test_a_skill_is_smoothed_by_a_half() -> None:
    votes = Votes.of([1, 2, 3, 1, 4], list("aaabb"), list("xyxyx"), classes="xyz")
    gold = Gold.of(votes, {1: "x", 2: "x", 3: ["x", "z"]})
    # (.5 + 2) / (1 + 3) of a, (.5 + 0) / (1 + 1) of b
    assert accuracy_by_gold(votes, gold).tolist() == [0.625, 0.25]
    standing = Standing.of(votes, MajorityVote().fit(votes, gold), gold)
    np.testing.assert_array_equal(standing.accuracies(), [0.625, 0.25])
    assert accuracy_by_gold(votes, Gold.none(votes)).tolist() == [0.5, 0.5]


def test_without_gold_the_others_say_what_is_right() -> None:
    found = simulate(3, items=400, workers=12, overlap=6, low=0.4, high=0.95)
    votes = found.votes
    standing = Standing.of(votes, MajorityVote().fit(votes))
    np.testing.assert_array_equal(standing.accuracies(), accuracy_by_others(votes, standing.consensus))
    true = found.confusion[:, 0, 0]
    assert np.corrcoef(true, standing.accuracies())[0, 1] > 0.9
    alone = Votes.of([1, 2], list("ab"), list("xy"))
    assert accuracy_by_others(alone, MajorityVote().fit(alone)).tolist() == [0.5, 0.5]


def test_a_prediction_is_one_more_vote() -> None:
    """As much as a worker of that accuracy would say."""
    said = {"A": "OK", "B": "BAD"}
    votes = tolokas(said).votes
    model = baseline(votes, [0], [1], vote_weight([0.8], 3))
    found = answer_confidence(tolokas(said, baseline=model))
    np.testing.assert_allclose(found, answer_confidence(tolokas({**said, "C": "BAD"})), atol=1e-12)
    twice = baseline(votes, [0, 0], [1, 1], [0.3, 0.4])
    np.testing.assert_allclose(twice, [[0, 0.7, 0]])


def test_it_asks_from_the_minimum_to_the_maximum() -> None:
    votes = Votes.of([1, 2, 2, 3, 3, 3], [*list("aabab"), "c"], list("xxyxyx"), all_items=[1, 2, 3, 4])
    standing = Standing.of(votes, MajorityVote().fit(votes), accuracy=[0.7, 0.7, 0.7])
    found = ConfidenceOverlap(min_confidence=0.8, minimum=2, maximum=3).decide(standing)
    assert found.names() == ["ask", "ask", "enough", "ask"]
    assert found.overlap.tolist() == [2, 3, 3, 1]
    assert [found.words(item) for item in range(4)] == [
        "fewer answers than the minimum of 2",
        "confidence 0.50 is below 0.80",
        "the maximum of 3 answers is reached",
        "fewer answers than the minimum of 2",
    ]


def test_gold_never_asks_and_the_threshold_itself_is_enough() -> None:
    votes = Votes.of([1, 2, 2], list("aab"), list("xxy"))
    gold = Gold.of(votes, {1: "x"})
    consensus = MajorityVote().fit(votes, gold)
    standing = Standing.of(votes, consensus, gold, accuracy=[0.6, 0.6])
    found = ConfidenceOverlap(min_confidence=0.5, minimum=2, maximum=4).decide(standing)
    assert found.names() == ["enough", "enough"]
    assert found.confidence.round(9).tolist() == [1, 0.5]
    assert (found.words(0), found.words(1)) == ("its truth is known", "confidence 0.50 is not below 0.50")


def test_a_higher_threshold_asks_for_more() -> None:
    votes = simulate(1, items=300, overlap=3).votes
    standing = Standing.of(votes, MajorityVote().fit(votes))
    asked = [ConfidenceOverlap(limit, maximum=9).decide(standing).action == 1 for limit in (0, 0.7, 0.9, 0.99)]
    assert not asked[0].any()
    for lower, higher in itertools.pairwise(asked):
        assert (lower <= higher).all()
        assert lower.sum() < higher.sum()


def test_workers_who_never_err_and_contradict_each_other() -> None:
    votes = Votes.of([1, 1, 2], list("aba"), list("xyx"))
    standing = Standing.of(votes, MajorityVote().fit(votes), accuracy=[1.0, 1.0])
    assert answer_confidence(standing).round(6).tolist() == [[0.5, 0.5], [1, 0]]


def test_of_one_class_and_of_no_item() -> None:
    votes = Votes.of([1], ["a"], ["x"])
    found = ConfidenceOverlap(minimum=1).decide(Standing.of(votes, MajorityVote().fit(votes), accuracy=[0.2]))
    assert (found.confidence.tolist(), found.names()) == ([1], ["enough"])
    nothing = Votes.of([], [], [], classes="xy")
    assert ConfidenceOverlap().decide(Standing.of(nothing, MajorityVote().fit(nothing))).names() == []


def test_refused() -> None:
    for parameters in ({"min_confidence": 1.1}, {"minimum": 0}, {"minimum": 6}, {"sample": 2.0}):
        with pytest.raises(InvalidParameter):
            ConfidenceOverlap(**parameters)
    votes = tolokas({"A": "OK", "B": "OK"}).votes
    for columns in (([0], [0], [1.0, 2.0]), ([1], [0], [1.0]), ([0], [3], [1.0]), ([0], [0], [np.nan])):
        with pytest.raises(InvalidStanding):
            baseline(votes, *columns)
