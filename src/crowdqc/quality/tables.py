"""What aggregation gives, as columns by name: for a frame, or for a file."""

from __future__ import annotations

from typing import Any

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Floats
from crowdqc.quality.gold import Gold
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.items import score_items
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import score_workers

#: Columns of equal length by name: ids and labels as lists, all else as arrays.
Table = dict[str, Any]


def labels_table(votes: Votes, consensus: Consensus, *, posterior: bool = False) -> Table:
    """Give a row for each item, in the order of `votes.items`.

    Parameters
    ----------
    posterior
        Whether to add a column ``p:CLASS`` for each class.

    Returns
    -------
    dict
        item; label, None where there is none; confidence, margin, entropy, agreement, answers, tied, gold as in
        `ItemScores`. `pandas.DataFrame`, `polars.DataFrame` and `pyarrow.table` take it as it is.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import MajorityVote
    >>> votes = Votes.of([1, 1, 1, 2, 2], ["a", "b", "c", "a", "b"], ["x", "x", "y", "x", "y"])
    >>> table = labels_table(votes, MajorityVote().fit(votes))
    >>> table["item"], table["label"], table["confidence"].round(2).tolist(), table["tied"].tolist()
    ([1, 2], ['x', 'x'], [0.67, 0.5], [False, True])
    """
    scores = score_items(votes, consensus)
    names = np.array([*votes.classes, None], dtype=object)  # the last is that of the code -1
    table: Table = {
        "item": list(votes.items),
        "label": names[consensus.label].tolist(),
        "confidence": scores.confidence,
        "margin": scores.margin,
        "entropy": scores.entropy,
        "agreement": scores.agreement,
        "answers": scores.answers,
        "tied": scores.tied,
        "gold": scores.gold,
    }
    if posterior:
        table |= {f"p:{name}": scores.posterior[:, code] for code, name in enumerate(votes.classes)}
    return table


def workers_table(votes: Votes, consensus: Consensus, gold: Gold | None = None, *, level: float = 0.95) -> Table:
    """Give a row for each worker, in the order of `votes.workers`.

    Returns
    -------
    dict
        worker; answers; accuracy, low and high, from gold and from everyone else's answers together, NaN, 0 and 1
        where nothing is known; evidence, the answers with known truth that would tell as much; gold_answers and
        gold_correct; median_seconds; skill, where the method has its own number for it.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import MajorityVote
    >>> votes = Votes.of([1, 1, 1, 2], ["a", "b", "c", "a"], ["x", "x", "y", "y"])
    >>> gold = Gold.of(votes, {1: "x"})
    >>> table = workers_table(votes, MajorityVote().fit(votes, gold), gold)
    >>> table["worker"], table["accuracy"].tolist(), table["low"].round(2).tolist()
    (['a', 'b', 'c'], [1.0, 1.0, 0.0], [0.15, 0.15, 0.0])
    """
    scores = score_workers(votes, consensus, gold, level=level)
    evidence = scores.gold_answers + scores.evidence
    right = scores.gold_correct + np.nan_to_num(scores.consensus_accuracy) * scores.evidence
    accuracy: Floats = np.divide(right, evidence, out=np.full(votes.n_workers, np.nan), where=evidence > 0)
    low, high = beta_interval(right, evidence, level)
    table: Table = {
        "worker": list(votes.workers),
        "answers": scores.answers,
        "accuracy": accuracy,
        "low": low,
        "high": high,
        "evidence": evidence,
        "gold_answers": scores.gold_answers,
        "gold_correct": scores.gold_correct,
        "median_seconds": scores.median_seconds,
    }
    if consensus.skill is not None:
        table["skill"] = consensus.skill
    return table
