"""The end of a fit by expectation maximisation becomes a consensus."""

from __future__ import annotations

from crowdqc.quality.aggregation.confusion import Confusion
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.estimation.class_prior import ClassPrior
from crowdqc.quality.estimation.expectation import Fit
from crowdqc.quality.gold import Gold
from crowdqc.quality.logs import safe_log
from crowdqc.quality.votes import Votes


def concluded(fit: Fit, prior: ClassPrior, votes: Votes, gold: Gold, confusion: Confusion) -> Consensus:
    """Turn the end of a fit into a consensus; an item that nobody answered has the class prior."""
    silent = (votes.answers_per_item() == 0) & ~gold.known
    scores = fit.log_scores
    scores[silent] = safe_log(fit.starts[0])
    return Consensus.of(
        gold.clamp(scores),
        votes,
        gold,
        class_prior=fit.starts[0],
        confusion=confusion,
        objective=fit.objective,
        log_likelihood=float(fit.evidence[-1]),
        converged=fit.converged,
    )
