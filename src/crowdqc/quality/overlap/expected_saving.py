"""Our dynamic overlap: one more answer, or an expert, only where it is expected to save more than it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.decision import check_costs
from crowdqc.quality.arrays import Floats
from crowdqc.quality.items.gain import SMALL, expected_gains
from crowdqc.quality.overlap.decisions import ASK, EXPERT, REASONS, Decisions, bounded
from crowdqc.quality.overlap.lattice import affordable
from crowdqc.quality.overlap.look_ahead import POINTS, go_on
from crowdqc.quality.overlap.rule import check_bounds, drawn
from crowdqc.quality.overlap.standing import Standing
from crowdqc.quality.overlap.worker_groups import WorkerGroups
from crowdqc.quality.parameters import check_number, check_whole

#: Answers that must at least be looked ahead before workers are told apart.
FEWEST = 3


@dataclass(frozen=True, slots=True)
class ExpectedSaving:
    """Do with each item what is expected to cost least in all: answers, experts and mistakes.

    Parameters
    ----------
    price
        Of one answer, in the unit of the costs of mistakes: 0.01 says that one mistake is worth 100 answers.
    expert_price
        Of one decision of an expert; None: there is none to be asked.
    expert_accuracy
        How often an expert is right; the decision is final, and mistakes are spread evenly.
    costs
        K rows of K numbers, `costs[true][said]`, zero diagonal; None: each mistake costs 1.
    minimum, maximum
        Answers of each item at least and at most. With one answer an item nobody agrees with anybody, so nothing
        is known of how good the crowd is: let `minimum` be 2, or give the crowd's table.
    sample
        Share of items that are asked up to the maximum whatever it saves, as an unbiased sample.
    ahead
        Answers looked ahead at most; 1 is the myopic rule, which stops too early.
    groups
        Groups of workers, by how often they are right, that the next answer may come from, where the crowd is not
        given: an answer tells more where it is known whose it is. One group where with so many fewer than `FEWEST`
        answers can be looked ahead.

    Notes
    -----
    The rule is optimal as far as `look_ahead.go_on` sees: while the posterior is calibrated, the next answers come
    from workers of whom no more is known than their group, and answers are independent given the truth. A
    posterior that is too sure stops too early. Ties go to what is the least effort: stop, then the expert.

    References
    ----------
    See `look_ahead.go_on`.
    P. G. Ipeirotis, F. Provost, V. S. Sheng, J. Wang (2014), Repeated labeling using multiple noisy labelers,
    Data Mining and Knowledge Discovery 28, 402-441.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import DawidSkene
    >>> from crowdqc.quality.votes import Votes
    >>> votes = Votes.of([1, 1, 1, 2, 2], list("abcab"), list("xxxxy"))
    >>> standing = Standing.of(votes, DawidSkene(class_prior="uniform").fit(votes), crowd=[[0.8, 0.2], [0.2, 0.8]])
    >>> found = ExpectedSaving(price=0.02, maximum=5).decide(standing)
    >>> found.names(), found.words(1)
    (['enough', 'ask'], 'to ask on is expected to cost 0.15, to stop 0.405')
    >>> ExpectedSaving(price=0.02, expert_price=0.1).decide(standing).names()
    ['enough', 'expert']
    """

    price: float = 0.01
    expert_price: float | None = None
    expert_accuracy: float = 1.0
    costs: tuple[tuple[float, ...], ...] | None = None
    minimum: int = 2
    maximum: int = 5
    sample: float = 0.0
    ahead: int = 100
    groups: int = 2

    def __post_init__(self) -> None:
        check_number(self, "price")
        check_number(self, "expert_accuracy", high=1.0)
        if self.expert_price is not None:
            check_number(self, "expert_price")
        check_bounds(self)
        check_whole(self, "ahead", "groups")

    def decide(self, standing: Standing) -> Decisions:
        """Decide on every item.

        Raises
        ------
        InvalidCosts, InvalidMatrix
            The costs, or the crowd's table, are no such tables for these classes.
        """
        consensus, K = standing.consensus, standing.votes.n_classes
        groups = standing.groups(self.groups if affordable(self.groups * K, FEWEST, POINTS) == FEWEST else 1)
        stop, gain = _one_answer(consensus, groups, self.costs)
        costs = None if self.costs is None else check_costs(self.costs, K)
        of_expert = self._expert(K, costs)
        expert = np.full(stop.size, np.inf) if of_expert is None else consensus.posterior @ of_expert
        left = np.maximum(self.maximum - standing.answered, 0)
        left[consensus.known] = 0
        ask = go_on(
            consensus.posterior,
            groups.joint(),
            costs,
            price=self.price,
            expert=of_expert,
            left=left,
            ahead=self.ahead,
        )
        sample = drawn(self, standing)
        action, reason, ruled = bounded(standing.answered, consensus.known, sample, self.minimum, self.maximum)
        reason[ruled] = REASONS.index("does not pay")
        asks = ruled & (ask < stop - SMALL) & (ask < expert - SMALL)
        action[asks], reason[asks] = ASK, REASONS.index("pays")
        last = (standing.answered >= self.maximum) & ~consensus.known
        hands = (ruled | last) & ~asks & (expert < stop - SMALL)
        action[hands] = EXPERT
        reason[hands] = np.where(last, REASONS.index("expert at the maximum"), REASONS.index("expert"))[hands]
        return Decisions(
            action=action,
            reason=reason,
            overlap=(standing.answered + (action == ASK)).astype(np.int32),
            confidence=consensus.confidence,
            stop=stop,
            ask=ask,
            expert=expert,
            gain=gain,
            least=self.minimum,
            most=self.maximum,
        )

    def _expert(self, K: int, costs: Floats | None) -> Floats | None:
        """What an expert costs where each class is true, his mistakes included, float64[K]."""
        if self.expert_price is None:
            return None
        wrong = np.full(K, float(K > 1)) if costs is None else costs.sum(axis=1) / max(K - 1, 1)
        return np.asarray(self.expert_price + (1 - self.expert_accuracy) * wrong)


def _one_answer(
    consensus: Consensus, groups: WorkerGroups, costs: tuple[tuple[float, ...], ...] | None
) -> tuple[Floats, Floats]:
    """Expected cost of mistakes now, and by how much one answer lowers it, float64[n_items] each; 0 for gold."""
    gain = np.zeros(len(consensus.posterior))
    for share, table in zip(groups.shares, groups.tables, strict=True):
        gains = expected_gains(consensus, table, costs)
        gain += share * gains.gain
    return np.where(consensus.known, 0.0, gains.cost), gain
