"""Gold that may be wrong: what the workers say of each gold item, judged without that item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import CHUNK, Codes, Counts, Flags, Floats, brief
from crowdqc.quality.gold_health.answers import GoldAnswers
from crowdqc.quality.gold_health.chances import sigmoid
from crowdqc.quality.workers import Matrices, q_values

#: Share of answers that are slips: anybody says anything, as often as it is said. One slip proves nothing.
SLIPS = 0.02
#: Share of gold that is taken to be wrong before it is looked at, and how many items this belief is worth.
WRONG, BELIEF = 0.02, 50.0
#: Rounds in which the share of wrong gold, and that of each accepted label, is learned.
ROUNDS = 25


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Suspects:
    """One entry a gold item. A suspicion is a reason for an expert to look, no verdict.

    Attributes
    ----------
    answers
        int64[G].
    wrong
        float64[G], probability that none of the accepted labels is right.
    log_odds
        float64[G], by how much the answers speak against the accepted labels, in nats: the log likelihood if
        another label is true, less that if an accepted one is.
    says
        int32[G], class code that the workers point to, whatever is accepted; -1 without answers.
    says_share
        float64[G], its probability by the workers alone.
    good, dissent
        int64[G], good workers who answered, and how many of them say none of the accepted labels. Good: at least
        as accurate on all else as the crowd.
    unsaid
        bool[G, K], accepted labels that nobody gives, where several are accepted and there are answers.
    p_value, q_value
        float64[G], at most the chance of so much against a right label; the same over all gold items. NaN where
        nobody answered or all labels are accepted.
    share
        Share of gold that is wrong, as far as can be told.
    """

    answers: Counts
    wrong: Floats
    log_odds: Floats
    says: Codes
    says_share: Floats
    good: Counts
    dissent: Counts
    unsaid: Flags
    p_value: Floats
    q_value: Floats
    share: float


def find_suspects(answers: GoldAnswers, matrices: Matrices, class_prior: Floats) -> Suspects:
    """Judge each gold item by its answers, and these by what their workers say elsewhere.

    Parameters
    ----------
    matrices
        Of all votes, gold too.
    class_prior
        float64[K].

    Notes
    -----
    A worker's matrix is counted over all his items; what this very item put into it is taken out again, so there
    is no fit an item: the cost is K numbers an answer to gold. With P(said | true) the mean of the Dirichlet
    posterior of the row, the chance of all answers under each truth is a product. If one of several labels is
    accepted each worker may see another of them: their shares are fitted.

    The likelihood under some other truth, drawn by the class prior, over that under the accepted labels, is 1 in
    the mean where these are right. So it passes x with a chance of at most 1 / x (Markov): that is the p-value. It
    is large rather than small, and needs no approximation. Workers who share a misunderstanding, or an item that
    misleads everybody, look like wrong gold.
    """
    G, K = answers.n_items, answers.n_classes
    logs, good = np.zeros((len(answers), K)), np.zeros(len(answers), dtype=bool)
    worth = _Elsewhere.of(matrices)
    for start in range(0, len(answers), CHUNK):
        part = slice(start, start + CHUNK)
        logs[part], good[part] = worth.judge(answers, matrices, part)
    sums = np.stack([answers.per_item(logs[:, k]) for k in range(K)], axis=1) if K else np.zeros((G, 0))
    prior = np.log((class_prior + 0.05 / max(K, 1)) / 1.05)
    n = answers.per_item().astype(np.int64)
    tested = (n > 0) & ~answers.accepted.all(axis=1)
    others = np.where(answers.accepted, -np.inf, prior)
    log_odds = np.zeros(G)
    if tested.any():
        others = others[tested] - np.logaddexp.reduce(others[tested], axis=1)[:, None]
        log_odds[tested] = np.logaddexp.reduce(sums[tested] + others, axis=1)
        log_odds[tested] -= _accepted(answers, logs, sums)[tested]
    p = np.where(tested, np.exp(-np.maximum(log_odds, 0.0)), np.nan)
    share = WRONG
    for _ in range(ROUNDS):
        wrong = sigmoid(log_odds[tested] + np.log(share / (1 - share)))
        share = float((wrong.sum() + WRONG * BELIEF) / (wrong.size + BELIEF))
    wrong = np.where(answers.accepted.all(axis=1), 0.0, sigmoid(log_odds + np.log(share / (1 - share))))
    belief = sums + prior
    belief = np.exp(belief - np.logaddexp.reduce(belief, axis=1)[:, None]) if K else belief
    given = np.bincount(answers.place * K + answers.label, minlength=G * K).reshape(G, K) > 0
    several = (answers.accepted.sum(axis=1) > 1) & (n > 0)
    return Suspects(
        answers=n,
        wrong=wrong,
        log_odds=log_odds,
        says=np.where(n > 0, belief.argmax(axis=1) if K else 0, -1).astype(np.int32),
        says_share=np.where(n > 0, belief.max(axis=1, initial=0.0), np.nan),
        good=answers.per_item(good).astype(np.int64),
        dissent=answers.per_item(good & ~answers.right).astype(np.int64),
        unsaid=answers.accepted & ~given & several[:, None],
        p_value=p,
        q_value=q_values(p),
        share=share if tested.any() else float("nan"),
    )


@brief
@dataclass(frozen=True, slots=True, eq=False)
class _Elsewhere:
    """What workers' matrices rest on.

    Attributes
    ----------
    mass, evidence
        float64[n_workers, K], answers by true class, and what they are worth.
    right
        float64[n_workers], right answers, as many as the evidence is worth.
    usual
        Accuracy of the crowd.
    said
        float64[K], how often each label is said.
    """

    mass: Floats
    evidence: Floats
    right: Floats
    usual: float
    said: Floats

    @classmethod
    def of(cls, matrices: Matrices) -> _Elsewhere:
        pairs, W, K = matrices.pairs, matrices.n_workers, matrices.n_classes
        mass = np.zeros((W, K))
        np.add.at(mass, pairs.worker, matrices.counts)
        share = np.divide(matrices.evidence, mass, out=np.zeros_like(mass), where=mass > 0)
        hit = matrices.counts[np.arange(len(pairs)), pairs.label] * share[pairs.worker, pairs.label]
        right = np.bincount(pairs.worker, weights=hit, minlength=W)
        said = 1.0 + np.bincount(pairs.label, weights=matrices.counts.sum(axis=1), minlength=K)
        usual = float((right.sum() + 0.5) / (matrices.evidence.sum() + 1))
        shares = np.asarray(said / said.sum())
        return cls(mass, matrices.evidence, np.asarray(right, dtype=np.float64), usual, shares)

    def judge(self, answers: GoldAnswers, matrices: Matrices, part: slice) -> tuple[Floats, Flags]:
        """Give log P(said | true) of some answers, float64[m, K], and whether their workers are good, bool[m].

        Both without what the item itself said of the worker.
        """
        worker, label = answers.worker[part], answers.label[part]
        own = answers.truth[answers.place[part]]
        counts = np.maximum(matrices.counts[matrices.pairs.of_answer[answers.row[part]]] - own, 0.0)
        mass = np.maximum(self.mass[worker] - own, 0.0)
        evidence = np.minimum(np.maximum(self.evidence[worker] - own, 0.0), mass)
        scale = np.divide(evidence, mass, out=np.zeros_like(mass), where=mass > 1e-9)
        rates = (np.minimum(counts, mass) * scale + matrices.crowd[:, label].T) / (evidence + 1.0)
        rates = (1 - SLIPS) * rates + SLIPS * self.said[label][:, None]
        right = self.right[worker] - own[np.arange(label.size), label]
        total = np.maximum(self.evidence[worker].sum(axis=1) - 1.0, 0.0)
        return np.log(rates), (np.maximum(right, 0.0) + self.usual) / (total + 1.0) >= self.usual


def _accepted(answers: GoldAnswers, logs: Floats, sums: Floats) -> Floats:
    """Log likelihood of the answers if the accepted labels are right, float64[G].

    Where there are several, with those shares of them that suit the answers best.
    """
    found = np.where(answers.accepted, sums, -np.inf).max(axis=1, initial=-np.inf)
    several = answers.accepted.sum(axis=1) > 1
    rows = np.flatnonzero(several[answers.place])
    if not rows.size:
        return np.asarray(found)
    place, accepted = answers.place[rows], answers.accepted[answers.place[rows]]
    chances = np.where(accepted, np.exp(logs[rows]), 0.0)
    shares = answers.accepted / answers.accepted.sum(axis=1, keepdims=True)
    n = np.maximum(answers.per_item(), 1.0)
    for _ in range(ROUNDS):
        each = shares[place] * chances
        each /= each.sum(axis=1, keepdims=True)
        for k in range(answers.n_classes):
            fitted = np.bincount(place, weights=each[:, k], minlength=answers.n_items) / n
            shares[several, k] = fitted[several]
    chance = np.log((shares[place] * chances).sum(axis=1))
    mixed = np.bincount(place, weights=chance, minlength=answers.n_items)
    return np.asarray(np.where(several, np.maximum(found, mixed), found))
