"""Expectation maximisation over the pairs: the loop that the models of confusion share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.estimation.kernels import kernel
from crowdqc.quality.gold import Gold
from crowdqc.quality.logs import safe_log
from crowdqc.quality.pairs import Pairs
from crowdqc.quality.votes import Votes


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What a maximisation step gives: log P(said | state) of each pair, float64[pairs, S], and its log density."""

    log_rates: Floats
    density: float


class ItemPrior(Protocol):
    """What is thought of the items before any answer."""

    @property
    def kind(self) -> Codes: ...

    def learn(self, posterior: Floats) -> tuple[Floats, float]: ...


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """How a fit ended.

    Attributes
    ----------
    log_scores
        float64[n_items, S], not normalised; gold is not restricted yet.
    starts
        float64[kinds, S], the rows of the item prior.
    counts, log_rates
        float64[pairs, S].
    objective, evidence
        float64[iterations]: log posterior density of the parameters, which never falls; log likelihood.
    converged
        Whether it stopped by itself.
    """

    log_scores: Floats
    starts: Floats
    counts: Floats
    log_rates: Floats
    objective: Floats
    evidence: Floats
    converged: bool


def vote_shares(votes: Votes, gold: Gold) -> Floats:
    """Start from the share of votes (Dawid and Skene, equation 3.1), gold held, float64[n_items, K]."""
    shares = votes.counts().astype(np.float64)
    silent = ~shares.any(axis=1)
    shares[silent] = 1.0
    known = gold.known
    if known.any():
        held = shares[known] * gold.accepted[known]
        void = ~held.any(axis=1)
        held[void] = gold.accepted[known][void]
        shares[known] = held
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def maximise(
    pairs: Pairs,
    prior: ItemPrior,
    posterior: Floats,
    learn: Callable[[Floats], Learned],
    *,
    max_iterations: int,
    tolerance: float,
    items: int,
    weight: Floats | None = None,
) -> Fit:
    """Iterate from a first posterior, float64[n_items, S], until its mean movement is within `tolerance`.

    Parameters
    ----------
    learn
        From expected counts, float64[pairs, S], to the rates.
    items
        Items that can move: those with answers.
    weight
        float64[pairs, 1], from 0 to 1: the share of an answer's evidence that its item hears. Workers are learned
        from all that they said.
    """
    products = kernel(pairs, prior.kind, posterior.shape[1])
    counts = products.begin(posterior)
    objective: list[float] = []
    evidence: list[float] = []
    converged = False
    while not converged and len(objective) < max_iterations:
        starts, prior_density = prior.learn(posterior)
        learned = learn(counts)
        told = learned.log_rates if weight is None else learned.log_rates * weight
        found = products.expect(told, starts)
        posterior, counts = found.posterior, found.counts
        evidence.append(found.evidence)
        objective.append(found.evidence + learned.density + prior_density)
        converged = found.moved <= 2 * tolerance * max(items, 1)
    return Fit(
        log_scores=products.scores(told) + safe_log(starts)[prior.kind],
        starts=starts,
        counts=counts,
        log_rates=learned.log_rates,
        objective=np.array(objective),
        evidence=np.array(evidence),
        converged=converged,
    )
