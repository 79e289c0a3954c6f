"""The one room that knows faiss: an inverted file of cells, of which the nearest few are searched."""

from __future__ import annotations

import faiss
import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.sampling.evidence import Vectors
from crowdqc.quality.sampling.neighbours import exact

#: Cells for each root of the number of vectors, and vectors of a cell, at least.
CELLS, CELL = 4, 64
#: Cells that are searched for a query.
PROBES = 12
#: Vectors a cell from which its middle is learned, and how often it is moved.
TRAINED, MOVES = 32, 6


def nearest(vectors: Vectors, k: int) -> tuple[NDArray[np.int32], Vectors]:
    """Find the k most similar rows of each row of float32[n, d] of unit length, itself among them as a rule.

    An inverted file and not a graph (HNSW): a graph that several threads build is another one each time.

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
    index.nprobe = PROBES
    index.train(vectors)
    index.add(vectors)
    similarity, found = index.search(vectors, k)
    row = found.astype(np.int32)
    # the cells that were searched may hold fewer than are wanted
    short = np.flatnonzero(row[:, -1] < 0)
    row[short], similarity[short] = exact.nearest(vectors[short], vectors, k)
    return row, similarity
