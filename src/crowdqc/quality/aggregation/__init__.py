"""One file a method, one list of them, one suite of checks that all must pass (`tests/quality/aggregation`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Protocol

from crowdqc.errors import Invalid
from crowdqc.quality.aggregation.auto import Auto
from crowdqc.quality.aggregation.bayesian import BayesianDawidSkene
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.dawid_skene import DawidSkene
from crowdqc.quality.aggregation.decision import decide
from crowdqc.quality.aggregation.glad import GLAD
from crowdqc.quality.aggregation.hierarchical import GradedDawidSkene, HierarchicalDawidSkene
from crowdqc.quality.aggregation.kos import KOS
from crowdqc.quality.aggregation.m_msr import MMSR
from crowdqc.quality.aggregation.mace import MACE
from crowdqc.quality.aggregation.majority_vote import MajorityVote
from crowdqc.quality.aggregation.model_aware import ModelAware
from crowdqc.quality.aggregation.one_coin import OneCoin
from crowdqc.quality.aggregation.ordinal import Ordinal
from crowdqc.quality.aggregation.wawa import Wawa
from crowdqc.quality.aggregation.weighted_vote import WeightedVote
from crowdqc.quality.aggregation.zero_based_skill import ZeroBasedSkill
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.votes import Votes

__all__ = [
    "GLAD",
    "KOS",
    "MACE",
    "METHODS",
    "MMSR",
    "Aggregator",
    "Auto",
    "BayesianDawidSkene",
    "Consensus",
    "DawidSkene",
    "GradedDawidSkene",
    "HierarchicalDawidSkene",
    "InvalidMethod",
    "MajorityVote",
    "ModelAware",
    "OneCoin",
    "Ordinal",
    "Wawa",
    "WeightedVote",
    "ZeroBasedSkill",
    "decide",
    "method",
]


class InvalidMethod(Invalid):
    """There is no such method of aggregation, or it has no such parameter."""


class Aggregator(Protocol):
    """A method with its parameters: a frozen dataclass whose `fit` returns a value and changes nothing."""

    def fit(self, votes: Votes, gold: Gold | Truth | None = None) -> Consensus: ...


METHODS: Mapping[str, Callable[..., Aggregator]] = {
    "auto": Auto,
    "majority_vote": MajorityVote,
    "weighted_vote": WeightedVote,
    "wawa": Wawa,
    "zero_based_skill": ZeroBasedSkill,
    "one_coin": OneCoin,
    "dawid_skene": DawidSkene,
    "hierarchical_dawid_skene": HierarchicalDawidSkene,
    "graded_dawid_skene": GradedDawidSkene,
    "bayesian_dawid_skene": BayesianDawidSkene,
    "model_aware": ModelAware,
    "glad": GLAD,
    "mace": MACE,
    "m_msr": MMSR,
    "kos": KOS,
    "ordinal": Ordinal,
}


def method(name: str, parameters: Mapping[str, object] | None = None, /, **more: object) -> Aggregator:
    """Make the aggregator of that name with these parameters, given as a mapping or by their names.

    Raises
    ------
    InvalidMethod
        No such method, or no such parameter: the message lists those that there are.

    Examples
    --------
    >>> method("dawid_skene", {"diagonal": 4}).diagonal, method("dawid_skene", diagonal=5).diagonal
    (4, 5)
    """
    if name not in METHODS:
        raise InvalidMethod(f"There is no method {name!r}. Methods: {', '.join(METHODS)}.", name=name)
    chosen = METHODS[name]
    names = [field.name for field in fields(chosen)]  # type: ignore[arg-type]
    given = {**(parameters or {}), **more}
    unknown = [key for key in given if key not in names]
    if unknown:
        raise InvalidMethod(
            f"{name} has no parameter {unknown[0]!r}. Parameters: {', '.join(names) or 'none'}.",
            errors=[{"where": f"parameters.{key}", "what": "not a parameter of this method"} for key in unknown],
        )
    return chosen(**given)
