"""How many workers have seen each gold item, and how long until too many have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Counts, Flags, Floats, brief
from crowdqc.quality.gold_health.answers import GoldAnswers


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Exposures:
    """One entry a gold item.

    Attributes
    ----------
    answers
        int64[G], workers who answered it.
    share
        float64[G], of all who answered anything; NaN where nobody did.
    left
        int64[G], workers who may still answer it before it is over-exposed.
    life
        float64[G], how long that takes at the rate so far, in the unit of the order; inf where nobody answers it,
        NaN without an order.
    over
        bool[G], over-exposed: a larger share than `most` has seen it, so that a newcomer can have been told of it.
    most
        The share.
    workers
        How many answered anything.
    """

    answers: Counts
    share: Floats
    left: Counts
    life: Floats
    over: Flags
    most: float
    workers: int


def count_exposures(answers: GoldAnswers, workers: int, order: Floats | None, most: float) -> Exposures:
    """Count who has seen each gold item.

    Parameters
    ----------
    workers
        How many workers answered anything.
    order
        float64[all answers], NaN where it is not known; None for no order. The rate is that over the whole time,
        from the first answer to the last.
    most
        Share of the workers from which on an item is over-exposed.
    """
    seen = answers.per_item().astype(np.int64)
    left = np.maximum(int(np.floor(most * workers)) - seen, 0)
    life = np.full(answers.n_items, np.nan)
    if order is not None and np.isfinite(order).any():
        span = float(np.nanmax(order) - np.nanmin(order))
        life = np.divide(left * span, seen, out=np.full(answers.n_items, np.inf), where=seen > 0)
        life[left == 0] = 0.0
    return Exposures(
        answers=seen,
        share=seen / workers if workers else np.full(answers.n_items, np.nan),
        left=left,
        life=life,
        over=seen > most * workers,
        most=most,
        workers=workers,
    )
