"""Answers on an ordered scale: the further a class is from the true one, the less often it is named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation.conclusion import concluded
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.decision import TIE
from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.estimation.class_prior import ClassPrior, Prior, check_prior
from crowdqc.quality.estimation.expectation import Learned, maximise, vote_shares
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.logs import safe_log
from crowdqc.quality.pairs import Pairs
from crowdqc.quality.parameters import InvalidParameter, check_number, check_whole
from crowdqc.quality.votes import Votes

Cost = Literal["absolute", "quadratic"]
#: The usual worker's focus, sharpness and lean before any answer, in log odds, and the deviation of each.
USUAL, DOUBT = np.array([0.5, 0.7, 0.0]), 0.5
#: Numbers of a worker.
PARTS = 3
#: Cells of workers x true x said at once.
CELLS = 1 << 21
#: Steps of Newton's method in an iteration at most, and one too small to go on for.
STEPS, SMALL = 20, 1e-3
#: How often a step of Newton's method is halved before it is given up.
HALVINGS = 12


@dataclass(frozen=True, slots=True)
class Ordinal:
    """Maximum a posteriori estimate of truth and of three numbers a worker, by expectation maximisation.

    Worker j names class l of an item of class k with a probability proportional to

        exp(h [l = k] - d |l - k| + b l).

    The classes are in their declared order, one step apart. The focus h tells how far the true class stands out,
    the sharpness d how fast errors get rarer with their distance, the lean b how far the worker is drawn to the
    upper end of the scale; a confusion matrix would have K (K - 1) numbers. The skill is h + d, the log odds of
    the true class against its neighbour, lean aside. To reverse the order of the classes turns the sign of b and
    changes nothing else; any other order is another model.

    Parameters
    ----------
    worker_spread
        Standard deviation of the normal priors of h, d and b about the crowd's own means, which are learned: how
        unlike workers are, in log odds. A worker with few answers is taken for a usual one.
    class_prior
        "learned" from the items whose truth is not known, "uniform", or K probabilities.
    class_items
        Pseudo-items of each class in a learned class prior.
    max_iterations, tolerance
        Stop when an iteration moves the posteriors by no more than `tolerance` on average, or at the cap.

    Notes
    -----
    The rows of a worker's confusion matrix are an exponential family in h, d and b, so the maximisation step is
    concave: guarded steps of Newton's method let the log posterior never fall. With
    d = 0 this is the one-coin model with a habit, with h = 0 a discrete Laplace distribution about the true class.
    Memory grows with answers, items x K and pairs x K. For the label with the least expected error in
    steps, not the likeliest, see `median_class`.

    References
    ----------
    A. P. Dawid, A. M. Skene (1979), Applied Statistics 28(1), 20-28: the model of items and workers.
    D. Zhou, Q. Liu, J. Platt, C. Meek (2014), Aggregating ordinal labels from crowds by minimax conditional
    entropy, ICML: why workers confuse neighbours, and another way to say so.

    Examples
    --------
    >>> said = {"ann": "11335", "bob": "12345", "cid": "22355", "dan": "55555"}
    >>> rows = [(item, worker, label) for worker, labels in said.items() for item, label in enumerate(labels)]
    >>> votes = Votes.of(*zip(*rows), classes=list("12345"))
    >>> consensus = Ordinal().fit(votes)
    >>> [votes.classes[label] for label in median_class(consensus)], posterior_mean(consensus).round(1).tolist()
    (['1', '2', '3', '4', '5'], [0.1, 0.7, 2.0, 2.9, 4.0])
    """

    worker_spread: float = 0.5
    class_prior: Prior = "learned"
    class_items: float = 10.0
    max_iterations: int = 300
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        check_number(self, "worker_spread", low=0.001)
        check_number(self, "class_items", "tolerance")
        check_whole(self, "max_iterations")
        check_prior(self.class_prior)

    def fit(self, votes: Votes, gold: Gold | Truth | None = None) -> Consensus:
        """Fit the model; gold items are held at their accepted labels and train the workers who answered them."""
        gold = Gold.given(votes, gold)
        prior = ClassPrior.of(votes, gold, self.class_prior, self.class_items)
        if not len(votes):
            scores = np.repeat(safe_log(prior.fixed)[:1], votes.n_items, axis=0)
            return Consensus.of(scores, votes, gold, class_prior=prior.fixed[0])
        pairs = Pairs.among(votes)
        workers = _Workers.of(pairs, self.worker_spread)
        fit = maximise(
            pairs,
            prior,
            vote_shares(votes, gold),
            workers.learn,
            max_iterations=self.max_iterations,
            tolerance=self.tolerance,
            items=int(np.count_nonzero(np.diff(pairs.ends))),
        )
        theta = np.tile(workers.usual, (votes.n_workers, 1))
        theta[pairs.busy] = workers.theta
        skill = np.full(votes.n_workers, np.nan)
        skill[pairs.busy] = workers.theta[:, 0] + workers.theta[:, 1]
        return replace(concluded(fit, prior, votes, gold, OrdinalConfusion(theta, votes.n_classes)), skill=skill)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class OrdinalConfusion:
    """Confusion matrices of three numbers a worker.

    Attributes
    ----------
    theta
        float64[n_workers, 3], focus, sharpness and lean; for a worker without answers those of a usual one.
    n_classes
        K.
    """

    theta: Floats
    n_classes: int

    def table(self) -> Floats:
        weights, _ = _weights(self.theta, self.n_classes)
        return np.asarray(weights / weights.sum(axis=2, keepdims=True))

    def evidence(self, worker: Codes, label: Codes) -> Floats:
        return _log_rates(self.theta[worker], label, _log_sums(self.theta, self.n_classes)[worker])


def ordinal_costs(K: int, kind: Cost = "absolute") -> Floats:
    """Costs of naming one of K ordered classes for another, float64[K, K]: steps apart, or their square.

    For `Consensus.under`.

    >>> ordinal_costs(3).tolist(), ordinal_costs(3, "quadratic")[0].tolist()
    ([[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 0.0]], [0.0, 1.0, 4.0])
    """
    if kind not in get_args(Cost):
        raise InvalidParameter(f"kind is {kind!r}; it must be one of {', '.join(get_args(Cost))}.")
    steps = np.abs(np.subtract.outer(np.arange(K), np.arange(K))).astype(np.float64)
    return steps if kind == "absolute" else steps**2


def median_class(consensus: Consensus) -> Codes:
    """The posterior median of ordered classes, int32[n_items]; the lower of two, and -1 where there is no label.

    Of all labels it has the least expected distance in steps, as `consensus.under(ordinal_costs(K))`.
    """
    below = np.cumsum(consensus.posterior, axis=1) >= 0.5 - TIE
    middle = below.argmax(axis=1) if below.size else np.zeros(len(below))
    return np.where(consensus.label < 0, -1, middle).astype(np.int32)


def posterior_mean(consensus: Consensus, positions: ArrayLike | None = None) -> Floats:
    """The posterior mean of ordered classes, float64[n_items]; NaN where there is no label.

    `positions`, float64[K], are the numbers that the classes stand for; None counts steps from 0.
    """
    K = consensus.posterior.shape[1]
    place = np.arange(K, dtype=np.float64) if positions is None else np.asarray(positions, dtype=np.float64)
    if place.shape != (K,) or not np.isfinite(place).all():
        raise InvalidParameter(f"positions must be {K} finite numbers, one a class.")
    return np.where(consensus.label < 0, np.nan, consensus.posterior @ place)


@brief
@dataclass(slots=True, eq=False)
class _Workers:
    """The numbers of the workers who answered, as they are being learned."""

    pairs: Pairs
    spread: float
    theta: Floats  # float64[busy workers, 3], focus, sharpness and lean
    usual: Floats  # float64[3]

    @classmethod
    def of(cls, pairs: Pairs, spread: float) -> Self:
        return cls(pairs, spread, np.tile(USUAL, (pairs.busy.size, 1)), USUAL)

    def learn(self, counts: Floats) -> Learned:
        """Find the most probable numbers given the expected counts, float64[pairs, K]."""
        pairs, K = self.pairs, self.pairs.n_classes
        given = pairs.by_worker(counts)
        told = pairs.by_worker(np.einsum("pk,fkp->pf", counts, _features(K)[:, :, pairs.label]))
        # the crowd's own means lie between those of its workers and the prior
        firmness = DOUBT**-2 + len(given) * self.spread**-2
        for _ in range(STEPS):
            before = self.theta
            parts = [self._stepped(before[some], given[some], told[some]) for some in _chunks(len(given), K)]
            self.theta = np.concatenate(parts)
            self.usual = (USUAL * DOUBT**-2 + self.theta.sum(axis=0) * self.spread**-2) / firmness
            if np.abs(self.theta - before).max() < SMALL:
                break
        log_rates = _log_rates(pairs.to_pairs(self.theta), pairs.label, pairs.to_pairs(_log_sums(self.theta, K)))
        apart = (((self.theta - self.usual) / self.spread) ** 2).sum() + (
            ((self.usual - USUAL) / DOUBT) ** 2
        ).sum()
        return Learned(log_rates, float(-apart / 2))

    def _stepped(self, theta: Floats, given: Floats, told: Floats) -> Floats:
        """One step of Newton's method for each worker, halved until it does not lead down."""
        mean, information = _moments(theta, given)
        gradient = told - mean - (theta - self.usual) / self.spread**2
        information += np.eye(PARTS) / self.spread**2
        step = np.linalg.solve(information, gradient[:, :, None])[:, :, 0]
        before = self._height(theta, given, told)
        for _ in range(HALVINGS):
            down = self._height(theta + step, given, told) < before
            if not down.any():
                break
            step[down] /= 2
        else:
            step[down] = 0.0
        return np.asarray(theta + step)

    def _height(self, theta: Floats, given: Floats, told: Floats) -> Floats:
        """Expected log likelihood of each worker's answers, and the log density of his numbers."""
        likelihood = (told * theta).sum(axis=1) - (given * _log_sums(theta, given.shape[1])).sum(axis=1)
        return np.asarray(likelihood - (((theta - self.usual) / self.spread) ** 2).sum(axis=1) / 2)


def _features(K: int) -> Floats:
    """What focus, sharpness and lean multiply, float64[3, K, K] by true k and said l: [l = k], -|l - k| and l."""
    # from the middle of the scale, so that none of its ends is another than the other
    place = np.arange(K, dtype=np.float64) - (K - 1) / 2
    return np.stack([np.eye(K), -ordinal_costs(K), np.tile(place, (K, 1))])


def _chunks(n_workers: int, K: int) -> list[slice]:
    size = max(CELLS // (K * K), 1)
    return [slice(first, first + size) for first in range(0, max(n_workers, 1), size)]


def _weights(theta: Floats, K: int) -> tuple[Floats, Floats]:
    """P(said | true) times a factor of each row, float64[n, K, K], and the log of the factor, float64[n, K]."""
    scores = np.tensordot(theta, _features(K), axes=1)
    highest = scores.max(axis=2)
    scores -= highest[:, :, None]
    return np.exp(scores, out=scores), highest


def _log_sums(theta: Floats, K: int) -> Floats:
    """Log of the sum over l of exp(theta @ features), float64[n, K]."""
    sums = []
    for some in _chunks(len(theta), K):
        weights, highest = _weights(theta[some], K)
        sums.append(np.log(weights.sum(axis=2)) + highest)
    return np.concatenate(sums)


def _moments(theta: Floats, given: Floats) -> tuple[Floats, Floats]:
    """Means of the features, float64[n, 3], and their covariances, summed over answers `given`, float64[n, K]."""
    n, K = given.shape
    features = _features(K)
    chance, _ = _weights(theta, K)
    chance /= chance.sum(axis=2, keepdims=True)
    mean = np.einsum("nkl,fkl->nkf", chance, features)
    products = (features[:, None] * features).reshape(PARTS * PARTS, K * K)
    second = ((given[:, :, None] * chance).reshape(n, K * K) @ products.T).reshape(n, PARTS, PARTS)
    weighted = given[:, :, None] * mean
    return weighted.sum(axis=1), second - np.einsum("nkf,nkg->nfg", weighted, mean)


def _log_rates(theta: Floats, label: Codes, log_sums: Floats) -> Floats:
    """Log P(said | true) of labels, float64[n, K], columns true."""
    features = _features(log_sums.shape[1])
    return np.asarray(np.einsum("nf,fkn->nk", theta, features[:, :, label]) - log_sums)
