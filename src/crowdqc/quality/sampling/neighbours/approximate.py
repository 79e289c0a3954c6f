"""The one room that knows faiss: an inverted file of cells, of which the nearest few are searched."""

from __future__ import annotations

import faiss
import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.sampling.evidence import Vectors
from crowdqc.quality.sampling.neighbours import exact

#: Cells for each root of the number of vectors, and vectors of a cell, at least.
CELLS, CELL = 4, 64
#: Cells that are searched for a query, first; doubled until enough is found, up to a part of all cells: beyond it,
#: comparing every pair takes no longer.
PROBES, PART = 8, 0.1
#: Items on which it is tried how much is found, and the share of their neighbours that is enough.
TRIED, ENOUGH = 200, 0.99
#: Vectors a cell from which its middle is learned, and how often it is moved.
TRAINED, MOVES = 32, 6
#: Similarities nearer than this are equal: both ways add up in an order of their own.
EVEN = 1e-6


def nearest(vectors: Vectors, k: int) -> tuple[NDArray[np.int32], Vectors]:
    """Find nearly all of the k most similar rows of each row of float32[n, d] of unit length, itself among them.

    How many cells are searched is tried on some items, spread evenly, whose neighbours are found exactly. Where
    the vectors have no clusters, so many would have to be that every pair is compared instead. An inverted file
    and not a graph (HNSW): a graph that several threads build is another one each time.

    References
    ----------
    M. Douze and others (2024), The Faiss library, section 5: many small cells, so that few vectors are compared.
    """
    n, d = vectors.shape
    cells = max(1, min(int(CELLS * np.sqrt(n)), n // CELL))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(d), d, cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid = TRAINED
    index.cp.min_points_per_centroid = 1
    index.cp.niter = MOVES
    index.train(vectors)
    index.add(vectors)
    tried = vectors[np.linspace(0, n - 1, min(n, TRIED)).astype(np.intp)]
    least = exact.nearest(tried, vectors, k)[1][:, -1:] - EVEN
    index.nprobe = PROBES
    while (index.search(tried, k)[0] >= least).mean() < ENOUGH:
        index.nprobe *= 2
        if index.nprobe > max(PROBES, PART * cells):
            return exact.nearest(vectors, vectors, k)
    similarity, found = index.search(vectors, k)
    row = found.astype(np.int32)
    # the cells that were searched may hold fewer than are wanted
    short = np.flatnonzero(row[:, -1] < 0)
    row[short], similarity[short] = exact.nearest(vectors[short], vectors, k)
    return row, similarity
