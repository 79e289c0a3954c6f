"""The whole of the thinking: from a problem to a judgement, in one pure function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality.aggregation import (
    Auto,
    DawidSkene,
    HierarchicalDawidSkene,
    MajorityVote,
    ModelAware,
    OneCoin,
    method,
)
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.discounts import Discounted, check_weights
from crowdqc.quality.agreement import (
    Agreement,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    percent_agreement,
)
from crowdqc.quality.arrays import Flags, Floats, brief
from crowdqc.quality.estimation.kernels import engine
from crowdqc.quality.gold import Gold
from crowdqc.quality.items import ItemScores, score_items
from crowdqc.quality.overlap import ExpectedSaving, Standing
from crowdqc.quality.predictions import Contradictions, Predictions, contradictions
from crowdqc.quality.routing import Policy, Routes, Signals, audit_draws
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import WorkerScores, score_workers


class InvalidProblem(Invalid):
    """The parts of the problem do not fit together."""


#: Signals that are reckoned only for a policy that speaks of them.
SAVINGS = {"saving", "expert_saving"}
#: Methods in which a part of an answer can count.
WEIGHING = (MajorityVote, OneCoin, DawidSkene, HierarchicalDawidSkene)
#: Coefficients that a judgement reports, by name.
COEFFICIENTS = {
    "percent_agreement": percent_agreement,
    "krippendorff_alpha": krippendorff_alpha,
    "fleiss_kappa": fleiss_kappa,
    "gwet_ac1": gwet_ac1,
}


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """All that a judgement depends on; equal problems have equal judgements.

    Attributes
    ----------
    votes, gold, predictions
        What workers say, what is known, what models say.
    selected
        bool[n_items], those whose truth was looked for because of something else than the answers, as where a
        model contradicts them. It fixes their labels, and nothing is learned of workers from it: they look worse
        on such items than they are, and the answers cannot tell how much. (With one answer an item, a few hundred
        of them would have Dawid and Skene's model turn the labels of the rest over.) None: none.
    method, parameters
        The method of aggregation, by the names of `METHODS`.
    policy
        A `Policy`, or its JSON.
    costs
        float64[K, K], `costs[true, said]`, or None for the likeliest label.
    saving
        What an answer and an expert cost, and how many answers an item may have: for the signals of saving. Its
        own costs of mistakes give way to `costs`.
    savings
        Whether they are reckoned where the policy does not ask for them.
    reports
        int[n_items], workers who reported a problem with the item.
    weights
        float64[n_workers], how much the answers of each worker count, from 0, which leaves them out of everything,
        to 1; None: all count whole. What lies between is heeded by the votes, one-coin and the models of Dawid and
        Skene (by `auto` where it chooses one); for other methods such answers count whole.
    complete
        bool[n_items], items that have all the answers they are to get for now; the others wait.
    resamples
        Bootstrap draws for the intervals of agreement; 0 for none.
    seed
        Fixes the random audit and the bootstrap.
    """

    votes: Votes
    gold: Gold | None = None
    predictions: Predictions | None = None
    selected: ArrayLike | None = None
    method: str = "dawid_skene"
    parameters: Mapping[str, object] = field(default_factory=dict)
    policy: Policy | object = field(default_factory=Policy.default)
    costs: ArrayLike | None = None
    saving: ExpectedSaving = field(default_factory=ExpectedSaving)
    savings: bool = False
    reports: ArrayLike | None = None
    weights: ArrayLike | None = None
    complete: ArrayLike | None = None
    resamples: int = 200
    seed: int = 0


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What there is to know of a problem; per-item values in the order of its items.

    `heeded` is False where some answers were to count less than whole and the method cannot do that.
    """

    consensus: Consensus
    items: ItemScores
    workers: WorkerScores
    agreement: Mapping[str, Agreement]
    contradictions: Contradictions
    routes: Routes
    #: float64[n_items], what one more answer is expected to save beyond its price (NaN: not known), where wanted.
    saving: Floats | None = None
    heeded: bool = True


def judge(problem: Problem) -> Judgement:
    """Fit, score workers and items, find contradictions, route.

    Raises
    ------
    Invalid
        A method, parameter, policy or table of costs that cannot be read; parts of unequal length.
    """
    keep = counted(problem)
    votes = problem.votes if keep.all() else problem.votes.where(keep)
    gold = Gold.none(votes) if problem.gold is None else problem.gold
    if gold.accepted.shape != (votes.n_items, votes.n_classes):
        raise InvalidProblem("The gold is that of other votes.")
    policy = problem.policy if isinstance(problem.policy, Policy) else Policy.of(problem.policy)
    complete = _column(problem.complete, votes.n_items, "complete", True).astype(bool)
    reports = _column(problem.reports, votes.n_items, "reports", 0).astype(np.int64)

    selected = _column(problem.selected, votes.n_items, "selected", False).astype(bool)
    fair = votes if not selected.any() else votes.where(~selected[votes.item])
    consensus, heeded = _fitted(problem, fair, gold)
    if problem.costs is not None:
        consensus = consensus.under(problem.costs)
    items = score_items(votes, consensus)
    given = problem.votes.answers_per_item()
    found = Contradictions.none()
    if problem.predictions is not None:
        found = contradictions(problem.predictions, consensus.label)
    wanted = problem.savings or SAVINGS & set(policy.names())
    savings = _savings(problem, votes, consensus, gold) if wanted else None
    signals = Signals.of(
        items,
        classes=votes.classes,
        contradictions=found,
        reports=reports,
        audit=audit_draws(votes.items, problem.seed) if "audit" in policy.names() else None,
        savings=savings,
    )
    return Judgement(
        consensus=consensus,
        items=items,
        workers=score_workers(votes, consensus, gold),
        agreement=_agreement(votes, problem),
        contradictions=found,
        # An item that nobody answers and somebody reports is not waited for, nor one whose answers are left out.
        routes=policy.route(signals, settled=gold.known, waiting=~complete | (given + reports == 0)),
        saving=None if savings is None else savings["saving"],
        heeded=heeded,
    )


def counted(problem: Problem) -> Flags:
    """Tell which answers are not left out, bool[n]."""
    weights = check_weights(problem.weights, problem.votes)
    return np.ones(len(problem.votes), dtype=bool) if weights is None else weights[problem.votes.worker] > 0


def _fitted(problem: Problem, votes: Votes, gold: Gold) -> tuple[Consensus, bool]:
    """Fit the method; say also whether it heeded the weights of those who count in part."""
    aggregator = method(problem.method, problem.parameters)
    weights = check_weights(problem.weights, votes)
    if weights is not None and ((weights == 0) | (weights == 1)).all():
        weights = None
    # equal problems have equal judgements to the last bit, whatever this process did before
    with engine("size"):
        if isinstance(aggregator, Auto):
            consensus = aggregator.fit(votes, gold, problem.predictions, weights=weights)
            return consensus, weights is None or isinstance(consensus.confusion, Discounted)
        if problem.predictions is not None and isinstance(aggregator, ModelAware):
            return aggregator.fit(votes, gold, problem.predictions), weights is None
        if weights is not None and isinstance(aggregator, WEIGHING):
            return aggregator.fit(votes, gold, weights=weights), True
        return aggregator.fit(votes, gold), weights is None


def _savings(problem: Problem, votes: Votes, consensus: Consensus, gold: Gold) -> dict[str, Floats]:
    """What asking on, and an expert, are expected to save against stopping; NaN where that cannot be done."""
    costs = None if problem.costs is None else tuple(map(tuple, np.asarray(problem.costs, dtype=float).tolist()))
    rule = replace(problem.saving, costs=costs)
    decisions = rule.decide(Standing.of(votes, consensus, gold))
    found = {"saving": decisions.stop - decisions.ask, "expert_saving": decisions.stop - decisions.expert}
    return {name: np.where(np.isfinite(saved), saved, np.nan) for name, saved in found.items()}


def _agreement(votes: Votes, problem: Problem) -> dict[str, Agreement]:
    rng = np.random.default_rng(problem.seed) if problem.resamples else None
    return {
        name: coefficient(votes, intervals=rng, resamples=problem.resamples)
        for name, coefficient in COEFFICIENTS.items()
    }


def _column(values: ArrayLike | None, n_items: int, what: str, default: object) -> np.ndarray:
    column = np.full(n_items, default) if values is None else np.asarray(values)
    if column.shape != (n_items,):
        raise InvalidProblem(f"{what} has the shape {column.shape}; it must be one column of {n_items} items.")
    return column
