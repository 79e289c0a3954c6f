"""Where an object is, from the boxes that several workers drew of it, and how exactly each of them draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Codes, Counts, Floats, brief
from crowdqc.quality.groups import sums
from crowdqc.quality.shapes.overlap import iou

#: Boxes of the typical worker that count with those of each: one who drew little draws as the others do.
LIKE_OTHERS = 1.0
#: Iterations at most, and a relative movement of the errors too small to go on for.
STEPS = 200
SMALL = 1e-4
#: Least variance of a worker's sides, as a share of the object's squared: a millionth of its width.
LEAST = 1e-12


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Drafts:
    """Boxes grouped by object.

    Attributes
    ----------
    side
        float64[boxes, 4], the low x, the low y, the high x and the high y.
    of
        int64[boxes], the object of each box.
    worker
        int32[boxes].
    n_objects, n_workers
        Their numbers.
    """

    side: Floats
    of: Counts
    worker: Codes
    n_objects: int
    n_workers: int

    def sums(self, weight: Floats) -> tuple[Floats, Floats]:
        """Sum weights, float64[boxes], and weighted sides over each object."""
        sides = [sums(self.of, weight * each, self.n_objects) for each in self.side.T]
        return sums(self.of, weight, self.n_objects), np.stack(sides, axis=1)

    def medians(self) -> Floats:
        """The median of each side, float64[objects, 4]."""
        n = np.bincount(self.of, minlength=self.n_objects)
        first = np.cumsum(n) - n
        found = np.empty((self.n_objects, 4))
        for side, values in enumerate(self.side.T):
            ranked = values[np.lexsort((values, self.of))]
            found[:, side] = (ranked[first + (n - 1) // 2] + ranked[first + n // 2]) / 2
        return found


def drafts(box: Floats, of: Counts, worker: Codes, n_objects: int, n_workers: int) -> Drafts:
    """Take boxes, float64[boxes, 4] as x, y, width, height, by their sides."""
    return Drafts(np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1), of, worker, n_objects, n_workers)


def boxes_of(side: Floats) -> Floats:
    """Give sides as x, y, width, height."""
    return np.concatenate([side[:, :2], side[:, 2:] - side[:, :2]], axis=1)


def errors_of_workers(drawn: Drafts, probability: Floats) -> tuple[Floats, Floats]:
    """Learn how far each worker's sides are off, as a share of an object's width or height.

    Each side is the truth plus an error with the worker's own variance. The means of the sides weigh workers by
    one over that variance. A squared residual is expected to be the variance times one less the worker's share in
    the mean; that gives the variance (restricted maximum likelihood). The typical worker's variance stands in for
    `LIKE_OTHERS` boxes more of each.

    Parameters
    ----------
    probability
        float64[objects], that the object is there: what is not, tells little.

    Returns
    -------
    variance, evidence
        float64[n_workers]; the second is the number of boxes on which the first rests, less their shares in the
        means: 0 for a worker who drew nothing that somebody else drew.
    """
    centre = drawn.medians()
    size = np.tile(centre[:, 2:] - centre[:, :2], 2)
    size[size <= 0] = 1.0
    shared = np.bincount(drawn.of, minlength=drawn.n_objects)[drawn.of] > 1
    counts = np.where(shared, probability[drawn.of], 0.0)
    variance = np.ones(drawn.n_workers)
    freedom = np.zeros(drawn.n_workers)
    for _ in range(STEPS):
        weight = 1 / variance[drawn.worker]
        total, sides = drawn.sums(weight)
        off = (drawn.side - (sides / total[:, None])[drawn.of]) / size[drawn.of]
        squares = sums(drawn.worker, counts * (off**2).sum(axis=1), drawn.n_workers)
        share = weight / total[drawn.of]
        freedom = sums(drawn.worker, counts * (1 - share), drawn.n_workers)
        if freedom.sum() <= 0:
            break
        # the typical worker, whom a few very unsteady hands do not change: a mean of logarithms
        alike = np.exp((freedom * np.log(variance)).sum() / freedom.sum())
        before = variance
        variance = np.maximum((squares / 4 + LIKE_OTHERS * alike) / (freedom + LIKE_OTHERS), LEAST)
        if np.abs(variance / before - 1).max() < SMALL:
            break
    return variance, freedom


def located(drawn: Drafts, variance: Floats, median: bool) -> Floats:
    """Give each object's box, float64[objects, 4], x, y, width, height: by medians, or by weighted means."""
    if median:
        return boxes_of(drawn.medians())
    total, sides = drawn.sums(1 / variance[drawn.worker])
    return boxes_of(sides / total[:, None])


def spreads(box: Floats, of: Counts, n_objects: int) -> Floats:
    """Standard deviation of x, y, width and height among the boxes of an object, float64[objects, 4].

    NaN where there is only one box.
    """
    n = np.bincount(of, minlength=n_objects)
    found = np.full((n_objects, 4), np.nan)
    several = n > 1
    for side, values in enumerate(box.T):
        mean = sums(of, values, n_objects) / np.maximum(n, 1)
        squares = sums(of, (values - mean[of]) ** 2, n_objects)
        found[several, side] = np.sqrt(squares[several] / (n[several] - 1))
    return found


def overlap_with_others(drawn: Drafts, variance: Floats) -> Floats:
    """IoU of each box with the weighted mean of the others of its object, float64[boxes]; NaN where alone."""
    weight = 1 / variance[drawn.worker]
    total, sides = drawn.sums(weight)
    left = total[drawn.of] - weight
    shared = np.bincount(drawn.of, minlength=drawn.n_objects)[drawn.of] > 1
    others = sides[drawn.of] - weight[:, None] * drawn.side
    mean = np.divide(
        others, left[:, None], out=drawn.side.astype(np.float64), where=(shared & (left > 0))[:, None]
    )
    return np.where(shared, iou(boxes_of(mean), boxes_of(drawn.side)), np.nan)
