"""How well each worker does, against gold and against everyone else, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import CHUNK, Codes, Floats, brief
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.votes import Votes

#: Pseudo-answers in each row of a reported confusion matrix: this many right, this many spread over the rest.
TRUST = (2.0, 1.0)
#: Iterations for a worker's accuracy at most, and a movement too small to go on for.
STEPS = 50
SMALL = 1e-4


@brief
@dataclass(frozen=True, slots=True, eq=False)
class WorkerScores:
    """One entry a worker, in the order of `votes.workers`.

    Attributes
    ----------
    answers
        int64, answers given.
    confusion
        float64[n_workers, K, K], P(said | true), rows true: the posterior mean under a prior with `TRUST`
        pseudo-answers a row, so a row without evidence is the prior and not a judgement.
    confusion_counts
        float64[n_workers, K, K], expected number of answers of each kind, by the consensus.
    gold_answers, gold_correct
        int64, answers to gold items, and those among them that are accepted.
    gold_accuracy, gold_low, gold_high
        float64, their share and its interval; NaN and (0, 1) without gold answers.
    judged
        int64, answers that enter the following: those to items that are not gold and that somebody else answered.
    consensus_accuracy, consensus_low, consensus_high
        float64, likeliest share of right answers given everyone else's evidence (one's own
        answer never counts for itself), and its interval; NaN and (0, 1) where nothing is known.
    evidence
        float64, answers with known truth that would tell as much: `judged`, less where others are in doubt.
    median_seconds
        float64, NaN where no time is known.
    """

    answers: NDArray[np.int64]
    confusion: Floats
    confusion_counts: Floats
    gold_answers: NDArray[np.int64]
    gold_correct: NDArray[np.int64]
    gold_accuracy: Floats
    gold_low: Floats
    gold_high: Floats
    judged: NDArray[np.int64]
    consensus_accuracy: Floats
    consensus_low: Floats
    consensus_high: Floats
    evidence: Floats
    median_seconds: Floats


def score_workers(
    votes: Votes, consensus: Consensus, gold: Gold | Truth | None = None, *, level: float = 0.95
) -> WorkerScores:
    """Score each worker's answers.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import MajorityVote
    >>> votes = Votes.of([1, 1, 1, 2], ["a", "b", "c", "a"], ["x", "x", "y", "y"])
    >>> gold = Gold.of(votes, {2: "x"})
    >>> scores = score_workers(votes, MajorityVote().fit(votes, gold), gold)
    >>> scores.gold_accuracy.tolist()
    [0.0, nan, nan]
    >>> scores.judged.tolist()  # gold has its own score
    [1, 1, 1]
    """
    gold = Gold.given(votes, gold)
    on_gold = gold.known[votes.item]
    accepted = gold.accepted[votes.item, votes.label]
    gold_answers = np.bincount(votes.worker[on_gold], minlength=votes.n_workers)
    gold_correct = np.bincount(votes.worker[accepted], minlength=votes.n_workers)
    gold_low, gold_high = beta_interval(gold_correct, gold_answers, level)

    # Gold has its own score: were it in this one, a worker who is told this one could tell gold from the rest.
    right = np.where(on_gold, np.nan, consensus.without_own(votes))
    counted = ~np.isnan(right)
    judged = np.bincount(votes.worker[counted], minlength=votes.n_workers)
    accuracy, evidence = _accuracy(votes.worker[counted], right[counted], votes.n_workers, votes.n_classes)
    low, high = beta_interval(np.nan_to_num(accuracy) * evidence, evidence, level)

    counts = _confusion_counts(votes, consensus)
    weighted = counts + _prior(votes.n_classes)
    return WorkerScores(
        answers=votes.answers_per_worker(),
        confusion=weighted / weighted.sum(axis=2, keepdims=True),
        confusion_counts=counts,
        gold_answers=gold_answers,
        gold_correct=gold_correct,
        gold_accuracy=_share(gold_correct, gold_answers),
        gold_low=gold_low,
        gold_high=gold_high,
        judged=judged,
        consensus_accuracy=accuracy,
        consensus_low=low,
        consensus_high=high,
        evidence=evidence,
        median_seconds=_median_seconds(votes),
    )


def _accuracy(worker: Codes, backing: Floats, W: int, K: int) -> tuple[Floats, Floats]:
    """Estimate the share of right answers from the probabilities that others give to each.

    The mean of those probabilities would blame a worker for the others' doubts. This is the maximum likelihood
    of one accuracy a worker, errors spread evenly, by EM over whether each answer is right; and the number of
    answers with known truth that would tell as much: n less what remains unknown (Louis 1982, Finding the
    observed information matrix when using the EM algorithm).

    Returns
    -------
    accuracy, evidence
        float64[n_workers]; NaN and 0 where nothing is known.
    """
    n = np.bincount(worker, minlength=W)
    accuracy = np.full(W, 0.75)
    right = backing
    for _ in range(STEPS):
        hit = accuracy[worker] * backing
        miss = (1 - accuracy[worker]) * (1 - backing) / max(K - 1, 1)
        right = np.divide(hit, hit + miss, out=np.zeros_like(hit), where=hit + miss > 0)
        # half an answer of each kind keeps one lucky start from being certain
        before, accuracy = accuracy, (np.bincount(worker, weights=right, minlength=W) + 0.5) / (n + 1)
        if np.abs(accuracy - before).max(initial=0.0) < SMALL:
            break
    unknown = np.bincount(worker, weights=right * (1 - right), minlength=W) / (accuracy * (1 - accuracy))
    evidence = np.clip(n - unknown, 0.0, None)
    evidence[evidence < 1e-6] = 0.0
    share = np.bincount(worker, weights=right, minlength=W) / np.maximum(n, 1)
    return np.where(evidence > 0, share, np.nan), evidence


def _share(part: NDArray[np.int64] | Floats, whole: NDArray[np.int64]) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0))


def _prior(K: int) -> Floats:
    right, wrong = TRUST
    aside = wrong / (K - 1) if K > 1 else 0.0
    return np.full((K, K), aside) + np.eye(K) * (right - aside)


def _confusion_counts(votes: Votes, consensus: Consensus) -> Floats:
    """Sum the posteriors of the items by worker and label given, float64[n_workers, K, K], rows true."""
    W, K = votes.n_workers, votes.n_classes
    cell = votes.worker.astype(np.int64) * K + votes.label
    said = np.zeros((W * K, K))
    for start in range(0, len(votes), CHUNK):
        part = slice(start, start + CHUNK)
        posterior = consensus.posterior[votes.item[part]]
        for true in range(K):
            said[:, true] += np.bincount(cell[part], weights=posterior[:, true], minlength=W * K)
    return said.reshape(W, K, K).transpose(0, 2, 1)


def _median_seconds(votes: Votes) -> Floats:
    medians = np.full(votes.n_workers, np.nan)
    if votes.seconds is None:
        return medians
    timed = ~np.isnan(votes.seconds)
    order = np.lexsort((votes.seconds[timed], votes.worker[timed]))
    worker, seconds = votes.worker[timed][order], votes.seconds[timed][order]
    present, first, count = np.unique(worker, return_index=True, return_counts=True)
    medians[present] = (seconds[first + (count - 1) // 2] + seconds[first + count // 2]) / 2
    return medians
