"""Edit distances between many pairs of word sequences at once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Codes, Counts, Floats, brief

#: Cells of the tables that are filled at once: few enough to stay near the processor.
CELLS = 1 << 17


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """Sequences of words as one column of codes.

    Attributes
    ----------
    code
        int32[words in all], equal where words are.
    start
        int64[n + 1], where each sequence begins.
    """

    code: Codes
    start: Counts

    @classmethod
    def of(cls, sequences: Sequence[Sequence[Hashable]]) -> Self:
        """Number the words of some sequences."""
        number: dict[Hashable, int] = {}
        codes = [number.setdefault(word, len(number)) for words in sequences for word in words]
        lengths = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
        return cls(np.array(codes, dtype=np.int32), np.append(0, np.cumsum(lengths)))

    @property
    def length(self) -> Counts:
        """Words of each sequence, int64[n]."""
        return np.diff(self.start)

    def padded(self, which: Counts, width: int, filler: int) -> Codes:
        """Give some sequences as rows of one table, int32[which, width]."""
        place = self.start[which][:, None] + np.arange(width)
        inside = np.arange(width) < self.length[which][:, None]
        if not self.code.size:
            return np.full(inside.shape, filler, dtype=np.int32)
        return np.where(inside, self.code[np.minimum(place, self.code.size - 1)], np.int32(filler))


def edit_distances(sequences: Sequences, left: NDArray[np.integer], right: NDArray[np.integer]) -> Counts:
    """Fewest insertions, deletions and substitutions that make one sequence of the other, for each pair.

    Parameters
    ----------
    left, right
        int[pairs], places of sequences.

    Returns
    -------
    int64[pairs]

    Notes
    -----
    Row i of the table of all pairs is made at once: with t the best way without a last insertion, it is the
    running minimum of t[j] - j, plus j. The work is the product of the lengths, in steps of the shorter one.

    References
    ----------
    R. A. Wagner, M. J. Fischer (1974), The string-to-string correction problem, JACM 21(1), 168-173.

    Examples
    --------
    >>> some = Sequences.of(["the cat sat".split(), "a cat sat down".split(), []])
    >>> edit_distances(some, np.array([0, 0, 1]), np.array([1, 2, 2])).tolist()
    [2, 3, 4]
    """
    left, right = np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)
    length = sequences.length
    swapped = length[left] > length[right]
    short, long = np.where(swapped, right, left), np.where(swapped, left, right)
    distance = np.empty(left.size, dtype=np.int64)
    order = np.lexsort((length[long], length[short]))
    begin = 0
    while begin < order.size:
        # the lengths rise, so that the last pair of a part tells its width only when it is cut
        width = int(length[long[order[begin : begin + CELLS]]].max()) + 1
        part = order[begin : begin + max(CELLS // width, 1)]
        distance[part] = _table(sequences, short[part], long[part])
        begin += part.size
    return distance


def differences(sequences: Sequences, left: NDArray[np.integer], right: NDArray[np.integer]) -> Floats:
    """Edit distance as a share of the longer sequence, float64[pairs]: 0 the same, 1 no word in common."""
    longer = np.maximum(sequences.length[left], sequences.length[right])
    return np.asarray(edit_distances(sequences, left, right) / np.maximum(longer, 1))


def _table(sequences: Sequences, short: Counts, long: Counts) -> Counts:
    """Edit distances of pairs whose shorter ones are about equally long, sorted by their lengths."""
    rows, columns = sequences.length[short], sequences.length[long]
    a = sequences.padded(short, int(rows.max(initial=0)), -1)
    b = sequences.padded(long, int(columns.max(initial=0)), -2)
    j = np.arange(b.shape[1] + 1, dtype=np.int32)
    row = np.tile(j, (short.size, 1))
    found = np.where(rows == 0, columns, 0)
    for i in range(1, a.shape[1] + 1):
        best = np.empty_like(row)
        best[:, 0] = i
        np.minimum(row[:, 1:] + 1, row[:, :-1] + (b != a[:, i - 1, None]), out=best[:, 1:])
        best -= j
        np.minimum.accumulate(best, axis=1, out=best)
        best += j
        row = best
        ends = np.flatnonzero(rows == i)
        found[ends] = row[ends, columns[ends]]
    return found
