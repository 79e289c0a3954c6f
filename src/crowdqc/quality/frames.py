"""Columns of a frame as codes, whoever made it: pandas, polars, Arrow or a mapping; none of them is imported."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Floats

#: Under which names a column is known; case does not matter. The first is ours and wins over the others.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "worker": ("worker", "worker_id", "workerid", "annotator", "labeler", "labeller", "performer", "tasker"),
    "item": ("item", "item_id", "task", "task_id"),
    "label": ("label", "answer"),
    "seconds": ("seconds",),
    "weight": ("weight",),
}


class InvalidFrame(Invalid):
    """The frame cannot be read as answers."""


def column(frame: Any, role: str, name: Hashable | None = None, *, needed: bool = True) -> Any:
    """Find a column: the one of that name, or of the first of the role's `ALIASES` that is there.

    Raises
    ------
    InvalidFrame
        There is none, and it is needed.
    """
    names = _names(frame)
    if name is not None:
        if name in names:
            return frame[name]
    else:
        lowered: dict[str, Hashable] = {}
        for each in names:
            if isinstance(each, str):
                lowered.setdefault(each.strip().lower(), each)
        for alias in ALIASES[role]:
            if alias in lowered:
                return frame[lowered[alias]]
        if not needed:
            return None
    wanted = repr(name) if name is not None else " or ".join(ALIASES[role])
    shown = ", ".join(map(str, names[:20])) or "none"
    raise InvalidFrame(
        f"The frame has no column {wanted}. Its columns are: {shown}.",
        mend=f"Say which it is: {role}='...'.",
    )


def coded(column: Any, what: str) -> tuple[Codes, list[Hashable]]:
    """Code a column of ids: int32[n], and the distinct values that the codes stand for, as Python's own.

    Raises
    ------
    InvalidFrame
        A value is missing: None, NaN, NA, NaT or an empty text. It names the row, from 0.

    Examples
    --------
    >>> codes, values = coded(["b", "a", "b"], "item")
    >>> codes.tolist(), values
    ([0, 1, 0], ['b', 'a'])
    """
    codes, values = _coded(column, what)
    missing = np.array([is_missing(value) for value in values] + [True])  # the last is that of the code -1
    if (at := missing[codes]).any():
        raise _fault(what, int(np.argmax(at)), "is missing")
    return codes, values


def coded_labels(column: Any) -> tuple[Codes, list[str]]:
    """Code a column of labels, which become text as in files: 1 and 1.0 are "1", True is "true".

    Two codes may stand for the same text.

    >>> coded_labels([1.0, 2.5, "1", True])[1]
    ['1', '2.5', '1', 'true']
    """
    codes, values = coded(column, "label")
    try:
        return codes, [text(value) for value in values]
    except TypeError:
        code = next(code for code, value in enumerate(values) if not isinstance(value, (str, int, float)))
        row = int(np.argmax(codes == code))
        raise _fault("label", row, f"is {values[code]!r}, neither text nor a number") from None


def numbers(column: Any, what: str) -> Floats:
    """Read a column of numbers, float64[n]; NaN where one is missing.

    >>> numbers([1, None, 2.5], "seconds").tolist()
    [1.0, nan, 2.5]
    """
    try:
        if hasattr(column, "factorize"):
            return np.array(column.to_numpy(dtype=np.float64, na_value=np.nan))
        plain = column.to_numpy() if hasattr(column, "to_numpy") else column
        return np.array(plain, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidFrame(f"The column of {what} is not one of numbers: {error}.") from None


def _names(frame: Any) -> list[Hashable]:
    if hasattr(frame, "collect_schema") and not hasattr(frame, "to_arrow"):
        raise InvalidFrame("The frame is lazy: it has no values yet.", mend="Collect it first.")
    for names in ("column_names", "columns", "keys"):  # Arrow; pandas and polars; mappings
        found = getattr(frame, names, None)
        if found is not None:
            return list(found() if callable(found) else found)
    if (found := getattr(getattr(frame, "dtype", None), "names", None)) is not None:
        return list(found)
    raise InvalidFrame(
        f"A {type(frame).__name__} has no columns by name.",
        mend="Give a frame, a table, a mapping of columns, or three columns to Votes.of.",
    )


def _coded(column: Any, what: str) -> tuple[Codes, list[Any]]:
    """Let the column code itself where it can: that takes a tenth of the time."""
    if hasattr(column, "factorize"):  # pandas
        codes, values = column.factorize()
        return np.asarray(codes, dtype=np.int32), values.tolist()
    if hasattr(column, "dictionary_encode"):
        return _coded_arrow(column)
    if hasattr(column, "to_arrow"):  # polars
        try:
            return _coded_arrow(column.to_arrow())
        except ImportError:  # it needs Arrow for that
            column = column.to_list()
    if isinstance(column, np.ndarray) and column.dtype.kind in "iub":
        distinct, places = np.unique(column, return_inverse=True)
        return places.astype(np.int32).ravel(), distinct.tolist()
    return _coded_one_by_one(column.tolist() if isinstance(column, np.ndarray) else column, what)


def _coded_arrow(column: Any) -> tuple[Codes, list[Any]]:
    column = column.dictionary_encode()
    if hasattr(column, "unify_dictionaries"):
        column = column.unify_dictionaries().combine_chunks()
    if hasattr(column, "num_chunks"):  # some versions keep the one chunk in its wrapping
        if column.num_chunks == 0:
            return np.zeros(0, dtype=np.int32), []
        column = column.chunk(0)
    codes = column.indices
    # from_dlpack, because Arrow's own way to numpy imports pandas where there is one
    codes = np.from_dlpack(codes.cast("int32").fill_null(-1) if codes.null_count else codes)
    return codes.astype(np.int32), column.dictionary.to_pylist()


def _coded_one_by_one(column: Iterable[Any], what: str) -> tuple[Codes, list[Any]]:
    place: dict[Any, int] = {}
    codes: list[int] = []
    try:
        # 1, 1.0 and True are equal to Python, and are told apart here
        codes.extend(place.setdefault((type(value), value), len(place)) for value in column)
    except TypeError:
        raise _fault(what, len(codes), "cannot be hashed, so it is no id") from None
    return np.array(codes, dtype=np.int32), [value for _, value in place]


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: None, NaN, NA, NaT or an empty text."""
    if isinstance(value, str):
        return not value.strip()
    try:
        return value is None or bool(value != value)
    except TypeError:  # NA is neither equal nor unequal to itself
        return True


def text(value: Any) -> str:
    """Make a label text, as in files; `TypeError` where it is neither text nor a number."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    raise TypeError


def _fault(what: str, row: int, fault: str) -> InvalidFrame:
    return InvalidFrame(f"The {what} of row {row} {fault}.", row=row)
