"""Answers that are all there are given out again one by one, to see what a rule would have asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation import Aggregator
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Counts, Flags, brief
from crowdqc.quality.gold import Gold
from crowdqc.quality.overlap.decisions import ASK, Decisions
from crowdqc.quality.overlap.rule import Rule
from crowdqc.quality.overlap.standing import InvalidStanding, Standing
from crowdqc.quality.votes import Votes


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """How it ended.

    Attributes
    ----------
    votes
        The answers that were asked for, of the same items and workers.
    consensus, decisions
        Of these answers. An item is decided "ask" where the rule wanted more than there were.
    spent
        int64[n_items], answers asked for.
    rounds
        How often was decided.
    """

    votes: Votes
    consensus: Consensus
    decisions: Decisions
    spent: Counts
    rounds: int


def arrivals(votes: Votes, seed: int | np.random.Generator = 0) -> Counts:
    """Draw in which order the answers to each item come: the place of each answer from 0, int64[n_answers]."""
    order = np.lexsort((np.random.default_rng(seed).random(len(votes)), votes.item))
    place = np.empty(len(votes), dtype=np.int64)
    place[order] = np.arange(len(votes)) - np.searchsorted(votes.item, votes.item)[order]
    return place


def replay(
    votes: Votes,
    rule: Rule,
    aggregator: Aggregator,
    gold: Gold | None = None,
    *,
    place: Counts | None = None,
    draws: ArrayLike | None = None,
) -> Replay:
    """Ask in rounds: each item first gets the rule's minimum, then one more where the rule asks, as long as any.

    In each round the aggregator is fitted to the answers asked for so far and to nothing else, and the rule
    decides on every item anew, so that an item is taken up again where what was learned of its workers makes it
    doubtful. It ends when the rule asks for nothing that there is. All answers to gold are there from the start.
    Who answers next is who really did: what comes of choosing workers cannot be seen here.

    Parameters
    ----------
    place
        int64[n_answers], the order in which the answers to each item come, from 0; None: `arrivals` with seed 0.
    draws
        float64[n_items], for a rule that keeps a sample.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import DawidSkene
    >>> from crowdqc.quality.overlap import ExpectedSaving
    >>> from crowdqc.quality.simulation import Simulation
    >>> crowd = Simulation(items=300, workers=20, overlap=9, accuracy=(0.6, 0.9)).run(seed=1)
    >>> ended = replay(crowd.votes, ExpectedSaving(price=0.005, maximum=9), DawidSkene())
    >>> float(ended.spent.mean().round(1)), float((ended.consensus.label == crowd.truth).mean().round(2))
    (5.5, 0.95)
    """
    place = arrivals(votes) if place is None else np.asarray(place)
    if place.shape != (len(votes),):
        raise InvalidStanding(
            f"place has the shape {place.shape}; these votes need {(len(votes),)}.", name="place"
        )
    there = votes.answers_per_item()
    known = np.zeros(votes.n_items, dtype=bool) if gold is None else gold.known
    spent = np.where(known, there, np.minimum(there, rule.minimum))
    rounds = 0
    while True:
        rounds += 1
        asked = _kept(votes, place < spent[votes.item])
        consensus = aggregator.fit(asked, gold)
        decisions = rule.decide(Standing.of(asked, consensus, gold, draws=draws))
        more = (decisions.action == ASK) & (spent < there)
        if not more.any():
            return Replay(asked, consensus, decisions, spent, rounds)
        spent = spent + more


def _kept(votes: Votes, keep: Flags) -> Votes:
    """Give these answers only; items and workers keep their codes."""
    return replace(
        votes,
        item=votes.item[keep],
        worker=votes.worker[keep],
        label=votes.label[keep],
        seconds=None if votes.seconds is None else votes.seconds[keep],
        weight=None if votes.weight is None else votes.weight[keep],
    )
