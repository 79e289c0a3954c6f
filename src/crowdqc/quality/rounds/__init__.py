"""Rounds: look at what models find most wrong and at a fair sample, correct, and know whether to stop."""

from crowdqc.quality.rounds.choice import Choice, choose
from crowdqc.quality.rounds.outcome import Looked, Outcome, conclude
from crowdqc.quality.rounds.plan import InvalidRound, RoundPlan

__all__ = ["Choice", "InvalidRound", "Looked", "Outcome", "RoundPlan", "choose", "conclude"]
