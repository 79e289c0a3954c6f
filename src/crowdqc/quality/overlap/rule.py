"""What every rule of overlap is, and what all of them share."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from crowdqc.quality.arrays import Flags
from crowdqc.quality.overlap.decisions import Decisions
from crowdqc.quality.overlap.standing import Standing
from crowdqc.quality.parameters import InvalidParameter, check_number, check_whole


class Rule(Protocol):
    """A rule with its parameters: a frozen dataclass that decides on all items at once and remembers nothing."""

    @property
    def minimum(self) -> int: ...

    def decide(self, standing: Standing) -> Decisions: ...


class Bounded(Protocol):
    """A rule that keeps between two overlaps, and asks a sample of items up to the greater."""

    @property
    def minimum(self) -> int: ...

    @property
    def maximum(self) -> int: ...

    @property
    def sample(self) -> float: ...


def check_bounds(rule: Bounded) -> None:
    """Refuse overlaps that are none and a share that is none."""
    check_whole(rule, "minimum", "maximum")
    check_number(rule, "sample", high=1.0)
    if rule.minimum > rule.maximum:
        raise InvalidParameter(
            f"minimum is {rule.minimum}; it must not be above the maximum, {rule.maximum}.", name="minimum"
        )


def drawn(rule: Bounded, standing: Standing) -> Flags:
    """Find the items of the sample, bool[n_items]: a greater share keeps those of a smaller."""
    if not rule.sample:
        return np.zeros(standing.answered.size, dtype=bool)
    if standing.draws is None:
        raise InvalidParameter(
            "A sample is asked for, but the standing has no draws.",
            mend="Give Standing.of(..., draws=audit_draws(votes.items, seed)).",
            name="sample",
        )
    return np.asarray(standing.draws < rule.sample)
