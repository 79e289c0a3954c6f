"""What the parameters of a method may be."""

from __future__ import annotations

import math

from crowdqc.errors import Invalid

#: A whole number in JSON may be greater than any float.
GREATEST = 1e300


class InvalidParameter(Invalid):
    """A parameter of a method is out of its range."""


def check_number(method: object, *names: str, low: float = 0.0, high: float = math.inf) -> None:
    """Refuse what is not a finite number from `low` to `high`; names are those of fields of the method."""
    for name in names:
        value = getattr(method, name)
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if not fits or not low <= value <= min(high, GREATEST):
            reach = f"from {low:g} up" if math.isinf(high) else f"from {low:g} to {high:g}"
            raise InvalidParameter(f"{name} is {value!r}; it must be a number {reach}.", name=name)


def check_whole(method: object, *names: str, low: int = 1, high: int = 100_000) -> None:
    """Refuse what is not a whole number from `low` to `high`."""
    for name in names:
        value = getattr(method, name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise InvalidParameter(
                f"{name} is {value!r}; it must be a whole number from {low:,} to {high:,}.", name=name
            )


def check_choice(method: object, name: str, choices: tuple[str, ...]) -> None:
    """Refuse what is not one of the choices."""
    value = getattr(method, name)
    if value not in choices:
        raise InvalidParameter(f"{name} is {value!r}; it must be one of {', '.join(choices)}.", name=name)
