"""Whether a rule can ever fire, and if not, why: found before it is saved, not after months of silence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from crowdqc.quality.arrays import Counts
from crowdqc.quality.rules.collectors import DOUBTED, Collector, Key
from crowdqc.quality.rules.conditions import OPS, Condition
from crowdqc.quality.rules.faults import Fault
from crowdqc.quality.rules.looks import Looks
from crowdqc.quality.rules.regions import Region
from crowdqc.quality.rules.windows import Window

Keyed = Sequence[tuple[Key, Condition]]
#: Where a window has no end: numbers of events that are all tried, and the greatest one tried.
_ALL, _FAR = 2_000, 1_000_000_000


def never(keyed: Keyed, source: Collector, looks: Looks, where: str) -> list[Fault]:
    """Give the reasons why a rule can never fire: of one condition, else of two together, else of all.

    A window of so many events is tried whole, so that what passes can fire and what is refused cannot. Without an
    end in events, numbers from 0 to 2,000 and round every threshold are tried, and beyond that some up to 10^9.

    Parameters
    ----------
    keyed
        The conditions with their keys.
    where
        Of the rule.
    """
    window = looks.window
    counts = _counts(window, keyed)
    regions = [] if source.outcome is None else [[Region.of([one], counts, looks) for one in keyed]]
    if regions and looks.interval == "anytime" and window.answers is not None:
        # a full window that has left an answer behind may be told by the exact interval where the first is not
        regions.append([Region.of([one], [window.answers], looks, 1) for one in keyed])

    def possible(*places: int) -> bool:
        if source.outcome is None:
            return _figures_possible([keyed[place] for place in places])
        return any(reduce(Region.meet, (of[place] for place in places)).reachable().any() for of in regions)

    alone = [place for place in range(len(keyed)) if not possible(place)]
    if alone:
        return [{"where": f"{where}.when[{place}]", "what": _why(*keyed[place], source, looks)} for place in alone]
    for second in range(len(keyed)):
        for first in range(second):
            if not possible(first, second):
                what = f"{keyed[second][1]} and {keyed[first][1]} never hold together"
                return [{"where": f"{where}.when[{second}]", "what": what + _within(looks)}]
    if len(keyed) > 2 and not possible(*range(len(keyed))):
        what = f"{', '.join(str(condition) for _, condition in keyed)} never hold together"
        return [{"where": f"{where}.when", "what": what + _within(looks)}]
    return []


def _counts(window: Window, keyed: Keyed) -> Counts:
    if window.answers is not None:
        return np.arange(window.answers + 1)
    near = [int(min(condition.value, _FAR)) + np.arange(-1, _ALL) for key, condition in keyed if key.whole]
    far = np.geomspace(_ALL, _FAR, 200).astype(np.int64)
    counts = np.unique(np.concatenate([np.arange(_ALL + 1), far, *near]))
    return counts[counts >= 0]


def _figures_possible(keyed: Keyed) -> bool:
    """Whether a number that each key can have satisfies all conditions on it."""
    for name in {condition.key for _, condition in keyed}:
        key = next(key for key, condition in keyed if condition.key == name)
        low, high = (key.low, True), (np.inf if key.high is None else key.high, True)
        for _, condition in keyed:
            if condition.key != name:
                continue
            value, closed = condition.value, condition.op in ("at_most", "at_least")
            if key.whole and not closed:  # below 5 is at most 4
                value, closed = value + (-1 if condition.small else 1), True
            if condition.small:
                high = min(high, (value, closed))
            else:
                low = max(low, (value, closed), key=lambda end: (end[0], not end[1]))
        if low[0] > high[0] or (low[0] == high[0] and not (low[1] and high[1])):
            return False
    return True


def _within(looks: Looks) -> str:
    reach = "" if looks.window.answers is None else f" with at most {looks.window.answers} in the window"
    return reach + (f", {100 * looks.level:g}% sure{_often(looks)}" if looks.sure else "")


def _often(looks: Looks) -> str:
    return " at every look" if looks.interval == "anytime" else ""


def _why(key: Key, condition: Condition, source: Collector, looks: Looks) -> str:
    window, level = looks.window, looks.level
    if key.whole and source.outcome is not None and not condition.small:
        return f"{condition} never holds: the window holds {window.answers} at most"
    if condition.value == key.low and condition.op == "below":
        return f"{condition} never holds: nothing lies below {key.low:g}"
    if condition.value == key.high and condition.op == "above":
        return f"{condition} never holds: nothing lies above {key.high:g}"
    if key.part not in DOUBTED or not looks.sure or window.answers is None:
        return f"{condition} never holds"
    n = np.array([window.answers])
    low, high = looks.ends(n * (not condition.small), n)
    best = "none" if condition.small else "all"
    wide = f"the {100 * level:g}% interval{_often(looks)} is {low[0]:.2f} to {high[0]:.2f}"
    seen = f"even with {best} of {window.answers} {wide}"
    endless = _counts(Window(), [])
    enough = endless[Region.of([(key, condition)], endless, looks).reachable()]
    needed = f"; a window of {enough[0]:,} would do" if enough.size else ""
    return f"{condition} is never sure: {seen}, not {OPS[condition.op].words} {condition.value:g}{needed}"
