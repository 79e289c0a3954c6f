"""A rule is tried on what has happened before it is switched on: who would have been acted on, and how justly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Codes, Counts, Flags, Floats, brief
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.rules import words
from crowdqc.quality.rules.actions import Restrict
from crowdqc.quality.rules.events import DAY, HOUR, Events
from crowdqc.quality.rules.figures import Figure
from crowdqc.quality.rules.measures import holds, measure
from crowdqc.quality.rules.regions import Region
from crowdqc.quality.rules.rule import Rule
from crowdqc.quality.rules.windows import History, later_than

#: Events of a worker that are looked at in the first turn; four times as many in each turn without a firing.
_FIRST = 256


@brief
@dataclass(frozen=True, slots=True, eq=False)
class DryRun:
    """What a rule would have done.

    Attributes
    ----------
    rule
    acted
        int32[k], the worker of each action, in the order of time.
    row
        int64[k], the event after which it was taken; -1 where the rule looks at a figure.
    at, until
        float64[k], seconds; `until` is infinite for good, and is `at` where the action takes no time.
    lost
        int64[k], answers that would not have been given.
    workers
        int32[m], those acted on, each once, in the order of codes; the following have an entry each.
    gold_answers, gold_right
        int64[m], by all gold that they ever answered, before and after.
    accuracy, low, high
        float64[m], their share and its interval; NaN and (0, 1) without gold.
    unjust, surely_unjust
        bool[m], the accuracy is not beyond `fair`; nor is any part of the interval.
    fair
        The accuracy up to which an action is just: the rule's own where it is about gold, else what was given or
        that of the whole crowd; NaN without any gold.
    among, answers
        How many workers there were, and how many answers they gave.
    days
        From the first event to the last.
    replayed
        Whether the rule was asked after every event; a figure is known at the end only.
    """

    rule: Rule
    acted: Codes
    row: Counts
    at: Floats
    until: Floats
    lost: Counts
    workers: Codes
    gold_answers: Counts
    gold_right: Counts
    accuracy: Floats
    low: Floats
    high: Floats
    unjust: Flags
    surely_unjust: Flags
    fair: float
    among: int
    answers: int
    days: float
    replayed: bool

    def words(self) -> str:
        """Say it in a few sentences."""
        m, unjust, surely = self.workers.size, int(self.unjust.sum()), int(self.surely_unjust.sum())
        unknown = int((self.gold_answers == 0).sum())
        when = f"over these {self.days:.3g} days" if self.replayed else "at the end of these events"
        whom = f"{m:,} of {self.among:,} workers, {_times(self.acted.size)}"
        said = [f"Asked {when}, '{self.rule.name}' would have acted on {whom}."]
        if isinstance(self.rule.action, Restrict) and self.replayed:
            said.append(f"{int(self.lost.sum()):,} of {self.answers:,} answers would not have been given.")
        if m and not np.isnan(self.fair):
            side = "above" if _rewards(self.rule) else "below"
            said.append(
                f"Unjustly by all gold they ever answered (not {side} {words.percent(round(self.fair, 3))}): "
                f"{unjust:,} of {m:,}, {surely:,} surely; without any gold: {unknown:,}."
            )
        return " ".join(said)


def dry_run(
    rule: Rule, events: Events, figures: Mapping[str, Figure] | None = None, *, fair: float | None = None
) -> DryRun:
    """Replay events in the order of time and ask the rule after each that counts for its collector.

    What a restricted worker did until its end would not have been done, and so is seen neither by the rule nor by
    the work. After each action a worker is judged anew: only later events count, so that nobody is acted on twice
    for the same. A rule on a figure is asked once, at the end.

    Parameters
    ----------
    fair
        Accuracy by gold from which on acting on a worker is unjust; None: the threshold of a rule about gold,
        else the accuracy of the whole crowd.

    Examples
    --------
    Ann is careless for a while, bob has a bad start only:

    >>> rule = Rule.of({"name": "careless", "collector": "gold", "window": {"answers": 5}, "sure": False,
    ...                 "when": [{"key": "answers", "op": "at_least", "value": 5},
    ...                          {"key": "accuracy", "op": "below", "value": 0.5}],
    ...                 "action": {"kind": "restrict", "hours": 24}})
    >>> hours = 3600 * np.arange(20)
    >>> events = Events.of(["ann"] * 20 + ["bob"] * 20, [*hours, *hours], gold=[0] * 20 + [0] * 5 + [1] * 15)
    >>> found = dry_run(rule, events)
    >>> found.acted.tolist(), found.lost.tolist(), found.unjust.tolist(), found.surely_unjust.tolist()
    ([0, 1], [15, 15], [False, True], [False, True])
    >>> print(found.words())
    Asked over these 0.792 days, 'careless' would have acted on 2 of 2 workers, twice. 30 of 40 answers would not
    have been given. Unjustly by all gold they ever answered (not below 50%): 1 of 2, 1 surely; without any
    gold: 0.
    """
    source = rule.source
    if source.outcome is None:
        who = np.flatnonzero(holds(rule, measure(rule, events, figures))).astype(np.int32)
        end = np.full(who.size, events.time.max(initial=-np.inf))
        row, lost = np.full(who.size, -1), np.zeros(who.size, dtype=np.int64)
        return _judged(rule, events, fair, (who, row, end, _until(rule, end), lost))
    history = History.of(events, source.outcome(events, rule.seconds or 0.0))
    worker, place = _replay(rule, history)
    row = history.rows[place]
    at = history.time[place]
    until = _until(rule, at)
    lost = _lost(events, row, at, until)
    order = np.lexsort((row, worker, at))
    return _judged(
        rule, events, fair, (worker[order].astype(np.int32), row[order], at[order], until[order], lost[order])
    )


def _until(rule: Rule, at: Floats) -> Floats:
    if not isinstance(rule.action, Restrict):
        return at
    hours = rule.action.hours
    return at + (np.inf if hours is None else hours * HOUR)


def _replay(rule: Rule, history: History) -> tuple[Counts, Counts]:
    """Find the worker and the place in the history of each firing.

    All workers go forward together, a stretch of their own events a turn. A stretch ends with the first firing,
    after which the worker's events count from the end of the action on; without one the next stretch is longer.
    """
    longest = int((history.stop - history.start).max(initial=0))
    most = longest if rule.window.answers is None else min(longest, rule.window.answers)
    region, least, greatest = _bounds(rule, longest, most)
    # what a window reaches back to does not depend on what was done, so it is found once
    opens = np.repeat(history.start, history.stop - history.start)
    floor = history.begins(rule.window, opens, np.arange(1, opens.size + 1), history.time)
    active = np.flatnonzero(history.stop > history.start)
    origin, cursor, stop = history.start[active], history.start[active], history.stop[active]
    step = np.full(active.size, _FIRST)
    workers, places = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    while active.size:
        ends = np.minimum(cursor + step, stop)
        length = ends - cursor
        first = np.cumsum(length) - length
        of = np.repeat(np.arange(active.size), length)
        place = np.arange(of.size) - first[of] + cursor[of]
        begin = np.maximum(floor[place], origin[of])
        count, hits = place + 1 - begin, history.hits[place + 1] - history.hits[begin]
        run = history.run(begin, place + 1)
        stretch = rule.looks.stretches(begin - origin[of])
        fires = (hits >= least[stretch, count]) & (hits <= greatest[stretch, count])
        fires &= (run >= region.run_low) & (run <= region.run_high)
        which, found = np.unique(of[fires], return_index=True)
        fired = place[fires][found]
        workers.append(active[which])
        places.append(fired)
        cursor, step = ends, np.minimum(step * 4, 1 << 40)
        again = history.later_than(fired + 1, stop[which], _until(rule, history.time[fired]))
        origin[which] = cursor[which] = again
        step[which] = _FIRST
        left = cursor < stop
        active, origin, cursor, stop, step = (part[left] for part in (active, origin, cursor, stop, step))
    return np.concatenate(workers), np.concatenate(places)


def _bounds(rule: Rule, longest: int, most: int) -> tuple[Region, Counts, Counts]:
    """Give the region of the first stretch, and the hits for which a rule holds: rows of stretches, by count."""
    looks, counts = rule.looks, np.arange(most + 1)
    region = Region.of(rule.keyed(), counts, looks)
    last = int(looks.stretches(longest - most if looks.full else longest))
    least, greatest = (np.tile(end, (last + 1, 1)) for end in (region.low, region.high))
    for stretch in range(1, last + 1):
        at = counts[-1:] if looks.full else counts  # a full window that slides holds no fewer
        later = Region.of(rule.keyed(), at, looks, stretch)
        least[stretch, at], greatest[stretch, at] = later.low, later.high
    return region, least, greatest


def _lost(events: Events, row: Counts, at: Floats, until: Floats) -> Counts:
    """Count the answers of the same worker that come after each action and not after its end."""
    order = np.lexsort((events.time, events.worker))
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    stop = np.cumsum(np.bincount(events.worker, minlength=events.n_workers))
    answers = np.append(0, np.cumsum(~events.skipped[order]))
    begin = place[row] + 1
    end = later_than(events.time[order], begin, stop[events.worker[row]], until)
    return np.where(until > at, answers[end] - answers[begin], 0)


def _rewards(rule: Rule) -> bool:
    """Whether a rule about gold acts on those who are good."""
    return any(
        rule.collector == "gold" and key.part == "rate" and not condition.small for key, condition in rule.keyed()
    )


def _judged(
    rule: Rule, events: Events, fair: float | None, actions: tuple[Codes, Counts, Floats, Floats, Counts]
) -> DryRun:
    known, right = events.gold >= 0, events.gold == 1
    W = events.n_workers
    answered = np.bincount(events.worker[known], minlength=W)
    correct = np.bincount(events.worker[right], minlength=W)
    if fair is None:
        own = [c.value for key, c in rule.keyed() if rule.collector == "gold" and key.part == "rate"]
        everyone = float(correct.sum() / answered.sum()) if answered.any() else float("nan")
        fair = own[0] if own else everyone
    workers = np.unique(actions[0])
    n, h = answered[workers], correct[workers]
    accuracy = np.divide(h, n, out=np.full(n.size, np.nan), where=n > 0)
    low, high = beta_interval(h, n, rule.level)
    if _rewards(rule):
        unjust, surely = accuracy <= fair, (high <= fair) & (n > 0)
    else:
        unjust, surely = accuracy >= fair, (low >= fair) & (n > 0)
    time = events.time
    return DryRun(
        rule,
        *actions,
        workers=workers,
        gold_answers=n,
        gold_right=h,
        accuracy=accuracy,
        low=low,
        high=high,
        unjust=unjust,
        surely_unjust=surely,
        fair=fair,
        among=W,
        answers=int((~events.skipped).sum()),
        days=float((time.max() - time.min()) / DAY) if len(events) else 0.0,
        replayed=rule.source.outcome is not None,
    )


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")
