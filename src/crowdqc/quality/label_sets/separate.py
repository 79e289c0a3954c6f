"""Sets of options, one question an option, each by itself: any method for classes serves."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from crowdqc.quality.aggregation import Aggregator, DawidSkene
from crowdqc.quality.gold import Gold
from crowdqc.quality.label_sets.label_sets import GoldSets, LabelSets
from crowdqc.quality.label_sets.set_consensus import LEVELS, SetConsensus, Tally, concluded
from crowdqc.quality.parameters import check_number


@dataclass(frozen=True, slots=True)
class Separate:
    """Yes or no for each option by itself ("binary relevance"): nothing learned of one option helps another.

    Parameters
    ----------
    method
        What aggregates the yes and no votes on an option.
    level
        Of the workers' intervals.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import MajorityVote
    >>> sets = LabelSets.of([1, 1, 1], ["ann", "bob", "cid"], [{"cat", "dog"}, {"dog"}, {"cat", "dog"}])
    >>> consensus = Separate(MajorityVote()).fit(sets)
    >>> sorted(consensus.sets()[0]), consensus.probability.round(2).tolist()
    (['cat', 'dog'], [0.67, 1.0])
    """

    method: Aggregator = field(default_factory=DawidSkene)
    level: float = 0.95

    def __post_init__(self) -> None:
        check_number(self, "level", low=LEVELS[0], high=LEVELS[1])

    def fit(self, sets: LabelSets, gold: GoldSets | None = None) -> SetConsensus:
        """Fit each option; gold sets are held."""
        gold = GoldSets.none(sets) if gold is None else gold
        log_odds = np.full((sets.n_items, sets.n_options), -np.inf)
        tally, converged = Tally.of(sets.n_workers), True
        for option in range(sets.n_options):
            votes = sets.votes(option)
            right = np.stack([~gold.right[:, option], gold.right[:, option]], axis=1) & gold.known[:, None]
            consensus = self.method.fit(votes, Gold(right))
            with np.errstate(invalid="ignore"):
                found = consensus.log_posterior[:, 1] - consensus.log_posterior[:, 0]
            log_odds[:, option] = np.nan_to_num(found, nan=0.0, posinf=np.inf, neginf=-np.inf)
            said = votes.label == 1
            backing = consensus.without_own(votes)
            tally.add(votes.worker, said, np.where(said, backing, 1 - backing))
            converged &= consensus.converged
        return concluded(sets, gold, log_odds, tally.scores(sets, self.level), converged=converged)
