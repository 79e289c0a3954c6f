"""Fixed overlap: each item gets the same number of answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.overlap.decisions import ASK, ENOUGH, REASONS, Decisions
from crowdqc.quality.overlap.standing import Standing
from crowdqc.quality.parameters import check_whole


@dataclass(frozen=True, slots=True)
class FixedOverlap:
    """Ask until `overlap` workers have answered.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import MajorityVote
    >>> from crowdqc.quality.votes import Votes
    >>> votes = Votes.of([1, 1, 2], list("aba"), list("xyx"))
    >>> FixedOverlap(2).decide(Standing.of(votes, MajorityVote().fit(votes))).names()
    ['enough', 'ask']
    """

    overlap: int = 3

    def __post_init__(self) -> None:
        check_whole(self, "overlap")

    @property
    def minimum(self) -> int:
        return self.overlap

    def decide(self, standing: Standing) -> Decisions:
        known = standing.consensus.known
        ask = (standing.answered < self.overlap) & ~known
        reason = np.where(ask, REASONS.index("minimum"), REASONS.index("fixed"))
        reason[known] = REASONS.index("gold")
        nothing = np.full(ask.size, np.nan)
        return Decisions(
            action=np.where(ask, ASK, ENOUGH).astype(np.int8),
            reason=reason.astype(np.int8),
            overlap=(standing.answered + ask).astype(np.int32),
            confidence=standing.consensus.confidence,
            stop=nothing,
            ask=nothing,
            expert=nothing,
            gain=nothing,
            least=self.overlap,
            most=self.overlap,
        )
