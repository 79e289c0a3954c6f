"""Rows of probabilities, a bounded number at a time, and what is reckoned of several rows of an item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from crowdqc.quality.arrays import Codes, Counts, Floats, brief
from crowdqc.quality.predictions import Predictions

#: Numbers held at once.
HELD = 1 << 22
#: A model that is certain is taken to be as certain as this: no veto of a single member decides a divergence.
LEAST = 1e-6


def entropy(probabilities: Floats) -> Floats:
    """Entropy of each row in nats, float64[m] from float64[m, K].

    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).round(3).tolist()
    [0.693, 0.0]
    """
    logs = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    return np.asarray(-np.einsum("ij,ij->i", probabilities, logs)) + 0.0


def chunks(said: Predictions) -> Iterator[slice]:
    """Give slices of rows that bound what is held at once."""
    step = max(1, HELD // max(said.probabilities.shape[1], 1))
    return (slice(start, start + step) for start in range(0, said.item.size, step))


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The rows of some items that have two or more, all rows of an item together.

    Attributes
    ----------
    item
        int32[g], item codes.
    probabilities
        float64[m, K], rows of the same item stand together.
    start, size
        int64[g], first row of each item, and how many it has.
    """

    item: Codes
    probabilities: Floats
    start: Counts
    size: Counts

    def sums(self, rows: Floats) -> Floats:
        """Sum rows, float64[m] or [m, K], over each item."""
        return np.asarray(np.add.reduceat(rows, self.start, axis=0))

    def mean(self) -> Floats:
        """Give the mean of each item's rows, float64[g, K]."""
        return np.asarray(self.sums(self.probabilities) / self.size[:, None])

    def votes(self) -> Floats:
        """Count for each item the rows by their likeliest class, float64[g, K]; the first where two are even."""
        one = np.zeros_like(self.probabilities)
        one[np.arange(len(one)), self.probabilities.argmax(axis=1)] = 1.0
        return self.sums(one)

    @classmethod
    def each(cls, said: Predictions) -> Iterator[Self]:
        """Go through the items that have at least two rows, a bounded number at a time.

        Rows are put into the order of their models, so that no sum depends on the order in which they came.
        """
        many = np.flatnonzero(np.bincount(said.item)[said.item] > 1) if said.item.size else np.zeros(0, np.intp)
        order = many[np.lexsort((said.model[many], said.item[many]))]
        first = np.flatnonzero(np.diff(said.item[order], prepend=-1))
        size = np.diff(np.append(first, order.size))
        block = np.cumsum(size) * said.probabilities.shape[1] // HELD
        for number in np.unique(block):
            of = np.flatnonzero(block == number)
            low, high = first[of[0]], first[of[-1]] + size[of[-1]]
            yield cls(
                said.item[order[first[of]]],
                said.probabilities[order[low:high]].astype(np.float64, copy=False),
                (first[of] - low).astype(np.int64),
                size[of].astype(np.int64),
            )
