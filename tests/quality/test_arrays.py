"""Every value that holds arrays is shown in a line or two, however much there is in it."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest

import crowdqc.quality
from crowdqc.quality import DawidSkene, Problem, judge, texts
from crowdqc.quality.arrays import PARTS, SHOWN, shown
from crowdqc.quality.gold import Gold
from crowdqc.quality.simulation import Simulation
from crowdqc.quality.workers import examine

ARRAYS = ("Codes", "Counts", "Flags", "Floats", "Places", "NDArray", "ndarray")
#: These say it in words of their own.
OWN_WORDS = {"Votes", "Consensus"}


def values() -> dict[str, type[Any]]:
    """Give the dataclasses that hold arrays, or could not be compared if they did."""
    found = {}
    for room in pkgutil.walk_packages(crowdqc.quality.__path__, "crowdqc.quality."):
        try:
            module = importlib.import_module(room.name)
        except ImportError:  # of what is not installed
            continue
        for name, value in vars(module).items():
            if isinstance(value, type) and is_dataclass(value) and value.__module__ == room.name:
                kinds = [str(part.type) for part in fields(value) if "Callable" not in str(part.type)]
                holds = any(array in kind for kind in kinds for array in ARRAYS)
                if holds or not value.__dataclass_params__.eq:  # type: ignore[attr-defined]
                    found[f"{room.name}.{name}"] = value
    return found


VALUES = values()


def test_they_are_found() -> None:
    names = {path.rsplit(".", 1)[1] for path in VALUES}
    assert {"Ratings", "Comparisons", "LabelSets", "Texts", "Boxes", "Masks", "Judgement", "Gold"} < names
    assert len(VALUES) > 100


@pytest.mark.parametrize("path", sorted(path for path, value in VALUES.items() if value.__name__ not in OWN_WORDS))
def test_a_value_is_shown_by_its_shapes(path: str) -> None:
    kind = VALUES[path]
    value, large = object.__new__(kind), np.zeros((1000, 2))
    for part in fields(kind):
        object.__setattr__(value, part.name, large)
    parts = ", ".join(f"{part.name}=float64[1000, 2]" for part in fields(kind))
    assert repr(value) == f"{kind.__name__}({parts})"


def test_whole_judgements_are_shown_in_a_few_lines() -> None:
    crowd = Simulation(items=300, workers=20, classes=3, overlap=4).run(seed=1)
    gold = Gold.of(crowd.votes, {crowd.votes.items[0]: crowd.votes.classes[0]})
    consensus = DawidSkene().fit(crowd.votes, gold)
    judgement = judge(Problem(crowd.votes, gold=gold, resamples=0))
    assert repr(consensus.confusion).startswith("PairConfusion(")
    for value in (crowd, crowd.votes, gold, consensus, consensus.confusion, examine(crowd.votes, consensus)):
        assert len(repr(value)) < 500
    assert len(repr(judgement)) < 500
    assert len(repr(judgement.items)) < 1000
    assert len(repr(judgement.workers)) < 1000
    assert "consensus=Consensus(300 items, 3 classes, 1 gold, converged)" in repr(judgement)


def test_ids_and_texts_are_counted_where_there_are_many() -> None:
    few = texts.Texts.of([1, 1], ["ann", "bob"], ["a", "b"])
    many = texts.Texts.of([1] * 1000, range(1000), ["the train leaves at nine"] * 1000)
    assert "workers=('ann', 'bob')" in repr(few)
    assert "workers=tuple[1000]" in repr(many)
    assert len(repr(many)) < 300


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (None, "None"),
        (0.25, "0.25"),
        (np.float64(0.25), "0.25"),
        (np.array(7), "7"),
        (np.zeros(0, dtype=np.int32), "int32[0]"),
        (np.array([None, "a"], dtype=object), "object[2]"),
        ("x" * (SHOWN - 2), repr("x" * (SHOWN - 2))),
        ("x" * (SHOWN - 1), f"str[{SHOWN - 1}]"),
        ("a\nb", "'a\\nb'"),
        ((), "()"),
        ((np.ones(3),), "(float64[3],)"),
        (((1, np.ones(3)), "a"), "((1, float64[3]), 'a')"),
        (tuple(range(PARTS)), str(tuple(range(PARTS)))),
        (tuple(range(PARTS + 1)), f"tuple[{PARTS + 1}]"),
        ({"a": np.zeros(100)}, "dict[1]"),
        (frozenset(range(100)), "frozenset[100]"),
        (slice(10**30, 10**31), "slice(...)"),
    ],
)
def test_a_part_is_shown(part: object, words: str) -> None:
    assert shown(part) == words
