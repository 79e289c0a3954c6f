"""Nearest neighbours by cosine: exactly, or quickly by the one library that one room knows."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import brief
from crowdqc.quality.sampling.evidence import Vectors
from crowdqc.quality.sampling.neighbours import exact

How = Literal["auto", "exact", "approximate"]

#: Multiplications up to which "auto" looks at every pair: some seconds.
PATIENCE = 2e11


class InvalidNeighbours(Invalid):
    """Neighbours cannot be found so."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """The nearest neighbours of each query, the nearest first.

    Attributes
    ----------
    item
        int32[q, k], rows of what was searched.
    similarity
        float32[q, k], cosines.
    """

    item: NDArray[np.int32]
    similarity: Vectors


def unit(vectors: Vectors) -> Vectors:
    """Give rows of unit length, float32[n, d]; a row of zeros stays one, and is like nothing."""
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return np.asarray(vectors / np.maximum(length, np.finfo(np.float32).tiny)[:, None], dtype=np.float32)


def nearest(queries: Vectors, among: Vectors, k: int) -> Nearest:
    """Find exactly the k nearest of some vectors for each query, or all where there are fewer.

    Parameters
    ----------
    queries, among
        float32[q, d] and float32[n, d] of unit length: see `unit`.

    Examples
    --------
    >>> nearest(np.array([[0.0, 1.0]], dtype=np.float32), np.eye(2, dtype=np.float32), 5).item.tolist()
    [[1, 0]]
    """
    row, similarity = exact.nearest(queries, among, min(k, len(among)))
    return Nearest(row, similarity)


def graph(vectors: Vectors, k: int, how: How = "auto") -> Nearest:
    """Find the k nearest others of every vector, or all where there are fewer.

    Parameters
    ----------
    vectors
        float32[n, d], of any length.
    how
        "exact": every pair. "approximate": by faiss, an inverted file; the same each time on the same machine.
        "auto": exact while that takes some seconds, and where faiss is not installed.

    Raises
    ------
    InvalidNeighbours
        An approximate search is wanted and faiss is not installed.

    Examples
    --------
    >>> found = graph(np.array([[1, 0], [2, 0.1], [0, 1]], dtype=np.float32), 1)
    >>> found.item.tolist(), found.similarity.round(2).tolist()
    ([[1], [0], [1]], [[1.0], [1.0], [0.05...]])
    """
    if how not in get_args(How):
        raise InvalidNeighbours(f"how is {how!r}; it must be one of {', '.join(get_args(How))}.")
    n, d = vectors.shape
    k = min(k, max(n - 1, 0))
    there = find_spec("faiss") is not None
    if how == "approximate" and not there:
        raise InvalidNeighbours(
            "An approximate search needs faiss, which is not installed.",
            mend="Install it with: pip install 'crowdqc[neighbours]'; or take how='exact'.",
        )
    directed = unit(vectors)
    if how == "approximate" or (how == "auto" and there and float(n) * n * d > PATIENCE):
        from crowdqc.quality.sampling.neighbours import approximate  # loads the library

        row, similarity = approximate.nearest(directed, min(k + 1, n))
    else:
        row, similarity = exact.nearest(directed, directed, min(k + 1, n))
    return Nearest(*_others(row, similarity, k))


def _others(row: NDArray[np.int32], similarity: Vectors, k: int) -> tuple[NDArray[np.int32], Vectors]:
    """Take out of each row the item itself, or the last, where others are as near and it is not among them."""
    own = row == np.arange(len(row), dtype=np.int32)[:, None]
    own[~own.any(axis=1), k:] = True
    kept = np.argsort(own, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(row, kept, axis=1), np.take_along_axis(similarity, kept, axis=1)
