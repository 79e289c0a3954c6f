"""All that the answers tell of the workers, at one call."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import brief
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.backing import Backing
from crowdqc.quality.workers.collusion import Collusion, CollusionTest
from crowdqc.quality.workers.costs import WorkerCosts, score_costs
from crowdqc.quality.workers.drift import Drifts, DriftTest
from crowdqc.quality.workers.matrices import Matrices
from crowdqc.quality.workers.positions import Leanings, PositionTest
from crowdqc.quality.workers.recalls import Recalls, score_recalls
from crowdqc.quality.workers.spammers import Spammers, score_spammers
from crowdqc.quality.workers.speed import Speeds, SpeedTest


@brief
@dataclass(frozen=True, slots=True, eq=False)
class WorkerEvidence:
    """What is known of the workers; see each type. Nothing in it is a verdict.

    Attributes
    ----------
    recalls, spammers, costs, leanings, collusion
        From the answers alone.
    drifts, speeds
        None without an order, and without seconds.
    """

    recalls: Recalls
    spammers: Spammers
    costs: WorkerCosts
    leanings: Leanings
    collusion: Collusion
    drifts: Drifts | None
    speeds: Speeds | None


def examine(
    votes: Votes,
    consensus: Consensus,
    gold: Gold | None = None,
    *,
    order: ArrayLike | None = None,
    places: ArrayLike | None = None,
    pages: ArrayLike | None = None,
    costs: ArrayLike | None = None,
    matrices: Matrices | None = None,
    minimum_seconds: float = 0.0,
    level: float = 0.95,
    seed: int = 0,
) -> WorkerEvidence:
    """Examine all workers.

    Parameters
    ----------
    gold
        That with which the consensus was found.
    order
        float64[n], the time or rank of each answer, in the order of the votes (`beside` brings a column into
        it).
    places
        int[n], where on the screen the chosen label stood, if its order was shuffled; None: the classes' own
        order.
    pages
        float64[n], the page of each answer; None takes answers that were handed in at the same time, and took
        the same seconds, for a page.
    costs
        float64[K, K], `costs[true, said]`; None: each mistake costs 1.
    matrices
        `Matrices.of(votes, consensus)`, where it is known already.
    minimum_seconds
        Below it no answer can be serious.
    level
        Of the intervals.

    Raises
    ------
    InvalidColumn, InvalidCosts, InvalidParameter
        What is given cannot be read.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import DawidSkene
    >>> from crowdqc.quality.simulation import Simulation
    >>> crowd = Simulation(items=400, workers=12, classes=3, overlap=5, spammers=0.1).run(seed=2)
    >>> found = examine(crowd.votes, DawidSkene().fit(crowd.votes))
    >>> [kind for kind, high in zip(crowd.kinds, found.spammers.high) if high < 0.1]
    ['spammer']
    >>> bool((found.collusion.q_value < 0.05).any()), found.drifts
    (False, None)
    """
    matrices = Matrices.of(votes, consensus) if matrices is None else matrices
    leaning = PositionTest(level=level)
    drifts, speeds = None, None
    if order is not None or votes.seconds is not None:
        backing = Backing.of(votes, consensus, gold)
        if order is not None:
            drifts = DriftTest(level=level).run(votes, backing, order)
        if votes.seconds is not None:
            handed_in = order if pages is None else pages
            speeds = SpeedTest(minimum=minimum_seconds, level=level).run(votes, backing, handed_in)
    return WorkerEvidence(
        recalls=score_recalls(matrices, level=level),
        spammers=score_spammers(matrices, level=level),
        costs=score_costs(matrices, consensus.class_prior, costs, level=level),
        leanings=leaning.run(matrices) if places is None else leaning.run_places(votes, places),
        collusion=CollusionTest(seed=seed).run(votes, consensus, matrices),
        drifts=drifts,
        speeds=speeds,
    )
