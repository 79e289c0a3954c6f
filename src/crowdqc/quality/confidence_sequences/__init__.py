"""Intervals that hold however often one looks: of a worker's share, of what is wrong in a finite set of labels."""

from crowdqc.quality.confidence_sequences.draws import Draws, InvalidDraws
from crowdqc.quality.confidence_sequences.finite import fewest, log_evidence, most
from crowdqc.quality.confidence_sequences.fixed import fixed_interval, fixed_most
from crowdqc.quality.confidence_sequences.means import highest_mean
from crowdqc.quality.confidence_sequences.shares import (
    share_interval,
    share_lower,
    share_upper,
    surely_above,
    surely_below,
)

__all__ = [
    "Draws",
    "InvalidDraws",
    "fewest",
    "fixed_interval",
    "fixed_most",
    "highest_mean",
    "log_evidence",
    "most",
    "share_interval",
    "share_lower",
    "share_upper",
    "surely_above",
    "surely_below",
]
