"""Audits: read in the order of the draws, or refused with every fault."""

from __future__ import annotations

import pytest

from crowdqc.quality.certificates import Audit, InvalidAudit


def test_is_put_into_the_order_of_the_draws() -> None:
    audit = Audit.of(
        ["right", "wrong", "unsure"], size=50, known=10, order=[3, 1, 2], items=["a", "b", "c"],
        labels=["cat", "dog", "cat"], sizes={"dog": 15, "cat": 25},
    )  # fmt: skip
    assert audit.items == ("b", "c", "a")
    assert audit.outcome.tolist() == [1, -1, 0]
    assert audit.label.tolist() == [0, 1, 1]
    assert (audit.left, audit.wrong, audit.unsure, audit.uniform) == (40, 1, 1, True)
    draws = audit.draws()
    assert (draws.size, draws.found, draws.left) == (40, 2, 37)


def test_every_fault_is_named() -> None:
    with pytest.raises(InvalidAudit) as no:
        Audit.of(
            [0, 1], size=9, order=[1], items=["a", "a"], probability=[0.1, 0], labels=["cat", "cow"],
            sizes={"cat": 0},
        )  # fmt: skip
    where = [error["where"] for error in no.value.errors]
    assert where == ["probability", "order", "items", "labels", "sizes.cat"]


@pytest.mark.parametrize(
    ("outcomes", "options", "where"),
    [
        (["right", "perhaps"], {"size": 9}, "outcomes[1]"),
        ([True], {"size": 9}, "outcomes[0]"),
        ([0, 0], {"size": 3, "known": 2}, "outcomes"),
        ([0], {"size": 3, "known": 4}, "size"),
        ([0, 0], {"size": 9, "pool": [9, 9]}, "pool"),
        ([0, 0], {"size": 9, "elsewhere": [0, 1]}, "pool"),
        ([0], {"size": 9, "probability": ["a"]}, "probability"),
        ([0], {"size": 9, "labels": []}, "labels"),
        ([0], {"size": 9, "items": ["a", "b"]}, "items"),
    ],
)
def test_a_fault(outcomes: list[object], options: dict[str, object], where: str) -> None:
    with pytest.raises(InvalidAudit) as no:
        Audit.of(outcomes, **options)  # type: ignore[arg-type]
    assert [error["where"] for error in no.value.errors] == [where]
