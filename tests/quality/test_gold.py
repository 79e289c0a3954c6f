"""Gold: several accepted labels, and what does not fit the votes."""

from __future__ import annotations

import pytest

from crowdqc.quality.gold import Gold, InvalidGold
from crowdqc.quality.votes import Votes

VOTES = Votes.of([1, 2], ["a", "a"], ["x", "y"], all_items=[1, 2, 3])


def test_accepts_one_label_or_several() -> None:
    gold = Gold.of(VOTES, {1: "y", 3: ["x", "y"]})
    assert gold.accepted.tolist() == [[False, True], [False, False], [True, True]]
    assert gold.known.tolist() == [True, False, True]
    assert not Gold.none(VOTES).known.any()


def test_what_the_votes_do_not_know_is_refused_by_name() -> None:
    with pytest.raises(InvalidGold, match="item 4 is not"):
        Gold.of(VOTES, {4: "x"})
    with pytest.raises(InvalidGold, match=r"'z' of item 1 is not a class\. Known: 'x', 'y'"):
        Gold.of(VOTES, {1: "z"})
