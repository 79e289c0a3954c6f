"""What a pool is made of: columns that are read, coded and checked once, each fault named."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.columns import ordered, plain
from crowdqc.quality.predictions import Predictions
from crowdqc.quality.predictions.columns import check_predictions

Vectors = NDArray[np.float32]


class InvalidPool(Invalid):
    """What is said of the items does not fit together."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of metadata.

    Attributes
    ----------
    code
        int32[n_items], code into `names`; -1 where it is not known.
    names
        The values, in their own order.
    """

    code: Codes
    names: tuple[Hashable, ...]


def column(values: Sequence[Any] | NDArray[Any], n_items: int, what: str) -> Column:
    """Code a column of values, one an item; None and NaN are not known.

    >>> found = column(["rain", None, "dry"], 3, "weather")
    >>> found.code.tolist(), found.names
    ([1, -1, 0], ('dry', 'rain'))
    """
    given = plain(values)
    long_enough(len(given), n_items, f"metadata {what!r}")
    known = [None if value is None or value != value else value for value in given]
    names = tuple(ordered({value for value in known if value is not None}))
    code = {value: place for place, value in enumerate(names)}
    return Column(np.array([-1 if value is None else code[value] for value in known], dtype=np.int32), names)


def predictions(values: Predictions | ArrayLike, n_items: int, what: str, *, many: bool = False) -> Predictions:
    """Take predictions as they are, or read a table of probabilities.

    Parameters
    ----------
    values
        `Predictions`, or float64[n_items, K], or float64[M, n_items, K] where there are `many`: members, or views.
        A row of NaN alone is an item without a prediction.
    many
        Several rows an item are allowed.

    Raises
    ------
    InvalidPool
        A shape that does not fit; two rows of an item where one is wanted.
    InvalidPredictions
        Rows that are no probabilities.
    """
    if isinstance(values, Predictions):
        found = check_predictions(values)
    else:
        table = np.asarray(values, dtype=np.float64)
        table = table[None] if table.ndim == 2 else table
        if table.ndim != 3 or table.shape[1] != n_items or (table.shape[0] > 1 and not many):
            wanted = f"[M, {n_items}, K]" if many else f"[{n_items}, K]"
            raise InvalidPool(
                f"{what} has the shape {np.shape(values)}; it must be probabilities of the shape {wanted}.",
                errors=[{"where": what, "what": f"shape {np.shape(values)}, not {wanted}"}],
            )
        member, item = np.nonzero(~np.isnan(table).all(axis=2))
        found = Predictions.coded(
            item,
            member,
            table[member, item],
            models=[str(each) for each in range(len(table))],
            n_items=n_items,
            n_classes=table.shape[2],
        )
    if found.item.size and int(found.item.max()) >= n_items:
        raise InvalidPool(f"{what} speaks of item {int(found.item.max())}; there are {n_items} items.")
    if not many:
        rows = np.bincount(found.item, minlength=n_items)
        if (rows > 1).any():
            raise InvalidPool(
                f"{what} has {int(rows.max())} rows of item {int(rows.argmax())}; it may have one.",
                mend="Give several models as `ensemble`, and several views of an item as `views`.",
            )
    return found


def vectors(values: ArrayLike, n_items: int, what: str) -> Vectors:
    """Read float32[n_items, d]; a row that is not finite is refused by its place."""
    table = np.asarray(values, dtype=np.float32)
    if table.ndim != 2 or len(table) != n_items or not table.shape[1]:
        raise InvalidPool(
            f"{what} have the shape {table.shape}; they must have the shape [{n_items}, d], a row an item.",
            errors=[{"where": what, "what": f"shape {table.shape}"}],
        )
    # the sum of a row is finite where all of it is, or it is too great to be squared
    bad = ~np.isfinite(np.einsum("ij,ij->i", table, table))
    if bad.any():
        row = int(bad.argmax())
        raise InvalidPool(
            f"The {what} of item {row} hold NaN, or numbers that are not finite.",
            mend="Leave such items out, or compute their vectors again.",
            errors=[
                {"where": f"{what}[{each}]", "what": "not finite"} for each in np.flatnonzero(bad)[:20].tolist()
            ],
        )
    return table


def numbers(values: ArrayLike, n_items: int, what: str, ndim: int = 1) -> Floats:
    """Read float64[n_items], or [n_items, k] where `ndim` is 2; NaN is allowed in whole rows: not known."""
    table = np.asarray(values, dtype=np.float64)
    if ndim == 2 and table.ndim == 1:
        table = table[:, None]
    if table.ndim != ndim:
        raise InvalidPool(f"{what} has the shape {table.shape}; it must have {ndim} dimensions.")
    long_enough(len(table), n_items, what)
    if np.isinf(table).any():
        raise InvalidPool(f"{what} of item {int(np.argwhere(np.isinf(table))[0][0])} is infinite.")
    return table


def codes(values: ArrayLike, n_items: int, what: str) -> Codes:
    """Read int32[n_items], codes from 0, -1 for none."""
    table = np.asarray(values)
    if table.ndim != 1 or (table.size and not np.issubdtype(table.dtype, np.integer)):
        raise InvalidPool(f"{what} must be one column of codes, whole numbers, -1 where there is none.")
    long_enough(len(table), n_items, what)
    if table.size and int(table.min()) < -1:
        raise InvalidPool(f"{what} of item {int(table.argmin())} is {int(table.min())}; codes begin at 0.")
    return table.astype(np.int32)


def flags(values: ArrayLike | None, n_items: int, what: str) -> Flags:
    """Read bool[n_items], or the codes of the items that are meant; None means no item."""
    marked = np.zeros(n_items, dtype=bool)
    if values is None:
        return marked
    given = np.asarray(values)
    if given.dtype == bool:
        long_enough(len(given), n_items, what)
        return given.copy()
    if given.ndim != 1 or (given.size and not np.issubdtype(given.dtype, np.integer)):
        raise InvalidPool(f"{what} must be item codes, or a flag for each item.")
    odd = next((each for each in given.tolist() if not 0 <= each < n_items), None)
    if odd is not None:
        raise InvalidPool(f"{what} names item {odd}; items are numbered from 0 to {n_items - 1}.")
    marked[given.astype(np.intp)] = True
    return marked


def long_enough(rows: int, n_items: int, what: str) -> None:
    """Refuse a column that has not one row an item."""
    if rows != n_items:
        raise InvalidPool(
            f"{what} has {rows} rows; there are {n_items} items.",
            mend="Give a row for each item, in the order of the items.",
            errors=[{"where": what, "what": f"{rows} rows, not {n_items}"}],
        )
