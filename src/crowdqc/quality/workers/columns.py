"""What is known of each answer beside its label, in the order of the votes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Floats
from crowdqc.quality.votes import Votes


class InvalidColumn(Invalid):
    """A column beside the answers does not fit them."""


def column(values: ArrayLike, votes: Votes, what: str) -> Floats:
    """Read one number an answer, float64[n], in the order of the votes; NaN where it is not known."""
    found = _numbers(values, what)
    if found.shape != (len(votes),):
        raise InvalidColumn(f"{what} has the shape {found.shape}; it must be ({len(votes)},), one an answer.")
    return found


def beside(
    votes: Votes,
    items: Iterable[Hashable],
    workers: Iterable[Hashable],
    values: ArrayLike,
    *,
    repeats: Literal["first", "last"] = "first",
) -> Floats:
    """Bring a column of the table that the votes were read from into their order.

    Votes are sorted by item and worker, and where a worker answered an item more than once some rows are gone.
    Give the same columns of ids as to `Votes.of`.

    Parameters
    ----------
    items, workers
        Ids, one a row.
    values
        Numbers or times, one a row.
    repeats
        Which of several rows of a worker and an item counts.

    Returns
    -------
    float64[n]
        One value an answer, NaN where no row speaks of it; all a worker's answers to one item have the same.

    Examples
    --------
    >>> votes = Votes.of(["b", "a", "a"], ["ann", "bob", "ann"], ["x", "y", "x"])
    >>> beside(votes, ["b", "a", "a"], ["ann", "bob", "ann"], [1, 2, 3]).tolist()  # a: ann, a: bob, b: ann
    [3.0, 2.0, 1.0]
    """
    item_code = {item: code for code, item in enumerate(votes.items)}
    worker_code = {worker: code for code, worker in enumerate(votes.workers)}
    row_item = np.array([item_code.get(item, -1) for item in items], dtype=np.int64)
    row_worker = np.array([worker_code.get(worker, -1) for worker in workers], dtype=np.int64)
    given = _numbers(values, "values")
    if not row_item.shape == row_worker.shape == given.shape:
        raise InvalidColumn(
            f"The columns have {row_item.size}, {row_worker.size} and {given.size} rows; all must be as long."
        )
    found = np.full(len(votes), np.nan)
    rows = np.flatnonzero((row_item >= 0) & (row_worker >= 0))
    if not rows.size:
        return found
    key = row_item[rows] * votes.n_workers + row_worker[rows]
    rows = rows[np.argsort(key, kind="stable")]
    key = np.sort(key)
    wanted = votes.item.astype(np.int64) * votes.n_workers + votes.worker
    at = np.searchsorted(key, wanted) if repeats == "first" else np.searchsorted(key, wanted, side="right") - 1
    at = np.clip(at, 0, key.size - 1)
    there = key[at] == wanted
    found[there] = given[rows[at[there]]]
    return found


def _numbers(values: ArrayLike, what: str) -> Floats:
    """Read numbers or times, these as microseconds; NaN for what is not known."""
    numbers = np.asarray(values)
    if numbers.dtype.kind == "M":
        return np.where(np.isnat(numbers), np.nan, numbers.astype("datetime64[us]").astype(np.int64))
    try:
        found = numbers.astype(np.float64)
    except (TypeError, ValueError) as fault:
        raise InvalidColumn(f"{what} must be numbers or times, one an answer.") from fault
    return np.where(np.isfinite(found), found, np.nan)
