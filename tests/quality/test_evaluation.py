"""Accuracy and macro F1 against scikit-learn, and their intervals against simulated crowds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from crowdqc.quality.aggregation import MajorityVote
from crowdqc.quality.evaluation import evaluate, macro_f1
from crowdqc.quality.gold import Gold
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.votes import Votes


def labelled(labels: list[str], classes: str = "abc") -> Votes:
    """Votes of one worker, so that the labels are what he says."""
    return Votes.of(list(range(len(labels))), ["w"] * len(labels), labels, classes=list(classes))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1, max_size=30))
def test_figures_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    said, true = [a for a, _ in pairs], [b for _, b in pairs]
    votes = labelled(said)
    found = evaluate(votes, MajorityVote().fit(votes), dict(enumerate(true)), resamples=20)
    assert found.accuracy == pytest.approx(accuracy_score(true, said))
    assert found.macro_f1 == pytest.approx(f1_score(true, said, average="macro"))
    assert found.right == round(found.accuracy * len(pairs))
    low, high = beta_interval(found.right, found.items)
    assert (found.accuracy_low, found.accuracy_high) == (low, high)
    assert 0 <= found.macro_f1_low <= found.macro_f1_high <= 1
    codes = {name: code for code, name in enumerate("abcd")}
    truth, label = (np.array([codes[name] for name in names]) for names in (true, said))
    assert macro_f1(truth, label, 4) == pytest.approx(found.macro_f1)


def test_what_is_not_compared_is_counted() -> None:
    votes = Votes.of([1, 2, 3], ["w"] * 3, ["a", "b", "a"], all_items=[1, 2, 3, 4])
    gold = Gold.of(votes, {1: "b"})
    found = evaluate(votes, MajorityVote().fit(votes, gold), {1: "b", 2: "b", 4: "a", 9: "a"})
    assert (found.items, found.right, found.gold, found.unlabelled) == (1, 1, 1, 2)


def test_several_labels_may_be_right() -> None:
    votes = labelled(["a", "b", "c"])
    found = evaluate(votes, MajorityVote().fit(votes), {0: ("b", "a"), 1: ("c", "a"), 2: "c"})
    assert found.right == 2
    # the wrong one is held against the first that is accepted
    assert found.macro_f1 == pytest.approx(
        f1_score(["a", "c", "c"], ["a", "b", "c"], average="macro", zero_division=0)
    )


def test_nothing_to_compare() -> None:
    votes = labelled(["a"])
    found = evaluate(votes, MajorityVote().fit(votes), {})
    assert np.isnan([found.accuracy, found.accuracy_low, found.accuracy_high]).all()
    assert np.isnan([found.macro_f1, found.macro_f1_low, found.macro_f1_high]).all()


def test_the_interval_of_macro_f1_is_that_of_drawing_items_anew() -> None:
    """Against a plain bootstrap with scikit-learn."""
    rng = np.random.default_rng(8)
    true = rng.choice(3, size=200, p=[0.6, 0.3, 0.1])
    said = np.where(rng.random(200) < 0.75, true, rng.integers(3, size=200))
    votes = labelled(["abc"[code] for code in said])
    found = evaluate(
        votes, MajorityVote().fit(votes), {n: "abc"[code] for n, code in enumerate(true)}, resamples=4000
    )
    drawn = []
    for _ in range(400):
        chosen = rng.integers(200, size=200)
        drawn.append(f1_score(true[chosen], said[chosen], average="macro"))
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found.macro_f1_low == pytest.approx(low, abs=0.02)
    assert found.macro_f1_high == pytest.approx(high, abs=0.02)
    again = evaluate(
        votes, MajorityVote().fit(votes), {n: "abc"[code] for n, code in enumerate(true)}, resamples=4000
    )
    assert again == found
