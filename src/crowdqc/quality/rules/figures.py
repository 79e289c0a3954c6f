"""Figures that are worked out elsewhere, one a worker, for rules to speak of."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.workers.evidence import WorkerEvidence
from crowdqc.quality.workers.scores import WorkerScores


class InvalidFigures(Invalid):
    """A figure that a rule speaks of is missing, or is of other workers, or has another level."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """One entry a worker; NaN where nothing is known.

    Attributes
    ----------
    value, low, high
        float64[n_workers], the figure and its interval; where it has none both ends are the value.
    count
        float64[n_workers], answers that it rests on.
    q_value
        float64[n_workers], chance of a false alarm among findings as strong; NaN throughout where there is none.
    level
        Of the intervals.
    """

    value: Floats
    low: Floats
    high: Floats
    count: Floats
    q_value: Floats
    level: float = 0.95


#: Figures by the name of their collector.
Figures = Mapping[str, Figure]


def figures_of(
    evidence: WorkerEvidence,
    scores: WorkerScores,
    workers: Sequence[Hashable],
    *,
    among: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> dict[str, Figure]:
    """Take the figures that rules may speak of out of the evidence.

    Parameters
    ----------
    workers
        Ids in the order of the evidence, `votes.workers`.
    among
        Ids in the order that is wanted, `events.workers`; None: as they are.
    level
        That of the intervals in the evidence.

    Returns
    -------
    dict
        "model_accuracy", "expected_cost", "spammer", "collusion" and, where the order of answers is known,
        "drift".

    Examples
    --------
    >>> from crowdqc.quality.aggregation import DawidSkene
    >>> from crowdqc.quality.simulation import Simulation
    >>> from crowdqc.quality.workers import examine, score_workers
    >>> votes = Simulation(items=200, workers=8, overlap=4).run(seed=1).votes
    >>> found = DawidSkene().fit(votes)
    >>> sorted(figures_of(examine(votes, found), score_workers(votes, found), votes.workers))
    ['collusion', 'expected_cost', 'model_accuracy', 'spammer']
    """
    judged = scores.judged.astype(np.float64)
    none = np.full(judged.size, np.nan)
    costs, spammers, drifts = evidence.costs, evidence.spammers, evidence.drifts
    found = {
        "model_accuracy": Figure(
            scores.consensus_accuracy, scores.consensus_low, scores.consensus_high, judged, none, level
        ),
        "expected_cost": Figure(costs.least, costs.least_low, costs.least_high, judged, none, level),
        "spammer": Figure(spammers.score, spammers.low, spammers.high, judged, none, level),
        "collusion": _collusion(evidence, judged.size, level),
    }
    if drifts is not None:
        answers = (drifts.answers_before + drifts.answers_after).astype(np.float64)
        found["drift"] = Figure(drifts.change, drifts.low, drifts.high, answers, drifts.q_value, level)
    if among is None:
        return found
    place = {worker: code for code, worker in enumerate(workers)}
    codes = np.array([place.get(worker, -1) for worker in among], dtype=np.int64)
    return {name: _taken(figure, codes) for name, figure in found.items()}


def _collusion(evidence: WorkerEvidence, W: int, level: float) -> Figure:
    """Give each worker the pair of theirs that is least like chance."""
    pairs = evidence.collusion
    who = np.concatenate([pairs.first, pairs.second])
    pair = np.tile(np.arange(len(pairs)), 2)
    order = np.lexsort((pair, pairs.p_value[pair], pairs.q_value[pair], who))
    present, first = np.unique(who[order], return_index=True)
    best = pair[order[first]]
    value, count, q = np.full(W, np.nan), np.full(W, np.nan), np.full(W, np.nan)
    value[present] = (pairs.wrong - pairs.expected)[best]
    count[present] = pairs.common[best]
    q[present] = pairs.q_value[best]
    return Figure(value, value, value, count, q, level)


def _taken(figure: Figure, codes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Figure:
    def of(column: Floats) -> Floats:
        found = np.full(codes.size, np.nan)
        found[codes >= 0] = column[codes[codes >= 0]]
        return found

    return Figure(
        of(figure.value), of(figure.low), of(figure.high), of(figure.count), of(figure.q_value), figure.level
    )
