"""A rule: what is looked at, how far back, which conditions must hold, and what is done; as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from crowdqc.quality.rules import actions
from crowdqc.quality.rules.actions import Action, Notify
from crowdqc.quality.rules.checks import never
from crowdqc.quality.rules.collectors import COLLECTORS, DOUBTED, Collector, Key
from crowdqc.quality.rules.conditions import OPS, Condition
from crowdqc.quality.rules.faults import Fault, InvalidRule, number, unknown_keys, whole
from crowdqc.quality.rules.looks import Interval, Looks
from crowdqc.quality.rules.windows import LONGEST, Window

_PARTS = (
    "name", "version", "collector", "seconds", "window", "when", "sure", "level", "interval", "action",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """Of whom all conditions hold is acted on. Read it with `of`, which checks it.

    Attributes
    ----------
    name, version
        By which what was done is told; a rule that is changed has a new version.
    collector
        Of `COLLECTORS`.
    when
        All must hold.
    action
        What is done.
    window
        How far back.
    sure
        Whether a share or a score must lie beyond its threshold with its whole interval.
    level
        Of the intervals.
    interval
        Of shares: "anytime" holds however often the rule is asked, "one_look" for one look alone.
    seconds
        For the collector of fast answers: below which an answer is fast.
    """

    name: str
    collector: str
    when: tuple[Condition, ...]
    action: Action = field(default_factory=Notify)
    window: Window = field(default_factory=Window)
    sure: bool = True
    level: float = 0.95
    seconds: float | None = None
    version: int = 1
    interval: Interval = "one_look"

    @classmethod
    def of(cls, json: object, where: str = "rule") -> Self:
        """Read a rule.

        Raises
        ------
        InvalidRule
            With one error a fault: `{"where": "rule.when[0].key", "what": ...}`. A rule that can never fire is
            refused too, with the reason.

        Examples
        --------
        >>> rule = Rule.of({"name": "careless", "collector": "gold", "window": {"answers": 20},
        ...                 "when": [{"key": "answers", "op": "at_least", "value": 10},
        ...                          {"key": "accuracy", "op": "below", "value": 0.6}],
        ...                 "action": {"kind": "restrict", "hours": 24}})
        >>> rule.sure, rule.action
        (True, Restrict(scope='project', hours=24))
        >>> Rule.of(rule.to_json()) == rule
        True
        >>> try:
        ...     Rule.of(rule.to_json() | {"window": {"answers": 5}})
        ... except InvalidRule as no:
        ...     print(no.errors[0]["where"], "-", no.errors[0]["what"])
        rule.when[0] - answers at least 10 never holds: the window holds 5 at most
        """
        faults: list[Fault] = []
        rule = read(json, where, faults)
        if rule is None or faults:
            raise InvalidRule(errors=faults)
        return cls(*(getattr(rule, part) for part in cls.__slots__))

    def to_json(self) -> dict[str, object]:
        """Write the rule as `of` reads it."""
        timed = {} if self.seconds is None else {"seconds": self.seconds}
        return {
            "name": self.name,
            "version": self.version,
            "collector": self.collector,
            **timed,
            "window": self.window.to_json(),
            "when": [condition.to_json() for condition in self.when],
            "sure": self.sure,
            "level": self.level,
            "interval": self.interval,
            "action": actions.to_json(self.action),
        }

    @property
    def source(self) -> Collector:
        return COLLECTORS[self.collector]

    @property
    def looks(self) -> Looks:
        return Looks(self.sure, self.level, self.interval, self.window)

    def keyed(self) -> list[tuple[Key, Condition]]:
        """The conditions, each with what its key means."""
        return [(self.source.keys[condition.key], condition) for condition in self.when]

    def doubted(self, key: Key) -> bool:
        """Whether the interval decides, and not the value."""
        return self.sure and key.part in DOUBTED


def read_all(json: object, where: str = "rules") -> tuple[Rule, ...]:
    """Read a list of rules, each with a name of its own.

    Raises
    ------
    InvalidRule
        With one error a fault, over all rules.
    """
    faults: list[Fault] = []
    if not isinstance(json, list | tuple):
        raise InvalidRule(errors=[{"where": where, "what": "must be a list of rules"}])
    found = [read(rule, f"{where}[{place}]", faults) for place, rule in enumerate(json)]
    names = [rule["name"] if isinstance(rule, Mapping) and "name" in rule else place
             for place, rule in enumerate(json)]  # fmt: skip
    faults.extend(
        {"where": f"{where}[{place}].name", "what": f"{name!r} is the name of {where}[{names.index(name)}] too"}
        for place, name in enumerate(names)
        if names.index(name) < place
    )
    if faults:
        raise InvalidRule(errors=faults)
    return tuple(rule for rule in found if rule is not None)


def begun(json: Mapping[str, object]) -> dict[str, object]:
    """Add to a new rule what it does not say: shares are doubted at every look.

    >>> begun({"collector": "gold"})["interval"], begun({"collector": "drift"})["interval"]
    ('anytime', 'one_look')
    """
    source = COLLECTORS.get(str(json.get("collector")))
    return {"interval": "one_look" if source is not None and source.outcome is None else "anytime", **json}


def read(json: object, where: str, faults: list[Fault]) -> Rule | None:
    """Read a rule that stands at `where`; None, with the faults added, where it cannot be read."""
    if not isinstance(json, Mapping):
        faults.append({"where": where, "what": "must be an object"})
        return None
    before = len(faults)
    unknown_keys(json, _PARTS, where, faults)
    name, version = json.get("name"), json.get("version", 1)
    if not isinstance(name, str) or not name.strip() or len(name) > 100:
        faults.append({"where": f"{where}.name", "what": "must be a name of 1 to 100 characters"})
    whole(version, f"{where}.version", faults, 1, 1_000_000_000)
    sure, level = json.get("sure", True), json.get("level", 0.95)
    if not isinstance(sure, bool):
        faults.append({"where": f"{where}.sure", "what": f"{sure!r} is not true or false"})
    number(level, f"{where}.level", faults, 0.5, 0.9999)
    interval = json.get("interval", "one_look")  # what was saved before there was a choice
    if interval not in ("anytime", "one_look"):
        faults.append({"where": f"{where}.interval", "what": f"{interval!r} is not anytime or one_look"})
    action = actions.read(json.get("action"), f"{where}.action", faults)
    collector = json.get("collector")
    if not isinstance(collector, str) or collector not in COLLECTORS:
        what = f"{collector!r} is not one of {', '.join(COLLECTORS)}"
        faults.append({"where": f"{where}.collector", "what": what})
        # without the collector nothing is known of window and keys, save that they must be there
        _read_window(json.get("window"), None, f"{where}.window", faults)
        return None
    source = COLLECTORS[collector]
    if source.outcome is None and interval == "anytime":
        what = "this collector is a figure with an interval of its own, of one_look"
        faults.append({"where": f"{where}.interval", "what": what})
    window = _read_window(json.get("window"), source, f"{where}.window", faults)
    seconds = json.get("seconds")
    if source.timed and seconds is None:
        what = "must say below how many seconds an answer is fast"
        faults.append({"where": f"{where}.seconds", "what": what})
    elif source.timed and number(seconds, f"{where}.seconds", faults, 0.0, 86_400.0) and seconds == 0:
        faults.append({"where": f"{where}.seconds", "what": "no answer takes less than 0 seconds"})
    elif not source.timed and seconds is not None:
        faults.append({"where": f"{where}.seconds", "what": f"is nothing to the collector {collector}"})
    when = _read_when(json.get("when"), source, collector, f"{where}.when", faults)
    if len(faults) > before or window is None or action is None or when is None:
        return None
    rule = Rule(str(name), collector, when, action, window, bool(sure), float(level), seconds, version, interval)
    faults.extend(never(rule.keyed(), rule.source, rule.looks, where))
    return rule if len(faults) == before else None


def _read_window(json: object, source: Collector | None, where: str, faults: list[Fault]) -> Window | None:
    if json is None:
        return Window()
    if not isinstance(json, Mapping):
        faults.append({"where": where, "what": "must be an object"})
        return None
    before = len(faults)
    unknown_keys(json, ("answers", "days"), where, faults)
    answers, days = json.get("answers"), json.get("days")
    if answers is not None:
        whole(answers, f"{where}.answers", faults, 1, LONGEST)
    if days is not None and number(days, f"{where}.days", faults, 0.0, 36_500.0) and days == 0:
        faults.append({"where": f"{where}.days", "what": "a window of 0 days holds nothing"})
    if source is not None and source.outcome is None and not answers is days is None:
        what = "this collector is a figure over all answers; it has no window"
        faults.append({"where": where, "what": what})
    return Window(answers, days) if len(faults) == before else None


def _read_when(
    json: object, source: Collector, collector: str, where: str, faults: list[Fault]
) -> tuple[Condition, ...] | None:
    if not isinstance(json, list | tuple) or not json:
        faults.append({"where": where, "what": "must be a list of at least one condition"})
        return None
    before = len(faults)
    found: list[Condition] = []
    for place, part in enumerate(json):
        at = f"{where}[{place}]"
        if not isinstance(part, Mapping):
            faults.append({"where": at, "what": "must be an object"})
            continue
        unknown_keys(part, ("key", "op", "value"), at, faults)
        key, op, value = part.get("key"), part.get("op"), part.get("value")
        if not isinstance(op, str) or op not in OPS:
            faults.append({"where": f"{at}.op", "what": f"{op!r} is not one of {', '.join(OPS)}"})
        if not isinstance(key, str) or key not in source.keys:
            what = f"{key!r} is not a key of the collector {collector}; these are: {', '.join(source.keys)}"
            faults.append({"where": f"{at}.key", "what": what})
            number(value, f"{at}.value", faults, -1e300, None)
            continue
        known = source.keys[key]
        if not number(value, f"{at}.value", faults, known.low, known.high):
            continue
        if known.whole and value % 1:
            faults.append({"where": f"{at}.value", "what": f"{value!r} is not a whole number"})
        found.append(Condition(key, str(op), int(value) if known.whole else value))
    return tuple(found) if len(faults) == before else None
