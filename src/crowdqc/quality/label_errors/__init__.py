"""Which labels are wrong: what models, neighbours and a crowd say against them, and where they go wrong."""

from crowdqc.quality.label_errors.anchoring import Anchoring, InvalidExperiment, anchoring
from crowdqc.quality.label_errors.confident_learning import ConfidentJoint, confident_thresholds
from crowdqc.quality.label_errors.confusions import (
    ClassMistakes,
    PairMistakes,
    mistakes_by_class,
    mistakes_by_pair,
    pair_names,
)
from crowdqc.quality.label_errors.given import InvalidLabels
from crowdqc.quality.label_errors.guidelines import lines_by_pair
from crowdqc.quality.label_errors.neighbours import InvalidEmbeddings, nearest, neighbours_say
from crowdqc.quality.label_errors.opinions import Opinions
from crowdqc.quality.label_errors.pruning import WAYS, UnknownWay, find_errors
from crowdqc.quality.label_errors.qualities import SCORES, adjusted, normalised_margin, self_confidence
from crowdqc.quality.label_errors.suspects import Suspects, find_suspects
from crowdqc.quality.label_errors.suspicion import Suspicion, suspicion

__all__ = [
    "SCORES",
    "WAYS",
    "Anchoring",
    "ClassMistakes",
    "ConfidentJoint",
    "InvalidEmbeddings",
    "InvalidExperiment",
    "InvalidLabels",
    "Opinions",
    "PairMistakes",
    "Suspects",
    "Suspicion",
    "UnknownWay",
    "adjusted",
    "anchoring",
    "confident_thresholds",
    "find_errors",
    "find_suspects",
    "lines_by_pair",
    "mistakes_by_class",
    "mistakes_by_pair",
    "nearest",
    "neighbours_say",
    "normalised_margin",
    "pair_names",
    "self_confidence",
    "suspicion",
]
