"""What models say of the items, and where it contradicts the workers."""

from crowdqc.quality.predictions.columns import InvalidPredictions, Predictions
from crowdqc.quality.predictions.contradictions import Contradictions, contradictions

__all__ = ["Contradictions", "InvalidPredictions", "Predictions", "contradictions"]
