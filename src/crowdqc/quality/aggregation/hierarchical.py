"""Hierarchical Dawid-Skene: workers are drawn from a crowd whose habits are learned; items may be easy or hard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation.confusion import GradedConfusion, PairConfusion
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.dawid_skene import first_posterior
from crowdqc.quality.aggregation.discounts import check_weights, discounted, of_pairs
from crowdqc.quality.aggregation.one_coin import OneCoin
from crowdqc.quality.arrays import Codes, Floats
from crowdqc.quality.estimation.class_prior import ClassPrior, Prior, check_prior
from crowdqc.quality.estimation.crowd_prior import LEAST, CrowdPrior
from crowdqc.quality.estimation.expectation import Fit, maximise
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.logs import log_sum, safe_log
from crowdqc.quality.pairs import Pairs
from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.votes import Votes


@dataclass(frozen=True, slots=True)
class HierarchicalDawidSkene:
    """Variational Bayes with a prior of all workers that is fitted to the crowd (empirical Bayes).

    A worker with few answers is taken for a member of this crowd, with its habits; one with many speaks for
    himself. How alike workers are is learned, class by class. With several `grades` the items of a class differ in
    difficulty, and workers err more on the harder: what would otherwise look like a habit of theirs, or move the
    border between two classes, is then put down to the item.

    Parameters
    ----------
    grades
        Grades of difficulty of the items of each class: 1, or more.
    right, wrong
        Pseudo-answers with which the crowd's matrix begins, on the diagonal and beside it; each further grade
        begins nearer to guessing.
    crowd
        Weight of that beginning against what the workers show, in workers.
    class_prior
        "anchored": the shares that `OneCoin` gives the classes, held, for a model this free could rename them; or
        as in `DawidSkene`.
    class_items
        Pseudo-items of each class in a class prior that is not given.
    max_iterations, tolerance
        Stop when an iteration moves the posteriors by no more than `tolerance` on average, or at the cap.

    Notes
    -----
    The E step takes exp(E[log rate]); `objective` is the evidence lower bound, with the log density of the crowd's
    prior. The consensus' `difficulty` is the probability of the hardest grade, or their mean if there are more.

    References
    ----------
    H.-C. Kim, Z. Ghahramani (2012), Bayesian classifier combination, AISTATS.
    B. Carpenter (2008), Multilevel Bayesian models of categorical data annotation.

    Examples
    --------
    >>> answers = {"ann": "ynyn", "bob": "ynyn", "cid": "ynyy", "dan": "nyyn"}
    >>> rows = [(item, worker, label) for worker, said in answers.items() for item, label in enumerate(said)]
    >>> HierarchicalDawidSkene().fit(Votes.of(*zip(*rows), classes=["n", "y"])).label.tolist()
    [1, 0, 1, 0]
    """

    grades: int = 1
    right: float = 2.0
    wrong: float = 0.5
    crowd: float = 1.0
    class_prior: Prior | Literal["anchored"] = "anchored"
    class_items: float = 1.0
    max_iterations: int = 300
    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        check_number(self, "right", "wrong", low=1e-3)
        check_number(self, "crowd", "class_items", "tolerance")
        check_whole(self, "grades", high=5)
        check_whole(self, "max_iterations")
        if self.class_prior != "anchored":
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

        `start`, float64[n_items, K], is the posterior to go on from; without it the fit starts from `OneCoin`'s.
        `weights`, float64[n_workers] from 0 to 1, tempers the evidence of workers.
        """
        gold = Gold.given(votes, gold)
        given = check_weights(weights, votes)
        if not len(votes):
            return OneCoin().fit(votes, gold)
        K, G = votes.n_classes, self.grades
        pairs = Pairs.among(votes)
        classes = self.class_prior
        if classes == "anchored" or start is None:
            coin = OneCoin().fit(votes, gold, weights=given).posterior
            start = coin if start is None else start
            if classes == "anchored":
                drawn = (votes.answers_per_item() > 0) & ~gold.known
                classes = tuple(coin[drawn].sum(axis=0) + max(self.class_items, LEAST))
        prior = GradedPrior(ClassPrior.of(votes, gold, classes, self.class_items), G)
        crowd = CrowdPrior(pairs, self._base(K), self.crowd)
        fit = maximise(
            pairs,
            prior,
            prior.graded(first_posterior(votes, gold, start), votes),
            crowd.learn,
            max_iterations=self.max_iterations,
            tolerance=self.tolerance,
            items=int(np.count_nonzero(np.diff(pairs.ends))),
            weight=of_pairs(given, pairs),
        )
        return discounted(self._concluded(fit, prior, crowd, pairs, votes, gold), given)

    def _base(self, K: int) -> Floats:
        """Pseudo-answers with which the crowd begins, float64[K * grades, K]."""
        aside = self.wrong / (K - 1) if K > 1 else 0.0
        sure = np.full((K, K), aside) + np.eye(K) * (self.right - aside)
        guess = np.full((K, K), (self.right + self.wrong) / K)
        if K == 1:
            sure = guess
        share = np.arange(self.grades) / self.grades
        return np.asarray((sure[:, None] + share[:, None] * (guess - sure)[:, None]).reshape(-1, K))

    def _concluded(
        self, fit: Fit, prior: GradedPrior, crowd: CrowdPrior, pairs: Pairs, votes: Votes, gold: Gold
    ) -> Consensus:
        K, G = votes.n_classes, self.grades
        classes = fit.starts.reshape(len(fit.starts), K, G).sum(axis=2)
        silent = (votes.answers_per_item() == 0) & ~gold.known
        by_state = fit.log_scores
        by_state[silent] = safe_log(fit.starts[0])
        by_state[~np.repeat(gold.accepted, G, axis=1) & gold.known[:, None]] = -np.inf
        by_state -= log_sum(by_state)[:, None]
        learned = PairConfusion(pairs, fit.counts, crowd.alpha, crowd.log_means(fit.counts))
        share = fit.starts[0].reshape(K, G) / np.maximum(classes[0], 1e-300)[:, None]
        return replace(
            Consensus.of(
                log_sum(by_state.reshape(-1, G)).reshape(-1, K),
                votes,
                gold,
                class_prior=classes[0],
                confusion=learned if G == 1 else GradedConfusion(learned, share),
                difficulty=_difficulty(by_state, G) if G > 1 else None,
                objective=fit.objective,
                log_likelihood=float(fit.evidence[-1]),
                converged=fit.converged,
            ),
            log_states=by_state if G > 1 else None,
        )


@dataclass(frozen=True, slots=True)
class GradedDawidSkene(HierarchicalDawidSkene):
    """`HierarchicalDawidSkene` with items of two grades in each class, easy and hard."""

    grades: int = 2


class GradedPrior:
    """The class prior, each class divided among the grades in shares that are learned."""

    def __init__(self, classes: ClassPrior, grades: int) -> None:
        self._classes, self._grades = classes, grades
        self._answered = (classes.kind != 1).astype(np.float64)

    @property
    def kind(self) -> Codes:
        return self._classes.kind

    def learn(self, posterior: Floats) -> tuple[Floats, float]:
        G = self._grades
        if G == 1:
            return self._classes.learn(posterior)
        rows, density = self._classes.counted((self._classes.drawn @ posterior).reshape(-1, G).sum(axis=1))
        counted = (self._answered @ posterior).reshape(-1, G) + 1 / G
        share = counted / counted.sum(axis=1, keepdims=True)
        return (rows[:, :, None] * share).reshape(len(rows), -1), density + float(np.log(share).sum()) / G

    def graded(self, posterior: Floats, votes: Votes) -> Floats:
        """Begin with items on which the votes agree as the easier ones, float64[n_items, K * grades]."""
        G, K = self._grades, votes.n_classes
        if G == 1:
            return posterior
        counts = votes.counts().astype(np.float64)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        agreed = ((shares**2).sum(axis=1) - 1 / K) / (1 - 1 / K) if K > 1 else np.ones(len(shares))
        easy = np.clip(agreed, 0.05, 0.95)
        grade = np.concatenate([easy[:, None], np.repeat(((1 - easy) / (G - 1))[:, None], G - 1, axis=1)], axis=1)
        return np.asarray((posterior[:, :, None] * grade[:, None, :]).reshape(len(posterior), -1))


def _difficulty(log_states: Floats, grades: int) -> Floats:
    """Expected grade of each item, from 0 easy to 1 the hardest, float64[n_items]."""
    weight = np.exp(log_states).reshape(len(log_states), -1, grades).sum(axis=1)
    return np.asarray(weight @ (np.arange(grades) / (grades - 1)))
