"""Masks made pixel by pixel: by majority, or by weighing workers as crowd-kit does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crowdqc.quality import crowdkit
from crowdqc.quality.arrays import Flags
from crowdqc.quality.parameters import check_choice, check_number, check_whole
from crowdqc.quality.shapes.mask_consensus import MaskConsensus, concluded
from crowdqc.quality.shapes.masks import Masks


@dataclass(frozen=True, slots=True)
class PixelMajority:
    """Mark a pixel when most of the item's answers do.

    Parameters
    ----------
    ties
        Whether a pixel that half of them have is "in" the mask or "out" of it.

    Examples
    --------
    >>> masks = Masks.of([1, 1, 1], ["ann", "bob", "cid"], [[[1, 1, 0]], [[0, 1, 0]], [[0, 1, 1]]])
    >>> consensus = PixelMajority().fit(masks)
    >>> consensus.mask[0].tolist(), consensus.iou.tolist(), consensus.skill.round(2).tolist()
    ([[False, True, False]], [0.5, 1.0, 0.5], [0.33, 0.33, 0.33])
    """

    ties: Literal["in", "out"] = "in"

    def __post_init__(self) -> None:
        check_choice(self, "ties", ("in", "out"))

    def fit(self, masks: Masks) -> MaskConsensus:
        """Count the answers that have each pixel."""
        found: list[Flags | None] = [None] * masks.n_items
        for item in np.flatnonzero(masks.answers_per_item()).tolist():
            given = masks.of_item(item)
            votes = given.sum(axis=0)
            found[item] = 2 * votes >= len(given) if self.ties == "in" else 2 * votes > len(given)
        return concluded(masks, found)


@dataclass(frozen=True, slots=True)
class SegmentationRASA:
    """Weigh the answers to an item by how they overlap with the weighted majority, by crowd-kit.

    An item stands for itself: what a worker drew elsewhere does not count.

    Parameters
    ----------
    max_iterations, tolerance
        Stop when the weighted votes move by no more than `tolerance`, as a share of their squares; or at the cap.

    References
    ----------
    J. Li, F. Fukumoto (2019), A dataset of crowdsourced word sequences: collections and answer aggregation for
    ground truth creation, Proceedings of AnnoNLP, 24-28; with overlaps in place of vectors.
    """

    max_iterations: int = 10
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        check_whole(self, "max_iterations")
        check_number(self, "tolerance")

    def fit(self, masks: Masks) -> MaskConsensus:
        """Weigh the answers; needs crowd-kit."""
        return _by_crowd_kit("SegmentationRASA", masks, n_iter=self.max_iterations, tol=self.tolerance)


@dataclass(frozen=True, slots=True)
class SegmentationEM:
    """Learn by expectation maximisation how many pixels of an item each answer has right, by crowd-kit.

    An item stands for itself: what a worker drew elsewhere does not count. An item may have 100 answers at most.

    Parameters
    ----------
    max_iterations, tolerance
        Stop when an iteration adds no more than `tolerance` to the bound, per answer and pixel; or at the cap.

    References
    ----------
    D. Jung-Lin Lee, A. Das Sarma, A. Parameswaran (2018), Aggregating crowdsourced image segmentations, CEUR
    Workshop Proceedings 2173.
    """

    max_iterations: int = 10
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        check_whole(self, "max_iterations")
        check_number(self, "tolerance")

    def fit(self, masks: Masks) -> MaskConsensus:
        """Learn how right the answers are; needs crowd-kit."""
        return _by_crowd_kit("SegmentationEM", masks, n_iter=self.max_iterations, tol=self.tolerance)


def _by_crowd_kit(name: str, masks: Masks, **parameters: float) -> MaskConsensus:
    answers = masks.answers_per_item()
    by_item = [masks.of_item(item) for item in np.flatnonzero(answers).tolist()]
    drawn = [mask for given in by_item for mask in given]
    found: Mapping[int, Flags] = crowdkit.segmentations(name, masks.item, masks.worker, drawn, **parameters)
    return concluded(masks, [found.get(item) for item in range(masks.n_items)])
