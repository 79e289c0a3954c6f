"""Given labels beside a table of probabilities: what every part of the search starts from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Counts

#: Numbers that are worked on together: bounds memory, changes no result.
BLOCK = 1 << 21

Table = NDArray[np.floating]


class InvalidLabels(Invalid):
    """The labels do not fit the probabilities: one code of a class is wanted for each row."""


def check_given(label: ArrayLike, probabilities: Table) -> Codes:
    """Give labels as int32[n], one a row of probabilities[n, K].

    Raises
    ------
    InvalidLabels
        Not one label a row, or a code that is no class.
    """
    given: Codes = np.asarray(label, dtype=np.int32)
    if probabilities.ndim != 2 or given.shape != (len(probabilities),):
        raise InvalidLabels(
            f"{given.size} labels and probabilities of the shape {probabilities.shape} do not fit together."
        )
    K = probabilities.shape[1]
    if given.size and not 0 <= given.min() <= given.max() < K:
        row = int(np.argmax((given < 0) | (given >= K)))
        raise InvalidLabels(f"Row {row} has the label {given[row]}; codes lie from 0 to {K - 1}.", row=row)
    return given


def blocks(n: int, K: int) -> Iterator[slice]:
    """Cut n rows of K numbers into slices that fit into memory together."""
    step = max(1, BLOCK // max(K, 1))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def class_counts(label: Codes, K: int) -> Counts:
    """How often each class is given, int64[K]."""
    return np.bincount(label, minlength=K).astype(np.int64)
