"""Boxes into objects: recovery of simulated truth, what must not matter, and what is degenerate."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.aggregation import DawidSkene
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.shapes import BoxConsensus, Boxes, BoxMatching, SeenOrNot
from tests.quality.shapes.drawings import Drawing, compare, draw

KINDS: dict[str, dict[str, Any]] = {
    "fair": {},
    "careless": {"missed": (0.2, 0.6), "false": (0.5, 2.0)},
    "three": {"overlap": 3, "missed": (0.1, 0.4)},
}


@cache
def fitted(kind: str, seed: int = 1) -> tuple[Drawing, BoxConsensus]:
    drawing = draw(seed, **KINDS[kind])
    return drawing, BoxMatching().fit(drawing.boxes)


def alone(drawing: Drawing, worker: int) -> float:
    """F1 of one worker, on the items that he answered."""
    boxes = drawing.boxes
    mine = boxes.worker[boxes.answer] == worker
    items = boxes.item[boxes.worker == worker]
    return compare(drawing, boxes.item[boxes.answer][mine], boxes.box[mine], items).f1


@pytest.mark.parametrize("kind", KINDS)
def test_it_beats_every_worker(kind: str) -> None:
    drawing, consensus = fitted(kind)
    likely = consensus.likely()
    found = compare(drawing, likely.item, likely.box)
    best = max(alone(drawing, worker) for worker in range(drawing.boxes.n_workers))
    assert found.f1 > best
    assert found.precision > 0.95
    if kind == "fair":
        assert found.recall > 0.97
        assert found.iou > 0.91


@pytest.mark.parametrize("kind", KINDS)
def test_it_beats_a_majority_of_those_asked(kind: str) -> None:
    drawing, consensus = fitted(kind)
    majority = consensus.where(2 * consensus.drawn > consensus.asked)
    likely = consensus.likely()
    of_likely = compare(drawing, likely.item, likely.box).f1
    of_majority = compare(drawing, majority.item, majority.box).f1
    assert of_likely > of_majority + (0.01 if kind != "three" else -0.005)


@pytest.mark.parametrize("kind", KINDS)
def test_the_probabilities_are_calibrated(kind: str) -> None:
    """Of the candidates with a probability of about p a share of about p are there."""
    there, probability = [], []
    for seed in range(1, 6):
        drawing, consensus = fitted(kind, seed)
        there.append(compare(drawing, consensus.item, consensus.box).of >= 0)
        probability.append(consensus.probability)
    real, chance = np.concatenate(there), np.concatenate(probability)
    part = np.minimum((chance * 5).astype(int), 4)
    n = np.bincount(part, minlength=5)
    gap = np.abs(np.bincount(part, real, 5) - np.bincount(part, chance, 5)) / n.sum()
    assert gap.sum() < 0.04  # the expected calibration error


def test_classes_and_their_ties() -> None:
    drawing, consensus = fitted("fair")
    likely = consensus.likely()
    found = compare(drawing, likely.item, likely.box).of
    right = likely.label[found >= 0] == drawing.label[found[found >= 0]]
    assert right.mean() > 0.96
    sure = likely.confidence[found >= 0] > 0.9
    assert right[sure].mean() > right[~sure].mean() + 0.03
    drawn = [[(0, 0, 9, 9, "cat")], [(0, 0, 9, 9, "dog")]]
    tie = BoxMatching().fit(Boxes.of([1, 1], "ab", drawn, classes=["dog", "cat"]))
    assert (tie.label.tolist(), tie.tied.tolist(), tie.confidence.tolist()) == ([0], [True], [0.5])


def test_any_method_for_classes_will_do() -> None:
    drawing, _ = fitted("fair")
    likely = BoxMatching(labels=DawidSkene()).fit(drawing.boxes).likely()
    found = compare(drawing, likely.item, likely.box).of
    assert (likely.label[found >= 0] == drawing.label[found[found >= 0]]).mean() > 0.96


def test_rates_of_workers_are_recovered() -> None:
    drawing, consensus = fitted("fair")
    workers = consensus.workers
    assert np.abs(workers.miss_rate - drawing.missed).mean() < 0.03
    assert np.abs(workers.false_per_answer - drawing.false).mean() < 0.15
    assert np.corrcoef(workers.deviation, drawing.deviation)[0, 1] > 0.95
    assert np.corrcoef(workers.iou, drawing.deviation)[0, 1] < -0.9
    np.testing.assert_allclose(workers.answers.sum(), len(drawing.boxes))
    np.testing.assert_allclose(workers.boxes.sum(), drawing.boxes.n_boxes)


def test_intervals_of_misses_hold_the_truth() -> None:
    """At 95%, over 15 crowds of 12 workers."""
    held = []
    for seed in range(15):
        drawing = draw(100 + seed, items=80)
        workers = BoxMatching().fit(drawing.boxes).workers
        held.append((workers.miss_low <= drawing.missed) & (drawing.missed <= workers.miss_high))
    assert 0.9 <= np.mean(held) <= 0.99


def test_what_nobody_drew_is_expected() -> None:
    expected, unseen = 0.0, 0
    for seed in range(5):
        drawing = draw(200 + seed, overlap=4, missed=(0.3, 0.6), false=(0.0, 0.2), deviation=(0.01, 0.04))
        expected += BoxMatching().fit(drawing.boxes).unseen.sum()
        unseen += int((drawing.seen == 0).sum())
    assert unseen > 100
    assert 0.7 * unseen < expected < 1.1 * unseen


def test_medians_resist_and_means_are_nearer() -> None:
    drawing, _ = fitted("fair")
    median = BoxMatching(coordinates="median").fit(drawing.boxes).likely()
    weighted = BoxMatching().fit(drawing.boxes).likely()
    assert compare(drawing, weighted.item, weighted.box).iou > compare(drawing, median.item, median.box).iou


side = st.integers(0, 9)
box = st.tuples(side, side, st.integers(0, 9), st.integers(0, 9), st.sampled_from(["cat", "dog"]))
tables = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("vwxyz"), st.lists(box, max_size=3)),
    max_size=9,
    unique_by=lambda row: row[:2],
)
COLUMNS = ("item", "probability", "box", "spread", "label", "confidence", "tied", "drawn", "asked", "unseen")


@given(tables, st.randoms())
@settings(max_examples=50)
def test_neither_order_nor_names_matter(table: list[tuple[str, str, list[Any]]], random: Random) -> None:
    def fit(rows: list[tuple[str, str, list[Any]]]) -> BoxConsensus:
        columns = zip(*rows, strict=True) if rows else ((), (), ())
        return BoxMatching().fit(Boxes.of(*columns, classes=["cat", "dog"], all_items="abcd"))

    one = fit(table)
    mixed = fit(
        [
            (item, worker, random.sample(drawn, len(drawn)))
            for item, worker, drawn in random.sample(table, len(table))
        ]
    )
    for column in COLUMNS:
        np.testing.assert_array_equal(getattr(one, column), getattr(mixed, column), column)
    name = dict(zip("vwxyz", random.sample("vwxyz", 5), strict=True))
    renamed = fit([(item, name[worker], drawn) for item, worker, drawn in table])
    for column in COLUMNS:
        np.testing.assert_allclose(getattr(one, column), getattr(renamed, column), atol=1e-4, err_msg=column)
    assert ((one.probability >= 0) & (one.probability <= 1)).all()
    assert (np.diff(one.objective) > -1e-8 * np.maximum(np.abs(one.objective[1:]), 1)).all()
    assert (one.drawn >= 1).all()
    assert (one.drawn <= one.asked).all()


def test_candidates_and_the_boxes_that_made_them() -> None:
    drawing, consensus = fitted("three")
    boxes = drawing.boxes
    np.testing.assert_array_equal(np.bincount(consensus.candidate), consensus.drawn)
    np.testing.assert_array_equal(consensus.item[consensus.candidate], boxes.item[boxes.answer])
    likely = consensus.likely(0.9)
    kept = likely.candidate >= 0
    np.testing.assert_array_equal(np.bincount(likely.candidate[kept]), likely.drawn)
    again = likely.where(likely.drawn > 2)
    np.testing.assert_array_equal(np.bincount(again.candidate[again.candidate >= 0]), again.drawn)
    assert len(again) == (likely.drawn > 2).sum()


def test_what_is_degenerate() -> None:
    nothing = BoxMatching().fit(Boxes.of([], [], [], classes=["c"], all_items=["x"]))
    assert (len(nothing), nothing.unseen.tolist(), nothing.iterations) == (0, [0.0], 0)
    empty = BoxMatching().fit(Boxes.of(["x", "x"], "ab", [[], []], classes=["c"]))
    assert len(empty) == 0
    assert np.isnan(empty.workers.miss_rate).all()
    assert empty.workers.false_per_answer.tolist() == [0, 0]
    one = BoxMatching().fit(Boxes.of(["x"], "a", [[(1, 2, 3, 4, "c")]]))
    assert one.box.tolist() == [[1, 2, 3, 4]]
    assert one.probability.round(3).tolist() == [0.667]
    assert np.isnan(one.spread).all()
    for column in ("miss_rate", "false_rate", "false_per_answer", "iou", "deviation"):
        assert np.isnan(getattr(one.workers, column)).all()
    assert (one.workers.miss_low.tolist(), one.workers.miss_high.tolist()) == ([0.0], [1.0])


def test_all_the_same() -> None:
    boxes = Boxes.of([1] * 4, "abcd", [[(1, 2, 3, 4, "c")]] * 4)
    consensus = BoxMatching().fit(boxes)
    assert consensus.probability[0] > 0.95
    assert consensus.workers.iou.tolist() == [1.0] * 4
    assert consensus.spread.tolist() == [[0.0] * 4]
    np.testing.assert_allclose(consensus.box, [[1, 2, 3, 4]])


def test_a_copy_far_away_from_0_is_the_same_object() -> None:
    boxes = Boxes.of([1] * 3, "abc", [[(1e9, 2e9, 3, 4, "c")]] * 3)
    assert BoxMatching().fit(boxes).drawn.tolist() == [3]


@pytest.mark.parametrize("fault", [{"overlap": 0.0}, {"overlap": 1.5}, {"coordinates": "mean"}])
def test_parameters_out_of_range(fault: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter, match=f"{next(iter(fault))} is"):
        BoxMatching(**fault)


def test_the_cap_is_told() -> None:
    drawing, _ = fitted("careless")
    fit = BoxMatching(existence=SeenOrNot(max_iterations=2)).fit(drawing.boxes)
    assert (fit.iterations, fit.converged) == (2, False)
