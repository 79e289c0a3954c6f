"""Columns of ids become codes, and repeats are settled: what every kind of answer begins with."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from math import isfinite
from numbers import Real
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Counts, Flags, Floats

Repeats = Literal["first", "last", "all", "reject"]
Places = NDArray[np.intp]


class Answered:
    """Answers of workers to items, one row an answer, whatever it is that they answer."""

    __slots__ = ()

    item: Codes
    worker: Codes
    items: tuple[Hashable, ...]
    workers: tuple[Hashable, ...]

    def __len__(self) -> int:
        return int(self.item.size)

    @property
    def n_items(self) -> int:
        return len(self.items)

    @property
    def n_workers(self) -> int:
        return len(self.workers)

    def answers_per_item(self) -> Counts:
        return np.bincount(self.item, minlength=self.n_items)

    def answers_per_worker(self) -> Counts:
        return np.bincount(self.worker, minlength=self.n_workers)


def plain(column: Iterable[Any]) -> list[Any]:
    """Read a column as a list of Python's own values: numpy's scalars would make ids that nobody wrote."""
    for listed in ("tolist", "to_pylist", "to_list"):
        if hasattr(column, listed):
            return list(getattr(column, listed)())
    return list(column)


def coded(
    column: Sequence[Hashable], what: str, fault: type[Invalid], known: Sequence[Hashable] | None = None
) -> tuple[Codes, tuple[Hashable, ...]]:
    """Number the ids of a column by their own order, or by that of `known`; a missing or unknown one is refused.

    >>> from crowdqc.errors import Invalid
    >>> codes, ids = coded(["b", "a", "b"], "item", Invalid)
    >>> codes.tolist(), ids
    ([1, 0, 1], ('a', 'b'))
    """
    distinct = dict.fromkeys(column)
    for value in distinct:
        if value is None or value == "" or value != value:
            row = next(row for row, other in enumerate(column) if other is value or other == value)
            raise fault(f"The {what} of row {row} is missing.", row=row)
    ids = tuple(ordered(distinct) if known is None else known)
    code = {value: place for place, value in enumerate(ids)}
    if len(code) != len(ids):
        raise fault(f"An {what} is named twice among those that are known.")
    try:
        return np.fromiter(map(code.__getitem__, column), dtype=np.int32, count=len(column)), ids
    except KeyError as unknown:
        value = unknown.args[0]
        row = list(column).index(value)
        raise fault(f"The {what} {value!r} of row {row} is not known.", row=row) from None


def checked(codes: ArrayLike, size: int, what: str, fault: type[Invalid]) -> Codes:
    """Take a column of codes from 0 to size - 1 as int32."""
    column = np.asarray(codes)
    if column.ndim != 1 or (column.size and not np.issubdtype(column.dtype, np.integer)):
        raise fault(f"The {what} codes must be one column of whole numbers.")
    if column.size and (column.min() < 0 or column.max() >= size):
        raise fault(f"The {what} codes must lie from 0 to {size - 1}.")
    return column.astype(np.int32)


def asked(
    items: Iterable[Hashable],
    workers: Iterable[Hashable],
    said: Sequence[Any] | NDArray[Any],
    fault: type[Invalid],
    all_items: Sequence[Hashable] | None,
) -> tuple[Codes, Codes, tuple[Hashable, ...], tuple[Hashable, ...]]:
    """Number the items and workers of answers: their codes, and the ids of both."""
    item_ids, worker_ids = plain(items), plain(workers)
    equally_long((item_ids, worker_ids, said), fault)
    item, known_items = coded(item_ids, "item", fault, all_items)
    worker, known_workers = coded(worker_ids, "worker", fault)
    return item, worker, known_items, known_workers


def numbers(values: ArrayLike | Iterable[Any], what: str, fault: type[Invalid]) -> Floats:
    """Take a column of finite numbers as float64; the first row that holds none is refused by its place."""
    column: Any = values
    if not (isinstance(values, np.ndarray) and values.dtype.kind in "iuf"):
        column = plain(values)  # type: ignore[arg-type]
        odd = {kind for kind in set(map(type, column)) if kind is bool or not issubclass(kind, Real)}
        if odd:
            row = next(row for row, value in enumerate(column) if type(value) in odd)
            raise fault(f"The {what} of row {row} is {column[row]!r}, not a number.", row=row)
    taken = np.array(column, dtype=np.float64)
    if taken.ndim != 1:
        raise fault(f"The {what}s must be one column of numbers.")
    if not np.isfinite(taken).all():
        row = int(np.argmin(np.isfinite(taken)))
        raise fault(f"The {what} of row {row} is {taken[row]}; it must be a finite number.", row=row)
    return taken


def equally_long(columns: Iterable[Sequence[Any] | NDArray[Any]], fault: type[Invalid]) -> None:
    """Refuse columns of unequal length."""
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise fault(f"The columns have {', '.join(map(str, lengths))} rows; they must be equally long.")


def settled(unit: NDArray[np.int64], worker: Codes, repeats: Repeats, fault: type[Invalid]) -> Places:
    """Order rows by unit and then by worker, and settle where a worker answered a unit more than once.

    Parameters
    ----------
    unit
        int64[n], what was asked; the rows are in the order of answering.
    repeats
        Keep the "first" or the "last" answer, keep "all", or "reject" the whole.

    Returns
    -------
    intp[kept]
        The rows to keep, in their new order.
    """
    if repeats not in get_args(Repeats):
        raise fault(f"repeats is {repeats!r}; it must be one of {', '.join(get_args(Repeats))}.")
    order = np.lexsort((worker, unit))
    new = opens_group(unit[order], worker[order])
    if repeats == "reject" and not new.all():
        row = int(order[int(np.argmin(new))])
        raise fault(f"The worker of row {row} answered the same before.", row=row)
    if repeats == "first":
        return np.asarray(order[new])
    if repeats == "last":
        return np.asarray(order[np.append(new[1:], True)[: order.size]])
    return np.asarray(order)


def opens_group(unit: NDArray[Any], worker: Codes) -> Flags:
    """True at the first of each worker's answers to a unit, in rows that are sorted by both, bool[n]."""
    new = np.ones(unit.size, dtype=bool)
    new[1:] = (unit[1:] != unit[:-1]) | (worker[1:] != worker[:-1])
    return new


def ordered(distinct: Iterable[Any]) -> list[Any]:
    """Sort ids by their own order where they have one, so that codes never depend on the order of the rows."""
    try:
        return sorted(distinct)
    except TypeError:
        return sorted(distinct, key=lambda value: (type(value).__name__, str(value)))


def classes_in_order(names: Iterable[str]) -> list[str]:
    """Sort the names of classes: by number where all are numbers, for 10 comes after 9, otherwise as text.

    >>> classes_in_order(["10", "9", "1"]), classes_in_order(["b", "10", "9"])
    (['1', '9', '10'], ['10', '9', 'b'])
    """
    distinct = sorted(names)
    try:
        numbers = {name: float(name) for name in distinct}
    except ValueError:
        return distinct
    return sorted(distinct, key=numbers.__getitem__) if all(map(isfinite, numbers.values())) else distinct
