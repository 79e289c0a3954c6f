"""Items along their sequences: short runs of a label, and speeds from one place to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from crowdqc.quality.arrays import Codes, Counts, Flags, Floats, brief
from crowdqc.quality.sampling.evidence import InvalidPool


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Items by sequence and time; those without a sequence or a time are on no track.

    Attributes
    ----------
    item
        int32[t], item codes.
    time
        float64[t].
    part
        int64[t], which stretch without a gap an item lies on; never falling.
    """

    item: Codes
    time: Floats
    part: Counts

    @classmethod
    def of(cls, sequence: Codes, time: Floats, max_gap: float) -> Self:
        """Sort items into their tracks; int32[n] of sequences, -1 for none, and float64[n] of times.

        Raises
        ------
        InvalidPool
            Two items of a sequence at the same time: nobody knows which is the earlier.
        """
        on = np.flatnonzero((sequence >= 0) & ~np.isnan(time))
        item = on[np.lexsort((time[on], sequence[on]))].astype(np.int32)
        same = np.diff(sequence[item]) == 0
        later = np.diff(time[item])
        if (same & (later == 0)).any():
            at = int((same & (later == 0)).argmax())
            raise InvalidPool(
                f"Items {item[at]} and {item[at + 1]} of sequence {sequence[item[at]]} have the same time, "
                f"{time[item[at]]:g}.",
                mend="Give each object of a frame a sequence of its own, or times that tell the items apart.",
            )
        opens = ~same | (later > max_gap)
        part = np.concatenate([np.zeros(min(item.size, 1), dtype=np.int64), np.cumsum(opens)])
        return cls(item, time[item], part)

    def where(self, known: Flags) -> Track:
        """Leave out the items, bool[n] by code, of which something is not known."""
        kept = known[self.item]
        return Track(self.item[kept], self.time[kept], self.part[kept])


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Flickers:
    """For each place on a track the run of one label that it lies in: int64[t] each, 0 and -1 where none flickers.

    Attributes
    ----------
    score
        float64[t], (before + after - length) / (before + after + length).
    length, before, after
        Items of the run, and of the runs of the `other` label beside it, these up to the window.
    other
        The label on both sides.
    """

    score: Floats
    length: Counts
    before: Counts
    after: Counts
    other: Counts

    @classmethod
    def of(cls, track: Track, label: Codes, window: int) -> Self:
        """Find them for labels by item code, int32[n]; all items of the track have one."""
        said = label[track.item].astype(np.int64)
        new = (np.diff(said, prepend=-1) != 0) | (np.diff(track.part, prepend=-1) != 0)
        first = np.flatnonzero(new)
        run = np.cumsum(new) - 1
        length = np.diff(np.append(first, said.size))
        name, part = said[first], track.part[first]
        before, after, other = np.zeros_like(length), np.zeros_like(length), np.full_like(length, -1)
        if first.size > 2:
            here = np.arange(1, first.size - 1)
            between = (part[:-2] == part[1:-1]) & (part[2:] == part[1:-1]) & (name[:-2] == name[2:])
            here = here[between]
            before[here] = np.minimum(length[here - 1], window)
            after[here] = np.minimum(length[here + 1], window)
            other[here] = name[here - 1]
        beside = before + after
        score = np.where(other >= 0, np.maximum((beside - length) / (beside + length), 0.0), 0.0)
        return cls(score[run], length[run], before[run], after[run], other[run])


def rates(track: Track, position: Floats) -> tuple[Floats, Floats]:
    """Give the speed towards each place of a track from the one before, and from it to the next.

    Parameters
    ----------
    position
        float64[n, k], by item code; known of all items of the track.

    Returns
    -------
    reached, left
        float64[t] each, units of position a unit of time; NaN at the ends.
    """
    way = np.linalg.norm(np.diff(position[track.item], axis=0), axis=1)
    speed = np.where(np.diff(track.part) == 0, way / np.diff(track.time), np.nan)
    end = np.full(min(track.item.size, 1), np.nan)
    return np.concatenate([end, speed]), np.concatenate([speed, end])


def too_fast(reached: Floats, left: Floats, max_rate: float) -> Floats:
    """Score speeds beyond what is plausible, float64[t] from 0 to 1.

    Both ways too fast, an item went there and back: 1 - max_rate / rate of the slower. One way, it is an end of a
    lasting leap, and scores half of that.

    >>> too_fast(np.array([4.0, 4.0, 1.0]), np.array([4.0, 1.0, np.nan]), 2.0).tolist()
    [0.5, 0.25, 0.0]
    """
    there, back = np.nan_to_num(reached), np.nan_to_num(left)
    slower, faster = np.minimum(there, back), np.maximum(there, back)
    with np.errstate(divide="ignore"):
        both, one = 1 - max_rate / slower, 1 - max_rate / faster
    return np.maximum(np.maximum(both, one / 2), 0.0)
