"""Everything at one call: whatever the votes, in whatever order, and by every method."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.aggregation import METHODS, DawidSkene
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import examine
from tests.quality.crowds import Row, rows, votes_of
from tests.quality.workers.planted import coin, crowd

ODD = {
    "nothing": Votes.of([], [], []),
    "no answers": Votes.of([], [], [], classes=["x", "y"], all_items=[1, 2]),
    "one answer": Votes.of([1], ["a"], ["x"], seconds=[1]),
    "one class": Votes.of([1, 1, 2, 2], list("abab"), ["x"] * 4, seconds=[1, 2, 3, 4]),
    "one worker": Votes.of(range(30), ["a"] * 30, list("xyx") * 10, seconds=[1] * 30),
    "one item": Votes.of([1] * 5, list("abcde"), list("xyxyx"), seconds=[np.nan] * 5),
    "all tied, all repeated": Votes.of(
        [1, 1, 2, 2] * 10, list("abab") * 10, list("xyyx") * 10, repeats="all", seconds=[5] * 40
    ),
    "unused classes": Votes.of(
        [1, 1], list("ab"), list("xx"), classes=list("wxyz"), all_items=[1, 2], seconds=[1, 0]
    ),
}


def numbers(value: Any) -> dict[str, Any]:
    """All arrays and numbers in a value, by name."""
    if not is_dataclass(value):
        return {"": value}
    found = {}
    for field in fields(value):
        for name, part in numbers(getattr(value, field.name)).items():
            found[f"{field.name}.{name}"] = part
    return found


@pytest.mark.parametrize("votes", ODD.values(), ids=ODD)
@pytest.mark.parametrize("method", METHODS)
def test_there_is_always_an_answer(method: str, votes: Votes) -> None:
    """Warnings are errors; chances lie from 0 to 1, and intervals have their ends in order."""
    n = len(votes)
    consensus = METHODS[method]().fit(votes)
    for order, places in ((None, None), (np.arange(n), None), (np.zeros(n), np.zeros(n))):
        found = numbers(examine(votes, consensus, order=order, places=places))
        for name, value in found.items():
            if isinstance(value, np.ndarray) and name.split(".")[-2].endswith(("p_value", "q_value")):
                assert ((value >= 0) & (value <= 1) | np.isnan(value)).all(), name


@settings(deadline=None, max_examples=50)
@given(rows(), st.randoms())
def test_the_order_of_rows_does_not_matter(table: list[Row], random: Any) -> None:
    shuffled = list(table)
    random.shuffle(shuffled)
    one, two = (
        numbers(examine(votes, DawidSkene().fit(votes), gold))
        for votes, gold in ((votes, Gold.of(votes, {"a": "P"})) for votes in (votes_of(table), votes_of(shuffled)))
    )
    for name, value in one.items():
        np.testing.assert_array_equal(value, two[name], err_msg=name)


def test_renaming_classes_only_renames() -> None:
    votes = crowd(0, coin(np.linspace(0.4, 0.95, 12), 3), items=300, overlap=5, shares=[0.5, 0.3, 0.2]).votes
    turn = np.array([2, 0, 1], dtype=np.int32)
    turned = replace(votes, label=turn[votes.label], classes=("b", "c", "a"))
    one, two = (examine(some, DawidSkene().fit(some)) for some in (votes, turned))
    np.testing.assert_allclose(two.recalls.recall[:, turn], one.recalls.recall, atol=1e-4)
    np.testing.assert_allclose(two.spammers.low, one.spammers.low, atol=1e-3)
    np.testing.assert_allclose(two.costs.quality, one.costs.quality, atol=1e-4)
    np.testing.assert_allclose(two.leanings.p_value, one.leanings.p_value, atol=1e-3)
    assert two.leanings.place.tolist() == turn[one.leanings.place].tolist()
    assert two.collusion.tests == one.collusion.tests


def test_each_part_is_found() -> None:
    """A crowd with a spammer, a copy, one who gives up and one who leans, all examined at once."""
    rng = np.random.default_rng(4)
    true = coin(rng.uniform(0.7, 0.9, 20), 3)
    true[0] = [0.2, 0.5, 0.3]
    true[1] = 0.65 * true[1] + 0.35 * np.eye(3)[0]
    votes = crowd(4, true, items=2500, overlap=5, copies=[(2, 3)]).votes
    order = rng.random(len(votes))
    late = (votes.worker == 4) & (order > 0.5)
    votes.label[late] = rng.integers(3, size=int(late.sum()))
    found = examine(votes, DawidSkene().fit(votes), order=order)
    assert np.flatnonzero(found.spammers.high < 0.1).tolist() == [0]
    assert found.costs.high[0] < 0.2 < found.costs.low[5:].min()
    assert found.leanings.q_value[1] < 0.05
    assert found.leanings.place[1] == 0
    assert found.collusion.group[[2, 3]].tolist() == [0, 0]
    assert found.drifts is not None
    assert found.drifts.q_value[4] < 0.01
    assert found.drifts.at[4] == pytest.approx(0.5, abs=0.05)
    assert found.speeds is None


def test_answers_handed_in_together_are_a_page() -> None:
    votes = Votes.of(np.arange(40) // 2, list("ab") * 20, ["x", "y"] * 20, seconds=np.repeat([60, 70, 80, 90], 10))
    page = np.repeat([1, 2, 3, 4], 10)
    found = examine(votes, DawidSkene().fit(votes), order=page)
    assert found.speeds is not None
    assert found.speeds.timed.tolist() == [4, 4]
