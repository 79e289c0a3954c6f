"""Dawid and Skene's model: each worker has a confusion matrix of his own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation.conclusion import concluded
from crowdqc.quality.aggregation.confusion import PairConfusion
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.discounts import check_weights, discounted, of_pairs
from crowdqc.quality.arrays import Floats
from crowdqc.quality.estimation.class_prior import ClassPrior, Prior, check_prior
from crowdqc.quality.estimation.expectation import Learned, maximise, vote_shares
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.logs import safe_log
from crowdqc.quality.pairs import Pairs
from crowdqc.quality.parameters import InvalidParameter, check_number, check_whole
from crowdqc.quality.votes import Votes

#: Without a prior, the least expected count of a label that its worker used: a rate of 0 would veto for ever.
FLOOR = 1e-10


@dataclass(frozen=True, slots=True)
class DawidSkene:
    """Maximum a posteriori estimate of truth and workers' confusion by expectation maximisation.

    Parameters
    ----------
    diagonal
        Pseudo-answers on the diagonal of each row of a confusion matrix: how far a worker is trusted
        before he has answered.
    off_diagonal
        Pseudo-answers spread evenly over the row's other K - 1 cells, so that the trust in a newcomer
        does not depend on how many classes there are. Both 0, and no `class_items`: the maximum likelihood of the
        paper.
    class_prior
        "learned" from the items whose truth is not known (gold is chosen, not drawn, and says nothing of
        the rest), "uniform", or K probabilities.
    class_items
        Pseudo-items of each class in the learned class prior, so that a class is not ruled out because nobody has
        named it yet. 0 as well: the maximum likelihood of the paper.
    max_iterations, tolerance
        Stop when an iteration moves the posteriors by no more than `tolerance`, as the mean over items of the
        probability that changes its class; or at the cap. (The greatest change would wait for one odd item.)

    Notes
    -----
    With A the sparse matrix items x (worker, label) pairs, T the posterior and e the pairs' columns of the
    confusion matrices: the E step is `A @ log e + log prior` (equation 2.5 of the paper), the M step is
    `A.T @ T`, normalised within each worker (2.3), and the class prior is the mean of T (2.4). The start is
    the share of votes (3.1). Memory grows with answers, items x K and pairs x K.
    Items are taken as independent given the truth; where workers copy one another the posterior is too sharp.

    References
    ----------
    A. P. Dawid, A. M. Skene (1979), Maximum likelihood estimation of observer error-rates using the EM
    algorithm, Applied Statistics 28(1), 20-28.

    Examples
    --------
    Two who know and one who says the opposite outweigh two who guess:

    >>> answers = {"ann": "ynyn", "bob": "ynyn", "cid": "nyny", "dan": "nyyn", "eve": "nnny"}
    >>> rows = [(item, worker, label) for worker, said in answers.items() for item, label in enumerate(said * 3)]
    >>> consensus = DawidSkene().fit(Votes.of(*zip(*rows), classes=["n", "y"]))
    >>> consensus.label[:4].tolist(), consensus.converged
    ([1, 0, 1, 0], True)
    """

    diagonal: float = 2.0
    off_diagonal: float = 0.5
    class_prior: Prior = "learned"
    class_items: float = 1.0
    max_iterations: int = 300
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        check_number(self, "diagonal", "off_diagonal", "class_items", "tolerance")
        check_whole(self, "max_iterations")
        check_prior(self.class_prior)

    def fit(
        self,
        votes: Votes,
        gold: Gold | Truth | None = None,
        *,
        start: ArrayLike | None = None,
        weights: ArrayLike | None = None,
    ) -> Consensus:
        """Fit the model; gold items are held at their accepted labels and train the workers who answered them.

        `start`, float64[n_items, K], is the posterior to go on from, as that of the last run; a row of NaN starts
        from the votes, as all do without it. `weights`, float64[n_workers] from 0 to 1, tempers the evidence of
        workers: an answer adds so much of its log likelihood to its item.
        """
        gold = Gold.given(votes, gold)
        given = check_weights(weights, votes)
        prior = ClassPrior.of(votes, gold, self.class_prior, self.class_items)
        if not len(votes):
            return Consensus.of(safe_log(prior.fixed)[0:1].repeat(votes.n_items, 0), votes, gold,
                                class_prior=prior.fixed[0])  # fmt: skip
        pairs = Pairs.among(votes)
        pseudo = self.pseudo_answers(votes.n_classes)
        answered = int(np.count_nonzero(np.diff(pairs.ends)))
        fit = maximise(
            pairs,
            prior,
            first_posterior(votes, gold, start),
            by_dirichlet(pairs, pseudo),
            max_iterations=self.max_iterations,
            tolerance=self.tolerance,
            items=answered,
            weight=of_pairs(given, pairs),
        )
        confusion = PairConfusion(pairs, fit.counts, pseudo, fit.log_rates)
        return discounted(concluded(fit, prior, votes, gold, confusion), given)

    def pseudo_answers(self, K: int) -> Floats:
        """Pseudo-answers of one worker, float64[K, K], rows true."""
        aside = self.off_diagonal / (K - 1) if K > 1 else 0.0
        return np.full((K, K), aside) + np.eye(K) * (self.diagonal - aside)


def first_posterior(votes: Votes, gold: Gold, start: ArrayLike | None) -> Floats:
    """Begin with the shares of votes, or with a posterior where one is known, float64[n_items, K]."""
    shares = vote_shares(votes, gold)
    if start is None:
        return shares
    given = np.asarray(start, dtype=np.float64)
    if given.shape != shares.shape:
        raise InvalidParameter(f"start has the shape {given.shape}; these votes need {shares.shape}.")
    use = np.isfinite(given).all(axis=1) & (given >= 0).all(axis=1) & (given.sum(axis=1) > 0) & ~gold.known
    shares[use] = given[use] / given[use].sum(axis=1, keepdims=True)
    return shares


def by_dirichlet(pairs: Pairs, pseudo: Floats) -> Callable[[Floats], Learned]:
    """Learn the rates of each worker by himself, under the prior of `pseudo` answers, float64[K, K], rows true."""
    used = pseudo.T[pairs.label]
    unused = pseudo.sum(axis=1) - pairs.by_worker(used)
    flat = not pseudo.any()

    def learn(counts: Floats) -> Learned:
        if not pseudo.all():
            counts = np.maximum(counts, FLOOR)
        mass = pairs.by_worker(counts) + pseudo.sum(axis=1)
        log_rates = counts + used
        log_rates /= pairs.to_pairs(mass)
        np.log(log_rates, out=log_rates)
        # a cell that its worker never used has the rate pseudo / mass
        density = 0.0 if flat else float((used * log_rates).sum() - (unused * np.log(mass)).sum())
        return Learned(log_rates, density)

    return learn
