"""Where objects are, and how exactly workers draw."""

from __future__ import annotations

import numpy as np

from crowdqc.quality.shapes import coordinates
from crowdqc.quality.shapes.coordinates import (
    boxes_of,
    drafts,
    errors_of_workers,
    located,
    overlap_with_others,
    spreads,
)
from crowdqc.quality.shapes.overlap import iou


def some(seed: int, objects: int = 300) -> tuple[coordinates.Drafts, np.ndarray, np.ndarray, np.ndarray]:
    """Four workers draw everything, each with his own deviation; true boxes, drawn ones, deviations."""
    rng = np.random.default_rng(seed)
    deviation = np.array([0.01, 0.03, 0.06, 0.1])
    true = np.hstack([rng.uniform(0, 1000, (objects, 2)), rng.uniform(50, 200, (objects, 2))])
    of, worker = np.repeat(np.arange(objects), 4), np.tile(np.arange(4, dtype=np.int32), objects)
    sides = np.hstack([true[:, :2], true[:, :2] + true[:, 2:]])[of]
    sides = sides + deviation[worker][:, None] * np.tile(true[of, 2:], 2) * rng.normal(size=sides.shape)
    box = boxes_of(sides)
    return drafts(box, of, worker, objects, 4), true, box, deviation


def test_deviations_are_recovered() -> None:
    drawn, _, _, deviation = some(1)
    variance, evidence = errors_of_workers(drawn, np.ones(drawn.n_objects))
    np.testing.assert_allclose(np.sqrt(variance[1:]), deviation[1:], rtol=0.12)
    # the means are all but his own: how much better than the next he is can hardly be told
    assert 0.005 < np.sqrt(variance[0]) < 0.02
    # what is left when the means have taken their part: one object's worth of four workers less one
    np.testing.assert_allclose(evidence.sum(), drawn.n_objects * 3, rtol=1e-6)


def test_weights_beat_the_median_and_the_mean() -> None:
    drawn, true, box, _ = some(2)
    variance, _ = errors_of_workers(drawn, np.ones(drawn.n_objects))
    weighted = iou(located(drawn, variance, median=False), true).mean()
    median = iou(located(drawn, variance, median=True), true).mean()
    mean = iou(located(drawn, np.ones(4), median=False), true).mean()
    best = iou(box[drawn.worker == 0], true).mean()
    assert weighted > median + 0.02
    assert weighted > mean + 0.02
    assert weighted > best


def test_the_median_is_numpys() -> None:
    rng = np.random.default_rng(3)
    box, of = rng.uniform(1, 9, (17, 4)), np.repeat([0, 1, 2, 3], [1, 4, 5, 7])
    drawn = drafts(box, of, np.zeros(17, dtype=np.int32), 4, 1)
    sides = np.hstack([box[:, :2], box[:, :2] + box[:, 2:]])
    np.testing.assert_allclose(drawn.medians(), [np.median(sides[of == each], axis=0) for each in range(4)])
    wanted = [box[of == each].std(axis=0, ddof=1) for each in range(1, 4)]
    found = spreads(box, of, 4)
    np.testing.assert_allclose(found[1:], wanted)
    assert np.isnan(found[0]).all()


def test_a_box_is_compared_with_the_others_alone() -> None:
    box = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [5, 0, 10, 10], [50, 0, 9, 9]])
    drawn = drafts(box, np.array([0, 0, 0, 1]), np.array([0, 1, 2, 0], dtype=np.int32), 2, 3)
    found = overlap_with_others(drawn, np.ones(3))
    np.testing.assert_allclose(found[:3], [iou([2.5, 0, 10, 10], box[0])] * 2 + [iou(box[0], box[2])])
    assert np.isnan(found[3])


def test_who_shares_nothing_teaches_nothing() -> None:
    box = np.array([[0.0, 0, 10, 10], [30, 0, 0, 0]])
    drawn = drafts(box, np.array([0, 1]), np.array([0, 1], dtype=np.int32), 2, 2)
    variance, evidence = errors_of_workers(drawn, np.ones(2))
    assert evidence.tolist() == [0, 0]
    np.testing.assert_array_equal(located(drawn, variance, median=False), box)


def test_equal_boxes_are_no_division_by_0() -> None:
    box = np.tile([[1.0, 2, 3, 4]], (6, 1))
    drawn = drafts(box, np.repeat([0, 1], 3), np.tile(np.arange(3, dtype=np.int32), 2), 2, 3)
    variance, _ = errors_of_workers(drawn, np.ones(2))
    assert (variance == coordinates.LEAST).all()
    np.testing.assert_allclose(located(drawn, variance, median=False), box[:2])
