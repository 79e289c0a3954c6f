"""One-coin Dawid-Skene: each worker has one accuracy, whatever the class, and errs evenly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation.conclusion import concluded
from crowdqc.quality.aggregation.confusion import CoinConfusion
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.discounts import check_weights, discounted, of_pairs
from crowdqc.quality.arrays import Floats
from crowdqc.quality.estimation.class_prior import ClassPrior, Prior, check_prior
from crowdqc.quality.estimation.expectation import Learned, maximise, vote_shares
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.pairs import Pairs
from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.votes import Votes

#: How near 0 and 1 an accuracy without a prior may come.
EDGE = 1e-10


@dataclass(frozen=True, slots=True)
class OneCoin:
    """Maximum a posteriori estimate of truth and workers' accuracies by expectation maximisation.

    Few answers suffice for one number a worker: better than `DawidSkene` where workers answered little, worse
    where they err in a direction. The skill is the accuracy.

    Parameters
    ----------
    right, wrong
        Pseudo-answers of each worker: a Beta prior of his accuracy. Both 0 is maximum likelihood.
    pooled
        One accuracy for all workers instead: the labels are those of majority vote, with a probability that is
        learned from how often the answers agree.
    class_prior
        "uniform", "learned" from the items whose truth is not known, or K probabilities. Learned, this model can
        give all items to one class: nothing else in it explains why one class is named too often.
    class_items
        Pseudo-items of each class in a learned class prior.
    max_iterations, tolerance
        Stop when an iteration moves the posteriors by no more than `tolerance` on average, or at the cap.

    Notes
    -----
    The E step is that of `DawidSkene` with a on the diagonal of each matrix and (1 - a) / (K - 1) beside it; in
    the M step a is the mean posterior of what the worker said.

    References
    ----------
    Y. Zhang, X. Chen, D. Zhou, M. I. Jordan (2016), Spectral methods meet EM, JMLR 17(102), section 3.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 1, 2, 2, 2], list("abcabc"), list("xxyyyx"))
    >>> consensus = OneCoin().fit(votes)
    >>> consensus.skill.round(2).tolist()  # two who agree, and one who contradicts them
    [0.88, 0.88, 0.45]
    """

    right: float = 2.0
    wrong: float = 0.5
    pooled: bool = False
    class_prior: Prior = "uniform"
    class_items: float = 1.0
    max_iterations: int = 300
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        check_number(self, "right", "wrong", "class_items", "tolerance")
        check_whole(self, "max_iterations")
        check_prior(self.class_prior)

    def fit(
        self, votes: Votes, gold: Gold | Truth | None = None, *, weights: ArrayLike | None = None
    ) -> Consensus:
        """Fit the model; gold items are held at their accepted labels and train the workers who answered them.

        `weights`, float64[n_workers] from 0 to 1, tempers the evidence of workers.
        """
        gold = Gold.given(votes, gold)
        given = check_weights(weights, votes)
        prior = ClassPrior.of(votes, gold, self.class_prior, self.class_items)
        pairs = Pairs.among(votes)
        coins = Coins(pairs, self)
        fit = maximise(
            pairs,
            prior,
            vote_shares(votes, gold),
            coins.learn,
            max_iterations=self.max_iterations,
            tolerance=self.tolerance,
            items=int(np.count_nonzero(np.diff(pairs.ends))),
            weight=of_pairs(given, pairs),
        )
        consensus = concluded(fit, prior, votes, gold, CoinConfusion(coins.accuracy, votes.n_classes))
        silent = votes.answers_per_worker() == 0
        return replace(discounted(consensus, given), skill=np.where(silent, np.nan, coins.accuracy))


class Coins:
    """The accuracies, from the expected counts of pairs: what a worker's label has of its own class is right."""

    def __init__(self, pairs: Pairs, method: OneCoin) -> None:
        self._pairs, self._method = pairs, method
        self._own = np.arange(len(pairs)), pairs.label
        answers = np.bincount(pairs.of_answer, minlength=len(pairs))
        self._answers = self._by_worker(answers.astype(np.float64))
        self.accuracy = np.ones(pairs.n_workers)

    def learn(self, counts: Floats) -> Learned:
        pairs, method = self._pairs, self._method
        if pairs.n_classes < 2:
            return Learned(np.zeros(counts.shape), 0.0)
        total = self._answers + method.right + method.wrong
        hits = self._by_worker(counts[self._own]) + method.right
        share = np.divide(hits, total, out=np.full(total.shape, 0.5), where=total > 0)
        self.accuracy = np.clip(share, EDGE, 1 - EDGE)
        right, wrong = np.log(self.accuracy), np.log(1 - self.accuracy)
        pull = method.right * right + method.wrong * wrong
        log_rates = np.empty(counts.shape)
        log_rates[:] = (wrong - np.log(pairs.n_classes - 1))[pairs.worker, None]
        log_rates[self._own] = right[pairs.worker]
        return Learned(log_rates, float(pull[:1].sum() if method.pooled else pull.sum()))

    def _by_worker(self, of_pair: Floats) -> Floats:
        """Sum over each worker's pairs, or over all, float64[n_workers]."""
        sums = np.bincount(self._pairs.worker, weights=of_pair, minlength=self._pairs.n_workers)
        return np.full(sums.shape, sums.sum()) if self._method.pooled else np.asarray(sums, dtype=np.float64)
