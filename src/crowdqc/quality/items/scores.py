"""How good the answers to each item are, and how sure its consensus is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.votes import Votes


@brief
@dataclass(frozen=True, slots=True, eq=False)
class ItemScores:
    """One entry an item, in the order of `votes.items`.

    Attributes
    ----------
    label
        int32, class code of the consensus; -1 where there is none.
    posterior
        float64[n_items, K].
    confidence, doubt, margin, log_odds
        float64; probability of the label, of any other, its lead over the next best, and its log odds
        in nats (ranks items whose confidence rounds to 1). NaN where there is no label.
    entropy
        float64, entropy of the posterior as a share of the greatest possible (log K): 0 sure, 1 no idea.
    agreement
        float64, share of pairs of workers who say the same of the item; NaN with fewer than two workers.
    plurality
        float64, share of the workers who gave the commonest answer; NaN without answers.
    answers
        int64, workers who answered (a repeated answer counts once).
    tied, gold
        bool; two labels are equally good; the truth was known.
    """

    label: Codes
    posterior: Floats
    confidence: Floats
    doubt: Floats
    margin: Floats
    log_odds: Floats
    entropy: Floats
    agreement: Floats
    plurality: Floats
    answers: NDArray[np.int64]
    tied: Flags
    gold: Flags


def score_items(votes: Votes, consensus: Consensus) -> ItemScores:
    """Score each item's answers and consensus.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import MajorityVote
    >>> votes = Votes.of([1, 1, 1, 2], ["a", "b", "c", "a"], ["x", "x", "y", "y"])
    >>> scores = score_items(votes, MajorityVote().fit(votes))
    >>> scores.agreement.round(2).tolist(), scores.plurality.round(2).tolist()
    ([0.33, nan], [0.67, 1.0])
    """
    counts = votes.once().counts()
    answers = counts.sum(axis=1)
    with np.errstate(invalid="ignore"):
        agreement = (counts * (counts - 1)).sum(axis=1) / (answers * (answers - 1))
        plurality = counts.max(axis=1, initial=0) / answers
    return ItemScores(
        label=consensus.label,
        posterior=consensus.posterior,
        confidence=consensus.confidence,
        doubt=consensus.doubt,
        margin=consensus.margin,
        log_odds=consensus.log_odds,
        entropy=_entropy(consensus),
        agreement=agreement,
        plurality=plurality,
        answers=answers,
        tied=consensus.tied,
        gold=consensus.known,
    )


def _entropy(consensus: Consensus) -> Floats:
    K = consensus.posterior.shape[1]
    if K < 2:
        return np.zeros(len(consensus.label))
    logs = np.where(consensus.posterior > 0, consensus.log_posterior, 0.0)
    # + 0 leaves no -0 behind
    return np.asarray(np.clip(-(consensus.posterior * logs).sum(axis=1) / np.log(K), 0.0, 1.0) + 0.0)
