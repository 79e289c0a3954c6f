"""Dawid and Skene's model: each worker has a confusion matrix, learned together with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal, Self

import numpy as np
from scipy import sparse

from crowdqc.errors import Invalid
from crowdqc.quality.aggregation.consensus import Consensus, clamp, safe_log
from crowdqc.quality.arrays import Codes, Flags, Floats
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes

#: Classes up to which a row is reduced column by column.
SHORT = 16


class InvalidDawidSkene(Invalid):
    """A parameter of Dawid-Skene is out of its range."""


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
    class_prior: Literal["learned", "uniform"] | Sequence[float] = "learned"
    class_items: float = 1.0
    max_iterations: int = 300
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        for name in ("diagonal", "off_diagonal", "class_items", "tolerance"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < np.inf:
                raise InvalidDawidSkene(f"{name} is {value!r}; it must be a number from 0 up.")
        if not isinstance(self.max_iterations, int) or not 1 <= self.max_iterations <= 100_000:
            raise InvalidDawidSkene(f"max_iterations is {self.max_iterations!r}; it must be from 1 to 100,000.")
        if isinstance(self.class_prior, str) and self.class_prior not in ("learned", "uniform"):
            raise InvalidDawidSkene(f"class_prior is {self.class_prior!r}; say 'learned', 'uniform' or K numbers.")

    def fit(self, votes: Votes, gold: Gold | None = None) -> Consensus:
        """Fit the model; gold items are held at their accepted labels and train the workers who answered them."""
        gold = Gold.none(votes) if gold is None else gold
        prior = self._first_prior(votes.n_classes)
        answered = votes.answers_per_item() > 0
        if not len(votes):
            return Consensus.of(np.tile(safe_log(prior), (votes.n_items, 1)), votes, gold, class_prior=prior)

        pairs = _Pairs.of(votes, answered)
        held = Gold(gold.accepted[answered])
        drawn = (~held.known).astype(np.float64)
        learns = self.class_prior == "learned" and bool(drawn.any())
        pseudo = self.pseudo_answers(votes.n_classes)
        with np.errstate(divide="ignore"):
            scores = np.log(votes.counts()[answered])
        posterior = _normalised(clamp(scores, held))[0]
        objective: list[float] = []
        converged = False
        while not converged and len(objective) < self.max_iterations:
            if learns:
                prior = drawn @ posterior + self.class_items
                prior /= prior.sum()
            rates = pairs.rates(posterior, pseudo)
            scores = pairs.items_by_pair @ rates.log
            # gold was not drawn from the crowd of items, so the class prior says nothing of it
            scores += drawn[:, None] * safe_log(prior)
            scores = clamp(scores, held)
            before, (posterior, evidence) = posterior, _normalised(scores)
            beforehand = self.class_items * float(safe_log(prior).sum()) if learns else 0.0
            objective.append(float(evidence.sum() + pairs.log_prior(rates, pseudo) + beforehand))
            moved = np.abs(posterior - before).sum() / (2 * len(posterior))
            converged = bool(moved <= self.tolerance)

        every = np.tile(safe_log(prior), (votes.n_items, 1))
        every[answered] = scores
        return Consensus.of(
            every,
            votes,
            gold,
            class_prior=prior,
            confusion=pairs.confusion(rates, pseudo, votes.n_workers),
            objective=np.array(objective),
            converged=converged,
        )

    def pseudo_answers(self, K: int) -> Floats:
        """Pseudo-answers of one worker, float64[K, K], rows true."""
        aside = self.off_diagonal / (K - 1) if K > 1 else 0.0
        return np.full((K, K), aside) + np.eye(K) * (self.diagonal - aside)

    def _first_prior(self, K: int) -> Floats:
        if isinstance(self.class_prior, str):
            return np.full(K, 1 / max(K, 1))
        given = np.asarray(self.class_prior, dtype=np.float64)
        if given.shape != (K,) or not np.isfinite(given).all() or (given < 0).any() or given.sum() <= 0:
            raise InvalidDawidSkene(f"class_prior must be {K} numbers, one a class, not below 0 and not all 0.")
        return np.asarray(given / given.sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Rates:
    """What the M step learns: P(said | true) of each pair, and the answers it rests on."""

    log: Floats  # float64[pairs, K]
    mass: Floats  # float64[busy workers, K], answers and pseudo-answers given to items of each true class


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """The (worker, label) pairs that occur, numbered by worker and then label, and who gave them to what."""

    items_by_pair: sparse.csr_array
    pairs_by_item: sparse.csr_array
    worker: Codes
    label: Codes
    first: Codes  # the first pair of each worker who answered at all
    place: Codes  # of each pair: its worker's place among those

    @classmethod
    def of(cls, votes: Votes, answered: Flags) -> Self:
        cell = votes.worker.astype(np.int64) * votes.n_classes + votes.label
        used = np.zeros(votes.n_workers * votes.n_classes, dtype=bool)
        used[cell] = True
        number = np.cumsum(used, dtype=np.int32) - 1
        pair = np.flatnonzero(used)
        worker = (pair // votes.n_classes).astype(np.int32)
        opens = np.diff(worker, prepend=-1) > 0
        ends = np.append(0, np.cumsum(votes.answers_per_item()[answered])).astype(np.int32)
        matrix = sparse.csr_array((np.ones(len(votes)), number[cell], ends), shape=(ends.size - 1, pair.size))
        return cls(
            items_by_pair=matrix,
            pairs_by_item=matrix.T.tocsr(),
            worker=worker,
            label=(pair % votes.n_classes).astype(np.int32),
            first=np.flatnonzero(opens).astype(np.int32),
            place=(np.cumsum(opens) - 1).astype(np.int32),
        )

    def rates(self, posterior: Floats, pseudo: Floats) -> _Rates:
        counts = self.pairs_by_item @ posterior
        mass = np.add.reduceat(counts, self.first, axis=0) + pseudo.sum(axis=1)
        counts += pseudo.T[self.label]
        spread = mass[self.place]
        return _Rates(safe_log(np.divide(counts, spread, out=np.zeros_like(counts), where=spread > 0)), mass)

    def log_prior(self, rates: _Rates, pseudo: Floats) -> float:
        """Log density of the rates under the Dirichlet prior, up to a constant, without building K x K a worker.

        A cell that its worker never used has the rate pseudo / mass.
        """
        if not pseudo.any():
            return 0.0
        used = pseudo.T[self.label]
        unused = pseudo.sum(axis=1) - np.add.reduceat(used, self.first, axis=0)
        return float((used * rates.log).sum() - (unused * safe_log(rates.mass)).sum())

    def confusion(self, rates: _Rates, pseudo: Floats, n_workers: int) -> Floats:
        """Spread the rates out to float64[n_workers, K, K], P(said | true), rows true."""
        mass = np.tile(pseudo.sum(axis=1), (n_workers, 1))
        mass[self.worker[self.first]] = rates.mass
        spread = np.where(mass > 0, mass, 1.0)[:, :, None]
        table = pseudo / spread
        table[self.worker, :, self.label] = np.exp(rates.log)
        return np.asarray(table)


def _normalised(scores: Floats) -> tuple[Floats, Floats]:
    """Turn log scores into a posterior, float64[n, K], and the log evidence of each row, float64[n]."""
    K = scores.shape[1]
    # numpy reduces short rows slowly: column by column, and a product with ones, take a quarter of the time
    highest = reduce(np.maximum, scores.T) if K <= SHORT else scores.max(axis=1)
    posterior = scores - highest[:, None]
    np.exp(posterior, out=posterior)
    total = posterior @ np.ones(K)
    posterior /= total[:, None]
    return posterior, np.log(total) + highest
