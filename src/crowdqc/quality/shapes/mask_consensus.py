"""What the aggregation of masks gives: one mask an item, and how far the answers overlap with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Counts, Flags, Floats, brief
from crowdqc.quality.groups import means
from crowdqc.quality.shapes.masks import Masks


@brief
@dataclass(frozen=True, slots=True, eq=False)
class MaskConsensus:
    """The result of an aggregation of masks.

    Attributes
    ----------
    mask
        bool[height, width] of each item; None for an item without answers.
    iou
        float64[n], overlap of each answer with the mask of its item, as intersection over union; 1 where both are
        empty. An answer's own part in the mask is in it.
    agreement
        float64[n_items], its mean over the item's answers; NaN with fewer than two.
    answers
        int64[n_items].
    tied
        int64[n_items], pixels that half of the answers have.
    skill
        float64[n_workers], mean overlap of a worker's masks with the pixel majority of the item's other answers,
        his own left out; NaN for a worker who was alone on all his items.
    """

    mask: tuple[Flags | None, ...]
    iou: Floats
    agreement: Floats
    answers: Counts
    tied: Counts
    skill: Floats


def concluded(masks: Masks, mask: Sequence[Flags | None]) -> MaskConsensus:
    """Compare the answers with the mask of each item, and with one another."""
    answers = masks.answers_per_item()
    iou, with_others = np.full(len(masks), np.nan), np.full(len(masks), np.nan)
    tied = np.zeros(masks.n_items, dtype=np.int64)
    end = np.cumsum(answers)
    for item in np.flatnonzero(answers).tolist():
        given, n = masks.of_item(item).reshape(int(answers[item]), -1), int(answers[item])
        part = slice(int(end[item]) - n, int(end[item]))
        size = np.count_nonzero(given, axis=1)
        made = mask[item]
        assert made is not None
        flat = made.ravel()
        iou[part] = overlap(np.count_nonzero(given & flat, axis=1), size, int(np.count_nonzero(flat)))
        votes = given.sum(axis=0)
        tied[item] = np.count_nonzero(2 * votes == n)
        if n > 1:
            with_others[part] = _with_others(given, size, votes)
    return MaskConsensus(
        mask=tuple(mask),
        iou=iou,
        agreement=np.where(answers > 1, means(masks.item, iou, masks.n_items), np.nan),
        answers=answers,
        tied=tied,
        skill=means(masks.worker, with_others, masks.n_workers),
    )


def _with_others(given: Flags, size: NDArray[np.int64], votes: NDArray[np.int64]) -> Floats:
    """Overlap of each mask with the majority of the others, float64[answers]; what half of them have is in.

    A pixel of a mask is in the others' majority when one more than half of them have it in all.
    """
    needed = len(given) // 2  # half of the others, rounded up
    without, with_it = votes >= needed, votes >= needed + 1
    common = np.count_nonzero(given & with_it, axis=1)
    others = common + np.count_nonzero(without) - np.count_nonzero(given & without, axis=1)
    return overlap(common, size, others)


def overlap(
    common: NDArray[np.int64] | int, one: NDArray[np.int64] | int, other: NDArray[np.int64] | int
) -> Floats:
    """Intersection over union from the sizes of the common part and of both; 1 where both are empty."""
    union = np.asarray(one) + np.asarray(other) - np.asarray(common)
    return np.asarray(np.divide(common, union, out=np.ones(np.shape(union)), where=union > 0))
