"""Answers that are sets of options: one question an option, scored together."""

from crowdqc.quality.label_sets.distances import (
    distances,
    distinct,
    jaccard_distance,
    masi_distance,
    set_votes,
)
from crowdqc.quality.label_sets.expected import expected_scores
from crowdqc.quality.label_sets.joint import Joint
from crowdqc.quality.label_sets.label_sets import GoldSets, InvalidLabelSets, LabelSets
from crowdqc.quality.label_sets.separate import Separate
from crowdqc.quality.label_sets.set_consensus import SetConsensus, SetWorkers

__all__ = [
    "GoldSets",
    "InvalidLabelSets",
    "Joint",
    "LabelSets",
    "Separate",
    "SetConsensus",
    "SetWorkers",
    "distances",
    "distinct",
    "expected_scores",
    "jaccard_distance",
    "masi_distance",
    "set_votes",
]
