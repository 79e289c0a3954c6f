"""How much gold a worker's next items hold: a floor for newcomers, then a share that falls as he proves good."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from crowdqc.services.plans import gold_share


def wanted_gold(
    plan: Mapping[str, Any],
    given: int,
    gold_given: int,
    gold_right: int,
    wanted: int,
    chance: random.Random,
) -> int:
    """Say how many of the next `wanted` items are to be gold, for a worker who was given so many so far.

    Among a newcomer's first `2 * gold_first` items there are `gold_first` gold ones. Each place is drawn as from
    an urn with what is left of both kinds, so every set of places is as likely as any other, and no place tells
    more than another. Behind them, and where the share is above one half, each item is gold by the share alone.
    A plan whose gold_share is 0 has none for newcomers either.

    >>> plan = {"gold_share": 0.1, "gold_steps": None, "gold_first": 3}
    >>> chance = random.Random(1)
    >>> wanted_gold(plan, 0, 0, 0, 6, chance)
    3
    >>> sum(wanted_gold(plan, 6, 3, 3, 50, chance) for _ in range(200)) / 10_000
    0.1042
    """
    share = gold_share(plan, gold_right)
    first = plan["gold_first"] if plan["gold_share"] > 0 else 0
    count = 0
    for place in range(given, given + wanted):
        left, lacking = 2 * first - place, first - gold_given - count
        if left <= 0:
            odds = share
        else:
            floor = max(lacking, 0) / left
            odds = max(floor, share) if share > 0.5 else floor
        count += chance.random() < odds
    return count
