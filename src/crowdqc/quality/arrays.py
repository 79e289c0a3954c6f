"""The array types that the values of `quality` are made of, and reductions of their short rows."""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]

#: Answers handled at once where an answer needs a row of K numbers: bounds memory, changes no result.
CHUNK = 1 << 18
#: Columns up to which a row is reduced column by column: numpy reduces short rows slowly.
SHORT = 16


def row_sums(table: Floats) -> Floats:
    """Sum the rows of float64[n, K]."""
    return np.asarray(table @ np.ones(table.shape[1]))


def row_maxima(table: Floats) -> Floats:
    """Give the greatest of each row of float64[n, K], K > 0."""
    return np.asarray(reduce(np.maximum, table.T) if table.shape[1] <= SHORT else table.max(axis=1))
