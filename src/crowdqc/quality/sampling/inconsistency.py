"""Where a label flickers along a sequence, or a position moves faster than anything can."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from crowdqc.quality.arrays import Codes, Flags, Floats
from crowdqc.quality.parameters import check_choice, check_number, check_whole
from crowdqc.quality.sampling.pool import Pool
from crowdqc.quality.sampling.ranking import Ranking, ranked
from crowdqc.quality.sampling.tracks import Flickers, Track, rates, too_fast

Of = Literal["label", "student"]


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """The items first that do not fit to those before and after them in their sequence.

    A flicker is a short run of one label between two runs of one other: A A B A A. Its score is (l + r - b) /
    (l + r + b), with b items in the run and l and r in those beside it: one odd frame among many scores near 1,
    and a change of scene, A A B B, nothing. A jump is a speed beyond `max_rate`. Who went there and back scores
    1 - max_rate / speed, with the slower of both speeds; an end of a lasting leap scores half of that, for nobody
    knows which end is wrong. An item has the greater of both scores; what is consistent is left out.

    Parameters
    ----------
    of
        Whose labels: those given, or the likeliest class of the "student".
    window
        Items of a run beside a flicker that count, at most.
    max_rate
        Greatest plausible speed, in units of position a unit of time; None: positions are not looked at, and
        labels have to be there.
    max_gap
        Items farther apart in time than this are not neighbours; None: however far.

    References
    ----------
    D. Kang, D. Raghavan, P. Bailis, M. Zaharia (2020), Model assertions for monitoring and improving ML models,
    MLSys: flickering as an assertion that finds errors.

    Examples
    --------
    >>> pool = Pool.of(5, classes=["car", "van"], label=[0, 0, 1, 0, 0], sequence=[0] * 5, time=range(5))
    >>> ranking = Inconsistency().rank(pool, np.random.default_rng(0))
    >>> ranking.item.tolist(), ranking.score.round(2).tolist(), ranking.why(2)
    ([2], [0.6], 'van for 1 item between 2 and 2 of car in its sequence')
    """

    of: Of = "label"
    window: int = 5
    max_rate: float | None = None
    max_gap: float | None = None

    def __post_init__(self) -> None:
        check_choice(self, "of", get_args(Of))
        check_whole(self, "window")
        if self.max_rate is not None:
            check_number(self, "max_rate", low=1e-12)
        if self.max_gap is not None:
            check_number(self, "max_gap")

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        pool.need("inconsistency", "sequence", "time", self.of if self.max_rate is None else "position")
        assert pool.sequence is not None
        assert pool.time is not None
        track = Track.of(pool.sequence, pool.time, math.inf if self.max_gap is None else self.max_gap)
        label = _labels(pool, self.of)
        labelled = track.where(label >= 0)
        runs = Flickers.of(labelled, label, self.window)
        flicker = spread(labelled, runs.score, pool.n_items)
        moved = track.where(_placed(pool))
        reached, left = (np.zeros(0), np.zeros(0)) if self.max_rate is None else rates(moved, _position(pool))
        jump = np.zeros(pool.n_items)
        if self.max_rate is not None:
            jump = spread(moved, too_fast(reached, left, self.max_rate), pool.n_items)

        def why(item: int) -> str:
            if jump[item] > flicker[item]:
                at = int(np.flatnonzero(moved.item == item)[0])
                speed = np.fmax(reached[at], left[at])
                return f"its position moves by {speed:.3g} a unit of time; {self.max_rate:g} is plausible"
            at = int(np.flatnonzero(labelled.item == item)[0])
            n = int(runs.length[at])
            return (
                f"{pool.class_name(int(label[item]))} for {n} item{'s' * (n != 1)} between {runs.before[at]} and "
                f"{runs.after[at]} of {pool.class_name(int(runs.other[at]))} in its sequence"
            )

        score = np.maximum(flicker, jump)
        return ranked(pool, np.where(score > 0, score, np.nan), rng, why)


def spread(track: Track, score: Floats, n_items: int) -> Floats:
    """Give the scores of places by item code, float64[n_items]; 0 for those on no track."""
    found = np.zeros(n_items)
    found[track.item] = score
    return found


def _labels(pool: Pool, of: Of) -> Codes:
    """Give each item's label, or what the student says of it, int32[n_items]; -1 where there is none."""
    none = np.full(pool.n_items, -1, dtype=np.int32)
    if of == "label":
        return none if pool.label is None else pool.label
    if pool.student is not None:
        none[pool.student.item] = pool.student.probabilities.argmax(axis=1)
    return none


def _position(pool: Pool) -> Floats:
    return np.zeros((pool.n_items, 1)) if pool.position is None else pool.position


def _placed(pool: Pool) -> Flags:
    """Tell which items have a position, bool[n_items]."""
    return np.asarray(~np.isnan(_position(pool)).any(axis=1))
