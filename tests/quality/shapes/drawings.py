"""Workers who draw boxes, with known misses, false alarms and unsteady hands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from crowdqc.quality.shapes import Boxes, iou

Floats = NDArray[np.float64]
Span = tuple[float, float]


@dataclass(frozen=True)
class Drawing:
    """What was drawn; `box` and `label` of the true objects on `item`, `seen` by how many, and what workers do."""

    boxes: Boxes
    item: NDArray[np.int64]
    box: Floats
    label: NDArray[np.int64]
    seen: NDArray[np.int64]
    missed: Floats
    false: Floats
    deviation: Floats


def draw(
    seed: int,
    *,
    items: int = 150,
    workers: int = 12,
    overlap: int = 5,
    objects: float = 4.0,
    missed: Span = (0.05, 0.4),
    false: Span = (0.1, 1.0),
    deviation: Span = (0.02, 0.08),
    right: float = 0.9,
    K: int = 3,
) -> Drawing:
    """Objects of 40 to 200 by 40 to 200 in an image of 2000 by 2000; false boxes lie anywhere."""
    rng = np.random.default_rng(seed)
    miss, wrong, hand = (rng.uniform(*span, workers) for span in (missed, false, deviation))

    def anywhere(n: int) -> Floats:
        return np.hstack([rng.uniform(0, 2000, (n, 2)), rng.uniform(40, 200, (n, 2))])

    n = rng.poisson(objects, items)
    item, box, label = np.repeat(np.arange(items), n), anywhere(int(n.sum())), rng.integers(K, size=int(n.sum()))
    of_item = np.repeat(np.arange(items), overlap)
    of_worker = np.concatenate([rng.choice(workers, overlap, replace=False) for _ in range(items)])
    seen = np.zeros(item.size, dtype=np.int64)
    answer: list[int] = []
    drawn: list[Floats] = []
    said: list[int] = []
    for row, (what, who) in enumerate(zip(of_item, of_worker, strict=True)):
        there = np.flatnonzero((item == what) & (rng.random(item.size) > miss[who]))
        seen[there] += 1
        noise = anywhere(rng.poisson(wrong[who]))
        both = np.vstack([box[there], noise])
        sides = np.hstack([both[:, :2], both[:, :2] + both[:, 2:]])
        sides += hand[who] * rng.normal(size=sides.shape) * np.tile(both[:, 2:], 2)
        drawn.append(np.hstack([sides[:, :2], np.maximum(sides[:, 2:] - sides[:, :2], 1.0)]))
        classes = np.append(label[there], rng.integers(K, size=len(noise)))
        off = rng.random(classes.size) > right
        said += np.where(off, rng.integers(K, size=classes.size), classes).tolist()
        answer += [row] * len(both)
    boxes = Boxes.coded(
        of_item,
        of_worker,
        np.array(answer, dtype=np.int64),
        np.vstack(drawn),
        np.array(said),
        items=range(items),
        workers=range(workers),
        classes=[f"c{k}" for k in range(K)],
    )
    return Drawing(boxes, item, box, label, seen, miss, wrong, hand)


@dataclass(frozen=True)
class Found:
    """How boxes fit the true ones: which true object each is, or -1."""

    of: NDArray[np.int64]
    precision: float
    recall: float
    iou: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-12)


def compare(
    drawing: Drawing, item: NDArray[np.integer], box: Floats, items: NDArray[np.integer] | None = None
) -> Found:
    """Assign boxes to the true ones with an overlap of at least one half; of `items`, or of all."""
    of, overlaps = np.full(len(box), -1), []
    true = np.ones(drawing.item.size, dtype=bool) if items is None else np.isin(drawing.item, items)
    for each in np.unique(item):
        mine, there = np.flatnonzero(item == each), np.flatnonzero(drawing.item == each)
        overlap = iou(box[mine][:, None], drawing.box[there][None])
        overlap = np.where(overlap >= 0.5, overlap, 0.0)
        row, column = linear_sum_assignment(overlap, maximize=True)
        hit = overlap[row, column] > 0
        of[mine[row[hit]]] = there[column[hit]]
        overlaps += overlap[row, column][hit].tolist()
    right = int((of >= 0).sum())
    return Found(of, right / max(len(box), 1), right / max(int(true.sum()), 1), float(np.mean(overlaps)))
