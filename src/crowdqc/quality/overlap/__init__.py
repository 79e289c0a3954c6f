"""Dynamic overlap: how many answers each item is to have, so that more are asked for only where they pay."""

from crowdqc.quality.overlap.confidence import (
    ConfidenceOverlap,
    answer_confidence,
    baseline,
    vote_weight,
)
from crowdqc.quality.overlap.decisions import ACTIONS, REASONS, Action, Decisions
from crowdqc.quality.overlap.expected_saving import ExpectedSaving
from crowdqc.quality.overlap.fixed import FixedOverlap
from crowdqc.quality.overlap.replay import Replay, arrivals, replay
from crowdqc.quality.overlap.rule import Rule
from crowdqc.quality.overlap.skills import accuracy_by_gold, accuracy_by_others, accuracy_of_skill
from crowdqc.quality.overlap.standing import InvalidStanding, Standing
from crowdqc.quality.overlap.worker_groups import InvalidGroups, WorkerGroups

__all__ = [
    "ACTIONS",
    "REASONS",
    "Action",
    "ConfidenceOverlap",
    "Decisions",
    "ExpectedSaving",
    "FixedOverlap",
    "InvalidGroups",
    "InvalidStanding",
    "Replay",
    "Rule",
    "Standing",
    "WorkerGroups",
    "accuracy_by_gold",
    "accuracy_by_others",
    "accuracy_of_skill",
    "answer_confidence",
    "arrivals",
    "baseline",
    "replay",
    "vote_weight",
]
