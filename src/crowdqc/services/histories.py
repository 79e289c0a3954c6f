"""What happened in a project, as rules see it; and of whom the rules that are on hold now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality import rules as thinking
from crowdqc.quality.rules import Events, Figure, Rule
from crowdqc.quality.rules.actions import Discount, Exclude, Restrict
from crowdqc.records import events, firings, restrictions, rules, runs
from crowdqc.records.firings import Firing, FiringState
from crowdqc.records.projects import Project
from crowdqc.records.restrictions import Restriction
from crowdqc.records.rules import RuleState
from crowdqc.services.transaction import Transaction

#: Figures by the level of their intervals, then by the name of their collector.
FiguresByLevel = Mapping[float, Mapping[str, Figure]]


@dataclass(frozen=True, slots=True)
class History:
    """Events, and what their rows stand for; `events.workers` are keys inside."""

    events: Events
    #: Of each row the item and the answer, as keys inside; -1 for the answer to what was skipped.
    items: NDArray[np.int64]
    answers: NDArray[np.int64]

    def only(self, items: Collection[int]) -> History:
        """Keep the events about some items."""
        keep = np.isin(self.items, np.fromiter(items, dtype=np.int64, count=len(items)))
        seen = self.events
        part = replace(
            seen,
            worker=seen.worker[keep],
            time=seen.time[keep],
            seconds=seen.seconds[keep],
            gold=seen.gold[keep],
            agreed=seen.agreed[keep],
            accepted=seen.accepted[keep],
            skipped=seen.skipped[keep],
        )
        return History(part, self.items[keep], self.answers[keep])


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule that is on, and on whom it has acted before."""

    rule_id: int
    version_id: int
    rule: Rule
    #: float64[n_workers], seconds: only what is later counts; NaN for all.
    since: NDArray[np.float64]
    #: bool[n_workers], those on whom it is not to act again, because what it did still holds.
    barred: NDArray[np.bool_]
    #: How often it has acted on each, by key inside.
    numbers: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Sight:
    """All that is looked at to tell whom rules act on."""

    project_id: int
    now: float
    history: History
    asked: Sequence[Asked]


def read(tx: Transaction, project: Project, *, consensus: bool = False, worker_id: int | None = None) -> History:
    """Read what workers did in a project, or one of them; with `consensus` also whether they agree with others.

    An answer to gold is right or wrong; one to an item that an expert decided was accepted or not, and is not
    reckoned to the gold: what comes before experts are the hard items. Gold and decided items have no consensus.
    """
    columns = events.of_project(tx.session, project.id, worker_id=worker_id)
    gold, decided = events.truths(tx.session, project.id)
    run = runs.latest(tx.session, project.id) if consensus else None
    labels = {} if run is None else events.consensus(tx.session, run.id)
    known = gold.keys() | decided.keys()
    agreed = {item: [project.classes[label]] for item, label in labels.items() if item not in known}
    workers = np.unique(columns.worker)
    skipped = columns.answer < 0
    found = Events(
        workers=tuple(workers.tolist()),
        worker=np.searchsorted(workers, columns.worker).astype(np.int32),
        time=columns.time,
        seconds=columns.seconds,
        gold=_verdicts(columns, gold, project.classes),
        agreed=_verdicts(columns, agreed, project.classes),
        accepted=_verdicts(columns, decided, project.classes),
        skipped=skipped,
    )
    return History(found, columns.item, columns.answer)


def sight(tx: Transaction, project: Project, *, figures: bool) -> Sight | None:
    """Read what is needed to ask the rules that are on: those on events, or those on figures; None without any."""
    on = [
        (rule, version, read_rule)
        for rule, version in rules.of_project(tx.session, project.id, state=RuleState.ON)
        if (on_figure(read_rule := Rule.of(version.data))) == figures
    ]
    if not on:
        return None
    history = read(tx, project, consensus=any(each.collector == "agreement" for _, _, each in on))
    acted = firings.of_rules(tx.session, [rule.id for rule, _, _ in on])
    ends = restrictions.of_firings(tx.session, [firing.id for firing in acted])
    asked = [
        _asked(history.events.workers, rule.id, version.id, each, [f for f in acted if f.rule_id == rule.id], ends)
        for rule, version, each in on
    ]
    return Sight(project.id, tx.now.timestamp(), history, asked)


def found(sight: Sight, figures: FiguresByLevel | None = None) -> Iterator[tuple[Asked, thinking.Firing]]:
    """Tell whom the rules act on now, and why."""
    for asked in sight.asked:
        known = None if figures is None else figures.get(asked.rule.level)
        if figures is not None and asked.rule.collector not in (known or {}):
            # Nothing can be said yet, for want of answers or of their order.
            continue
        for firing in thinking.evaluate(asked.rule, sight.history.events, known, now=sight.now, since=asked.since):
            if not asked.barred[firing.worker]:
                yield asked, firing


def holds_on(rule: Rule, history: History, items: Collection[int]) -> bool:
    """Tell whether a rule on events holds of the one worker of a history, on some items alone."""
    part = history.only(items)
    return bool(len(part.events)) and bool(thinking.evaluate(rule, part.events))


def on_figure(rule: Rule) -> bool:
    """Say whether a rule looks at a figure over all answers, and not at events."""
    return rule.source.outcome is None


def _asked(
    workers: Sequence[object],
    rule_id: int,
    version_id: int,
    rule: Rule,
    acted: Sequence[Firing],
    ends: Mapping[int, Restriction],
) -> Asked:
    place = {worker: code for code, worker in enumerate(workers)}
    since, barred = np.full(len(place), np.nan), np.zeros(len(place), dtype=bool)
    numbers: dict[int, int] = {}
    for firing in acted:
        numbers[firing.worker_id] = max(numbers.get(firing.worker_id, 0), firing.number)
        code = place.get(firing.worker_id)
        if code is None or firing.state == FiringState.OVERTURNED:
            # What was not justified is as if it had not been.
            continue
        until = max(firing.seen_until.timestamp(), _end(ends.get(firing.id)))
        if firing.ended_at is not None:
            # Lifted: a new start.
            until = max(until, firing.ended_at.timestamp())
        since[code] = np.fmax(since[code], until)
        barred[code] |= _lasts(rule, firing)
    return Asked(rule_id, version_id, rule, since, barred, numbers)


def _lasts(rule: Rule, firing: Firing) -> bool:
    """Say whether a rule is not to act again on a worker on whom it has acted.

    A figure is over all answers, so it would act on the same ones once more; what stands is not done twice.
    """
    if on_figure(rule):
        return True
    action = rule.action
    lasting = isinstance(action, Exclude | Discount) or (isinstance(action, Restrict) and action.hours is None)
    return lasting and firing.state == FiringState.STANDING


def _end(restriction: Restriction | None) -> float:
    """Give the time up to which a worker was kept away: what he did meanwhile does not count against him."""
    if restriction is None:
        return -np.inf
    end: datetime | None = restriction.lifted_at or restriction.ends_at
    return np.inf if end is None else end.timestamp()


def _verdicts(
    columns: events.EventColumns, known: Mapping[int, Sequence[str]], classes: Sequence[str]
) -> NDArray[np.int8]:
    """Tell of each event whether its label is among those of its item; -1 where the item has none."""
    verdicts = np.full(len(columns), -1, dtype=np.int8)
    if not known:
        return verdicts
    number = {name: code for code, name in enumerate(classes)}
    items = np.array(sorted(known), dtype=np.int64)
    accepted = np.zeros((items.size, len(classes)), dtype=bool)
    for row, item in enumerate(items.tolist()):
        accepted[row, [number[name] for name in known[item] if name in number]] = True
    place = np.minimum(np.searchsorted(items, columns.item), items.size - 1)
    rows = np.flatnonzero((items[place] == columns.item) & (columns.answer >= 0))
    verdicts[rows] = accepted[place[rows], columns.label[rows]]
    return verdicts
