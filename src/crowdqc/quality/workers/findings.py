"""What of the evidence is hardly chance: a list to look through, the surest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.workers.evidence import WorkerEvidence

#: What may be found, in the order in which it is told.
KINDS = ("collusion", "drift", "haste", "leaning")
#: In the order in which they are put together.
_COLUMNS = (
    "worker",
    "other",
    "about",
    "answers",
    "found",
    "expected",
    "effect",
    "low",
    "high",
    "p_value",
    "q_value",
)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """One entry a finding, kind after kind, the smallest q-value first. None is a verdict.

    Attributes
    ----------
    kind
        Of `KINDS`.
    worker, other
        int32, codes of the workers; `other` is the second of a pair that may collude, otherwise -1.
    about
        float64; of collusion the ring, of drift the order of the first answer after the change, of a leaning the
        place or class code; NaN of haste.
    answers
        float64, answers that it rests on: items in common, answers before and after, pages hurried through,
        answers with known truth that would tell as much.
    found, expected
        float64. Of collusion, wrong answers that both gave, and how many of two who do not know of each other; of
        drift, accuracy after and before; of haste, accuracy of hurried answers and of the rest; of a leaning, the
        share of answers that go there, and what it should be.
    effect, low, high
        float64, found - expected and its interval; collusion has none, NaN.
    p_value, q_value
        float64, chance of so much or more where there is nothing; the same over all tests of the kind.
    rate
        The q-value up to which something is a finding: the share of false ones among those of a kind.
    tested
        How many workers (or pairs) were tested for each kind; None where what that needs is not known.
    """

    kind: tuple[str, ...]
    worker: Codes
    other: Codes
    about: Floats
    answers: Floats
    found: Floats
    expected: Floats
    effect: Floats
    low: Floats
    high: Floats
    p_value: Floats
    q_value: Floats
    rate: float
    tested: Mapping[str, int | None]

    @classmethod
    def of(cls, evidence: WorkerEvidence, rate: float | None = None) -> Self:
        """Choose what has a q-value up to `rate`; None takes that at which pairs hang together as rings.

        Examples
        --------
        >>> from crowdqc.quality.aggregation import DawidSkene
        >>> from crowdqc.quality.simulation import Simulation
        >>> from crowdqc.quality.workers import examine
        >>> crowd = Simulation(items=400, workers=12, classes=3, overlap=5, biased=0.1).run(seed=1)
        >>> found = Findings.of(examine(crowd.votes, DawidSkene().fit(crowd.votes)))
        >>> [(kind, crowd.kinds[worker]) for kind, worker in zip(found.kind, found.worker)]
        [('leaning', 'biased')]
        >>> found.tested
        {'collusion': 66, 'drift': None, 'haste': None, 'leaning': 12}
        """
        rate = evidence.collusion.level if rate is None else rate
        pairs, drifts, speeds, leanings = evidence.collusion, evidence.drifts, evidence.speeds, evidence.leanings
        tested: dict[str, int | None] = {"collusion": pairs.tests, "drift": None, "haste": None}
        group = pairs.group[pairs.first].astype(np.float64)
        unknown = np.full(len(pairs), np.nan)
        effect = pairs.wrong - pairs.expected
        kinds = ["collusion"]
        parts = [
            _chosen(
                (pairs.first, pairs.second, np.where(group < 0, np.nan, group + 1), pairs.common),
                (pairs.wrong, pairs.expected, effect, unknown, unknown),
                (pairs.p_value, pairs.q_value),
                rate,
            )
        ]
        if drifts is not None:
            tested["drift"] = _tests(drifts.p_value)
            answers = drifts.answers_before + drifts.answers_after
            kinds.append("drift")
            parts.append(
                _chosen(
                    (*_each(drifts.at), drifts.at, answers),
                    (drifts.after, drifts.before, drifts.change, drifts.low, drifts.high),
                    (drifts.p_value, drifts.q_value),
                    rate,
                )
            )
        if speeds is not None:
            tested["haste"] = _tests(speeds.p_value)
            kinds.append("haste")
            parts.append(
                _chosen(
                    (*_each(speeds.fast), np.full(speeds.fast.size, np.nan), speeds.hurried),
                    (speeds.fast, speeds.calm, -speeds.difference, -speeds.high, -speeds.low),
                    (speeds.p_value, speeds.q_value),
                    rate,
                )
            )
        tested["leaning"] = _tests(leanings.p_value)
        n = np.where(leanings.answers > 0, leanings.answers, np.nan)
        kinds.append("leaning")
        parts.append(
            _chosen(
                (*_each(n), leanings.place.astype(np.float64), leanings.answers),
                (leanings.chosen / n, leanings.expected / n, leanings.excess, leanings.low, leanings.high),
                (leanings.p_value, leanings.q_value),
                rate,
            )
        )
        columns = {name: np.concatenate([part[place] for part in parts]) for place, name in enumerate(_COLUMNS)}
        return cls(
            kind=tuple(name for name, part in zip(kinds, parts, strict=True) for _ in part[0]),
            worker=columns.pop("worker").astype(np.int32),
            other=columns.pop("other").astype(np.int32),
            **columns,
            rate=rate,
            tested=tested,
        )

    def __len__(self) -> int:
        return len(self.kind)

    def count(self, kind: str) -> int:
        """How many findings of a kind there are."""
        return self.kind.count(kind)


def _each(entries: Floats) -> tuple[Floats, Floats]:
    """Give the codes of workers who have one entry each, and nobody as the second of a pair."""
    return np.arange(entries.size, dtype=np.float64), np.full(entries.size, -1.0)


def _tests(p_value: Floats) -> int:
    return int(np.count_nonzero(~np.isnan(p_value)))


def _chosen(
    who: Sequence[NDArray[Any]], figures: Sequence[Floats], chances: tuple[Floats, Floats], rate: float
) -> list[Floats]:
    """Give the columns of those whose q-value is small, sorted by it and the p-value, then as they come."""
    p, q = chances
    small: Flags = q <= rate  # not where it is NaN
    rows = np.flatnonzero(small)
    rows = rows[np.lexsort((p[rows], q[rows]))]
    return [np.asarray(column, dtype=np.float64)[rows] for column in (*who, *figures, p, q)]
