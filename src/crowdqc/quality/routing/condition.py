"""A condition on the signals of an item: a small tree, to and from JSON, that says why it holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Protocol, cast

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Flags, Floats
from crowdqc.quality.routing.signals import SIGNALS, Signals

Fault = dict[str, object]


class InvalidCondition(Invalid):
    """The condition cannot be read."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a condition holds of an item: the value seen, the threshold, words, how far beyond it is (0 to 1)."""

    signal: str
    op: str
    value: float
    threshold: float
    words: str
    severity: float

    def to_json(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}


class Condition(Protocol):
    """A node of the tree. A signal that is not known (NaN) satisfies neither a condition nor its negation."""

    def holds(self, signals: Signals) -> Flags:
        """Whether it holds, bool[n_items]."""

    def reasons(self, signals: Signals, item: int) -> list[Reason]:
        """The comparisons that make it hold of an item; empty where it does not hold."""

    def negated(self) -> Condition: ...

    def to_json(self) -> dict[str, object]: ...

    def names(self) -> frozenset[str]:
        """The signals that it speaks of."""


@dataclass(frozen=True, slots=True)
class _Op:
    holds: Callable[[Floats, float], Flags]
    words: str
    negation: str


_OPS: Mapping[str, _Op] = {
    "below": _Op(np.less, "below", "at_least"),
    "at_most": _Op(np.less_equal, "at most", "above"),
    "at_least": _Op(np.greater_equal, "at least", "below"),
    "above": _Op(np.greater, "above", "at_most"),
    "is": _Op(np.equal, "equal to", "is_not"),
    "is_not": _Op(lambda x, y: (x != y) & ~np.isnan(x), "not equal to", "is"),
}
OPS = tuple(_OPS)
#: The largest number that can be compared with.
_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Compare:
    """A signal compared with a number: `{"signal": "agreement", "op": "below", "value": 0.5}`."""

    signal: str
    op: str
    value: float

    def holds(self, signals: Signals) -> Flags:
        return _OPS[self.op].holds(signals.of_name(self.signal), self.value)

    def reasons(self, signals: Signals, item: int) -> list[Reason]:
        observed = signals.of_name(self.signal)[item : item + 1]
        if not _OPS[self.op].holds(observed, self.value)[0]:
            return []
        value = float(observed[0])
        words = signals.words_of(self.signal, item) or self._words(value)
        return [Reason(self.signal, self.op, value, self.value, words, self._severity(value))]

    def negated(self) -> Condition:
        return Compare(self.signal, _OPS[self.op].negation, self.value)

    def to_json(self) -> dict[str, object]:
        return {"signal": self.signal, "op": self.op, "value": self.value}

    def names(self) -> frozenset[str]:
        return frozenset([self.signal])

    def _words(self, value: float) -> str:
        signal = SIGNALS[self.signal]
        if self.signal == "tied":
            return signal.words if value else "the answers are not tied"

        def shown(number: float) -> str:
            return f"{number:g}" if signal.whole else f"{number:.2f}"

        if signal.whole:  # a number of people: "1 reports is ..." would not be English
            return f"{signal.words}: {shown(value)} ({_OPS[self.op].words} {shown(self.value)})"
        return f"{signal.words} {shown(value)} is {_OPS[self.op].words} {shown(self.value)}"

    def _severity(self, value: float) -> float:
        """How far the value lies beyond the threshold, as a share of how far it could."""
        if self.op in ("is", "is_not"):
            return 1.0
        signal = SIGNALS[self.signal]
        beyond = abs(value - self.value)
        if self.op in ("below", "at_most"):
            room = self.value - signal.low
        elif signal.high is None:
            room = beyond + 1.0
        else:
            room = signal.high - self.value
        return min(beyond / room, 1.0) if room > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Every:
    """`{"all": [...]}`: every part holds."""

    parts: tuple[Condition, ...]

    def holds(self, signals: Signals) -> Flags:
        return reduce(np.logical_and, (part.holds(signals) for part in self.parts))

    def reasons(self, signals: Signals, item: int) -> list[Reason]:
        found = [part.reasons(signals, item) for part in self.parts]
        return [reason for reasons in found for reason in reasons] if all(found) else []

    def negated(self) -> Condition:
        return Some(tuple(part.negated() for part in self.parts))

    def to_json(self) -> dict[str, object]:
        return {"all": [part.to_json() for part in self.parts]}

    def names(self) -> frozenset[str]:
        return frozenset().union(*(part.names() for part in self.parts))


@dataclass(frozen=True, slots=True)
class Some:
    """`{"any": [...]}`: at least one part holds."""

    parts: tuple[Condition, ...]

    def holds(self, signals: Signals) -> Flags:
        return reduce(np.logical_or, (part.holds(signals) for part in self.parts))

    def reasons(self, signals: Signals, item: int) -> list[Reason]:
        return [reason for part in self.parts for reason in part.reasons(signals, item)]

    def negated(self) -> Condition:
        return Every(tuple(part.negated() for part in self.parts))

    def to_json(self) -> dict[str, object]:
        return {"any": [part.to_json() for part in self.parts]}

    def names(self) -> frozenset[str]:
        return frozenset().union(*(part.names() for part in self.parts))


@dataclass(frozen=True, slots=True)
class Negation:
    """`{"not": {...}}`: the part is known not to hold."""

    part: Condition

    def holds(self, signals: Signals) -> Flags:
        return self.part.negated().holds(signals)

    def reasons(self, signals: Signals, item: int) -> list[Reason]:
        return self.part.negated().reasons(signals, item)

    def negated(self) -> Condition:
        return self.part

    def to_json(self) -> dict[str, object]:
        return {"not": self.part.to_json()}

    def names(self) -> frozenset[str]:
        return self.part.names()


def condition(json: object) -> Condition:
    """Read a condition from JSON.

    Raises
    ------
    InvalidCondition
        With one error a fault: `{"where": "all[0].signal", "what": ...}`.

    Examples
    --------
    >>> tree = condition({"all": [{"signal": "answers", "op": "at_least", "value": 3},
    ...                           {"signal": "agreement", "op": "below", "value": 0.5}]})
    >>> signals = Signals(2, {"answers": np.array([3.0, 3.0]), "agreement": np.array([1 / 3, 1.0])})
    >>> tree.holds(signals).tolist()
    [True, False]
    >>> [reason.words for reason in tree.reasons(signals, 0)]
    ['answers: 3 (at least 3)', 'agreement 0.33 is below 0.50']
    """
    faults: list[Fault] = []
    tree = read(json, "", faults)
    if faults:
        raise InvalidCondition(errors=faults)
    assert tree is not None
    return tree


def read(json: object, where: str, faults: list[Fault]) -> Condition | None:
    """Read a condition that stands at `where`; None, with the faults added, where it cannot be read."""
    if not isinstance(json, Mapping):
        faults.append({"where": where or ".", "what": "must be an object"})
        return None
    kinds = [kind for kind in ("all", "any", "not", "signal") if kind in json]
    if len(kinds) != 1:
        what = "must have exactly one of 'signal', 'all', 'any', 'not'"
        faults.append({"where": where or ".", "what": what})
        return None
    kind = kinds[0]
    known = {"signal", "op", "value"} if kind == "signal" else {kind}
    unknown = [key for key in json if key not in known]
    faults.extend({"where": _at(where, str(key)), "what": "is not known here"} for key in unknown)
    if kind == "signal":
        return _read_compare(json, where, faults)
    if kind == "not":
        part = read(json["not"], _at(where, "not"), faults)
        return None if part is None else Negation(part)
    parts = json[kind]
    if not isinstance(parts, list | tuple) or not parts:
        faults.append({"where": _at(where, kind), "what": "must be a list of at least one condition"})
        return None
    found = [read(part, f"{_at(where, kind)}[{place}]", faults) for place, part in enumerate(parts)]
    if any(part is None for part in found):
        return None
    whole = cast(tuple[Condition, ...], tuple(found))
    return Every(whole) if kind == "all" else Some(whole)


def _read_compare(json: Mapping[object, object], where: str, faults: list[Fault]) -> Condition | None:
    before = len(faults)
    signal, op, value = json["signal"], json.get("op"), json.get("value")
    if not isinstance(signal, str) or signal not in SIGNALS:
        faults.append({"where": _at(where, "signal"), "what": f"{signal!r} is not one of {', '.join(SIGNALS)}"})
    if not isinstance(op, str) or op not in _OPS:
        faults.append({"where": _at(where, "op"), "what": f"{op!r} is not one of {', '.join(OPS)}"})
    if isinstance(value, bool) and signal == "tied":
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        faults.append({"where": _at(where, "value"), "what": f"{value!r} is not a number"})
        return None
    return Compare(str(signal), str(op), value) if len(faults) == before else None


def _at(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
