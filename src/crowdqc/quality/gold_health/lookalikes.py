"""What the workers' answers to items that are not gold lead one to expect of their answers to gold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, Counts, Floats, brief
from crowdqc.quality.gold_health.answers import GoldAnswers
from crowdqc.quality.gold_health.chances import log_odds, sigmoid
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import Matrices

#: Evidence from which a worker tells how far workers differ.
ENOUGH = 10.0
#: Logarithms of seconds farther off than so many robust standard deviations count as that far: pauses.
PAUSE = 3.0
#: How many answers the crowd's spread of seconds is worth, beside a worker's own.
ALIKE = 10.0


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Likely:
    """How likely each answer to gold is right, by the worker's answers to other items of that class.

    Attributes
    ----------
    odds
        float64[n], log odds; NaN where nothing but gold was answered.
    own, shared
        float64[n], variance of the log odds by what is not known of the worker in that class, and in all classes.
    group
        int64[n], worker and class, by a number.
    """

    odds: Floats
    own: Floats
    shared: Floats
    group: Counts

    @classmethod
    def of(cls, answers: GoldAnswers, matrices: Matrices) -> Self:
        """Take gold out of the matrices, and read what is left.

        A worker's accuracy in a class is drawn to what his accuracy in all classes, and the crowd's in this one,
        let expect; how strongly says how far workers, and classes within a worker, differ.
        """
        pairs, W, K = matrices.pairs, matrices.n_workers, matrices.n_classes
        own = answers.truth[answers.place]
        counts, mass, evidence = matrices.counts.copy(), np.zeros((W, K)), matrices.evidence.copy()
        for k in range(K):
            of_gold = np.bincount(pairs.of_answer[answers.row], weights=own[:, k], minlength=len(pairs))
            counts[:, k] = np.maximum(counts[:, k] - of_gold, 0.0)
            mass[:, k] = np.bincount(pairs.worker, weights=counts[:, k], minlength=W)
            evidence[:, k] -= answers.per_worker(own[:, k])
        evidence = np.where(mass > 1e-6, np.clip(evidence, 0.0, mass), 0.0)
        counts *= np.divide(evidence, mass, out=np.zeros_like(mass), where=mass > 1e-6)[pairs.worker]
        if not evidence.sum() > 0:
            nothing = np.full(len(answers), np.nan)
            return cls(nothing, nothing, nothing, np.zeros(len(answers), dtype=np.int64))

        diagonal = np.zeros((W, K))
        diagonal[pairs.worker, pairs.label] = counts[np.arange(len(pairs)), pairs.label]
        usual = (diagonal.sum(axis=0) + 0.5) / (evidence.sum(axis=0) + 1)  # of each class
        n, right = evidence.sum(axis=1), diagonal.sum(axis=1)
        mean = np.divide(evidence @ usual, n, out=np.full(W, usual.mean()), where=n > 0)
        alike = _strength(right, n, mean)
        skill = (right + alike * mean) / (n + alike)
        shift = log_odds(skill) - log_odds(mean)
        shared = 1 / np.maximum((n + alike + 1) * skill * (1 - skill), 1e-6)
        table = sigmoid(log_odds(usual) + shift[:, None])
        same = _strength(diagonal.ravel(), evidence.ravel(), table.ravel())

        # an item that accepts several labels: all of them are right
        accepted = answers.accepted[answers.place]
        alike_class = answers.alike[answers.place].astype(np.int64)
        said = diagonal[answers.worker, alike_class]
        base = usual[alike_class]
        several = np.flatnonzero(accepted.sum(axis=1) > 1)
        if several.size:
            at = _Cells(pairs.worker.astype(np.int64) * K + pairs.label, counts)
            for k in range(K):
                more = several[accepted[several, k] & (alike_class[several] != k)]
                said[more] += at.of(answers.worker[more].astype(np.int64) * K + k, alike_class[more])
                base[more] += matrices.crowd[alike_class[more], k]
        known = evidence[answers.worker, alike_class]
        prior = sigmoid(log_odds(np.clip(base, 1e-4, 1 - 1e-4)) + shift[answers.worker])
        chance = np.clip((said + same * prior) / (known + same), 1e-4, 1 - 1e-4)
        spread = np.maximum(chance * (1 - chance), 1e-4)
        return cls(
            odds=log_odds(chance),
            own=1 / ((known + same + 1) * spread),
            shared=shared[answers.worker] * (same / (known + same)) ** 2,
            group=answers.worker.astype(np.int64) * K + alike_class,
        )

    def doubt(self, answers: GoldAnswers, spread: Floats) -> Floats:
        """Variance of each worker's number of right answers by what is not known of him, float64[n_workers].

        It moves all his answers at once: by `spread`, float64[n], where the log odds are one higher.
        """
        own, shared = (np.sqrt(np.nan_to_num(each)) for each in (self.own, self.shared))
        group, at = np.unique(self.group, return_inverse=True)
        of_group = np.bincount(at, weights=spread * own, minlength=group.size) ** 2
        of_worker = group // max(answers.n_classes, 1)
        found = np.bincount(of_worker, weights=of_group, minlength=answers.n_workers)
        return np.asarray(found + answers.per_worker(spread * shared) ** 2)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Paces:
    """How much longer each answer to gold took than the worker's other answers to items of that class.

    Attributes
    ----------
    longer
        float64[n], logarithm of the seconds less what is usual; NaN where either is not known.
    variance, doubt
        float64[n], of one answer, and of what is usual.
    items
        Variance of what is usual of all by which items the others happen to be.
    """

    longer: Floats
    variance: Floats
    doubt: Floats
    items: float

    @classmethod
    def of(cls, votes: Votes, consensus: Consensus, answers: GoldAnswers) -> Self | None:
        """Compare logarithms of seconds; None without any."""
        if votes.seconds is None:
            return None
        W, K = votes.n_workers, max(votes.n_classes, 1)
        logs = np.log(np.where(votes.seconds > 0, votes.seconds, np.nan))
        gold = np.zeros(votes.n_items, dtype=bool)
        gold[answers.item] = True
        label = consensus.label[votes.item]
        rest = np.flatnonzero(np.isfinite(logs) & ~gold[votes.item] & (label >= 0))
        nothing = np.full(len(answers), np.nan)
        if not rest.size:
            return cls(nothing, nothing, nothing, 0.0)
        worker, of_class, y = votes.worker[rest], label[rest], logs[rest]
        n = np.bincount(worker, minlength=W).astype(np.float64)
        usual = _means(worker, y, W)
        apart = y - usual[worker]
        wide = _robust(apart)
        # twice: pauses are cut at what was found without them
        pace = np.zeros(K)
        for _ in range(2):
            cut = np.clip(y - usual[worker] - pace[of_class], -PAUSE * wide, PAUSE * wide)
            many = np.bincount(of_class, minlength=K)
            pace += np.bincount(of_class, weights=cut, minlength=K) / np.maximum(many, 1)
            cut = np.clip(y - usual[worker] - pace[of_class], -PAUSE * wide, PAUSE * wide)
            usual += np.nan_to_num(_means(worker, cut, W))
        cut = np.clip(y - usual[worker] - pace[of_class], -PAUSE * wide, PAUSE * wide)
        whole = float(np.mean(cut**2)) + 1e-12
        own = (np.bincount(worker, weights=cut**2, minlength=W) + ALIKE * whole) / (n + ALIKE)
        longer = logs[answers.row] - usual[answers.worker] - pace[answers.alike[answers.place]]
        doubt = np.divide(own, n, out=np.full(W, np.nan), where=n > 0)
        per_item = _means(votes.item[rest], cut, votes.n_items)
        per_item = per_item[~np.isnan(per_item)]
        longer = np.clip(longer, -PAUSE * wide, PAUSE * wide)
        return cls(longer, own[answers.worker], doubt[answers.worker], float(per_item.var() / per_item.size))


@brief
@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Counts of worker-label pairs by number, `key` rising."""

    key: Counts
    counts: Floats

    def of(self, wanted: Counts, column: Counts) -> Floats:
        at = np.minimum(np.searchsorted(self.key, wanted), self.key.size - 1)
        return np.asarray(np.where(self.key[at] == wanted, self.counts[at, column], 0.0))


def _strength(right: Floats, n: Floats, mean: Floats) -> float:
    """How many answers it is worth that shares are alike, by the method of moments."""
    told = n >= ENOUGH
    if np.count_nonzero(told) < 3:
        return ENOUGH
    chance = mean[told] * (1 - mean[told])
    between = float(np.mean((right[told] / n[told] - mean[told]) ** 2 - chance / n[told]))
    return float(np.clip(chance.mean() / max(between, 1e-6) - 1, 2.0, 200.0))


def _means(group: Codes, values: Floats, groups: int) -> Floats:
    n = np.bincount(group, minlength=groups)
    sums = np.bincount(group, weights=values, minlength=groups)
    return np.asarray(np.divide(sums, n, out=np.full(groups, np.nan), where=n > 0))


def _robust(values: Floats) -> float:
    """Standard deviation by the median absolute deviation; never 0."""
    wide = 1.4826 * float(np.median(np.abs(values - np.median(values))))
    return max(wide, float(values.std()) / 10, 1e-6)
