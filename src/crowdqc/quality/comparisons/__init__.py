"""Pairwise comparisons: a score an item with its interval, and which workers compare rather than guess."""

from crowdqc.quality.comparisons.bradley_terry import BradleyTerry
from crowdqc.quality.comparisons.comparisons import CHOICES, Comparisons, InvalidComparisons
from crowdqc.quality.comparisons.noisy_bradley_terry import NoisyBradleyTerry
from crowdqc.quality.comparisons.ranking import InvalidRanking, Judges, Ranking

__all__ = [
    "CHOICES",
    "BradleyTerry",
    "Comparisons",
    "InvalidComparisons",
    "InvalidRanking",
    "Judges",
    "NoisyBradleyTerry",
    "Ranking",
]
