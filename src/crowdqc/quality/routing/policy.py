"""A policy: ordered rules that say where an item goes next, how soon, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Flags, Floats, brief
from crowdqc.quality.routing.condition import Condition, Fault, Reason, read
from crowdqc.quality.routing.signals import Signals

Route = Literal["accept", "ask_more", "review", "wait"]
#: Routes by code. "wait": nothing to decide yet (no answers, or its overlap is not complete).
ROUTES: tuple[Route, ...] = get_args(Route)
_RULED = ROUTES[:3]


class InvalidPolicy(Invalid):
    """The policy cannot be read."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Items of which the condition holds take the route; `weight`, 0 to 100, says how soon."""

    when: Condition
    route: Route
    weight: float = 50.0

    def to_json(self) -> dict[str, object]:
        return {"when": self.when.to_json(), "route": self.route, "weight": self.weight}


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """One entry an item.

    Attributes
    ----------
    route
        int8[n_items], codes into `ROUTES`.
    priority
        float64[n_items], greater is sooner; 0 for what is accepted or waits.
    reasons
        Why an item is not accepted; empty for what is accepted or waits.
    """

    route: NDArray[np.int8]
    priority: Floats
    reasons: tuple[tuple[Reason, ...], ...]

    def names(self) -> list[Route]:
        return [ROUTES[code] for code in self.route]

    def taking(self, route: Route) -> NDArray[np.int64]:
        """Codes of the items that take the route, the most urgent first, then in the order of items."""
        items = np.flatnonzero(self.route == ROUTES.index(route))
        return items[np.argsort(-self.priority[items], kind="stable")]


@dataclass(frozen=True, slots=True)
class Policy:
    """Ordered rules: the first that holds decides the route; where none holds the item is accepted."""

    rules: tuple[Rule, ...]

    @classmethod
    def default(cls) -> Self:
        """What a project starts with: reports and contradictions first, then doubt, then a random audit."""

        def rule(signal: str, op: str, value: float, weight: float) -> dict[str, object]:
            return {"when": {"signal": signal, "op": op, "value": value}, "route": "review", "weight": weight}

        return cls.of(
            [
                rule("tied", "is", 1, 60),
                rule("contradiction", "at_least", 0.9, 70),
                rule("confidence", "below", 0.8, 50),
                rule("agreement", "below", 0.3, 40),
                rule("reports", "at_least", 1, 80),
                rule("audit", "below", 0.05, 10),
            ]
        )

    @classmethod
    def of(cls, json: object, where: str = "review") -> Self:
        """Read a list of rules: `{"when": condition, "route": "review", "weight": 50}`.

        Raises
        ------
        InvalidPolicy
            With one error a fault: `{"where": "review[0].when.signal", "what": ...}`; `where` names the list.
        """
        faults: list[Fault] = []
        if not isinstance(json, list | tuple):
            raise InvalidPolicy(errors=[{"where": where, "what": "must be a list of rules"}])
        rules = [_read_rule(rule, f"{where}[{place}]", faults) for place, rule in enumerate(json)]
        if faults:
            raise InvalidPolicy(errors=faults)
        return cls(tuple(rule for rule in rules if rule is not None))

    def to_json(self) -> list[dict[str, object]]:
        return [rule.to_json() for rule in self.rules]

    def names(self) -> frozenset[str]:
        """The signals that the rules speak of."""
        return frozenset().union(*(rule.when.names() for rule in self.rules))

    def route(self, signals: Signals, *, settled: Flags | None = None, waiting: Flags | None = None) -> Routes:
        """Route every item.

        The reasons are those of all holding rules with the route that was decided; the priority is the
        greatest of their weight plus severity.

        Parameters
        ----------
        settled
            bool[n_items], truth is known: accepted without a question.
        waiting
            bool[n_items], nothing to decide yet: waits.

        Examples
        --------
        >>> policy = Policy.of([{"when": {"signal": "agreement", "op": "below", "value": 0.5}, "route": "review"}])
        >>> routes = policy.route(Signals(3, {"agreement": np.array([0.25, 1.0, np.nan])}))
        >>> routes.names(), routes.priority.tolist(), routes.reasons[0][0].words
        (['review', 'accept', 'accept'], [50.5, 0.0, 0.0], 'agreement 0.25 is below 0.50')
        """
        n = signals.n_items
        route = np.full(n, ROUTES.index("accept"), dtype=np.int8)
        undecided = np.ones(n, dtype=bool)
        for closed, code in ((waiting, "wait"), (settled, "accept")):
            if closed is not None:
                route[closed] = ROUTES.index(code)
                undecided &= ~closed
        ruled = undecided.copy()
        held = [rule.when.holds(signals) for rule in self.rules]
        for rule, holds in zip(self.rules, held, strict=True):
            route[holds & undecided] = ROUTES.index(rule.route)
            undecided &= ~holds

        priority = np.zeros(n)
        reasons: list[tuple[Reason, ...]] = [()] * n
        for item in np.flatnonzero(ruled & (route != ROUTES.index("accept"))):
            found: list[Reason] = []
            for rule, holds in zip(self.rules, held, strict=True):
                if holds[item] and rule.route == ROUTES[route[item]]:
                    why = rule.when.reasons(signals, int(item))
                    urgency = rule.weight + max((reason.severity for reason in why), default=0.0)
                    priority[item] = max(priority[item], urgency)
                    found.extend(reason for reason in why if reason not in found)
            reasons[item] = tuple(found)
        return Routes(route, priority, tuple(reasons))


def _read_rule(json: object, where: str, faults: list[Fault]) -> Rule | None:
    if not isinstance(json, Mapping):
        faults.append({"where": where, "what": "must be an object"})
        return None
    unknown = [key for key in json if key not in ("when", "route", "weight")]
    faults.extend({"where": f"{where}.{key}", "what": "is not known here"} for key in unknown)
    when = read(json.get("when"), f"{where}.when", faults)
    route, weight = json.get("route"), json.get("weight", 50)
    if route not in _RULED:
        faults.append({"where": f"{where}.route", "what": f"{route!r} is not one of {', '.join(_RULED)}"})
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 100:
        faults.append({"where": f"{where}.weight", "what": f"{weight!r} is not a number from 0 to 100"})
        return None
    if when is None or route not in _RULED or math.isnan(weight):
        return None
    return Rule(when, route, weight)
