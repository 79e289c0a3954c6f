"""The array types that the values of `quality` are made of, how these are shown, and sums of their short rows."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import fields
from functools import reduce
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value")

Codes = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]

#: Answers handled at once where an answer needs a row of K numbers: bounds memory, changes no result.
CHUNK = 1 << 18
#: Columns up to which a row is reduced column by column: numpy reduces short rows slowly.
SHORT = 16
#: Characters and parts up to which a part of a value is shown as it is.
SHOWN, PARTS = 60, 12


def brief(value: type[Value]) -> type[Value]:
    """Have a dataclass show the shapes of what it holds: arrays of a million rows belong on no screen.

    >>> from dataclasses import dataclass
    >>> @brief
    ... @dataclass(frozen=True, slots=True, eq=False)
    ... class Scores:
    ...     workers: tuple[str, ...]
    ...     skill: Floats
    ...     converged: bool
    >>> Scores(("ann", "bob"), np.array([0.9, 0.7]), True)
    Scores(workers=('ann', 'bob'), skill=float64[2], converged=True)
    >>> Scores(tuple(map(str, range(1000))), np.zeros(1000), True)
    Scores(workers=tuple[1000], skill=float64[1000], converged=True)
    """

    def __repr__(self: Any) -> str:  # noqa: N807
        parts = (f"{part.name}={shown(getattr(self, part.name))}" for part in fields(self) if part.repr)
        return f"{type(self).__name__}({', '.join(parts)})"

    value.__repr__ = __repr__  # type: ignore[method-assign]
    return value


def shown(part: object) -> str:
    """Say in a few characters what a part of a value is.

    >>> print(shown(np.zeros((300, 5))), shown(np.float64(0.5)), shown("ham"), shown("spam" * 20))
    float64[300, 5] 0.5 'ham' str[80]
    >>> print(shown((np.zeros(3), None)), shown([0] * 1000), shown({1: "one"}))
    (float64[3], None) list[1000] {1: 'one'}
    """
    if isinstance(part, np.ndarray):
        return f"{part.dtype}[{', '.join(map(str, part.shape))}]" if part.ndim else repr(part.item())
    if isinstance(part, np.generic):
        return repr(part.item())
    many = isinstance(part, tuple | list | dict | set | frozenset) and len(part) > PARTS
    if type(part) is tuple and not many:
        words = f"({', '.join(map(shown, part))}{',' * (len(part) == 1)})"
    else:
        words = "" if many else repr(part)
    if 0 < len(words) <= SHOWN and "\n" not in words:
        return words
    return type(part).__name__ + (f"[{len(part)}]" if isinstance(part, Sized) else "(...)")


def row_sums(table: Floats) -> Floats:
    """Sum the rows of float64[n, K]."""
    return np.asarray(table @ np.ones(table.shape[1]))


def row_maxima(table: Floats) -> Floats:
    """Give the greatest of each row of float64[n, K], K > 0."""
    return np.asarray(reduce(np.maximum, table.T) if table.shape[1] <= SHORT else table.max(axis=1))
