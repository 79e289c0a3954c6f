"""Workers whose answers count less than whole: their evidence is tempered, they are measured as everybody is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation.confusion import Confusion
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.pairs import Pairs
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Discounted:
    """Confusion matrices of workers, not all of whom count whole: what an answer adds is a part of its evidence.

    Attributes
    ----------
    confusion
        The matrices, as they were learned.
    weights
        float64[n_workers].
    """

    confusion: Confusion
    weights: Floats

    def table(self) -> Floats:
        return self.confusion.table()

    def evidence(self, worker: Codes, label: Codes) -> Floats:
        return np.asarray(self.confusion.evidence(worker, label) * self.weights[worker][:, None])


def check_weights(weights: ArrayLike | None, votes: Votes) -> Floats | None:
    """Read weights from 0 to 1, float64[n_workers]; None where all count whole.

    Raises
    ------
    InvalidParameter
        Not one number from 0 to 1 a worker.
    """
    if weights is None:
        return None
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (votes.n_workers,):
        raise InvalidParameter(f"weights has the shape {given.shape}; these votes need ({votes.n_workers},).")
    if not ((given >= 0) & (given <= 1)).all():
        raise InvalidParameter("weights must lie from 0 to 1, one a worker.")
    return None if (given == 1).all() else given


def of_pairs(weights: Floats | None, pairs: Pairs) -> Floats | None:
    """Give each pair the weight of its worker, float64[pairs, 1]."""
    return None if weights is None else weights[pairs.worker][:, None]


def discounted(consensus: Consensus, weights: Floats | None) -> Consensus:
    """Let a consensus know that its answers did not all count whole, so that one can be taken out of it again."""
    if weights is None or consensus.confusion is None:
        return consensus
    return replace(consensus, confusion=Discounted(consensus.confusion, weights))
