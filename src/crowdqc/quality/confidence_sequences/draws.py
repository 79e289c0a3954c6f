"""Draws without replacement from a set whose rest may shrink by other ways meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Counts, Floats, brief


class InvalidDraws(Invalid):
    """The draws do not fit the set that they come from."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Stretches of draws, each uniform over what was left: one entry a stretch.

    Attributes
    ----------
    size
        Of the set before the first draw.
    pool
        int64[s], how many were left to draw from when a stretch began.
    known
        int64[s], hits that had left the set until then, by draws and otherwise.
    drawn, hits
        int64[s], draws of the stretch, and hits among them.
    """

    size: int
    pool: Counts
    known: Counts
    drawn: Counts
    hits: Counts

    @classmethod
    def of(cls, hits: int, drawn: int, size: int) -> Self:
        """Make one stretch: `drawn` out of `size`, and nothing left the set otherwise.

        Raises
        ------
        InvalidDraws
            More hits than draws, or more draws than there are.

        Examples
        --------
        >>> Draws.of(1, 20, 100).left
        80
        """
        return cls._checked(size, *(np.array([part], dtype=np.int64) for part in (size, 0, drawn, hits)))

    @classmethod
    def one_by_one(
        cls, hit: ArrayLike, size: int, *, pool: ArrayLike | None = None, elsewhere: ArrayLike | None = None
    ) -> Self:
        """Make stretches of single draws in their order.

        Parameters
        ----------
        hit
            bool[n].
        pool
            int[n], how many could have been drawn, each time; None: nothing but the draws left the set.
        elsewhere
            int[n], hits that left the set otherwise until then; None: none.

        Raises
        ------
        InvalidDraws
            A pool grows, or hits that left otherwise become fewer or are more than what left.

        Examples
        --------
        Three draws; then experts took out 50, with 8 hits among them; two more draws:

        >>> draws = Draws.one_by_one([0, 1, 0, 0, 0], 100, pool=[100, 99, 98, 47, 46], elsewhere=[0, 0, 0, 8, 8])
        >>> draws.pool.tolist(), draws.known.tolist(), draws.drawn.tolist(), draws.hits.tolist()
        ([100, 47], [0, 9], [3, 2], [1, 0])
        """
        hits = np.asarray(hit).astype(np.int64)
        n = hits.size
        left = size - np.arange(n) if pool is None else np.asarray(pool, dtype=np.int64)
        other = np.zeros(n, dtype=np.int64) if elsewhere is None else np.asarray(elsewhere, dtype=np.int64)
        if hits.shape != (n,) or left.shape != (n,) or other.shape != (n,):
            raise InvalidDraws("There must be one pool and one number of hits elsewhere a draw.")
        gone = size - left - np.arange(n)  # that left otherwise
        if n and ((np.diff(gone, prepend=0) < np.diff(other, prepend=0)) | (np.diff(other, prepend=0) < 0)).any():
            raise InvalidDraws(
                "A pool only shrinks, and by at least the draws and the hits that left it otherwise."
            )
        if n == 0:
            return cls.of(0, 0, size)
        begins = np.flatnonzero(np.append(True, np.diff(gone) != 0))
        ends = np.append(begins[1:], n)
        before = np.append(0, np.cumsum(hits))
        return cls._checked(
            size, left[begins], other[begins] + before[begins], ends - begins, before[ends] - before[begins]
        )

    @classmethod
    def _checked(cls, size: int, pool: Counts, known: Counts, drawn: Counts, hits: Counts) -> Self:
        if not (size >= 0 and ((hits >= 0) & (hits <= drawn) & (drawn <= pool) & (known >= 0)).all()):
            raise InvalidDraws("There are more hits than draws, or more draws than there was to draw from.")
        return cls(int(size), pool, known, drawn, hits)

    @property
    def left(self) -> int:
        """How many were left after the last draw."""
        return int(self.pool[-1] - self.drawn[-1])

    @property
    def found(self) -> int:
        """Hits that are known after the last draw, drawn or not."""
        return int(self.known[-1] + self.hits[-1])

    def mirrored(self) -> Draws:
        """Take misses for hits."""
        return Draws(self.size, self.pool, self.size - self.pool - self.known, self.drawn, self.drawn - self.hits)

    def log_likelihood(self, total: ArrayLike) -> Floats:
        """Logarithm of the chance of these very draws, were there so many hits in the set at first.

        A stretch of n draws with h hits out of P of which r are hits has the chance
        r! / (r - h)! (P - r)! / (P - r - n + h)! (P - n)! / P!; -inf where it cannot be.

        >>> np.exp(Draws.of(1, 2, 4).log_likelihood([0, 1, 2, 3, 4])).round(3).tolist()
        [0.0, 0.25, 0.333, 0.25, 0.0]
        """
        from scipy.special import gammaln

        totals = np.asarray(total, dtype=np.float64)
        log = np.zeros(totals.shape)
        for P, a, n, h in zip(*(part.tolist() for part in self._parts), strict=True):
            r = totals - a
            can = (r >= h) & (P - r >= n - h)
            some = np.where(can, r, h)
            log += np.where(
                can,
                gammaln(some + 1) - gammaln(some - h + 1) + gammaln(P - some + 1) - gammaln(P - some - n + h + 1)
                + gammaln(P - n + 1) - gammaln(P + 1),
                -np.inf,
            )  # fmt: skip
        return log

    @property
    def _parts(self) -> Sequence[Counts]:
        return self.pool, self.known, self.drawn, self.hits
