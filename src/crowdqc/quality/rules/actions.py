"""What a rule does to a worker: each action with its settings, and the words that tell the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Literal, get_args

from crowdqc.quality.rules.faults import Fault, number, unknown_keys, whole

Scope = Literal["project", "all"]
Reader = Literal["worker", "lead", "both"]
#: The longest time of a restriction, in hours: ten years.
_LONGEST = 87_600.0


@dataclass(frozen=True, slots=True)
class Restrict:
    """No items of the project, or of all projects, for some hours; None is for good."""

    kind: ClassVar[str] = "restrict"
    scope: Scope = "project"
    hours: float | None = 24.0

    def words(self) -> str:
        where = "in this project" if self.scope == "project" else "in any project"
        return f"You get no items {where} {'from now on' if self.hours is None else f'for {_span(self.hours)}'}."


@dataclass(frozen=True, slots=True)
class SetSkill:
    """Write a skill down: a number, or None for the value that the rule measured."""

    kind: ClassVar[str] = "set_skill"
    skill: str = ""
    value: float | None = None

    def words(self) -> str:
        to = "what is written here" if self.value is None else f"{self.value:g}"
        return f"Your skill '{self.skill}' is set to {to}."


@dataclass(frozen=True, slots=True)
class AskMore:
    """So many more answers by others on each item that the worker answered in the window."""

    kind: ClassVar[str] = "ask_more"
    answers: int = 1

    def words(self) -> str:
        return "Others are asked about the same items as well."


@dataclass(frozen=True, slots=True)
class Discount:
    """The worker's answers count less in aggregation."""

    kind: ClassVar[str] = "discount"
    weight: float = 0.5

    def words(self) -> str:
        return f"Your answers count {100 * self.weight:.3g}% of what they did in finding the labels."


@dataclass(frozen=True, slots=True)
class Exclude:
    """The worker's answers are left out of aggregation."""

    kind: ClassVar[str] = "exclude"

    def words(self) -> str:
        return "Your answers are left out in finding the labels."


@dataclass(frozen=True, slots=True)
class Pay:
    """The answers in the window are paid, or are not."""

    kind: ClassVar[str] = "pay"
    pay: bool = False

    def words(self) -> str:
        return f"These answers are {'' if self.pay else 'not '}paid."


@dataclass(frozen=True, slots=True)
class Notify:
    """Somebody is told, and nothing else happens."""

    kind: ClassVar[str] = "notify"
    whom: Reader = "lead"

    def words(self) -> str:
        return "Nothing else follows from this by itself."


Action = Restrict | SetSkill | AskMore | Discount | Exclude | Pay | Notify
#: Every action, by the name that a rule uses.
ACTIONS: Mapping[str, type[Action]] = {kind.kind: kind for kind in get_args(Action)}


def to_json(action: Action) -> dict[str, object]:
    """Write an action as it is read."""
    return {"kind": action.kind} | {part.name: getattr(action, part.name) for part in fields(action)}


def read(json: object, where: str, faults: list[Fault]) -> Action | None:
    """Read an action; None, with the faults added, where it cannot be read."""
    if not isinstance(json, Mapping):
        faults.append({"where": where, "what": "must be an object"})
        return None
    kind = json.get("kind")
    if not isinstance(kind, str) or kind not in ACTIONS:
        faults.append({"where": f"{where}.kind", "what": f"{kind!r} is not one of {', '.join(ACTIONS)}"})
        return None
    make = ACTIONS[kind]
    settings = [part.name for part in fields(make)]
    before = len(faults)
    unknown_keys(json, ["kind", *settings], where, faults)
    given = {name: json[name] for name in settings if name in json}
    if kind == "set_skill":
        given.setdefault("skill", "")  # which has no default that would do
    for name, value in given.items():
        _CHECKS[kind, name](value, f"{where}.{name}", faults)
    return make(**given) if len(faults) == before else None


def _one_of(choices: tuple[object, ...]) -> Callable[[object, str, list[Fault]], None]:
    def check(value: object, where: str, faults: list[Fault]) -> None:
        if not isinstance(value, str) or value not in choices:
            faults.append({"where": where, "what": f"{value!r} is not one of {', '.join(map(str, choices))}"})

    return check


def _hours(value: object, where: str, faults: list[Fault]) -> None:
    if value is not None and not number(value, where, faults, 0.0, _LONGEST):
        return
    if value == 0:
        faults.append({"where": where, "what": "0 hours restrict nobody; null is for good"})


def _skill(value: object, where: str, faults: list[Fault]) -> None:
    if not isinstance(value, str) or not value.strip():
        faults.append({"where": where, "what": "must name a skill"})
    elif len(value) > 100 or not value.isprintable() or value != value.strip():
        what = "must be 1 to 100 printable characters without spaces around them"
        faults.append({"where": where, "what": what})


def _value(value: object, where: str, faults: list[Fault]) -> None:
    if value is not None:
        number(value, where, faults, 0.0, 1.0)


def _answers(value: object, where: str, faults: list[Fault]) -> None:
    whole(value, where, faults, 1, 100)


def _weight(value: object, where: str, faults: list[Fault]) -> None:
    if number(value, where, faults, 0.0, 1.0) and value in (0, 1):
        what = "0 leaves answers out: use exclude" if value == 0 else "1 changes nothing"
        faults.append({"where": where, "what": what})


def _pay(value: object, where: str, faults: list[Fault]) -> None:
    if not isinstance(value, bool):
        faults.append({"where": where, "what": f"{value!r} is not true or false"})


_CHECKS: Mapping[tuple[str, str], Callable[[object, str, list[Fault]], None]] = {
    ("restrict", "scope"): _one_of(get_args(Scope)),
    ("restrict", "hours"): _hours,
    ("set_skill", "skill"): _skill,
    ("set_skill", "value"): _value,
    ("ask_more", "answers"): _answers,
    ("discount", "weight"): _weight,
    ("pay", "pay"): _pay,
    ("notify", "whom"): _one_of(get_args(Reader)),
}


def _span(hours: float) -> str:
    """Say how long.

    >>> _span(24), _span(0.5), _span(168)
    ('24 hours', '30 minutes', '7 days')
    """
    if hours < 1:
        number, unit = hours * 60, "minute"
    elif hours > 24 and hours % 24 == 0:
        number, unit = hours / 24, "day"
    else:
        number, unit = hours, "hour"
    return f"{number:g} {unit}{'' if number == 1 else 's'}"
