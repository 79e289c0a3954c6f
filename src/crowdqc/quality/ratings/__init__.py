"""Numeric answers: one estimate an item, with its interval, and what each worker's numbers are worth."""

from crowdqc.quality.ratings.averages import Mean, Median, TrimmedMean
from crowdqc.quality.ratings.estimates import Estimates, Raters
from crowdqc.quality.ratings.precision_weighted import PrecisionWeighted
from crowdqc.quality.ratings.ratings import GoldValues, InvalidRatings, Ratings

__all__ = [
    "Estimates",
    "GoldValues",
    "InvalidRatings",
    "Mean",
    "Median",
    "PrecisionWeighted",
    "Raters",
    "Ratings",
    "TrimmedMean",
]
