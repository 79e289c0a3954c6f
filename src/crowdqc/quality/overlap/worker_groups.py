"""Who may be asked next: groups of workers who are alike good, and how likely the next answer is one of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.items import InvalidMatrix
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.matrices import Matrices

#: How often a worker is right before he is looked at, in answers: right ones, and all.
TRUST = (2.0, 3.0)
#: Answers of the whole crowd that each group's table begins with.
PULL = 2.0


class InvalidGroups(Invalid):
    """The shares of the groups are no shares."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class WorkerGroups:
    """Build it with `of` or `alike`.

    Attributes
    ----------
    tables
        float64[G, K, K], P(said | true), rows true, of each group.
    shares
        float64[G], how likely the next answer is of each group; they sum to 1.
    """

    tables: Floats
    shares: Floats

    @classmethod
    def alike(cls, table: ArrayLike) -> Self:
        """Take one table for anybody, float64[K, K]."""
        return cls.given(np.asarray(table, dtype=np.float64)[None], [1.0])

    @classmethod
    def given(cls, tables: ArrayLike, shares: ArrayLike) -> Self:
        """Read the tables, float64[G, K, K], and shares, float64[G].

        Raises
        ------
        InvalidMatrix, InvalidGroups
            They are no tables and shares of probabilities.
        """
        table, share = np.asarray(tables, dtype=np.float64), np.asarray(shares, dtype=np.float64)
        if table.ndim != 3 or table.shape[1] != table.shape[2]:
            raise InvalidMatrix(f"The tables have the shape {table.shape}; they must be groups x K x K.")
        if not (table >= 0).all() or not np.allclose(table.sum(axis=2), 1.0, atol=1e-6):
            raise InvalidMatrix(
                "Each row of a table holds the probabilities of the labels: from 0 up, 1 together."
            )
        if share.shape != table.shape[:1] or not (share >= 0).all() or not np.isclose(share.sum(), 1.0):
            raise InvalidGroups(f"{len(table)} groups need as many shares, from 0 up and 1 together.")
        return cls(table, share)

    @classmethod
    def of(cls, votes: Votes, consensus: Consensus, groups: int = 2) -> Self:
        """Cut the workers by how often they seem right, so that each group gave about as many answers.

        The next answer is taken to come from each group as often as the last ones did. Who is better by chance
        alone lands in the better group, so each worker's share is pulled towards `TRUST`, and each table
        towards the crowd's.

        Examples
        --------
        >>> from crowdqc.quality.aggregation import DawidSkene
        >>> from crowdqc.quality.simulation import Simulation
        >>> crowd = Simulation(items=500, workers=20, overlap=5, accuracy=(0.6, 0.95)).run(seed=1)
        >>> found = WorkerGroups.of(crowd.votes, DawidSkene().fit(crowd.votes))
        >>> found.tables.diagonal(axis1=1, axis2=2).mean(axis=1).round(2).tolist(), found.shares.round(2).tolist()
        ([0.68, 0.86], [0.5, 0.5])
        """
        matrices = Matrices.of(votes, consensus)
        pairs, K, counts = matrices.pairs, matrices.n_classes, matrices.counts
        if groups == 1 or not len(pairs):
            return cls.alike(matrices.crowd)
        W, own = matrices.n_workers, np.arange(len(pairs))
        right = np.bincount(pairs.worker, weights=counts[own, pairs.label], minlength=W)
        heard = np.bincount(pairs.worker, weights=counts.sum(axis=1), minlength=W)
        order = np.argsort((right + TRUST[0]) / (heard + TRUST[1]), kind="stable")
        answers = votes.answers_per_worker()
        # a worker stands where the middle of his answers is
        before = np.cumsum(answers[order]) - answers[order] / 2
        group = np.empty(W, dtype=np.intp)
        group[order] = np.minimum((before * groups / max(len(votes), 1)).astype(np.intp), groups - 1)
        cells = group[pairs.worker] * K + pairs.label
        sums = np.array([np.bincount(cells, weights=counts[:, true], minlength=groups * K) for true in range(K)])
        tables = sums.reshape(K, groups, K).transpose(1, 0, 2) + PULL * matrices.crowd
        shares = np.asarray(np.bincount(group, weights=answers, minlength=groups), dtype=np.float64)
        return cls(tables / tables.sum(axis=2, keepdims=True), shares / shares.sum())

    @property
    def n_classes(self) -> int:
        return int(self.tables.shape[1])

    def anybody(self) -> Floats:
        """Give the table of all together, float64[K, K]."""
        return np.asarray(np.tensordot(self.shares, self.tables, axes=1))

    def joint(self) -> Floats:
        """Give P(group and said | true), float64[K, G * K]: group after group, in each of them the labels."""
        table = self.shares[:, None, None] * self.tables
        return np.ascontiguousarray(table.transpose(1, 0, 2)).reshape(self.n_classes, -1)
