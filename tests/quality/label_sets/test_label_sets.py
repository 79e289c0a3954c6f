"""Sets of options: what is read, what is refused, and that not offered is no No."""

from __future__ import annotations

import pickle
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.label_sets import GoldSets, InvalidLabelSets, LabelSets
from tests.quality.label_sets.sets import Row, read, tables


@given(tables, st.randoms())
def test_the_order_of_rows_changes_nothing(table: list[Row], random: Random) -> None:
    one, other = read(table), read(random.sample(table, len(table)))
    for name in ("item", "worker", "start", "option"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    said = {
        (one.items[i], one.workers[w], frozenset(one.options[o] for o in one.option[start:stop]))
        for i, w, start, stop in zip(one.item, one.worker, one.start[:-1], one.start[1:], strict=True)
    }
    assert said == set(table)


@given(tables)
def test_votes_say_yes_to_what_was_chosen(table: list[Row]) -> None:
    sets = read(table)
    for option, name in enumerate("PQR"):
        votes = sets.votes(option)
        said = {
            (votes.items[i], votes.workers[w]): votes.classes[k]
            for i, w, k in zip(votes.item, votes.worker, votes.label, strict=True)
        }
        assert said == {(item, worker): "yes" if name in names else "no" for item, worker, names in table}


def test_an_option_that_was_not_offered_is_no_no() -> None:
    sets = read([("a", "w", frozenset("P")), ("b", "w", frozenset())], offered={"a": ["P", "Q"]})
    assert [len(sets.votes(option)) for option in range(3)] == [2, 2, 1]
    assert sets.is_offered()[:3].tolist() == [[True, True, False], [True] * 3, [True] * 3]
    with pytest.raises(InvalidLabelSets, match="Row 1 chose 'R' of item 'a', which was not offered"):
        read([("b", "w", frozenset("R")), ("a", "w", frozenset("PR"))], offered={"a": ["P", "Q"]})
    with pytest.raises(InvalidLabelSets, match="Item 'a' was offered 'X', no known option"):
        read([("a", "w", frozenset("P"))], offered={"a": ["P", "X"]})


def test_options_are_those_that_occur() -> None:
    sets = LabelSets.of([1, 2], ["a", "a"], [["y"], ()], offered={1: ["y", "z"]})
    assert sets.options == ("y", "z")
    assert sets.is_offered().all()


@pytest.mark.parametrize("names", ["P|Q", None, 3])
def test_what_is_no_set_is_refused_by_row(names: object) -> None:
    with pytest.raises(InvalidLabelSets, match=r"set of row 1 is .*, not a set of options. Split the text"):
        LabelSets.of([1, 2], ["a", "a"], [["P"], names])  # type: ignore[list-item]


def test_what_is_refused() -> None:
    with pytest.raises(InvalidLabelSets, match=r"option 'X' of row 1 is not known. Known: 'P', 'Q', 'R'"):
        read([("a", "w", frozenset("P")), ("b", "w", frozenset("X"))])
    with pytest.raises(InvalidLabelSets, match="item of row 0 is missing"):
        LabelSets.of([None], ["w"], [["P"]])
    with pytest.raises(InvalidLabelSets, match="1, 2, 1 rows"):
        LabelSets.of([1], ["w", "v"], [["P"]])


def test_repeats() -> None:
    for repeats, chosen in (("first", [0]), ("last", [1]), ("all", [0, 1])):
        sets = LabelSets.of([1, 1], ["a", "a"], [["P", "P"], ["Q"]], repeats=repeats)  # type: ignore[arg-type]
        assert sets.option.tolist() == chosen
    with pytest.raises(InvalidLabelSets, match="row 1 answered the same before"):
        LabelSets.of([1, 1], ["a", "a"], [["P"], ["Q"]], repeats="reject")


def test_gold_and_pickles() -> None:
    sets = pickle.loads(pickle.dumps(read([("a", "w", frozenset("PQ"))])))
    gold = GoldSets.of(sets, {"b": ["Q"], "c": []})
    assert gold.known.tolist() == [False, True, True, False, False]
    assert gold.right.sum() == gold.right[1, 1] == 1
    with pytest.raises(InvalidLabelSets, match="gold item 'z' of row 0"):
        GoldSets.of(sets, {"z": []})
    with pytest.raises(InvalidLabelSets, match="option 'X' of row 1"):
        GoldSets.of(sets, {"a": ["P"], "b": ["X"]})
