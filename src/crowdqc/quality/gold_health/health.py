"""All that the answers tell of the gold, at one call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, brief
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.gold_health.answers import GoldAnswers
from crowdqc.quality.gold_health.balance import Balance, weigh_classes
from crowdqc.quality.gold_health.exposures import Exposures, count_exposures
from crowdqc.quality.gold_health.leaks import Ease, Leaks, compare_items, compare_workers
from crowdqc.quality.gold_health.lookalikes import Likely, Paces
from crowdqc.quality.gold_health.suspects import Suspects, find_suspects
from crowdqc.quality.gold_health.trends import Trends, find_trends
from crowdqc.quality.gold_health.words import GoldFinding, told
from crowdqc.quality.parameters import check_number
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import Matrices
from crowdqc.quality.workers.columns import column


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for, to be checked."""

    level: float
    rate: float
    most_exposed: float
    width: float

    def __post_init__(self) -> None:
        check_number(self, "level", low=0.5, high=0.9999)
        check_number(self, "rate", low=1e-6, high=0.5)
        check_number(self, "most_exposed", low=0.0, high=1.0)
        check_number(self, "width", low=0.01, high=0.9)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class GoldHealth:
    """What is known of the gold; see each type. Nothing in it is a verdict.

    Attributes
    ----------
    item
        int32[G], codes of the gold items: the entries of `suspects`, `exposures`, `leaks` and `trends`.
    suspects, exposures, leaks
        One entry a gold item.
    trends
        The same; None without an order.
    knowing
        One entry a worker: gold answered better and faster than the rest.
    ease
        Gold as a whole.
    balance
        One entry a class.
    rate
        The q-value up to which something is told.
    findings
        What is hardly chance, in words, the surest of a kind first.
    """

    item: Codes
    suspects: Suspects
    exposures: Exposures
    leaks: Leaks
    trends: Trends | None
    knowing: Leaks
    ease: Ease
    balance: Balance
    rate: float
    findings: tuple[GoldFinding, ...]


def examine_gold(
    votes: Votes,
    consensus: Consensus,
    gold: Gold | Truth,
    order: ArrayLike | None = None,
    *,
    matrices: Matrices | None = None,
    most_exposed: float = 0.5,
    width: float = 0.2,
    level: float = 0.95,
    rate: float = 0.05,
) -> GoldHealth:
    """Examine the gold.

    Parameters
    ----------
    gold
        That with which the consensus was found.
    order
        float64[n], the time or rank of each answer, in the order of the votes (`beside` brings a column into it).
    matrices
        `Matrices.of(votes, consensus)`, where it is known already.
    most_exposed
        Share of the workers from which on an item is over-exposed.
    width
        Of the interval of a worker's recall of a class: so many gold items of it are wanted.
    level
        Of the intervals.
    rate
        Share of false ones among the findings of a kind.

    Raises
    ------
    InvalidColumn, InvalidGold, InvalidParameter
        What is given cannot be read.

    Examples
    --------
    Thirty gold items, one with a wrong label:

    >>> from crowdqc.quality.aggregation import DawidSkene
    >>> from crowdqc.quality.simulation import Simulation
    >>> crowd = Simulation(items=400, workers=12, classes=["cat", "dog"], overlap=8).run(seed=2)
    >>> truth = dict(zip(crowd.votes.items[:30], crowd.labels()))
    >>> truth["i007"] = "dog" if truth["i007"] == "cat" else "cat"
    >>> health = examine_gold(crowd.votes, DawidSkene().fit(crowd.votes, Gold.of(crowd.votes, truth)), truth)
    >>> [(found.kind, found.about) for found in health.findings if found.kind == "suspect"]
    [('suspect', 'i007')]
    >>> health.suspects.wrong[[6, 7]].round(2).tolist()
    [0.0, 1.0]
    """
    _Asked(level, rate, most_exposed, width)
    known = Gold.given(votes, gold)
    when = None if order is None else column(order, votes, "order")
    matrices = Matrices.of(votes, consensus) if matrices is None else matrices
    answers = GoldAnswers.of(votes, consensus, known)
    suspects = find_suspects(answers, matrices, consensus.class_prior)
    likely, paces = Likely.of(answers, matrices), Paces.of(votes, consensus, answers)
    leaks, ease, easiness = compare_items(answers, likely, paces, suspects.wrong, level)
    busy = int(np.count_nonzero(np.bincount(votes.worker, minlength=votes.n_workers)))
    trends = find_trends(answers, likely, None if when is None else when[answers.row], level)
    knowing = compare_workers(answers, likely, paces, easiness, level)
    exposures = count_exposures(answers, busy, when, most_exposed)
    balance = weigh_classes(answers, consensus, matrices, width, level)
    return GoldHealth(
        item=answers.item,
        suspects=suspects,
        exposures=exposures,
        leaks=leaks,
        trends=trends,
        knowing=knowing,
        ease=ease,
        balance=balance,
        rate=rate,
        findings=tuple(
            told(votes, known, answers.item, suspects, exposures, leaks, trends, knowing, ease, balance, rate)
        ),
    )
