"""What a plan says of money: the price of an answer, the budget, who accepts; and what is wrong with that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from crowdqc import money
from crowdqc.errors import Invalid


class Per(StrEnum):
    """What the price is for."""

    ANSWER = "answer"
    PAGE = "page"


class Accepting(StrEnum):
    """When an answer is accepted."""

    AT_ONCE = "at_once"
    #: Somebody may look at it first, for some days.
    REVIEW = "review"


#: Answers of a page, at the most.
LARGEST_PAGE = 50


def of_answer(plan: Mapping[str, Any]) -> int | None:
    """Give what an answer earns by a plan, in ticks; none where the project has no price.

    >>> of_answer({"price": "0.05", "currency": "USD", "price_per": "answer"})
    50000
    >>> of_answer({"price": "0.10", "currency": "USD", "price_per": "page", "page_size": 3})
    33334
    """
    if plan.get("price") is None:
        return None
    price = money.read(plan["price"], plan["currency"])
    return price if plan["price_per"] == Per.ANSWER else money.part(price, plan["page_size"])


def budget(plan: Mapping[str, Any]) -> int:
    """Give a plan's budget, in ticks; 0 where there is none."""
    return 0 if plan.get("budget") is None else money.read(plan["budget"], plan["currency"])


def time_to_review(plan: Mapping[str, Any]) -> timedelta | None:
    """Say how long an answer waits to be looked at; not at all where it is accepted at once."""
    if plan.get("acceptance", Accepting.AT_ONCE) == Accepting.AT_ONCE:
        return None
    return timedelta(days=plan["acceptance_days"])


def type_faults(values: Mapping[str, Any]) -> list[dict[str, object]]:
    """Give the faults of single parts: words that are none of those known, amounts that are no texts."""
    faults: list[dict[str, object]] = []
    for name, words in (("price_per", Per), ("acceptance", Accepting)):
        if name in values and values[name] not in [*words]:
            faults.append({"where": f"plan.{name}", "what": f"is not one of {', '.join(words)}"})
    for name in ("price", "budget"):
        if values.get(name) is not None and not isinstance(values[name], str):
            what = 'is not a decimal in a text, as "0.05": a number of JSON may lose its last digits'
            faults.append({"where": f"plan.{name}", "what": what})
    currency = values.get("currency")
    if currency is not None and (not isinstance(currency, str) or currency not in money.PLACES):
        faults.append({"where": "plan.currency", "what": "is no currency of ISO 4217, as EUR or USD"})
    return faults


def faults_together(plan: Mapping[str, Any]) -> list[dict[str, object]]:
    """Give the faults of a plan's money, whose parts have the right types."""
    faults: list[dict[str, object]] = []
    priced = plan["price"] is not None or plan["budget"] is not None
    if priced and plan["currency"] is None:
        faults.append({"where": "plan.currency", "what": "is missing: an amount is of a currency"})
    if plan["price"] is not None and plan["budget"] is None:
        faults.append({"where": "plan.budget", "what": "is missing: a price needs a budget that it is paid from"})
    if plan["price_per"] == Per.PAGE and plan["page_size"] is None:
        faults.append({"where": "plan.page_size", "what": "is missing: it says how many answers make a page"})
    if plan["currency"] is not None:
        for name in ("price", "budget"):
            if plan[name] is not None and (fault := _amount_fault(plan[name], plan["currency"])):
                faults.append({"where": f"plan.{name}", "what": fault})
            elif name == "price" and plan[name] is not None and money.read(plan[name], plan["currency"]) == 0:
                faults.append({"where": "plan.price", "what": "is nothing; null asks for no price"})
    return faults


def _amount_fault(value: str, currency: str) -> str | None:
    try:
        money.read(value, currency)
    except Invalid as error:
        return str(error)
    return None
