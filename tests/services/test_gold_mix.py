"""How much gold comes: a floor among the first items, at places that tell nothing, and then a share."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.stats import chisquare

from crowdqc.services.gold_mix import wanted_gold


def plan(share: float = 0.1, first: int = 5, steps: Any = None) -> dict[str, Any]:
    return {"gold_share": share, "gold_first": first, "gold_steps": steps}


def life(values: dict[str, Any], pages: list[int], chance: random.Random) -> list[int]:
    """Give how much gold each page of a worker's holds, where there is always gold for him."""
    given_so_far, gold, found = 0, 0, []
    for size in pages:
        found.append(wanted_gold(values, given_so_far, gold, 0, size, chance))
        given_so_far, gold = given_so_far + size, gold + found[-1]
    return found


@given(
    first=some.integers(0, 12),
    share=some.floats(0.001, 1),
    pages=some.lists(some.integers(1, 20), min_size=1, max_size=30),
    seed=some.integers(0, 10**6),
)
def test_a_newcomer_has_his_floor_whatever_his_pages(
    first: int, share: float, pages: list[int], seed: int
) -> None:
    found = life(plan(share, first), pages, random.Random(seed))
    assert all(0 <= gold <= size for gold, size in zip(found, pages, strict=True))
    single = life(plan(share, first), [1] * (2 * first), random.Random(seed))
    assert sum(single) >= first
    if share <= 0.5:
        assert sum(single) == first


def test_every_set_of_places_is_as_likely_as_any_other() -> None:
    chance, first = random.Random(5), 3
    sets = dict.fromkeys(combinations(range(6), 3), 0)
    for _ in range(8000):
        found = life(plan(0.1, first), [1] * 6, chance)
        sets[tuple(place for place, gold in enumerate(found) if gold)] += 1
    assert chisquare([*sets.values()]).pvalue > 0.01


def test_behind_the_floor_each_item_is_gold_by_the_share() -> None:
    chance = random.Random(6)
    table = np.array([life(plan(0.2, 5), [1] * 40, chance)[10:] for _ in range(3000)])
    assert table.mean() == pytest.approx(0.2, abs=0.004)
    assert chisquare(table.sum(axis=0)).pvalue > 0.01
    # No more often after gold than after anything else.
    after = [table[:, 1:][table[:, :-1] == kind].mean() for kind in (0, 1)]
    assert after[0] == pytest.approx(after[1], abs=0.015)


def test_gold_that_was_lacking_is_made_up_for_only_within_the_first_items() -> None:
    # Eight were given and none was gold: there was none. The two that are left are gold, and then the share rules.
    assert wanted_gold(plan(0.0001, 5), 8, 0, 0, 2, random.Random(0)) == 2
    assert wanted_gold(plan(0.0001, 5), 10, 0, 0, 50, random.Random(0)) == 0


def test_a_plan_without_gold_has_none_for_newcomers() -> None:
    assert wanted_gold(plan(0.0, 5), 0, 0, 0, 50, random.Random(0)) == 0


def test_the_share_falls_with_the_steps() -> None:
    values = plan(0.5, 0, [{"right": 5, "share": 0.1}, {"right": 20, "share": 0.0}])
    chance = random.Random(9)
    shares = [wanted_gold(values, 100, 10, right, 10_000, chance) / 10_000 for right in (0, 5, 20)]
    assert shares == pytest.approx([0.5, 0.1, 0.0], abs=0.02)
