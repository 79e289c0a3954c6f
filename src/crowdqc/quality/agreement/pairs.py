"""Worker by worker: how often every two workers answered the same items, and how far they agree on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.quality.agreement.cells import Cells, Index, rows_of, sums
from crowdqc.quality.agreement.crosstabs import CrossTables
from crowdqc.quality.agreement.weights import Weights, weighted
from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.votes import Votes

if TYPE_CHECKING:
    from scipy import sparse

#: Pairs of answers that are multiplied out at once: bounds memory, changes no result.
_BLOCK = 1 << 21


@brief
@dataclass(frozen=True, slots=True, eq=False)
class WorkerPairs:
    """Every two workers with items in common, sorted by the first and then by the second.

    Attributes
    ----------
    first, second
        int32[pairs], codes of workers; the first is the lower.
    common
        int64[pairs], items that both answered.
    agreement
        float64[pairs], share of these of which both say the same.
    cohen, scott
        float64[pairs], Cohen's kappa and Scott's pi on them; NaN where both always say the same one class.
    n_workers
        Of the votes.
    """

    first: Codes
    second: Codes
    common: NDArray[np.int64]
    agreement: Floats
    cohen: Floats
    scott: Floats
    n_workers: int

    def __len__(self) -> int:
        return int(self.first.size)

    def matrix(self, values: NDArray[Any]) -> sparse.csr_array:
        """A column of pairs as a symmetric sparse matrix [n_workers, n_workers]; what is not there is no pair."""
        from scipy import sparse

        rows, columns = np.concatenate([self.first, self.second]), np.concatenate([self.second, self.first])
        shape = (self.n_workers, self.n_workers)
        return sparse.csr_array((np.concatenate([values, values]), (rows, columns)), shape=shape)


def worker_pairs(
    votes: Votes, *, least: int = 1, weights: Weights = "identity", values: ArrayLike | None = None
) -> WorkerPairs:
    """Compare every two workers on the items that both answered, by sparse products.

    Time and memory follow the pairs of answers to the same item; nothing has the size workers x workers.

    Parameters
    ----------
    least
        Items that two workers must have in common to be a pair.
    weights, values
        How far two classes agree, for the two kappas (see `weighted`); `agreement` is always of equal classes.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2, 3, 3, 3], list("abababc"), list("xxyxyyy"))
    >>> pairs = worker_pairs(votes, least=2)
    >>> pairs.first.tolist(), pairs.second.tolist(), pairs.common.tolist(), pairs.cohen.round(2).tolist()
    ([0], [1], [3], [0.4])
    """
    distance = weighted(weights, votes.n_classes, values)
    found: list[tuple[NDArray[Any], ...]] = [(np.zeros(0),) * 6]
    for joint in joints(votes.once(), least=least):
        tables = joint.tables
        kappas = tables.kappa(distance), tables.kappa(distance, "pooled")
        found.append((joint.first, joint.second, tables.total, tables.agreement(), *kappas))
    first, second, common, agreement, cohen, scott = (np.concatenate(parts) for parts in zip(*found, strict=True))
    codes = first.astype(np.int32), second.astype(np.int32)
    return WorkerPairs(*codes, common.astype(np.int64), agreement, cohen, scott, votes.n_workers)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """The cross tables of some pairs of workers.

    Attributes
    ----------
    said
        [items, columns], 1 where the answer of the column, one a worker and class that occur, was given.
    left, right
        int64[m], the columns that meet in each cell of the tables.
    first, second
        int64[pairs], the workers of each table.
    """

    said: sparse.csr_array
    left: Index
    right: Index
    first: Index
    second: Index
    tables: CrossTables

    def per_item(self, moved: Floats) -> Floats:
        """Sum values of cells over the pairs of workers that meet in them on an item, float64[items]."""
        from scipy import sparse

        size = self.said.shape[1]
        table = sparse.csr_array((moved, (self.left, self.right)), shape=(size, size))
        if small := size * size <= _BLOCK:
            reach = (self.said @ np.ones(size) + 1) * size
        else:
            reach = self.said @ np.diff(table.indptr)
        values: Any = table.toarray() if small else table
        found = np.zeros(self.said.shape[0])
        for at, to in _stretches(reach):
            said = self.said[at:to]
            found[at:to] = np.asarray(said.multiply(said @ values) @ np.ones(size))
        return found


def joints(votes: Votes, *, least: int, weight: Floats | None = None) -> Iterator[Joint]:
    """Multiply what each worker said of each item by what each other said of it, some workers at a time.

    Parameters
    ----------
    votes
        One answer a worker and item.
    least
        Items that two workers must have in common; pairs that have fewer are left out.
    weight
        float64[rows], how often each item counts; all once by default.
    """
    from scipy import sparse

    row, W, K = rows_of(votes), votes.n_workers, votes.n_classes
    items = int(row[-1]) + 1 if row.size else 0
    each = np.ones(row.size) if weight is None else weight[row]
    # who has answered too little has too little in common with anybody
    enough = (sums(votes.worker, each, W) >= least)[votes.worker] & (each > 0)
    row, worker, label, each = row[enough], votes.worker[enough], votes.label[enough], each[enough]
    columns = Cells.of(worker, label, groups=W, codes=K)
    indptr = np.searchsorted(row, np.arange(items + 1))
    column, shape = columns.find(worker, label), (items, columns.group.size)
    said = sparse.csr_array((np.ones(row.size), column, indptr), shape=shape)
    times = sparse.csr_array((each, column, indptr), shape=shape)
    by_column = said.T.tocsr()
    # cut between workers, so that a block meets a bounded number of answers
    opens = np.append(np.flatnonzero(_opens(columns.group)), columns.group.size)
    met = np.append(0, np.cumsum(np.diff(indptr)[by_column.indices]))[by_column.indptr[opens]]
    for at, to in _stretches(np.diff(met)):
        block = (by_column[opens[at] : opens[to]] @ times).tocoo()
        left, right = block.row.astype(np.int64) + opens[at], block.col.astype(np.int64)
        upper = columns.group[left] < columns.group[right]
        left, right, count = left[upper], right[upper], block.data[upper]
        key = columns.group[left] * W + columns.group[right]
        order = np.argsort(key, kind="stable")
        new = _opens(key[order])
        total = np.add.reduceat(count[order], np.flatnonzero(new)) if order.size else count
        order = order[(total >= least)[np.cumsum(new) - 1]]
        key, left, right, count = key[order], left[order], right[order], count[order]
        new = _opens(key)
        group, pairs = np.cumsum(new) - 1, key[new]
        total = sums(group, count, pairs.size)
        tables = CrossTables(group, columns.code[left], columns.code[right], count, total, K)
        yield Joint(said, left, right, pairs // W, pairs % W, tables)


def _stretches(work: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Cut a column of amounts of work into stretches of a bounded sum, of one entry at least."""
    ends = np.cumsum(work)
    at = 0
    while at < ends.size:
        done = ends[at - 1] if at else 0
        to = max(at + 1, int(np.searchsorted(ends, done + _BLOCK, side="right")))
        yield at, to
        at = to


def _opens(key: Index) -> Flags:
    """True where a sorted column holds something new."""
    new = np.ones(key.size, dtype=bool)
    np.not_equal(key[1:], key[:-1], out=new[1:])
    return new
