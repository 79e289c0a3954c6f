"""By chance: what stands together in a file does not come to workers together."""

from __future__ import annotations

import random

from crowdqc.records.queue import SHUFFLED
from crowdqc.services.orders.order import By, Order


def _arriving(priority: int, chance: random.Random) -> int:
    return chance.randrange(SHUFFLED)


ORDER = Order("random", "By chance.", arriving=_arriving, by=By.CHANCE)
