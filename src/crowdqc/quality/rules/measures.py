"""What a rule's collector finds of each worker, and of whom the conditions hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Counts, Flags, Floats, brief
from crowdqc.quality.rules.collectors import Key
from crowdqc.quality.rules.events import Events, InvalidEvents
from crowdqc.quality.rules.figures import Figure, InvalidFigures
from crowdqc.quality.rules.rule import Rule
from crowdqc.quality.rules.windows import History


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """One entry a worker.

    Attributes
    ----------
    value, low, high
        float64[n_workers], the share of hits in the window and its interval (see `looks`), or the figure and its
        own; NaN and (0, 1) where nothing counts.
    count, hits, run
        float64[n_workers], events in the window, hits among them, hits in a row at its end; of a figure, answers
        that it rests on, and NaN.
    q_value
        float64[n_workers], of a figure that has one; else NaN.
    rows
        int64[m], rows of the events that count for the collector, worker after worker, in the order of time.
    begin, stop
        int64[n_workers], the part of `rows` in each worker's window.
    """

    value: Floats
    low: Floats
    high: Floats
    count: Floats
    hits: Floats
    run: Floats
    q_value: Floats
    rows: Counts
    begin: Counts
    stop: Counts

    def of_key(self, key: Key) -> tuple[Floats, Floats, Floats]:
        """Give the values of a key and the ends of its interval; both are the value where it has none."""
        if key.part in ("rate", "value"):
            return self.value, self.low, self.high
        values = {
            "count": self.count,
            "hits": self.hits,
            "misses": self.count - self.hits,
            "run": self.run,
            "q_value": self.q_value,
        }[key.part]
        return values, values, values

    def evidence(self, worker: int) -> Counts:
        """Rows of the events in a worker's window, in the order of time."""
        return self.rows[self.begin[worker] : self.stop[worker]]


def measure(
    rule: Rule,
    events: Events,
    figures: Mapping[str, Figure] | None = None,
    *,
    now: float | None = None,
    since: ArrayLike | None = None,
) -> Measures:
    """Measure every worker.

    Parameters
    ----------
    figures
        Those that are worked out elsewhere, in the order of `events.workers`; a figure's evidence is all that the
        worker answered.
    now
        Seconds; later events are not seen. None: the time of the last event.
    since
        float64[n_workers], seconds; only later events count, NaN for all. So a worker who was acted on is judged
        anew by what came after.

    Raises
    ------
    InvalidEvents
        `since` is not one number a worker.
    InvalidFigures
        The figure of the collector is missing, or of another number of workers, or of another level.

    Examples
    --------
    >>> rule = Rule.of({"name": "careless", "collector": "gold", "window": {"answers": 3}, "sure": False,
    ...                 "when": [{"key": "accuracy", "op": "below", "value": 0.5}], "action": {"kind": "notify"}})
    >>> events = Events.of(["ann"] * 4 + ["bob"], range(5), gold=[1, 0, 0, 1, None])
    >>> found = measure(rule, events)
    >>> found.value.round(2).tolist(), found.count.tolist(), found.evidence(0).tolist()
    ([0.33, nan], [3.0, 0.0], [1, 2, 3])
    >>> holds(rule, found).tolist()
    [True, False]
    """
    W, source = events.n_workers, rule.source
    moment = float(events.time.max(initial=-np.inf)) if now is None else now
    if source.outcome is None:
        outcome = np.where(events.skipped, np.int8(-1), np.int8(1))
    else:
        outcome = source.outcome(events, rule.seconds or 0.0)
    history = History.of(events, outcome)
    start, stop = _between(history, W, moment, since)
    if source.outcome is None:
        figure = _figure(rule, figures, W)
        none = np.full(W, np.nan)
        return Measures(
            figure.value, figure.low, figure.high, figure.count, none, none, figure.q_value,
            history.rows, start, stop,
        )  # fmt: skip
    begin = history.begins(rule.window, start, stop, np.full(W, moment))
    count, hits = stop - begin, history.hits[stop] - history.hits[begin]
    low, high = rule.looks.ends(hits, count, rule.looks.stretches(begin - start))
    return Measures(
        value=np.divide(hits, count, out=np.full(W, np.nan), where=count > 0),
        low=low,
        high=high,
        count=count.astype(np.float64),
        hits=hits.astype(np.float64),
        run=history.run(begin, stop).astype(np.float64),
        q_value=np.full(W, np.nan),
        rows=history.rows,
        begin=begin,
        stop=stop,
    )


def holds(rule: Rule, measures: Measures) -> Flags:
    """Tell of which workers all conditions hold, bool[n_workers]."""
    found = np.ones(measures.count.size, dtype=bool)
    for key, condition in rule.keyed():
        value, low, high = measures.of_key(key)
        found &= condition.holds(value, *((low, high) if rule.doubted(key) else (value, value)))
    return found


def _between(history: History, W: int, now: float, since: ArrayLike | None) -> tuple[Counts, Counts]:
    """Leave out what is later than now, and what is not later than `since`."""
    stop = history.later_than(history.start, history.stop, np.full(W, now))
    if since is None:
        return history.start, stop
    after = np.asarray(since, dtype=np.float64)
    if after.shape != (W,):
        what = f"has the shape {after.shape}; it must be ({W},), one a worker"
        raise InvalidEvents(errors=[{"where": "since", "what": what}])
    start = history.later_than(history.start, history.stop, np.where(np.isnan(after), -np.inf, after))
    return np.minimum(start, stop), stop


def _figure(rule: Rule, figures: Mapping[str, Figure] | None, W: int) -> Figure:
    figure = (figures or {}).get(rule.collector)
    if figure is None:
        raise InvalidFigures(f"The rule '{rule.name}' needs the figure '{rule.collector}', which is not given.")
    if figure.value.shape != (W,):
        raise InvalidFigures(
            f"The figure '{rule.collector}' is of {figure.value.size} workers; the events have {W}."
        )
    if rule.sure and figure.level != rule.level:
        raise InvalidFigures(
            f"The rule '{rule.name}' asks for intervals at {rule.level:g}; the figure has {figure.level:g}."
        )
    return figure
