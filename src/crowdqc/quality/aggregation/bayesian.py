"""Bayesian Dawid-Skene: the whole posterior by sampling, for credible intervals that mean what they say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from crowdqc.quality.aggregation.confusion import PairConfusion, SampledConfusion
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.dawid_skene import DawidSkene
from crowdqc.quality.aggregation.hierarchical import HierarchicalDawidSkene
from crowdqc.quality.arrays import Codes, Floats
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.logs import normalised, safe_log
from crowdqc.quality.pairs import Pairs
from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.votes import Votes

#: Random-walk steps of the crowd's pseudo-answers a draw.
MOVES = 3


@dataclass(frozen=True, slots=True)
class BayesianDawidSkene:
    """Gibbs sampling of truth, class shares and confusion matrices; an item's posterior is the mean over draws.

    As slow as all its draws together; it starts from `HierarchicalDawidSkene`. What it gives beyond: intervals of
    the confusion matrices and of the workers' accuracies that hold the doubt about the truth and about the crowd
    as well, where variational ones are far too narrow.

    Parameters
    ----------
    draws, warm_up
        Draws that are used, and draws before them that are not.
    right, wrong
        Pseudo-answers that the crowd's matrix is expected to have, on the diagonal and beside it.
    loose
        Standard deviation of the logarithm of each of those: how far the crowd may be from what is expected.
    class_items
        Pseudo-items of each class.
    seed
        Equal seeds give equal results for equal votes.

    Notes
    -----
    Of a draw only what it implies is kept: given the truths of all items a worker's row is a Dirichlet, whose
    means and variances are averaged (Rao-Blackwell), so that memory does not grow with the draws. The crowd's
    pseudo-answers are moved by Metropolis steps with the rows integrated out, then rows are drawn, then truths.
    `skill` is the posterior mean of the accuracy on items as they come. The crowd, not each worker,
    says the true class more than any other; one chain from a fitted start explores that mode.

    References
    ----------
    B. Carpenter (2008), Multilevel Bayesian models of categorical data annotation, section 4.
    A. E. Gelfand, A. F. M. Smith (1990), Sampling-based approaches to calculating marginal densities, JASA 85.
    """

    draws: int = 400
    warm_up: int = 100
    right: float = 2.0
    wrong: float = 0.5
    loose: float = 1.5
    class_items: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_whole(self, "draws")
        check_whole(self, "warm_up", low=0)
        check_whole(self, "seed", low=0, high=2**63 - 1)
        check_number(self, "right", "wrong", "loose", "class_items", low=1e-3)

    def fit(self, votes: Votes, gold: Gold | Truth | None = None) -> Consensus:
        """Sample; gold items are held at their accepted labels and train the workers who answered them."""
        gold = Gold.given(votes, gold)
        begin = HierarchicalDawidSkene().fit(votes, gold)
        if not len(votes) or votes.n_classes < 2:
            return begin
        chain = _Chain(votes, gold, self)
        chain.start(begin.posterior)
        for draw in range(self.warm_up + self.draws):
            chain.step(keep=draw >= self.warm_up)
        shares = chain.shares / self.draws
        posterior = chain.posterior / self.draws
        silent = (votes.answers_per_item() == 0) & ~gold.known
        posterior[silent] = shares
        consensus = Consensus.of(
            safe_log(posterior),
            votes,
            gold,
            class_prior=shares,
            confusion=chain.confusion(),
            skill=np.where(votes.answers_per_worker() > 0, chain.accuracy.mean(axis=1), np.nan),
        )
        return replace(consensus, iterations=self.warm_up + self.draws, log_likelihood=chain.evidence / self.draws)


class _Chain:
    """One Markov chain over truths, and the sums that its draws leave."""

    def __init__(self, votes: Votes, gold: Gold, method: BayesianDawidSkene) -> None:
        from scipy import sparse

        pairs, K = Pairs.among(votes), votes.n_classes
        self._rng = np.random.default_rng(method.seed)
        self._pairs, self._votes, self._class_items = pairs, votes, method.class_items
        self._crowd = _Crowd(pairs, DawidSkene(method.right, method.wrong).pseudo_answers(K), method.loose)
        self._known, self._accepted = gold.known, gold.accepted[gold.known]
        self._drawn = (votes.answers_per_item() > 0) & ~gold.known
        ones, shape = np.ones(len(votes)), (votes.n_items, len(pairs))
        self._matrix: Any = sparse.csr_array((ones, pairs.of_answer, pairs.ends), shape=shape)
        self._truth: Codes = np.zeros(votes.n_items, dtype=np.int32)
        self._kept = 0
        self.posterior = np.zeros((votes.n_items, K))
        self.shares = np.zeros(K)
        self.evidence = 0.0
        self.accuracy = np.zeros((votes.n_workers, method.draws), dtype=np.float32)
        self._alpha = np.zeros((K, K))
        self._mean, self._square, self._counts = (np.zeros((len(pairs), K)) for _ in range(3))

    def start(self, posterior: Floats) -> None:
        self._truth = self._draw(posterior)

    def step(self, *, keep: bool) -> None:
        """Draw all matrices and shares given the truths, then all truths given those."""
        pairs, rng, K = self._pairs, self._rng, self._votes.n_classes
        cell = pairs.of_answer * np.int64(K) + self._truth[self._votes.item]
        counts = np.bincount(cell, minlength=len(pairs) * K).reshape(-1, K).astype(np.float64)
        alpha = self._crowd.step(counts, rng, adapt=not keep)
        used = alpha.T[pairs.label]
        unused = np.tile(alpha.sum(axis=1), (pairs.n_workers, 1))
        unused[pairs.busy] -= pairs.by_worker(used)
        unused = np.maximum(unused, 0.0)  # pseudo-answers on labels that the worker never used
        weight, rest = rng.standard_gamma(counts + used), rng.standard_gamma(unused)
        mass = rest.copy()
        mass[pairs.busy] += pairs.by_worker(weight)
        rates = weight / np.maximum(mass[pairs.worker], 1e-300)
        of_class = np.bincount(self._truth[self._drawn], minlength=K) + self._class_items
        shares = rng.dirichlet(of_class)
        scores: Floats = self._matrix @ safe_log(rates)
        scores[~self._known] += np.log(shares)
        scores[self._known] = np.where(self._accepted, scores[self._known], -np.inf)
        posterior, evidence = normalised(scores)
        self._truth = self._draw(posterior)
        if keep:
            self.posterior += posterior
            self.shares += shares
            self.evidence += float(evidence.sum())
            self._keep(
                counts,
                alpha,
                rates,
                np.divide(rest, unused * mass, out=np.zeros_like(rest), where=unused > 0),
                shares,
            )

    def _draw(self, posterior: Floats) -> Codes:
        below = posterior.cumsum(axis=1)[:, :-1]
        return np.asarray((self._rng.random(len(posterior))[:, None] > below).sum(axis=1), dtype=np.int32)

    def _keep(self, counts: Floats, alpha: Floats, rates: Floats, spare: Floats, shares: Floats) -> None:
        """Add up what a draw implies; `spare` is the rate per pseudo-answer of labels that a worker never used."""
        pairs = self._pairs
        total = (pairs.by_worker(counts) + alpha.sum(axis=1))[pairs.place]
        mean = (counts + alpha.T[pairs.label]) / total
        self._mean += mean
        self._square += mean * (1 - mean) / (total + 1) + mean**2
        self._counts += counts
        self._alpha += alpha
        right = spare * np.diag(alpha)
        right[pairs.worker, pairs.label] = rates[np.arange(len(pairs)), pairs.label]
        self.accuracy[:, self._kept] = right @ shares
        self._kept += 1

    def confusion(self) -> SampledConfusion:
        draws = self._kept
        mean = self._mean / draws
        learned = PairConfusion(self._pairs, self._counts / draws, self._alpha / draws, safe_log(mean))
        return SampledConfusion(learned, np.maximum(self._square / draws - mean**2, 0.0), self.accuracy)


class _Crowd:
    """The Dirichlet that workers' rows are drawn from: a random walk over its logarithm, row by row."""

    def __init__(self, pairs: Pairs, expected: Floats, loose: float) -> None:
        self._pairs, self._expected, self._loose = pairs, np.log(expected), loose
        self._log = self._expected.copy()
        self._pace = np.full(len(expected), 0.3)

    def step(self, counts: Floats, rng: np.random.Generator, *, adapt: bool) -> Floats:
        """Make a few steps given the truths, float64[K, K]; rows are independent, and accepted one by one."""
        given = self._pairs.by_worker(counts)
        here = self._density(self._log, counts, given)
        for _ in range(MOVES):
            there = self._log + rng.standard_normal(self._log.shape) * self._pace[:, None]
            density = self._density(there, counts, given)
            taken = np.log(rng.random(len(there))) < density - here
            self._log[taken], here[taken] = there[taken], density[taken]
            if adapt:
                self._pace = np.clip(self._pace * np.where(taken, 1.12, 0.95), 1e-3, 2.0)
        return np.exp(self._log)

    def _density(self, log_alpha: Floats, counts: Floats, given: Floats) -> Floats:
        """Log density of each row: Dirichlet-multinomial of all workers, and the prior, float64[K]."""
        from scipy.special import gammaln

        alpha = np.exp(log_alpha)
        strength, pseudo = alpha.sum(axis=1), alpha.T[self._pairs.label]
        data = (gammaln(counts + pseudo) - gammaln(pseudo)).sum(axis=0)
        data += (gammaln(strength) - gammaln(given + strength)).sum(axis=0)
        prior = -0.5 * (((log_alpha - self._expected) / self._loose) ** 2).sum(axis=1)
        # the crowd says k where k is true more than anything else: else the classes could change their names
        return np.asarray(np.where(alpha.diagonal() >= alpha.max(axis=1), data + prior, -np.inf))
