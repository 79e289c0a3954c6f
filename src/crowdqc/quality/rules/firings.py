"""Whom a rule acts on now, and why: the numbers, the evidence, and words for the worker and for the lead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Counts, brief
from crowdqc.quality.rules import actions, words
from crowdqc.quality.rules.events import Events
from crowdqc.quality.rules.figures import Figure
from crowdqc.quality.rules.measures import Measures, holds, measure
from crowdqc.quality.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Reason:
    """A condition that holds: the value seen with its interval, and the threshold.

    Attributes
    ----------
    low, high
        The value itself where it has no interval.
    sure
        Whether the interval decided, and not the value.
    """

    key: str
    op: str
    threshold: float
    value: float
    low: float
    high: float
    sure: bool

    def to_json(self) -> dict[str, object]:
        found = {name: getattr(self, name) for name in self.__slots__}
        return found | {end: _finite(found[end]) for end in ("low", "high")}


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Firing:
    """A rule that holds of a worker.

    Attributes
    ----------
    rule
        With its name, version, window and action.
    worker
        Code.
    at
        Seconds, when it was looked at.
    reasons
        One a condition, in their order.
    count, hits, run
        Events in the window, hits among them, hits in a row at the end; of a figure, answers that it rests on,
        and None.
    evidence
        int64[k], rows of the events in the window, in the order of time.
    """

    rule: Rule
    worker: int
    at: float
    reasons: tuple[Reason, ...]
    count: int
    hits: int | None
    run: int | None
    evidence: Counts

    @property
    def main(self) -> Reason:
        """The reason that is most worth telling: a share or score before a mere number."""
        return self.reasons[words.most_telling([key for key, _ in self.rule.keyed()])]

    def to_worker(self) -> str:
        """Say to the worker what was seen, what is asked for, and what follows."""
        said = [
            words.to_worker(self.rule, place, reason.value, reason.low, reason.high, self.count, self.hits)
            for place, reason in enumerate(self.reasons)
        ]
        return " ".join(dict.fromkeys([*(part for part in said if part), self.rule.action.words()]))

    def to_lead(self) -> str:
        """Say to whoever answers for quality which rule held, with all its numbers."""
        said = [
            words.to_lead(self.rule, place, reason.value, reason.low, reason.high)
            for place, reason in enumerate(self.reasons)
        ]
        return f"Rule '{self.rule.name}' (version {self.rule.version}): {'; '.join(said)}; {self.count:,} count."

    def to_json(self) -> dict[str, object]:
        """Write down what is kept with the action; rows are of the events that were given."""
        return {
            "rule": self.rule.name,
            "version": self.rule.version,
            "collector": self.rule.collector,
            "window": self.rule.window.to_json(),
            "level": self.rule.level,
            "interval": self.rule.interval,
            "action": actions.to_json(self.rule.action),
            "at": _finite(self.at),
            "reasons": [reason.to_json() for reason in self.reasons],
            "count": self.count,
            "evidence": self.evidence.tolist(),
            "to_worker": self.to_worker(),
            "to_lead": self.to_lead(),
        }


def evaluate(
    rule: Rule,
    events: Events,
    figures: Mapping[str, Figure] | None = None,
    *,
    now: float | None = None,
    since: ArrayLike | None = None,
) -> tuple[Firing, ...]:
    """Find all workers of whom the rule holds now, in the order of their codes; see `measure` for the rest.

    Examples
    --------
    >>> rule = Rule.of({"name": "careless", "collector": "gold", "window": {"answers": 20},
    ...                 "when": [{"key": "accuracy", "op": "below", "value": 0.6}],
    ...                 "action": {"kind": "restrict", "hours": 24}})
    >>> events = Events.of(["ann"] * 20 + ["bob"] * 20, range(40), gold=[1, 0, 0, 0] * 5 + [1, 0] * 10)
    >>> firing, = evaluate(rule, events)
    >>> print(firing.to_worker())
    Of your last 20 answers to items whose truth is known 5 were right (25%). At least 60% is asked for here, and
    we are 95% sure that your share is below that. You get no items in this project for 24 hours.
    >>> print(firing.to_lead())
    Rule 'careless' (version 1): accuracy 25% (10.2% to 46.4%) is surely below 60%; 20 count.
    """
    found = measure(rule, events, figures, now=now, since=since)
    moment = float(events.time.max(initial=-np.inf)) if now is None else now
    return tuple(_firing(rule, found, int(worker), moment) for worker in np.flatnonzero(holds(rule, found)))


def _firing(rule: Rule, found: Measures, worker: int, now: float) -> Firing:
    reasons = []
    for key, condition in rule.keyed():
        value, low, high = (float(end[worker]) for end in found.of_key(key))
        reasons.append(Reason(condition.key, condition.op, condition.value, value, low, high, rule.doubted(key)))
    given = rule.source.outcome is None

    def whole(number: float) -> int:
        return 0 if np.isnan(number) else int(number)

    return Firing(
        rule=rule,
        worker=worker,
        at=now,
        reasons=tuple(reasons),
        count=whole(found.count[worker]),
        hits=None if given else whole(found.hits[worker]),
        run=None if given else whole(found.run[worker]),
        evidence=found.evidence(worker),
    )


def _finite(number: float) -> float | None:
    """Give a number that JSON knows."""
    return number if math.isfinite(number) else None
