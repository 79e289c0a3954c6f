"""What a table wants of a file: which of its columns, and how a cell of each is taken."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from crowdqc.formats.answers import _NUMBER, ALIASES, _id, _label, _labels, _shown, _time, _Unfit

#: Under which names a column is known: those of answers, and what only whole tables have.
KNOWN: Mapping[str, tuple[str, ...]] = {
    **ALIASES,
    "weight": ("weight",),
    "model": ("model",),
    "place": ("place", "position"),
}

NAN = float("nan")
#: Stands for a cell that holds something else than a number from 0, where that is no fault.
ODD = -1.0

#: The seconds or the number, and whether it is a time.
Moment = tuple[float, bool]


@dataclass(frozen=True, slots=True)
class Text:
    """A column whose cells are ids, labels or sets of labels.

    Attributes
    ----------
    role, column : str
        What it is to the table, and what it is called in the file.
    take : callable
        Gives the value of a cell; raises `_Unfit`.
    plain : bool
        Whether text is taken as it stands.
    """

    role: str
    column: str
    take: Callable[[object], Hashable]
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Number:
    """A column of numbers that are finite and not below zero, or not below `low`.

    Attributes
    ----------
    needed : bool
        Whether a cell that holds no such number is a fault; otherwise it is NaN where it is empty (or NaN), and
        `ODD` where it is not.
    """

    role: str
    column: str
    what: str
    needed: bool = True
    low: float = 0.0

    def take(self, value: object) -> float:
        """Give the number in a cell."""
        number = _number(value)
        if number >= self.low and number - number == 0:
            return number
        if self.needed:
            reach = " from 0" if self.low == 0 else ""
            raise _Unfit(
                f"The {self.what} {_shown(value)} is not a number{reach}.", "Write a number such as 0.75."
            )
        return NAN if _nothing(value) else ODD


@dataclass(frozen=True, slots=True)
class Time:
    """A column of times, or of ranks; what is neither is not known, and no fault."""

    role: str
    column: str

    def take(self, value: object) -> Moment:
        """Give a time, as seconds from 1970 on, or a number, and whether it is a time; NaN where neither."""
        number = _number(value)
        if number - number == 0:
            return number, False
        try:
            time = _time(value)
        except _Unfit:
            time = None
        return (NAN, False) if time is None else (time.timestamp(), True)


Cell = Text | Number | Time


def column_of(names: tuple[str, ...], role: str) -> str | None:
    """Give the column of a role: the one of the first alias that is there; case does not matter.

    >>> column_of(("Task", "performer", "answer"), "item")
    'Task'
    """
    lowered: dict[str, str] = {}
    for name in names:
        lowered.setdefault(name.strip().lower(), name)
    return next((lowered[alias] for alias in KNOWN[role] if alias in lowered), None)


def identity(role: str, column: str) -> Text:
    """Give a column of ids."""
    return Text(role, column, _id)


def label(column: str) -> Text:
    """Give a column of labels, each one label."""
    return Text("label", column, _label)


def accepted(column: str) -> Text:
    """Give a column of accepted labels, one or several a cell."""
    return Text("label", column, _labels, plain=False)


def needed(cell: Cell) -> bool:
    """Whether a line without the cell is at fault."""
    return cell.needed if isinstance(cell, Number) else isinstance(cell, Text)


def _nothing(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lstrip("+-").lower() in ("", "nan")
    return value is None or value != value


def _number(value: object) -> float:
    if isinstance(value, bool):
        return NAN
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value := value.strip()) else NAN
    try:
        return float(value) if isinstance(value, (int, float)) else NAN
    except OverflowError:
        return NAN
