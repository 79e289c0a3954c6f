"""The quality plan of a project: every threshold there is, validated whole, with a default for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from crowdqc.errors import Invalid
from crowdqc.quality import qualifications
from crowdqc.quality.aggregation import method
from crowdqc.quality.routing import Policy
from crowdqc.services import orders, pre_labels, prices


class BadPlan(Invalid):
    """The quality plan is not valid."""


class Skipped(StrEnum):
    """Who gets an item that a worker skipped."""

    #: Somebody else in his place.
    TO_OTHERS = "to_others"
    #: Anybody, he as well when there is nothing else for him.
    TO_ME = "to_me"
    #: Nobody in his place: the item does with an answer less, but not with none.
    TO_NOBODY = "to_nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What quality is wanted, and how it is reached."""

    #: How many workers are to answer an item.
    overlap: int = 3
    #: As many as an item may come to have where the policy asks for more.
    max_overlap: int = 5
    #: How long an item is leased to a worker, in seconds.
    lease_seconds: int = 1800
    #: How long a lease may last at the most, where the worker says that he is still at it, in seconds.
    lease_limit_seconds: int = 7200
    #: In which order items go out: see `crowdqc.services.orders`.
    order: str = "arrival"
    #: Who gets an item that a worker skipped.
    skipped: str = Skipped.TO_OTHERS
    #: As many answers as one worker may give: in all, as a share of the items, in a day (UTC); None: any number.
    worker_answers: int | None = None
    worker_share: float | None = None
    worker_daily: int | None = None
    #: Skills, qualifications and languages that a worker must have, all of them; None: everybody may work.
    wanted: Sequence[Mapping[str, Any]] | None = None
    #: The model whose word is shown to workers, with half of the leases; None: none.
    pre_labels: Mapping[str, str] | None = None
    #: How long a review is an expert's own, in seconds.
    review_seconds: int = 1800
    #: The share of gold among the items that a worker is given.
    gold_share: float = 0.1
    #: Steps down: from so many gold items on that the worker got right, this share. None: always the one above.
    gold_steps: Sequence[Mapping[str, Any]] | None = None
    #: As many gold items are among a newcomer's first ones, in twice as many.
    gold_first: int = 5
    #: The share of decided items that become gold: 0 never, 1 always.
    promote_decisions: float = 0.0
    #: The aggregation method, and those of its parameters that are not to be the default.
    method: str = "dawid_skene"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    #: The ordered rules that say where an item goes; none: the default ones.
    review: Sequence[Mapping[str, Any]] | None = None
    #: What an answer and an expert's decision cost, in the unit of `costs`; None: an expert is not reckoned with.
    answer_cost: float = 0.01
    expert_cost: float | None = None
    #: What it costs to say a class (column) where another is true (row), in the order of the classes.
    costs: Sequence[Sequence[float]] | None = None
    #: What an answer earns, or a page of so many; as decimals in a text, of one currency. None: nothing is paid.
    price: str | None = None
    price_per: str = prices.Per.ANSWER
    page_size: int | None = None
    currency: str | None = None
    #: As much as may be spent on answers and bonuses.
    budget: str | None = None
    #: When an answer is accepted: at once, or after so many days in which somebody may look at it.
    acceptance: str = prices.Accepting.AT_ONCE
    acceptance_days: int = 7

    def json(self) -> dict[str, Any]:
        """Give the plan with every default written out."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return values | {"review": self.policy().to_json(), "parameters": dict(self.parameters)}

    def policy(self) -> Policy:
        return Policy.default() if self.review is None else Policy.of(self.review)


#: name: (least, greatest)
_WHOLE = {
    "overlap": (1, 1000),
    "max_overlap": (1, 1000),
    "lease_seconds": (10, 7 * 86400),
    "lease_limit_seconds": (10, 30 * 86400),
    "worker_answers": (1, 10**9),
    "worker_daily": (1, 10**6),
    "review_seconds": (10, 7 * 86400),
    "gold_first": (0, 100),
    "page_size": (1, prices.LARGEST_PAGE),
    "acceptance_days": (1, 30),
}


def read(values: Mapping[str, Any], classes: Sequence[str], *, base: Plan | None = None) -> Plan:
    """Read a plan, or changes to one; null asks for the default. Raise BadPlan that names every fault at once."""
    faults: list[dict[str, object]] = []
    plain = Plan()
    values = {name: getattr(plain, name, None) if value is None else value for name, value in values.items()}
    known = {each.name for each in fields(Plan)}
    faults += [
        {"where": f"plan.{name}", "what": f"is not part of a plan; known: {', '.join(sorted(known))}"}
        for name in values
        if name not in known
    ]
    for name, (least, greatest) in _WHOLE.items():
        value = values.get(name, least)
        if value is None and getattr(plain, name) is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= greatest:
            faults.append({"where": f"plan.{name}", "what": f"is not a whole number from {least} to {greatest}"})
    for name, kind, words in (("method", str, "the name of a method"), ("parameters", Mapping, "an object")):
        if values.get(name) is not None and not isinstance(values[name], kind):
            faults.append({"where": f"plan.{name}", "what": f"is not {words}"})
    parameters = values.get("parameters")
    faults += [
        {"where": f"plan.parameters.{name}", "what": "is not a number that can be computed with"}
        for name, value in (parameters.items() if isinstance(parameters, Mapping) else ())
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not _number(value)
    ]
    for name in ("answer_cost", "expert_cost"):
        cost = values.get(name)
        if cost is not None and (not _number(cost) or not 0 <= cost <= 1e9):
            faults.append({"where": f"plan.{name}", "what": "is not a number from 0 to 1,000,000,000"})
    for name in ("gold_share", "worker_share", "promote_decisions"):
        share = values.get(name)
        if share is not None and (not _number(share) or not 0 <= share <= 1):
            faults.append({"where": f"plan.{name}", "what": "is not a number from 0 to 1"})
    if values.get("skipped", Skipped.TO_OTHERS) not in [*Skipped]:
        faults.append({"where": "plan.skipped", "what": f"is not one of {', '.join(Skipped)}"})
    if str(values.get("order", "arrival")) not in orders.ORDERS:
        faults.append({"where": "plan.order", "what": f"is not one of {', '.join(orders.ORDERS)}"})
    if values.get("pre_labels") is not None:
        faults += pre_labels.faults(values["pre_labels"])
    faults += prices.type_faults(values)
    at_fault = {str(fault["where"]).removeprefix("plan.") for fault in faults}
    given = {name: value for name, value in values.items() if name in known and name not in at_fault}
    plan = replace(base or Plan(), **given)
    if "overlap" in given and "max_overlap" not in given:
        plan = replace(plan, max_overlap=max(plan.max_overlap, plan.overlap))
    # How the parts go together is also looked at where one is at fault, so that all are named at once.
    faults += [fault for fault in _together(plan, classes) if at_fault.isdisjoint(_about(fault))]
    if faults:
        raise BadPlan(mend="Mend the faults listed.", errors=faults)
    return plan


def _together(plan: Plan, classes: Sequence[str]) -> list[dict[str, object]]:
    """Give the faults of a plan whose parts have the right types."""
    faults: list[dict[str, object]] = []
    if plan.max_overlap < plan.overlap:
        faults.append({"where": "plan.max_overlap", "what": f"is less than the overlap, {plan.overlap}"})
    for name, check in (
        ("method", lambda: method(plan.method, plan.parameters)),
        ("review", plan.policy),
        ("wanted", lambda: qualifications.read([] if plan.wanted is None else plan.wanted)),
    ):
        try:
            check()
        except Invalid as error:
            faults += [{"where": f"plan.{entry['where']}", "what": entry["what"]} for entry in error.errors] or [
                {"where": f"plan.{name}", "what": str(error)}
            ]
    prior = plan.parameters.get("class_prior")
    if (
        prior is not None
        and not isinstance(prior, str)
        and (not isinstance(prior, list) or len(prior) != len(classes))
    ):
        faults.append(
            {"where": "plan.parameters.class_prior", "what": f"is not {len(classes)} numbers, one a class"}
        )
    faults += prices.faults_together({each.name: getattr(plan, each.name) for each in fields(plan)})
    if plan.gold_steps is not None and (fault := _step_fault(plan.gold_steps)):
        faults.append({"where": "plan.gold_steps", "what": fault})
    if plan.costs is not None and (fault := _cost_fault(plan.costs, len(classes))):
        faults.append({"where": "plan.costs", "what": fault})
    return faults


def gold_share(plan: Mapping[str, Any], right: int) -> float:
    """Give the share of gold for a worker who got so many gold items right.

    >>> plan = {"gold_share": 0.1, "gold_steps": [{"right": 5, "share": 0.2}, {"right": 20, "share": 0.02}]}
    >>> [gold_share(plan, right) for right in (0, 5, 30)]
    [0.1, 0.2, 0.02]
    """
    share = float(plan["gold_share"])
    for step in plan["gold_steps"] or ():
        if right >= step["right"]:
            share = float(step["share"])
    return share


def _step_fault(steps: object) -> str | None:
    if not isinstance(steps, (list, tuple)):
        return 'is not a list of steps, each {"right": 5, "share": 0.05}'
    before = 0
    for number, step in enumerate(steps, 1):
        if not isinstance(step, Mapping) or set(step) != {"right", "share"}:
            return f"step {number} is not an object with right and share"
        right, share = step["right"], step["share"]
        if not isinstance(right, int) or isinstance(right, bool) or right <= before:
            return f"step {number} has a right that is not a whole number above {before}"
        if not _number(share) or not 0 <= share <= 1:
            return f"step {number} has a share that is not a number from 0 to 1"
        before = right
    return None


def _about(fault: Mapping[str, object]) -> set[str]:
    """Give the parts of a plan that a fault is about."""
    name = str(fault["where"]).removeprefix("plan.")
    return {"overlap", "max_overlap"} if name == "max_overlap" else {name}


def _cost_fault(costs: object, size: int) -> str | None:
    if not isinstance(costs, (list, tuple)) or len(costs) != size:
        return f"is not a list of {size} rows, one a class"
    for number, row in enumerate(costs):
        if not isinstance(row, (list, tuple)) or len(row) != size or not all(_number(cell) for cell in row):
            return f"row {number + 1} is not a list of {size} numbers, one a class"
        if any(cell < 0 for cell in row):
            return f"row {number + 1} has a cost below 0"
        if row[number] != 0:
            return f"row {number + 1} puts a cost on saying the truth"
    return None


def _number(value: object) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        # A whole number that no float can hold.
        return False
