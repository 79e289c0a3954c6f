"""A column as codes into its distinct values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

T = TypeVar("T", bound="str | tuple[str, ...]")


@dataclass(frozen=True, slots=True, eq=False)
class Coded(Generic[T]):
    """A column as codes.

    Attributes
    ----------
    codes : int32[n]
        Into `values`.
    values : tuple
        Each distinct value once, sorted, so that codes never depend on the order of the rows.
    """

    codes: NDArray[np.int32]
    values: tuple[T, ...]

    @classmethod
    def of(cls, codes: ArrayLike, values: Sequence[T]) -> Self:
        """Sort the values that codes stand for, and take equal ones together.

        >>> column = Coded.of([0, 1, 2], ["b", "a", "b"])
        >>> column.codes.tolist(), column.values
        ([1, 0, 1], ('a', 'b'))
        """
        distinct: list[Any] = sorted(set(values))
        place = {value: code for code, value in enumerate(distinct)}
        rank = np.fromiter((place[value] for value in values), dtype=np.int32, count=len(values))
        given = np.asarray(codes)
        return cls(rank[given] if given.size else np.zeros(0, dtype=np.int32), tuple(distinct))

    def __len__(self) -> int:
        return int(self.codes.size)
