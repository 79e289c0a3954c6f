"""Boxes and masks: what several workers drew of an item, made into one, and how each of them draws."""

from crowdqc.quality.shapes.box_consensus import BoxConsensus, Drawers
from crowdqc.quality.shapes.box_matching import BoxMatching
from crowdqc.quality.shapes.boxes import Boxes, InvalidBoxes
from crowdqc.quality.shapes.existence import SeenOrNot
from crowdqc.quality.shapes.mask_consensus import MaskConsensus
from crowdqc.quality.shapes.masks import InvalidMasks, Masks
from crowdqc.quality.shapes.overlap import iou
from crowdqc.quality.shapes.pixels import PixelMajority, SegmentationEM, SegmentationRASA
from crowdqc.quality.shapes.runs import mask_of_runs, run_lengths

__all__ = [
    "BoxConsensus",
    "BoxMatching",
    "Boxes",
    "Drawers",
    "InvalidBoxes",
    "InvalidMasks",
    "MaskConsensus",
    "Masks",
    "PixelMajority",
    "SeenOrNot",
    "SegmentationEM",
    "SegmentationRASA",
    "iou",
    "mask_of_runs",
    "run_lengths",
]
