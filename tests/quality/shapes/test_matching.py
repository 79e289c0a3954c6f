"""Boxes of the same object: against average linkage by scipy, by a plain loop, and in turns."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from crowdqc.quality.shapes import Boxes, iou, matching
from crowdqc.quality.shapes.matching import matched
from tests.quality.shapes.drawings import compare, draw

Clusters = set[frozenset[tuple[object, ...]]]
side = st.integers(0, 12)
box = st.tuples(side, side, st.integers(1, 12), st.integers(1, 12), st.just("c"))
tables = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("vwxyz"), st.lists(box, max_size=4, unique=True)),
    max_size=8,
    unique_by=lambda row: row[:2],
)


def clusters(boxes: Boxes, number: np.ndarray) -> Clusters:
    """What is in each cluster, by item, worker and box."""
    of = boxes.answer
    names = [
        (boxes.items[boxes.item[a]], boxes.workers[boxes.worker[a]], *b)
        for a, b in zip(of, boxes.box.tolist(), strict=True)
    ]
    return {frozenset(names[row] for row in np.flatnonzero(number == each)) for each in np.unique(number)}


def by_loop(boxes: Boxes, least: float) -> Clusters:
    """The definition: join the two with the greatest mean overlap while nobody has a box in both."""
    found: list[list[int]] = []
    for item in range(boxes.n_items):
        groups = [[row] for row in np.flatnonzero(boxes.item[boxes.answer] == item).tolist()]
        while True:
            best, pair = -1.0, (0, 0)
            for i in range(len(groups)):
                for j in range(i):
                    if {*boxes.answer[groups[i]]} & {*boxes.answer[groups[j]]}:
                        continue
                    mean = float(iou(boxes.box[groups[i]][:, None], boxes.box[groups[j]][None]).mean())
                    if mean > best:
                        best, pair = mean, (i, j)
            if best < least:
                break
            groups[pair[1]] += groups.pop(pair[0])
        found += groups
    number = np.empty(boxes.n_boxes, dtype=np.int64)
    for each, rows in enumerate(found):
        number[rows] = each
    return clusters(boxes, number)


def scattered(seed: int, answers: int = 9, most: int = 4) -> Boxes:
    """Boxes at places without a grid, so that no two overlaps are equal."""
    rng = np.random.default_rng(seed)
    drawn = [
        [(*rng.uniform(0, 40, 2), *rng.uniform(10, 30, 2), "c") for _ in range(rng.integers(most + 1))]
        for _ in range(2 * answers)
    ]
    return Boxes.of([0, 1] * answers, np.repeat(np.arange(answers), 2), drawn)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("least", [0.2, 0.5])
def test_it_is_the_definition(seed: int, least: float) -> None:
    boxes = scattered(seed)
    assert clusters(boxes, matched(boxes, least)) == by_loop(boxes, least)


@pytest.mark.parametrize("seed", range(5))
def test_with_a_box_a_worker_it_is_scipys_average_linkage(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = [[(*rng.uniform(0, 50, 2), *rng.uniform(10, 40, 2), "c")] for _ in range(40)]
    boxes = Boxes.of([1] * 40, range(40), drawn)
    apart = 1 - iou(boxes.box[:, None], boxes.box[None])
    np.fill_diagonal(apart, 0)
    theirs = fcluster(linkage(squareform(apart), "average"), 1 - 0.3, "distance")
    assert clusters(boxes, matched(boxes, 0.3)) == clusters(boxes, theirs)


@given(tables, st.randoms())
@settings(max_examples=50)
def test_neither_order_nor_names_matter(
    table: list[tuple[str, str, list[tuple[float, ...]]]], random: Random
) -> None:
    """Many are equal: then too."""
    columns = zip(*table, strict=True) if table else ((), (), ())
    boxes = Boxes.of(*columns, classes=["c"])
    number = matched(boxes, 0.3)
    for each in np.unique(number):
        answers = boxes.answer[number == each]
        assert np.unique(answers).size == answers.size
    mixed = random.sample(table, len(table))
    again = Boxes.of(*(zip(*mixed, strict=True) if mixed else ((), (), ())), classes=["c"])
    np.testing.assert_array_equal(matched(again, 0.3), number)


def test_names_do_not_decide_between_equal_overlaps() -> None:
    """The middle one overlaps as much with the left as with the right one, of another worker."""
    drawn = {"left": [(0, 0, 10, 10, "c")], "middle": [(4, 0, 10, 10, "c")], "right": [(8, 0, 10, 10, "c")]}
    found = set()
    for names in ("abc", "bac", "cab", "cba"):
        boxes = Boxes.of([1] * 3, names, drawn.values())
        number = matched(boxes, 0.4)
        found.add(tuple(number[np.argsort(boxes.box[:, 0])] == number[np.argmin(boxes.box[:, 0])]))
    assert found == {(True, True, False)}


def test_two_boxes_of_one_answer_are_two_objects() -> None:
    boxes = Boxes.of([1, 1], "ab", [[(0, 0, 10, 10, "c"), (1, 0, 10, 10, "c")], [(0, 0, 10, 10, "c")]])
    number = matched(boxes, 0.5)
    assert np.unique(number).size == 2
    exact = (boxes.box == boxes.box[0]).all(axis=1)
    assert np.unique(number[exact]).size == 1


def test_parts_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = draw(2, items=40).boxes
    whole = matched(boxes, 0.5)
    monkeypatch.setattr(matching, "CELLS", 30)
    monkeypatch.setattr(matching, "CHUNK", 50)
    np.testing.assert_array_equal(matched(boxes, 0.5), whole)


@pytest.mark.parametrize("most", [1, 20, 60])
def test_in_turns_the_same_objects_are_found(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    drawing = draw(3, items=3, overlap=12, objects=8, deviation=(0.01, 0.03))
    whole = matched(drawing.boxes, 0.5)
    monkeypatch.setattr(matching, "MOST", most)
    turns = matched(drawing.boxes, 0.5)
    assert clusters(drawing.boxes, turns) == clusters(drawing.boxes, whole)


def test_thousands_of_answers_to_one_item() -> None:
    drawing = draw(5, items=1, workers=2000, overlap=2000, objects=6, false=(0.0, 0.2), deviation=(0.02, 0.04))
    number = matched(drawing.boxes, 0.5)
    many = np.flatnonzero(np.bincount(number) > 200)
    assert many.size == drawing.item.size
    middle = np.stack([np.bincount(number, weights=each) / np.bincount(number) for each in drawing.boxes.box.T], 1)
    assert compare(drawing, np.zeros(many.size, dtype=np.int64), middle[many]).recall == 1


def test_no_boxes() -> None:
    assert matched(Boxes.of([1, 2], "ab", [[], []], classes=["c"]), 0.5).tolist() == []
