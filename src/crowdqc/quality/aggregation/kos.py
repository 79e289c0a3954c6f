"""KOS: messages between items and workers that settle who agrees with whom, without a model of answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Floats, row_sums
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.parameters import InvalidParameter, check_choice, check_whole
from crowdqc.quality.votes import Votes

Messages = Literal["mean", "sum"]

#: Messages smaller than this part of the greatest are rounding.
NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class KOS:
    """Karger, Oh and Shah's iterative vote.

    An item tells each worker what the others say of it, he tells each item how often he said the same of the
    others, and so on. The posterior is a score that ranks classes and items, **not a probability**: the softmax
    of what the item's answers weigh after the last round, scaled to a root mean square of 1. The skill is the
    mean weight of the worker's answers on that scale: 0 for one who answers at random, below 0 for one who is
    read against his word. An item is left to the plain vote where nothing is known of those who answered it.

    Parameters
    ----------
    rounds
        Rounds of messages. They begin at the vote and forget it step by step: where the method can work at all
        three rounds bring nearly what hundreds do, and where it cannot they do less harm.
    messages
        "sum": as in the paper and in crowd-kit, where all workers are thought to answer equally often. Where few
        answer much, and agree with each other, these outvote all: on the set `rte` five of 164 workers gave 40%
        of the answers, four of these preferred one class by habit, and the labels are no better than chance
        (.497), whatever the signs. "mean" divides each message by the number of answers that it sums up. Where
        all answer equally often that changes nothing; on `rte` it gives .92.

    Notes
    -----
    Let e(l) be the indicator of class l less 1 / K, and y the weight of an answer. The message of item i to
    worker j is the vector X_i - y_ij e(l_ij), X_i being the sum of y e(l) over the item's answers; his to item i
    is the sum, over his other answers, of the product of their item's message with e(l). For two classes this is
    the paper's algorithm with A = +1 and -1. The paper of 2013 puts a question with two answers at each threshold
    between K classes, which needs an order; the vector treats all classes alike, keeps one reliability a worker,
    and costs no more than one such question. The start is 1 for all answers, the mean of the paper's random
    start, so nothing is drawn.

    That workers are better than chance on the whole is all that tells a solution from its opposite: without gold,
    the signs are turned where the outcome contradicts the votes. A gold item speaks to all as one whose other
    answers agree on its accepted label.

    References
    ----------
    D. R. Karger, S. Oh, D. Shah (2014), Budget-optimal task allocation for reliable crowdsourcing systems,
    Operations Research 62(1), 1-24, section 2.
    D. R. Karger, S. Oh, D. Shah (2013), Efficient crowdsourcing for multi-class labeling, SIGMETRICS.

    Examples
    --------
    >>> said = {"ann": "xyxyxy", "bob": "xyxyxy", "cid": "yxyxyx", "dan": "xyxxyx"}
    >>> rows = [(item, worker, label) for worker, labels in said.items() for item, label in enumerate(labels)]
    >>> consensus = KOS().fit(Votes.of(*zip(*rows)))
    >>> consensus.label.tolist(), (consensus.skill > 0).tolist()
    ([0, 1, 0, 1, 0, 1], [True, True, False, True])
    """

    rounds: int = 3
    messages: Messages = "mean"

    def __post_init__(self) -> None:
        check_whole(self, "rounds")
        check_choice(self, "messages", get_args(Messages))

    def fit(self, votes: Votes, gold: Gold | Truth | None = None, *, start: ArrayLike | None = None) -> Consensus:
        """Pass the messages; `start`, float64[n], is what answers weigh at first, in the order of the votes."""
        gold = Gold.given(votes, gold)
        n, K = len(votes), votes.n_classes
        cell = votes.item * np.int64(K) + votes.label
        weight = self._rounds(votes, gold, cell, _first(votes, start))
        scale = float(np.sqrt(np.square(weight).mean())) if n else 0.0
        weight = weight / scale if scale > 0 else weight
        scores = _sums(votes, cell, weight)
        void = np.abs(scores).max(axis=1, initial=0.0) < NOTHING
        scores[void] = _sums(votes, cell, np.ones(n))[void]
        given = votes.answers_per_worker()
        total = np.bincount(votes.worker, weights=weight, minlength=votes.n_workers)
        return Consensus.of(
            scores,
            votes,
            gold,
            class_prior=np.full(K, 1 / max(K, 1)),
            skill=np.divide(total, given, out=np.full(total.shape, np.nan), where=given > 0),
        )

    def _rounds(self, votes: Votes, gold: Gold, cell: NDArray[np.int64], weight: Floats) -> Floats:
        """Give the workers' last messages, one an answer, float64[n]."""
        own = 1 - 1 / max(votes.n_classes, 1)
        of_item = np.maximum(votes.answers_per_item() - 1, 1)[votes.item].astype(np.float64)
        of_worker = np.maximum(votes.answers_per_worker() - 1, 1)[votes.worker].astype(np.float64)
        truth = _centred(gold.accepted / np.maximum(gold.accepted.sum(axis=1, keepdims=True), 1))
        known = gold.known[votes.item]
        for _ in range(self.rounds):
            heard = _sums(votes, cell, weight).reshape(-1)[cell] - own * weight
            if known.any():
                heard[known] = (truth.reshape(-1)[cell] * of_item * np.abs(weight).mean())[known]
            if self.messages == "mean":
                heard /= of_item
            total = np.bincount(votes.worker, weights=heard, minlength=votes.n_workers)
            weight = total[votes.worker] - heard
            if self.messages == "mean":
                weight /= of_worker
            greatest = np.abs(weight).max(initial=0.0)
            if greatest < NOTHING:
                return np.zeros(weight.shape)
            weight /= greatest
        with_votes = float(weight @ _sums(votes, cell, np.ones(len(votes))).reshape(-1)[cell])
        return -weight if with_votes < -NOTHING * len(votes) and not known.any() else weight


def _first(votes: Votes, start: ArrayLike | None) -> Floats:
    if start is None:
        return np.ones(len(votes))
    weight = np.asarray(start, dtype=np.float64)
    if weight.shape != (len(votes),) or not np.isfinite(weight).all():
        raise InvalidParameter(f"start must be {len(votes)} finite numbers, one an answer.")
    return weight


def _sums(votes: Votes, cell: NDArray[np.int64], weight: Floats) -> Floats:
    """Sum the weights of each item's answers by class, less their mean over the classes, float64[n_items, K]."""
    sums = np.bincount(cell, weights=weight, minlength=votes.n_items * votes.n_classes)
    return _centred(np.asarray(sums.reshape(votes.n_items, votes.n_classes), dtype=np.float64))


def _centred(table: Floats) -> Floats:
    return np.asarray(table - row_sums(table)[:, None] / max(table.shape[1], 1))
