"""The one room that knows faiss: an inverted file of cells, of which the nearest few are searched."""

from __future__ import annotations

import faiss
import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.sampling.evidence import Vectors

#: Cells that are searched for a query.
PROBES = 16
#: Vectors from which the middle of a cell is learned.
TRAINED = 64


def nearest(vectors: Vectors, k: int) -> tuple[NDArray[np.int32], Vectors]:
    """Find the k most similar rows of each row of float32[n, d] of unit length, itself among them as a rule.

    An inverted file and not a graph (HNSW): a graph that several threads build is another one each time.

    References
    ----------
    M. Douze and others (2024), The Faiss library, section 5.1.
    """
    n, d = vectors.shape
    cells = max(1, int(np.sqrt(n)))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(d), d, cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid = TRAINED
    index.cp.min_points_per_centroid = 1
    index.cp.niter = 10
    index.nprobe = PROBES
    given = np.ascontiguousarray(vectors)
    index.train(given)
    index.add(given)
    similarity, row = index.search(given, k)
    return row.astype(np.int32), similarity
