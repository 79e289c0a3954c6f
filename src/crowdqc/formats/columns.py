"""Typed columns: what a value must be to go out, and what it becomes when it comes back."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from crowdqc.errors import Invalid
from crowdqc.formats import jsonvalues

Kind = Literal["text", "integer", "number", "boolean", "json"]

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Unwritable(Invalid):
    """A value does not fit its column."""


class Mistyped(Invalid):
    """A value that was read does not fit its column."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; any column may be empty (None).

    Attributes
    ----------
    name : str
        Its name, not empty.
    kind : {"text", "integer", "number", "boolean", "json"}
        ``number`` is a finite float; ``json`` is any JSON value, written as itself in jsonl and as JSON text
        elsewhere. In a ``json`` column None means that there is no value: JSON's own null at the top of a
        cell is not kept apart from it.
    """

    name: str
    kind: Kind = "text"

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a column needs a name")


def checked(column: Column, value: object, row: int) -> object:
    """Give a value as its column wants it, or say why it does not fit.

    Raises
    ------
    Unwritable
        Naming the column and the row (from 1).
    """
    if value is None:
        return None
    if column.kind == "text":
        if isinstance(value, str):
            return value
    elif column.kind == "integer":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif column.kind == "number":
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _float(value, column, row)
    elif column.kind == "boolean":
        if isinstance(value, bool):
            return value
    else:
        return value
    raise unwritable(column, row, f"A {type(value).__name__} is not {column.kind}.")


def json_text(column: Column, value: object, row: int) -> str:
    """Give the JSON text of a value of a ``json`` column."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise unwritable(column, row, f"The value is not JSON: {error}.") from None


def unwritable(column: Column, row: int, what: str) -> Unwritable:
    """Give the error for a value, with its place."""
    where = f"row {row}, column {column.name}"
    return Unwritable(f"{what} ({where})", errors=({"where": where, "what": what},), where=where)


def _float(value: int | float, column: Column, row: int) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise unwritable(column, row, "A number is infinite or not a number.")
    if number != value:
        raise unwritable(column, row, "A whole number is too large for a number column to keep exactly.")
    return number


def typed(values: Mapping[str, object], columns: Sequence[Column], format: str) -> dict[str, object]:
    """Give the values of a row that was read, each as its column's kind.

    What `write` wrote comes back as it was: ``typed(row.values, columns, format)`` of a row that
    ``rows(..., nulls=True)`` gave. An empty cell of csv is None; an empty text that is written in quotes is "".

    Parameters
    ----------
    values : mapping
        A row's values; a column that is not there is None, others are left out.
    columns : sequence of Column
    format : str
        The format they were read from: in jsonl a ``json`` column holds values, elsewhere JSON text.

    Raises
    ------
    Mistyped
        Naming the column.

    Examples
    --------
    >>> typed({"n": "1.5", "ok": "true"}, [Column("n", "number"), Column("ok", "boolean")], "csv")
    {'n': 1.5, 'ok': True}
    """
    native = format.startswith("jsonl")
    given: dict[str, object] = {}
    for column in columns:
        value = values.get(column.name)
        if value is not None and not (native and column.kind == "json"):
            try:
                value = _READERS[column.kind](value)
            except ValueError as error:
                where = f"column {column.name}"
                what = f"{_shown(value)} is not {_WORDS[column.kind]}"
                what += f": {error}" if column.kind == "json" else "."
                raise Mistyped(what, errors=({"where": where, "what": what},), where=where) from None
        given[column.name] = value
    return given


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _read_text(value: object) -> object:
    if isinstance(value, str):
        return value
    raise ValueError


def _read_integer(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not value:
            return None
        if _INTEGER.fullmatch(value):
            return int(value)
    raise ValueError


def _read_number(value: object) -> object:
    if isinstance(value, str):
        if not value:
            return None
        if not _NUMBER.fullmatch(value):
            raise ValueError
        value = float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            raise ValueError from None
        if math.isfinite(number):
            return number
    raise ValueError


def _read_boolean(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not value:
            return None
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
    raise ValueError


def _read_json(value: object) -> object:
    if isinstance(value, str):
        return jsonvalues.parse(value) if value else None
    raise ValueError("it is not JSON text.")


_READERS: dict[Kind, Callable[[object], object]] = {
    "text": _read_text,
    "integer": _read_integer,
    "number": _read_number,
    "boolean": _read_boolean,
    "json": _read_json,
}
_WORDS: dict[Kind, str] = {
    "text": "text",
    "integer": "a whole number",
    "number": "a finite number",
    "boolean": "true or false",
    "json": "JSON",
}
