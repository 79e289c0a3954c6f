"""The orders in which items go out: which rank an item has in the queue; each order is one small file.

Lower ranks go first, and among equals what came first. An order says which rank an item comes in with, whether it
goes up with the places that are taken, and which one a run's judgement gives it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from crowdqc.records.items import Item
from crowdqc.records.projects import Project
from crowdqc.services.orders import arrival, expected_gain, fewest_answers, priority, shuffled, uncertainty
from crowdqc.services.orders.order import By, Order

__all__ = ["ORDERS", "Order", "arriving", "mixes", "of", "placed", "step"]

ORDERS: Mapping[str, Order] = {
    each.name: each
    for each in (
        arrival.ORDER,
        fewest_answers.ORDER,
        priority.ORDER,
        shuffled.ORDER,
        uncertainty.ORDER,
        expected_gain.ORDER,
    )
}


def of(plan: Mapping[str, Any]) -> Order:
    """Give the order of a plan."""
    return ORDERS[plan["order"]]


def arriving(plan: Mapping[str, Any], item_priority: int, chance: random.Random) -> int:
    """Give the rank with which an item comes into the queue."""
    return of(plan).arriving(item_priority, chance)


def mixes(project: Project) -> bool:
    """Say whether what comes in may belong before what is there."""
    return of(project.plan) is not arrival.ORDER


def step(project: Project) -> int:
    """Say by how much an item's rank goes up with each place in it that is taken."""
    return int(of(project.plan).by is By.PLACES)


def placed(project: Project, item: Item) -> None:
    """Give an item the rank that goes with the places that are taken in it, where the order goes by them."""
    if of(project.plan).by is By.PLACES:
        item.rank = item.answered + item.leased
