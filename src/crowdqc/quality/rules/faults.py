"""What is wrong with a rule: where, and what; all of it at once."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TypeGuard

from crowdqc.errors import Invalid

Fault = dict[str, object]
#: The largest number that can be compared with.
_LARGEST = sys.float_info.max


class InvalidRule(Invalid):
    """The rule cannot be read, or can never fire."""


def number(value: object, where: str, faults: list[Fault], low: float, high: float | None) -> TypeGuard[float]:
    """Tell whether it is a number from `low` to `high`; a fault is added where it is not."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        faults.append({"where": where, "what": f"{value!r} is not a number"})
        return False
    if value < low or (high is not None and value > high):
        reach = f"from {low:g} up" if high is None else f"from {low:g} to {high:g}"
        faults.append({"where": where, "what": f"{value!r} does not lie {reach}"})
        return False
    return True


def whole(value: object, where: str, faults: list[Fault], low: int, high: int) -> TypeGuard[int]:
    """Tell whether it is a whole number from `low` to `high`; a fault is added where it is not."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        faults.append({"where": where, "what": f"{value!r} is not a whole number from {low:,} to {high:,}"})
        return False
    return True


def unknown_keys(json: Mapping[object, object], known: Iterable[str], where: str, faults: list[Fault]) -> None:
    """Add a fault for each key that is not known; the known ones are listed."""
    known = list(known)
    faults.extend(
        {"where": f"{where}.{key}", "what": f"is not known here; what is: {', '.join(known)}"}
        for key in json
        if key not in known
    )
