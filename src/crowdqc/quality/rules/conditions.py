"""A condition of a rule: a key compared with a number, surely or as it looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Flags, Floats


@dataclass(frozen=True, slots=True)
class Op:
    """A comparison: what it asks, in which words, and whether small values satisfy it."""

    holds: Callable[[Floats, float], Flags]
    words: str
    small: bool


OPS: Mapping[str, Op] = {
    "below": Op(np.less, "below", True),
    "at_most": Op(np.less_equal, "at most", True),
    "at_least": Op(np.greater_equal, "at least", False),
    "above": Op(np.greater, "above", False),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """`{"key": "accuracy", "op": "below", "value": 0.6}`."""

    key: str
    op: str
    value: float

    @property
    def small(self) -> bool:
        """Whether small values satisfy it."""
        return OPS[self.op].small

    def holds(self, value: Floats, low: Floats, high: Floats) -> Flags:
        """Tell where the whole interval lies beyond the threshold; not where the value is not known, NaN.

        Give the value itself as both ends where the value is to decide.

        Examples
        --------
        >>> value, low, high = np.array([[0.4, 0.4, np.nan], [0.2, 0.3, 0.0], [0.6, 0.5, 1.0]])
        >>> Condition("accuracy", "below", 0.6).holds(value, low, high).tolist()
        [False, True, False]
        """
        op = OPS[self.op]
        return np.asarray(op.holds(high if op.small else low, self.value) & ~np.isnan(value))

    def to_json(self) -> dict[str, object]:
        return {"key": self.key, "op": self.op, "value": self.value}

    def __str__(self) -> str:
        return f"{self.key} {OPS[self.op].words} {self.value:g}"
