"""What the service wants of a place to compute: one pure, picklable function over many values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

Given = TypeVar("Given")
Found = TypeVar("Found")


class Execution(Protocol):
    """Computes."""

    def map(self, function: Callable[[Given], Found], values: Sequence[Given]) -> list[Found]:
        """Apply a function to values, results in their order; an exception of one is raised here."""

    def close(self) -> None:
        """Give back what is held."""
