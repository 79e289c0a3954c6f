"""The array types that the values of `quality` are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]

#: Answers handled at once where an answer needs a row of K numbers: bounds memory, changes no result.
CHUNK = 1 << 18
