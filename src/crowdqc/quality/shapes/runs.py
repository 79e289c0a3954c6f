"""Masks as run lengths, as COCO has them: column after column, from top to bottom, beginning with what is out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Counts, Flags
from crowdqc.quality.shapes.masks import InvalidMasks


def run_lengths(mask: ArrayLike) -> Counts:
    """Count the pixels in a row that are out, then in, then out and so on, int64[runs].

    Only the first count may be 0. The counts of COCO's annotations, not compressed.

    Examples
    --------
    >>> run_lengths([[0, 1], [1, 1]]).tolist(), run_lengths([[1, 0], [1, 0]]).tolist()
    ([1, 3], [0, 2, 2])
    """
    table = np.asarray(mask, dtype=bool)
    if table.ndim != 2:
        raise InvalidMasks(f"The mask has {table.ndim} dimensions; it must have 2.")
    pixels = table.ravel(order="F")
    turns = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    counts = np.diff(np.concatenate([[0], turns, [pixels.size]]))
    return np.append(0, counts) if pixels.size and pixels[0] else counts


def mask_of_runs(counts: ArrayLike, height: int, width: int) -> Flags:
    """Make the mask of run lengths, bool[height, width].

    Raises
    ------
    InvalidMasks
        A count that is no whole number from 0 up, or counts that do not sum to height times width.

    Examples
    --------
    >>> mask_of_runs([1, 3], 2, 2).tolist()
    [[False, True], [True, True]]
    """
    runs = np.asarray(counts)
    if runs.ndim != 1 or (runs.size and runs.dtype.kind not in "iu") or (runs < 0).any():
        raise InvalidMasks("Run lengths must be one column of whole numbers, from 0 up.")
    if runs.sum() != height * width:
        raise InvalidMasks(
            f"The run lengths sum to {runs.sum()}; a mask of {height} x {width} needs {height * width}."
        )
    return np.repeat(np.arange(runs.size) % 2 == 1, runs).reshape((height, width), order="F")
