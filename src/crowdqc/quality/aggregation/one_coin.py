"""One-coin Dawid-Skene: each worker has one accuracy, whatever the class, and errs evenly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.aggregation.class_prior import ClassPrior, Prior, check_prior
from crowdqc.quality.aggregation.confusion import CoinConfusion
from crowdqc.quality.aggregation.consensus import Consensus, clamp
from crowdqc.quality.aggregation.expectation import vote_shares
from crowdqc.quality.aggregation.kernels.plain import normalised
from crowdqc.quality.aggregation.logs import safe_log
from crowdqc.quality.aggregation.parameters import check_number, check_whole
from crowdqc.quality.arrays import Counts, Floats
from crowdqc.quality.gold import Gold
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
    With a the accuracies, an item's log odds of class k is the sum of log(a (K - 1) / (1 - a)) over the answers
    that say k: one weighted count. The M step is another: the mean posterior of what each worker said.

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

    def fit(self, votes: Votes, gold: Gold | None = None) -> Consensus:
        """Fit the model; gold items are held at their accepted labels and train the workers who answered them."""
        gold = Gold.none(votes) if gold is None else gold
        K, n = votes.n_classes, votes.answers_per_worker()
        prior = ClassPrior.of(votes, gold, self.class_prior, self.class_items)
        cell = votes.item * np.int64(K) + votes.label
        posterior = vote_shares(votes, gold)
        answered = max(int(np.count_nonzero(votes.answers_per_item())), 1)
        objective: list[float] = []
        evidence, converged = np.zeros(0), False
        while not converged and len(objective) < self.max_iterations:
            starts, class_density = prior.learn(posterior)
            accuracy, density = self._learn(votes, posterior, cell, n)
            scores = self._scores(votes, accuracy, cell, n)
            scores += safe_log(starts)[prior.kind]
            before, (posterior, evidence) = posterior, normalised(clamp(scores, gold))
            objective.append(float(evidence.sum()) + density + class_density)
            converged = bool(np.abs(posterior - before).sum() <= 2 * self.tolerance * answered)
        scores[(votes.answers_per_item() == 0) & ~gold.known] = safe_log(starts[0])
        return Consensus.of(
            scores,
            votes,
            gold,
            class_prior=starts[0],
            confusion=CoinConfusion(accuracy, K),
            skill=np.where(n > 0, accuracy, np.nan),
            objective=np.array(objective),
            log_likelihood=float(evidence.sum()),
            converged=converged,
        )

    def _learn(self, votes: Votes, posterior: Floats, cell: Counts, n: Counts) -> tuple[Floats, float]:
        """Give the accuracies and their log density."""
        hits = np.bincount(votes.worker, weights=posterior.reshape(-1)[cell], minlength=votes.n_workers)
        if self.pooled:
            hits, n = np.full(hits.shape, hits.sum()), np.full(n.shape, n.sum())
        total = n + self.right + self.wrong
        share = np.divide(hits + self.right, total, out=np.full(total.shape, 0.5), where=total > 0)
        accuracy = np.clip(share, EDGE, 1 - EDGE) if votes.n_classes > 1 else np.ones(total.shape)
        pull = self.right * safe_log(accuracy) + self.wrong * safe_log(1 - accuracy)
        density = float(pull[0] if self.pooled else pull.sum()) if votes.n_classes > 1 and pull.size else 0.0
        return accuracy, density

    @staticmethod
    def _scores(votes: Votes, accuracy: Floats, cell: Counts, n: Counts) -> Floats:
        """Log probability of each item's answers given each class, float64[n_items, K]."""
        wrong = safe_log((1 - accuracy) / max(votes.n_classes - 1, 1))
        lead = safe_log(accuracy) - wrong if votes.n_classes > 1 else np.zeros(accuracy.shape)
        scores = np.bincount(cell, weights=lead[votes.worker], minlength=votes.n_items * votes.n_classes)
        scores = scores.reshape(votes.n_items, votes.n_classes).astype(np.float64)  # of no answers: of int
        if votes.n_classes > 1:
            scores += np.bincount(votes.item, weights=wrong[votes.worker], minlength=votes.n_items)[:, None]
        return np.asarray(scores)
