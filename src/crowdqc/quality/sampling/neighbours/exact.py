"""Nearest neighbours by looking at every pair, a block at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.sampling.evidence import Vectors

#: Similarities held at once.
HELD = 1 << 25
#: Vectors whose greatest similarity is found before any is sorted.
GROUP = 64


def nearest(queries: Vectors, among: Vectors, k: int) -> tuple[NDArray[np.int32], Vectors]:
    """Find the k most similar rows of `among` for each query.

    Parameters
    ----------
    queries, among
        float32[q, d] and float32[n, d], rows of unit length.
    k
        At most n.

    Returns
    -------
    row, similarity
        int32[q, k] and float32[q, k], the most similar first; of equal ones the lesser row first.

    Notes
    -----
    q n d multiplications. The k best of a query lie in the k groups of rows with the greatest maxima, so that only
    these are looked into: the matrix product, and not the sorting, takes the time.

    Examples
    --------
    >>> three = np.eye(3, dtype=np.float32)
    >>> row, similarity = nearest(np.array([[0.6, 0.8, 0.0]], dtype=np.float32), three, 2)
    >>> row.tolist(), similarity.round(2).tolist()
    ([[1, 0]], [[0.8..., 0.6...]])
    """
    n = len(among)
    row = np.empty((len(queries), k), dtype=np.int32)
    similarity = np.empty((len(queries), k), dtype=np.float32)
    groups = -(-n // GROUP)
    step = max(1, HELD // max(groups * GROUP, 1))
    table = np.full((min(step, len(queries)), groups * GROUP), -np.inf, dtype=np.float32)
    for start in range(0, len(queries), step):
        block = queries[start : start + step]
        np.matmul(block, among.T, out=table[: len(block), :n])
        row[start : start + step], similarity[start : start + step] = _best(table[: len(block)], k)
    return row, similarity


def _best(table: Vectors, k: int) -> tuple[NDArray[np.int32], Vectors]:
    """Find the k greatest of each row of float32[b, g * GROUP], in order."""
    b, width = table.shape
    column = np.broadcast_to(np.arange(width, dtype=np.int32), table.shape)
    if width > 2 * k * GROUP:
        grouped = table.reshape(b, -1, GROUP)
        top = np.sort(np.argpartition(-grouped.max(axis=2), k - 1, axis=1)[:, :k], axis=1)
        table = np.take_along_axis(grouped, top[:, :, None], axis=1).reshape(b, -1)
        column = (top[:, :, None] * GROUP + np.arange(GROUP)).reshape(b, -1).astype(np.int32)
    if k < table.shape[1]:
        kept = np.argpartition(-table, k - 1, axis=1)[:, :k]
        table, column = np.take_along_axis(table, kept, axis=1), np.take_along_axis(column, kept, axis=1)
    order = np.lexsort((column, -table), axis=1)
    return np.take_along_axis(column, order, axis=1), np.take_along_axis(table, order, axis=1)
