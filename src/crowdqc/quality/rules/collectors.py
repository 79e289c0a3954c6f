"""What rules look at: each collector, the keys that conditions may name, and the words for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crowdqc.quality.rules.events import UNKNOWN, Events, Verdicts

#: What a key is of the events in the window (the first five) or of a figure that is given (and the count).
Part = Literal["rate", "count", "hits", "misses", "run", "value", "q_value"]
#: Parts that are whole numbers, and parts that have an interval.
WHOLE: frozenset[Part] = frozenset(["count", "hits", "misses", "run"])
DOUBTED: frozenset[Part] = frozenset(["rate", "value"])


@dataclass(frozen=True, slots=True)
class Key:
    """What a condition may name, and where it can lie; `high` is None where it has no bound."""

    meaning: str
    part: Part
    low: float = 0.0
    high: float | None = 1.0
    #: Shown as a percentage.
    share: bool = False

    @property
    def whole(self) -> bool:
        return self.part in WHOLE


@dataclass(frozen=True, slots=True)
class Collector:
    """What is gathered of a worker.

    Attributes
    ----------
    meaning
        For those who write rules.
    keys
        By name.
    outcome
        Of each event 1 (a hit), 0 or -1 (does not count here), given the seconds of the rule; None for figures.
    counted, hit, hits
        Words for the worker: what is counted, and what happened to one and to several of them.
    told
        Words for the worker where it is a figure, with `{value}`, `{low}`, `{high}`, `{count}` in them.
    timed
        Whether a rule must say how many seconds.
    """

    meaning: str
    keys: Mapping[str, Key]
    outcome: Callable[[Events, float], Verdicts] | None = None
    counted: tuple[str, str] = ("answer", "answers")
    hit: tuple[str, str] = ("", "")
    told: str = ""
    timed: bool = False


def _keys(rate: str | None, count: str, hits: str | None = None, misses: str | None = None) -> dict[str, Key]:
    """Name the parts of a window; the names are those that a condition uses."""
    found = {}
    if rate is not None:
        found[rate] = Key("Share of hits among those that count.", "rate", share=True)
    found[count] = Key("How many count.", "count", high=None)
    if hits is not None:
        found[hits] = Key("How many are hits.", "hits", high=None)
    if misses is not None:
        found[misses] = Key("How many are not.", "misses", high=None)
    return found


def _gold(events: Events, seconds: float) -> Verdicts:
    return events.gold


def _agreed(events: Events, seconds: float) -> Verdicts:
    return events.agreed


def _accepted(events: Events, seconds: float) -> Verdicts:
    return events.accepted


def _fast(events: Events, seconds: float) -> Verdicts:
    fast = (events.seconds < seconds).astype(np.int8)
    return np.where(np.isnan(events.seconds), np.int8(UNKNOWN), fast)


def _skipped(events: Events, seconds: float) -> Verdicts:
    return events.skipped.astype(np.int8)


def _answered(events: Events, seconds: float) -> Verdicts:
    return np.where(events.skipped, np.int8(UNKNOWN), np.int8(1))


_FIGURE_ANSWERS = Key("Answers that it rests on.", "count", high=None)
_FALSE_ALARM = Key("Share of false alarms among findings as strong.", "q_value")

#: Every collector, by the name that a rule uses.
COLLECTORS: Mapping[str, Collector] = {
    "gold": Collector(
        "Answers to items whose truth is known; a hit is right.",
        _keys("accuracy", "answers", "right", "wrong"),
        _gold,
        counted=("answer to an item whose truth is known", "answers to items whose truth is known"),
        hit=("was right", "were right"),
    ),
    "agreement": Collector(
        "Answers to items that have a consensus; a hit agrees with it.",
        _keys("rate", "answers", "agreed", "differed"),
        _agreed,
        counted=("answer that others gave too", "answers that others gave too"),
        hit=("agrees with theirs", "agree with theirs"),
    ),
    "fast": Collector(
        "Answers whose time is known; a hit took less than `seconds`.",
        _keys("rate", "answers", "fast"),
        _fast,
        hit=("took less than {seconds:g} seconds", "took less than {seconds:g} seconds"),
        timed=True,
    ),
    "skips": Collector(
        "Items shown; a hit was skipped.",
        _keys("rate", "shown", "skipped")
        | {"in_a_row": Key("Skips since the last answer in the window.", "run", high=None)},
        _skipped,
        counted=("item", "items"),
        hit=("was skipped", "were skipped"),
    ),
    "acceptance": Collector(
        "Answers that were looked at; a hit was accepted.",
        _keys("rate", "answers", "accepted", "rejected"),
        _accepted,
        counted=("answer that was looked at", "answers that were looked at"),
        hit=("was accepted", "were accepted"),
    ),
    "answers": Collector(
        "Answers of any kind.",
        _keys(None, "answers"),
        _answered,
    ),
    "model_accuracy": Collector(
        "Likeliest share of right answers given what everyone else says of the same items.",
        {"accuracy": Key("The share.", "value", share=True), "answers": _FIGURE_ANSWERS},
        told="By what others say of the same items, about {value} of your {count} answers are right "
        "(from {low} to {high}).",
    ),
    "expected_cost": Collector(
        "Expected cost of an item that only this worker answers, labelled as is cheapest.",
        {"cost": Key("In the unit of the costs.", "value", high=None), "answers": _FIGURE_ANSWERS},
        told="An item that only you answer is expected to cost {value} by mistakes (from {low} to {high}).",
    ),
    "spammer": Collector(
        "How far answers depend on the items: 0 for chance or always the same, 1 for always right.",
        {"score": Key("The spammer score; low is bad.", "value"), "answers": _FIGURE_ANSWERS},
        told="On a scale from 0, for answers that do not depend on the item, to 1 yours are at {value} "
        "(from {low} to {high}).",
    ),
    "collusion": Collector(
        "The pair with another worker that agrees on mistakes least like chance.",
        {
            "q_value": _FALSE_ALARM,
            "shared": Key("Mistakes in common beyond chance; `q_value` says how sure.", "value", -1e9, None),
            "answers": _FIGURE_ANSWERS,
        },
        told="On {count} items you and somebody else gave the same wrong answer {value} times more than chance "
        "explains.",
    ),
    "drift": Collector(
        "The likeliest change of a worker's accuracy at some time.",
        {
            "q_value": _FALSE_ALARM,
            "change": Key("Accuracy after less accuracy before.", "value", -1.0),
            "answers": _FIGURE_ANSWERS,
        },
        told="Your share of right answers has changed by {value} (from {low} to {high}).",
    ),
}
