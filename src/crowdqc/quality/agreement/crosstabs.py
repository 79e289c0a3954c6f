"""Tables of what the one said by what the other said, many at once, and the kappas of two that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from crowdqc.quality.agreement.cells import Cells, Index, sums
from crowdqc.quality.agreement.chance import NOTHING
from crowdqc.quality.agreement.distances import Distance
from crowdqc.quality.arrays import Floats, brief

#: Whose shares chance draws from: each one's own (Cohen), or those of both together (Scott).
Marginals = Literal["own", "pooled"]


@brief
@dataclass(frozen=True, slots=True, eq=False)
class CrossTables:
    """How often in each group the one said this while the other said that; only what occurs, sorted by group.

    Attributes
    ----------
    group, first, second
        int64[m], the group and the codes of the two answers.
    count
        float64[m].
    total
        float64[groups].
    K
        Classes.
    """

    group: Index
    first: Index
    second: Index
    count: Floats
    total: Floats
    K: int

    @classmethod
    def of(cls, group: Index, first: Index, second: Index, *, groups: int, K: int) -> tuple[Self, Index]:
        """Count pairs of answers; also gives the cell of each, int64[n]."""
        both = first.astype(np.int64) * K + second
        cells = Cells.of(group, both, groups=groups, codes=K * K)
        tables = cls(cells.group, cells.code // max(K, 1), cells.code % max(K, 1), cells.mass, cells.total, K)
        return tables, cells.find(group, both)

    def per_group(self, values: Floats) -> Floats:
        return sums(self.group, values, self.total.size)

    def agreement(self) -> Floats:
        """Share of pairs of answers that are the same, float64[groups]; NaN without any."""
        return _over(self.per_group(self.count * (self.first == self.second)), self.total)

    def kappa(self, distance: Distance, marginals: Marginals = "own") -> Floats:
        """Cohen's kappa or Scott's pi of each group, float64[groups]; NaN where chance expects no disagreement."""
        return self._kappa(distance, self._chance(distance, marginals))

    def linear(self, distance: Distance, marginals: Marginals = "own") -> tuple[Floats, Floats]:
        """The kappas; and how far a pair of answers moves that of its group, times the pairs in it, float64[m].

        The mean of the squares over a group's pairs, over their number, is the asymptotic variance of Fleiss,
        Cohen and Everitt (1969), Large sample standard errors of kappa and weighted kappa, Psychological Bulletin
        72(5), 323-327, for any weights. NaN where kappa is.
        """
        chance = self._chance(distance, marginals)
        kappa = self._kappa(distance, chance)
        met = chance.to_second[chance.first.find(self.group, self.first)]
        met = met + chance.to_first[chance.second.find(self.group, self.second)]
        # of each cell: its distance, and the mean distance of its two codes from the other's shares, over chance
        rest = 1 - kappa
        moved = (rest / self.total / chance.expected)[self.group] * met - rest[self.group]
        moved -= distance.between(self.first, self.second) / chance.expected[self.group]
        return kappa, moved

    def _kappa(self, distance: Distance, chance: _Chance) -> Floats:
        apart = self.per_group(self.count * distance.between(self.first, self.second))
        return 1 - _over(apart, self.total) / chance.expected

    def _chance(self, distance: Distance, marginals: Marginals) -> _Chance:
        groups = self.total.size
        first = Cells.of(self.group, self.first, groups=groups, codes=self.K, mass=self.count)
        second = Cells.of(self.group, self.second, groups=groups, codes=self.K, mass=self.count)
        if marginals == "pooled":
            group, code = np.concatenate([first.group, second.group]), np.concatenate([first.code, second.code])
            mass = np.concatenate([first.mass, second.mass]) / 2
            first = second = Cells.of(group, code, groups=groups, codes=self.K, mass=mass)
        to_second = distance.toward(first, second)
        to_first = to_second if first is second else distance.toward(second, first)
        expected = _over(first.per_group(first.mass * to_second), self.total**2)
        none = expected <= NOTHING * distance.largest
        return _Chance(first, second, to_second, to_first, np.where(none, np.nan, expected))


@brief
@dataclass(frozen=True, slots=True, eq=False)
class _Chance:
    """The marginals of the one and of the other, the distances from each to the other's, and their mean or NaN."""

    first: Cells
    second: Cells
    to_second: Floats
    to_first: Floats
    expected: Floats


def _over(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))
