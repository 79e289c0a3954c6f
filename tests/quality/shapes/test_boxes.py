"""Boxes: what is read, what is refused."""

from __future__ import annotations

import pickle
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.shapes import Boxes, InvalidBoxes

box = st.tuples(*[st.integers(0, 3)] * 4, st.sampled_from(["cat", "dog"]))
tables = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.lists(box, max_size=3)),
    max_size=6,
    unique_by=lambda row: row[:2],
)


def columns(table: Any) -> Any:
    return zip(*table, strict=True) if table else ((), (), ())


@given(tables, st.randoms())
def test_no_order_changes_anything(table: list[tuple[str, str, list[Any]]], random: Random) -> None:
    mixed = [(item, worker, random.sample(drawn, len(drawn))) for item, worker, drawn in table]
    one = Boxes.of(*columns(table), classes=["cat", "dog"])
    other = Boxes.of(*columns(random.sample(mixed, len(mixed))), classes=["cat", "dog"])
    for name in ("item", "worker", "answer", "box", "label"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    read = {(one.items[i], one.workers[w]): [] for i, w in zip(one.item, one.worker, strict=True)}  # type: ignore[var-annotated]
    for answer, sides, label in zip(one.answer, one.box.tolist(), one.label, strict=True):
        read[one.items[one.item[answer]], one.workers[one.worker[answer]]].append((*sides, one.classes[label]))
    assert read == {(item, worker): sorted(drawn) for item, worker, drawn in table}


def test_an_empty_set_is_an_answer() -> None:
    boxes = Boxes.of([1, 1], ["a", "b"], [[], [(0, 0, 1, 1, "cat")]])
    assert (len(boxes), boxes.n_boxes) == (2, 1)
    assert boxes.answer.tolist() == [1]
    assert boxes.boxes_per_worker().tolist() == [0, 1]
    assert boxes.answers_per_worker().tolist() == [1, 1]


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        ((0, 0, -1, 1, "cat"), "width of box 1 of row 1 is -1; it must be a finite number, not below 0"),
        ((0, 0, 1, -0.5, "cat"), "height of box 1 of row 1 is -0.5"),
        ((float("nan"), 0, 1, 1, "cat"), "x of box 1 of row 1 is nan; it must be a finite number"),
        ((0, float("inf"), 1, 1, "cat"), "y of box 1 of row 1 is inf"),
        ((0, 0, 1, "cat"), r"must be \(x, y, width, height, class\)"),
        ((0, 0, 1, "1", "cat"), "must be numbers"),
        ((0, 0, 1, True, "cat"), "must be numbers"),
        ((0, 0, 1, None, "cat"), "must be numbers"),
        ((0, 0, 1, 1, None), "class of box 1 of row 1 is None"),
        ((0, 0, 1, 1, 7), "class of box 1 of row 1 is 7"),
        ("abcde", "Box 1 of row 1 is 'abcde'"),
        (None, "Box 1 of row 1 is None"),
    ],
)
def test_what_is_no_box_is_refused_by_row(bad: Any, fault: str) -> None:
    with pytest.raises(InvalidBoxes, match=fault) as refused:
        Boxes.of([1, 1], ["a", "b"], [[], [(0, 0, 1, 1, "cat"), bad]])
    assert refused.value.facts["row"] == 1


@pytest.mark.parametrize("missing", [None, float("nan"), "[]"])
def test_a_missing_set_is_not_an_empty_one(missing: Any) -> None:
    with pytest.raises(InvalidBoxes, match="boxes of row 0 are missing; no boxes are an empty list"):
        Boxes.of([1], ["a"], [missing])


def test_classes_may_be_declared() -> None:
    boxes = Boxes.of([1], ["a"], [[(0, 0, 1, 1, "dog")]], classes=["dog", "cat"])
    assert (boxes.classes, boxes.label.tolist()) == (("dog", "cat"), [0])
    with pytest.raises(InvalidBoxes, match="class 'cow' of row 0 is not known"):
        Boxes.of([1], ["a"], [[(0, 0, 1, 1, "cow")]], classes=["dog", "cat"])


def test_repeats_as_declared() -> None:
    drawn = [[(1, 0, 1, 1, "a")], [(2, 0, 1, 1, "a"), (3, 0, 1, 1, "a")]]
    for repeats, kept in (("first", [1.0]), ("last", [2.0, 3.0]), ("all", [1.0, 2.0, 3.0])):
        boxes = Boxes.of([1, 1], ["w", "w"], drawn, repeats=repeats)  # type: ignore[arg-type]
        assert boxes.box[:, 0].tolist() == kept
        assert boxes.answer.max() == len(boxes) - 1
    with pytest.raises(InvalidBoxes, match="row 1 answered the same before"):
        Boxes.of([1, 1], ["w", "w"], drawn, repeats="reject")


def test_columns_must_fit() -> None:
    with pytest.raises(InvalidBoxes, match="1, 1, 2 rows"):
        Boxes.of([1], ["a"], [[], []])
    ids = {"items": ["i"], "workers": ["w"], "classes": ["c"]}
    with pytest.raises(InvalidBoxes, match="answer codes must lie from 0 to 0"):
        Boxes.coded([0], [0], [1], [[0, 0, 1, 1]], [0], **ids)
    with pytest.raises(InvalidBoxes, match=r"shape \(1, 3\); 1 boxes need 4 numbers"):
        Boxes.coded([0], [0], [0], [[0, 0, 1]], [0], **ids)
    with pytest.raises(InvalidBoxes, match="1, 2 rows"):
        Boxes.coded([0], [0], [0], [[0, 0, 1, 1]], [0, 0], **ids)


def test_pickle() -> None:
    boxes = Boxes.of([1], ["a"], [[(0, 0, 1, 1, "dog")]])
    assert pickle.loads(pickle.dumps(boxes)).box.tolist() == boxes.box.tolist()
