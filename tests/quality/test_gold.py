"""Gold: several accepted labels, and what does not fit the votes."""

from __future__ import annotations

from typing import Any

import pandas as pd
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


@pytest.mark.parametrize("missing", [None, float("nan"), "", ["x", None], pd.NA])
def test_a_missing_label_is_refused_by_its_item(missing: Any) -> None:
    with pytest.raises(InvalidGold, match=r"gold label of item 2 is .*; it must be text.* Leave items out"):
        Gold.of(VOTES, {1: "x", 2: missing})


@pytest.mark.parametrize("given", [pd.DataFrame({"item": [1], "label": ["x"]}), pd.Series(["x"]), ["x"]])
def test_what_is_no_mapping_is_refused_with_a_way_out(given: Any) -> None:
    for door in (Gold.of, Gold.given):
        with pytest.raises(InvalidGold, match=r"is no mapping from item to label\. Give a mapping"):
            door(VOTES, given)


def test_labels_become_text_as_those_of_votes() -> None:
    votes = Votes.of_frame({"worker": list("abc"), "item": [1, 2, 3], "label": [1, 0, 1.5]})
    assert Gold.of(votes, {1: 1, 2: [0, 1.0], 3: 1.5}).accepted.tolist() == [  # type: ignore[dict-item, list-item]
        [False, True, False],
        [True, True, False],
        [False, False, True],
    ]


def test_gold_is_given_in_any_form() -> None:
    gold = Gold.of(VOTES, {1: "y"})
    assert Gold.given(VOTES, gold) is gold
    assert Gold.given(VOTES, {1: "y"}).accepted.tolist() == gold.accepted.tolist()
    assert not Gold.given(VOTES, None).known.any()
