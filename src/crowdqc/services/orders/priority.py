"""What matters most to the requester goes first."""

from __future__ import annotations

import random

from crowdqc.records.queue import MOST_URGENT
from crowdqc.services.orders.order import By, Order


def _arriving(priority: int, chance: random.Random) -> int:
    return MOST_URGENT - priority


ORDER = Order("priority", "Items with the highest priority go first.", arriving=_arriving, by=By.PRIORITY)
