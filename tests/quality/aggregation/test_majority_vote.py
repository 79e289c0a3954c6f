"""The majority vote, and what is left of it without one vote."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.aggregation import MajorityVote
from crowdqc.quality.aggregation.majority_vote import InvalidMajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes


def test_the_posterior_is_the_share_of_votes() -> None:
    votes = Votes.of([1, 1, 1, 2, 2], list("abcab"), list("xxyyx"), classes=["y", "x"], all_items=[1, 2, 3])
    consensus = MajorityVote().fit(votes)
    np.testing.assert_allclose(consensus.posterior, [[1 / 3, 2 / 3], [0.5, 0.5], [0.5, 0.5]])
    assert consensus.label.tolist() == [1, 0, -1]  # a tie goes to the first declared class
    assert consensus.tied.tolist() == [False, True, False]


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


def test_other_ways_to_settle_ties_are_refused() -> None:
    with pytest.raises(InvalidMajorityVote, match="random"):
        MajorityVote(ties="random")  # type: ignore[arg-type]
