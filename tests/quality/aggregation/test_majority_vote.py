"""The majority vote, how its ties are settled, and what is left of it without one vote."""

from __future__ import annotations

from collections import Counter
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.aggregation import MajorityVote
from crowdqc.quality.aggregation.majority_vote import InvalidMajorityVote, Ties
from crowdqc.quality.gold import Gold
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows, votes_of


def test_the_posterior_is_the_share_of_votes() -> None:
    votes = Votes.of([1, 1, 1, 2, 2], list("abcab"), list("xxyyx"), classes=["y", "x"], all_items=[1, 2, 3])
    consensus = MajorityVote().fit(votes)
    np.testing.assert_allclose(consensus.posterior, [[1 / 3, 2 / 3], [0.5, 0.5], [0.5, 0.5]])
    assert consensus.label.tolist() == [1, 0, -1]  # a tie goes to the first declared class
    assert consensus.tied.tolist() == [False, True, False]


@pytest.mark.parametrize(("right", "of"), [(3, 4), (2, 3), (7, 10), (9, 11), (49, 50)])
def test_shares_are_exact(right: int, of: int) -> None:
    votes = Votes.of([1] * of, range(of), ["x"] * right + ["y"] * (of - right))
    assert MajorityVote().fit(votes).confidence.tolist() == [right / of]


def test_gold_is_the_share_among_the_accepted() -> None:
    votes = Votes.of([1] * 6, list("abcdef"), list("xxxyyz"))
    posterior = MajorityVote().fit(votes, Gold.of(votes, {1: ["y", "z"]})).posterior
    np.testing.assert_allclose(posterior, [[0, 2 / 3, 1 / 3]])


def test_without_own_weighs_the_votes_of_the_others() -> None:
    """12 of 16 pairs agree, as two of accuracy a do where a^2 + (1 - a)^2 is as much."""
    votes = Votes.of([1, 1, 1, 1, 1, 2, 2, 2, 2, 3], list("abcdeabcda"), list("xxxxxxxyyx"))
    agree = (10 + 2) / (10 + 6)
    a = (1 + np.sqrt(2 * agree - 1)) / 2
    odds = a / (1 - a)
    own = [odds**4 / (1 + odds**4)] * 5 + [1 / (1 + odds)] * 4
    chances = MajorityVote().fit(votes).without_own(votes)
    np.testing.assert_allclose(chances, [*own, np.nan])


EVEN = Votes.of([1, 1, 2, 2, 3], list("ababa"), ["x", "z", "z", "y", "z"], classes=["x", "y", "z"])


@pytest.mark.parametrize(
    ("ties", "labels"), [("first_class", [0, 1, 2]), ("prior", [2, 2, 2]), ("abstain", [-1, -1, 2])]
)
def test_a_tie_is_settled_as_declared(ties: Any, labels: list[int]) -> None:
    consensus = MajorityVote(ties=ties).fit(EVEN)
    assert consensus.label.tolist() == labels
    assert consensus.tied.tolist() == [True, True, False]
    np.testing.assert_array_equal(consensus.posterior, MajorityVote().fit(EVEN).posterior)
    np.testing.assert_array_equal(np.isnan(consensus.confidence), consensus.label < 0)


def test_classes_as_common_as_each_other_fall_back_to_their_order() -> None:
    votes = Votes.of([1, 1], ["a", "b"], ["x", "y"], classes=["y", "x"])
    assert MajorityVote(ties="prior").fit(votes).label.tolist() == [0]


def test_gold_is_never_drawn() -> None:
    gold = Gold.of(EVEN, {1: ["y", "z"], 2: "x"})
    for ties in ("prior", "random", "abstain"):
        consensus = MajorityVote(ties=ties).fit(EVEN, gold)  # type: ignore[arg-type]
        assert consensus.label.tolist() == [2, 0, 2]
        assert not consensus.tied.any()


def drawn(items: list[str], classes: list[str], seed: int = 0) -> dict[str, str]:
    """Three workers who all differ on all items: the classes that are drawn."""
    rows = [(item, "abc"[place], label) for item in items for place, label in enumerate("xyz")]
    votes = Votes.of(*zip(*rows, strict=True), classes=classes)
    label = MajorityVote(ties="random", seed=seed).fit(votes).label
    return {str(item): votes.classes[code] for item, code in zip(votes.items, label, strict=True)}


def test_a_draw_is_the_items_own() -> None:
    items = [f"item {number}" for number in range(3000)]
    labels = drawn(items, ["x", "y", "z"])
    assert drawn(items[::-7], ["z", "never", "x", "y"]) == {item: labels[item] for item in items[::-7]}
    # each class has a third: 1000 with a standard deviation of 26
    assert all(abs(count - 1000) < 130 for count in Counter(labels.values()).values())
    other = drawn(items, ["x", "y", "z"], seed=1)
    assert abs(sum(labels[item] == other[item] for item in items) - 1000) < 130


@given(rows(), st.sampled_from(get_args(Ties)), st.integers(0, 5))
def test_only_ties_are_settled_and_among_the_tied(table: list[Row], ties: Any, seed: int) -> None:
    votes = votes_of(table)
    first, other = MajorityVote().fit(votes), MajorityVote(ties=ties, seed=seed).fit(votes)
    np.testing.assert_array_equal(first.label[~first.tied], other.label[~first.tied])
    counts = votes.counts()
    for item in np.flatnonzero(first.tied & (other.label >= 0)):
        assert counts[item, other.label[item]] == counts[item].max()


def test_what_is_no_policy_is_refused() -> None:
    with pytest.raises(InvalidMajorityVote, match="first_class, prior, random, abstain"):
        MajorityVote(ties="coin")  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="seed"):
        MajorityVote(seed=-1)
