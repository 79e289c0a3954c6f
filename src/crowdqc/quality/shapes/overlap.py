"""How far boxes overlap."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Floats


def iou(a: ArrayLike, b: ArrayLike) -> Floats:
    """Intersection over union of boxes: 1 the same, 0 apart.

    Parameters
    ----------
    a, b
        float[..., 4], x, y, width and height; they are broadcast against one another.

    Returns
    -------
    float64[...]
        0 as well where neither has an area.

    Examples
    --------
    >>> iou([0, 0, 2, 2], [[1, 0, 2, 2], [0, 0, 2, 2], [5, 5, 1, 1]]).round(3).tolist()
    [0.333, 1.0, 0.0]
    """
    one, other = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    shared = np.minimum(one[..., :2] + one[..., 2:], other[..., :2] + other[..., 2:])
    shared = np.maximum(shared - np.maximum(one[..., :2], other[..., :2]), 0.0)
    # the edge of a box far from 0 is rounded: no side of the shared part is longer than that of either box
    shared = np.minimum(shared, np.minimum(one[..., 2:], other[..., 2:]))
    common = shared[..., 0] * shared[..., 1]
    union = one[..., 2] * one[..., 3] + other[..., 2] * other[..., 3] - common
    return np.asarray(np.divide(common, union, out=np.zeros(np.shape(union)), where=union > 0))
