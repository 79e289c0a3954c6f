"""M-MSR: accuracies of workers from how often each two agree, robust against some who lie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.aggregation.confusion import CoinConfusion
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.logs import normalised
from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.votes import Votes

#: Pairs of answers to the same item that are compared at most; the items with the most answers are left out first.
PAIRS = 30_000_000
#: Steps of the walk that finds the signs, and what is nothing but rounding.
WALK = 30
NONE = 1e-12


@dataclass(frozen=True, slots=True)
class MMSR:
    """Rank-one completion of the workers' agreement, then the vote that is best for these accuracies.

    Of workers with accuracy p, and s = (K p - 1) / (K - 1), two agree by as much more than chance as s_i s_j. So
    the s are found from agreement alone, without labels: each in turn as the mean, over the others, of agreement
    divided by the other's s, without the greatest and the least of those quotients. The skill is the accuracy p,
    and the posterior that of `OneCoin` with these accuracies and all classes equally likely.

    Parameters
    ----------
    max_iterations, tolerance
        Stop when an iteration moves the completed matrix by no more than `tolerance` (Frobenius norm; crowd-kit's
        is 1e-10), or at the cap.

    Notes
    -----
    As in crowd-kit, as many quotients are left out at either end as half the least number of colleagues that
    anybody has, less one, and the s are kept 1 / sqrt(items) away from certainty. Different from it: the start is
    even, not drawn; pairs who share no item count for nothing when the signs are chosen (there they are taken to
    contradict each other); the signs are those of a walk along agreements and contradictions that begins with
    trust in all, so that whoever mostly contradicts the others gets a minus; and there are 1,000 iterations at
    most, for s that do not come to a stand grow without end. A worker without colleagues is taken for an average
    one, one whose sign nothing tells for one who is hardly better than chance. Gold is one more worker, who is
    right.

    Memory grows with the pairs of workers who share an item. The items with the most answers are left out of the
    comparison where they would bring more than 30 million pairs of answers.

    References
    ----------
    Q. Ma, A. Olshevsky (2020), Adversarial crowdsourcing through robust rank-one matrix completion, NeurIPS 33.

    Examples
    --------
    >>> said = {"ann": "xyxyxy", "bob": "xyxyxy", "cid": "yxyxyx", "dan": "xyxxyx"}
    >>> rows = [(item, worker, label) for worker, labels in said.items() for item, label in enumerate(labels)]
    >>> consensus = MMSR().fit(Votes.of(*zip(*rows)))
    >>> consensus.label.tolist(), (consensus.skill > 0.5).tolist()
    ([0, 1, 0, 1, 0, 1], [True, True, False, True])
    """

    max_iterations: int = 1_000
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        check_whole(self, "max_iterations")
        check_number(self, "tolerance")

    def fit(self, votes: Votes, gold: Gold | Truth | None = None) -> Consensus:
        """Complete the matrix and vote; an item without answers gets the uniform distribution and no label."""
        gold = Gold.given(votes, gold)
        K, busy = votes.n_classes, votes.answers_per_worker() > 0
        uniform = np.full(K, 1 / max(K, 1))
        if K < 2 or not len(votes):
            scores = np.zeros((votes.n_items, K))
            return Consensus.of(scores, votes, gold, class_prior=uniform, skill=np.where(busy, 1.0, np.nan))
        met = Colleagues.of(votes, gold)
        margin = 1 / np.sqrt(max(int(np.count_nonzero(votes.answers_per_item())), 4))
        even = np.sqrt(np.abs(met.excess).mean()) if met.excess.size else 0.0
        start = np.full(votes.n_workers + 1, max(even, margin))
        size, iterations, converged = completed(met, start, self.max_iterations, self.tolerance)
        sign = signs(met)
        s = np.clip(np.where(sign == 0, margin, sign * size), -1 / (K - 1) + margin, 1 - margin)
        s, alone = s[: votes.n_workers], met.degree[: votes.n_workers] == 0
        s[alone] = max(float(s[~alone].mean()), margin) if not alone.all() else 0.5
        accuracy = (s * (K - 1) + 1) / K
        scores = _one_coin(votes, accuracy)
        evidence = normalised(gold.clamp(scores - np.log(K)))[1]
        consensus = Consensus.of(
            scores,
            votes,
            gold,
            class_prior=uniform,
            confusion=CoinConfusion(accuracy, K),
            skill=np.where(busy, accuracy, np.nan),
            log_likelihood=float(evidence.sum()),
            converged=converged,
        )
        return replace(consensus, iterations=iterations)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Colleagues:
    """Ordered pairs of workers who share items, sorted by the first of them; gold is the last worker.

    Attributes
    ----------
    worker, other
        int32[pairs].
    excess
        float64[pairs], agreement beyond chance: 1 where they always agree, 0 as two would who guess.
    common
        float64[pairs], on how many items.
    degree
        int64[n_workers + 1], colleagues of each.
    """

    worker: Codes
    other: Codes
    excess: Floats
    common: Floats
    degree: NDArray[np.int64]

    @classmethod
    def of(cls, votes: Votes, gold: Gold) -> Self:
        """Compare each two workers on the items that both answered, by the first answer of each."""
        from scipy import sparse

        votes = votes.once()
        K, W = votes.n_classes, votes.n_workers
        single = np.flatnonzero((gold.accepted.sum(axis=1) == 1) & (votes.answers_per_item() > 0))
        item = np.concatenate([votes.item, single])
        worker = np.concatenate([votes.worker, np.full(single.size, W)])
        label = np.concatenate([votes.label, gold.accepted[single].argmax(axis=1)])
        kept = _compared(np.bincount(item, minlength=votes.n_items))[item]
        item, worker, label = item[kept].astype(np.int64), worker[kept], label[kept]
        # one product counts both: a shared item adds 2^26, a shared answer 1
        column = np.concatenate([item, votes.n_items + item * K + label])
        entry = np.repeat([2.0**13, 1.0], item.size)
        answers = sparse.csr_array((entry, (np.tile(worker, 2), column)), shape=(W + 1, votes.n_items * (K + 1)))
        both = (answers @ answers.T).tocoo()
        pair = both.row != both.col
        row, col = both.row[pair].astype(np.int32), both.col[pair].astype(np.int32)
        common = np.floor(both.data[pair] / 2.0**26)
        agreed = both.data[pair] - common * 2.0**26
        excess = (K * agreed / common - 1) / (K - 1)
        return cls(row, col, excess, common, np.bincount(row, minlength=W + 1))

    def sums(self, values: Floats) -> Floats:
        """Sum values of pairs, float64[pairs], over each worker's colleagues, float64[n_workers + 1]."""
        return np.asarray(np.bincount(self.worker, weights=values, minlength=self.degree.size), dtype=np.float64)


def completed(met: Colleagues, start: Floats, max_iterations: int, tolerance: float) -> tuple[Floats, int, bool]:
    """Find the sizes of s, whose products are the sizes of the excess; iterations, and whether it came to a stand.

    The matrix is symmetric, so both sides of the product are found alike and begin alike, at `start`,
    float64[n_workers + 1].
    """
    size = np.abs(met.excess)
    mean = Middle(met, max(int(met.degree[:-1].min(initial=size.size, where=met.degree[:-1] > 0)) // 2 - 1, 0))
    left = right = np.where(met.degree > 0, start, 0.0)
    iteration, change = 0, np.inf
    while change > tolerance**2 and iteration < max_iterations:
        iteration += 1
        before = left, right
        # where no agreement is beyond chance a quotient by 0 would follow
        right = np.maximum(mean(size / left[met.other], right), NONE)
        left = np.maximum(mean(size / right[met.other], left), NONE)
        moved, turned = left - before[0], right - before[1]
        # the squared norm of left right' less what it was, without the matrices
        change = (moved @ moved) * (right @ right) + (before[0] @ before[0]) * (turned @ turned)
        change += 2 * (moved @ before[0]) * (right @ turned)
    return left * np.sqrt(np.linalg.norm(right) / np.linalg.norm(left)), iteration, bool(change <= tolerance**2)


class Middle:
    """Mean of each worker's values less the `cut` greatest of those above his present one, and least below it."""

    def __init__(self, met: Colleagues, cut: int) -> None:
        self._met, self._cut = met, cut
        self._blocks: list[tuple[NDArray[np.intp], NDArray[np.intp], Flags]] = []
        if not cut:
            return
        # rows of about the same length are sorted together, padded to the longest
        start = np.cumsum(met.degree) - met.degree
        log = np.ceil(np.log2(np.maximum(met.degree, 1)))
        for each in np.unique(log[met.degree > 0]):
            rows = np.flatnonzero((log == each) & (met.degree > 0))
            place = np.arange(met.degree[rows].max())
            inside = place < met.degree[rows, None]
            self._blocks.append((rows, np.where(inside, start[rows, None] + place, 0), inside))

    def __call__(self, values: Floats, present: Floats) -> Floats:
        n = self._met.degree
        if not self._cut:
            return np.divide(self._met.sums(values), n, out=present.copy(), where=n > 0)
        mean = present.copy()
        for rows, index, inside in self._blocks:
            table = np.where(inside, values[index], np.inf)
            table.sort(axis=1)
            now = present[rows, None]
            # what differs by rounding alone is neither above nor below
            low = np.minimum((table < now * (1 - NONE)).sum(axis=1), self._cut)
            high = n[rows] - np.minimum(n[rows] - (table <= now * (1 + NONE)).sum(axis=1), self._cut)
            place = np.arange(table.shape[1])
            kept = (place >= low[:, None]) & (place < high[:, None])
            left = kept.sum(axis=1)
            total = np.where(kept, table, 0.0).sum(axis=1)
            mean[rows] = np.divide(total, left, out=present[rows], where=left > 0)
        return mean


def signs(met: Colleagues) -> Floats:
    """Who is right more often than by chance: 1, -1, or 0 where nothing tells, float64[n_workers + 1].

    A lazy walk: each worker's trust becomes the mean of it and of what his colleagues' trust says of him, which is
    the opposite where they contradict each other. It begins with 1 for all. Gold is trusted throughout.
    """
    evidence = met.excess * met.common
    total = met.sums(np.abs(evidence))
    trust = np.ones(total.size)
    for _ in range(WALK):
        said = met.sums(evidence * trust[met.other])
        trust = (trust + np.divide(said, total, out=trust.copy(), where=total > 0)) / 2
        trust[-1] = 1.0
    return np.where(np.abs(trust) > NONE, np.sign(trust), 0.0)


def _compared(answers: NDArray[np.int64]) -> Flags:
    """Leave out the items with the most answers until few enough pairs remain, bool[n_items]."""
    size, items = np.unique(answers, return_counts=True)
    pairs = np.cumsum(size.astype(np.float64) ** 2 * items)
    return np.asarray(answers <= size[pairs <= PAIRS].max(initial=1))


def _one_coin(votes: Votes, accuracy: Floats) -> Floats:
    """Log probability of each item's answers given each class, float64[n_items, K]."""
    K = votes.n_classes
    wrong = np.log((1 - accuracy) / (K - 1))
    cell = votes.item * np.int64(K) + votes.label
    lead = (np.log(accuracy) - wrong)[votes.worker]
    scores = np.bincount(cell, weights=lead, minlength=votes.n_items * K).reshape(votes.n_items, K)
    scores += np.bincount(votes.item, weights=wrong[votes.worker], minlength=votes.n_items)[:, None]
    return np.asarray(scores)
