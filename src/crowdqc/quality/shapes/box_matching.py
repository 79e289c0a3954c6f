"""Boxes matched by overlap: what is there, of which class, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from crowdqc.quality.aggregation import Aggregator, MajorityVote
from crowdqc.quality.arrays import Counts, Floats
from crowdqc.quality.groups import means, sums
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.parameters import check_choice, check_number
from crowdqc.quality.shapes import coordinates as places
from crowdqc.quality.shapes.box_consensus import BoxConsensus, Drawers
from crowdqc.quality.shapes.boxes import Boxes
from crowdqc.quality.shapes.existence import Drawn, Existence, SeenOrNot
from crowdqc.quality.shapes.matching import matched
from crowdqc.quality.votes import Votes


@dataclass(frozen=True, slots=True)
class BoxMatching:
    """Boxes that overlap become candidates; misses and false alarms of all workers say which of them are objects.

    Parameters
    ----------
    overlap
        Least mean overlap (IoU) of boxes of the same object; above 0.
    coordinates
        "weighted": each side is the mean over those who drew it, weighted by how exactly each of them draws;
        "median": the median.
    existence
        How to tell objects from mistakes; see `SeenOrNot`.
    labels
        How to tell the class among those who drew it, by votes: any method of aggregation for classes.

    Examples
    --------
    Two agree on a car, one of them saw a dog as well, and the third saw nothing:

    >>> drawn = [[(10, 10, 40, 20, "car")], [(11, 10, 41, 20, "car"), (70, 5, 9, 9, "dog")], []]
    >>> boxes = Boxes.of([1, 1, 1], ["ann", "bob", "cid"], drawn)
    >>> consensus = BoxMatching(coordinates="median").fit(boxes)
    >>> [boxes.classes[code] for code in consensus.label], consensus.probability.round(2).tolist()
    (['car', 'dog'], [0.95, 0.14])
    >>> consensus.likely().box.tolist()
    [[10.5, 10.0, 40.5, 20.0]]
    """

    overlap: float = 0.5
    coordinates: Literal["weighted", "median"] = "weighted"
    existence: SeenOrNot = field(default_factory=SeenOrNot)
    labels: Aggregator = field(default_factory=MajorityVote)

    def __post_init__(self) -> None:
        check_number(self, "overlap", low=1e-3, high=1.0)
        check_choice(self, "coordinates", ("weighted", "median"))

    def fit(self, boxes: Boxes) -> BoxConsensus:
        """Match the boxes of each item, and judge what comes of it."""
        candidate, item = _ordered(boxes, matched(boxes, self.overlap))
        drawer, n = boxes.worker[boxes.answer], item.size
        drawn = Drawn(boxes.item, boxes.worker, drawer, candidate, item, boxes.n_items, boxes.n_workers)
        existence = self.existence.fit(drawn)
        drafts = places.drafts(boxes.box, candidate, drawer, n, boxes.n_workers)
        variance, evidence = places.errors_of_workers(drafts, existence.probability)
        said = Votes.coded(
            candidate, drawer, boxes.label,
            items=range(n), workers=boxes.workers, classes=boxes.classes, repeats="all",
        )  # fmt: skip
        labelled = self.labels.fit(said)
        return BoxConsensus(
            item=item,
            probability=existence.probability,
            box=places.located(drafts, variance, self.coordinates == "median"),
            spread=places.spreads(boxes.box, candidate, n),
            label=labelled.label,
            confidence=labelled.confidence,
            tied=labelled.tied,
            drawn=np.bincount(candidate, minlength=n),
            asked=boxes.answers_per_item()[item],
            candidate=candidate,
            unseen=existence.unseen,
            workers=_drawers(boxes, drawn, existence, drafts, variance, evidence),
            objective=existence.objective,
            converged=existence.converged,
        )


def _ordered(boxes: Boxes, cluster: Counts) -> tuple[Counts, Counts]:
    """Number clusters by item and then by place, whoever drew them: int64[boxes], and the item of each."""
    first = np.unique(cluster, return_index=True)[1]
    item = boxes.item[boxes.answer[first]].astype(np.int64)
    n = np.bincount(cluster, minlength=first.size)
    middle = [sums(cluster, side, first.size) / n for side in boxes.box.T]
    order = np.lexsort((*np.round(middle[::-1], 9), item))
    number = np.empty(first.size, dtype=np.int64)
    number[order] = np.arange(first.size)
    return number[cluster], item[order]


def _drawers(
    boxes: Boxes, drawn: Drawn, existence: Existence, drafts: places.Drafts, variance: Floats, evidence: Floats
) -> Drawers:
    """Count what each worker missed and made up, on items that somebody else answered as well."""
    judged = (boxes.answers_per_item() > 1).astype(np.float64)
    real = existence.probability * judged[drawn.of_item]
    unreal = (1 - existence.probability) * judged[drawn.of_item]
    objects = drawn.before(drawn.on_item(real) + existence.unseen * judged)
    seen, false = drawn.drawn_by(real), drawn.drawn_by(unreal)
    answers = drawn.before(judged)
    miss_rate, miss_low, miss_high = _rate(objects - seen, objects)
    false_rate, false_low, false_high = _rate(false, seen + false)
    iou = places.overlap_with_others(drafts, variance)
    return Drawers(
        answers=boxes.answers_per_worker(),
        boxes=boxes.boxes_per_worker(),
        objects=objects,
        miss_rate=miss_rate,
        miss_low=miss_low,
        miss_high=miss_high,
        false_rate=false_rate,
        false_low=false_low,
        false_high=false_high,
        false_per_answer=np.divide(false, answers, out=np.full(false.size, np.nan), where=answers > 0),
        iou=means(drafts.worker, iou, boxes.n_workers, existence.probability[drafts.of]),
        deviation=np.where(evidence > 0, np.sqrt(variance), np.nan),
    )


def _rate(part: Floats, whole: Floats) -> tuple[Floats, Floats, Floats]:
    part = np.clip(part, 0.0, whole)
    share = np.divide(part, whole, out=np.full(whole.size, np.nan), where=whole > 0)
    return share, *beta_interval(part, whole)
