"""Davidson's model of what is said of two items, left, right or same: its log posterior and how that is curved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.comparisons.ascent import Curvature, evens, firmness
from crowdqc.quality.comparisons.comparisons import LEFT, RIGHT, SAME, Comparisons
from crowdqc.quality.comparisons.laplace import Information
from crowdqc.quality.groups import sums

#: Least information of a prior in a step of the search; an infinite spread has none.
LEAST = 1e-9


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Distinct ordered pairs of items, and what was said of each."""

    left: Codes
    right: Codes
    lead: Floats  # answers "left" less answers "right"
    same: Floats
    n: Floats

    @classmethod
    def of(cls, comparisons: Comparisons) -> Self:
        cell = comparisons.left.astype(np.int64) * comparisons.n_items + comparisons.right
        pair, which = np.unique(cell, return_inverse=True)
        left, right, same = (
            sums(which, (comparisons.choice == said).astype(np.float64), pair.size) for said in (LEFT, RIGHT, SAME)
        )
        on_left, on_right = (side.astype(np.int32) for side in np.divmod(pair, max(comparisons.n_items, 1)))
        return cls(on_left, on_right, left - right, same, left + right + same)

    def wins(self) -> tuple[Codes, Codes]:
        """Who won or tied at least once against whom."""
        by_left, by_right = self.n + self.lead > 0, self.n - self.lead > 0
        winner = np.concatenate([self.left[by_left], self.right[by_right]])
        return winner, np.concatenate([self.right[by_left], self.left[by_right]])


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """The log posterior of the scores, then the position bias, then the log odds of a tie between equal items.

    Attributes
    ----------
    pairs
        What was said.
    n_items
        Length of the scores.
    spread
        Standard deviation of the prior of the scores.
    leans, ties
        Whether the position bias and the log odds of a tie are learned; else they stay what they are.
    """

    pairs: Pairs
    n_items: int
    spread: float
    leans: bool
    ties: bool

    def slope(self, x: Floats) -> tuple[float, Floats]:
        """Value and gradient."""
        n, pairs = self.n_items, self.pairs
        score, position, log_tie = x[:n], x[n], x[n + 1]
        log_sum, slope, tied, _ = self._outcomes(x)
        value = pairs.lead @ self._ahead(x) / 2 - pairs.n @ log_sum - (score @ score) / self.spread**2 / 2
        by_ahead = pairs.lead / 2 - pairs.n * slope
        gradient = np.zeros(n + 2)
        gradient[:n] = sums(pairs.left, by_ahead, n) - sums(pairs.right, by_ahead, n) - score / self.spread**2
        if self.leans:
            density, push = evens(position)
            value += density
            gradient[n] = by_ahead.sum() + push
        if self.ties:
            density, push = evens(log_tie)
            value += pairs.same.sum() * log_tie + density
            gradient[n + 1] = pairs.same.sum() - pairs.n @ tied + push
        return float(value), gradient

    def curvature(self, x: Floats) -> Curvature:
        """The matrix of second derivatives, its sign turned: positive."""
        n, pairs = self.n_items, self.pairs
        _, slope, tied, bend = self._outcomes(x)
        weight, cross, own = pairs.n * bend, -pairs.n * slope * tied, pairs.n * tied * (1 - tied)
        # without a prior a constant may be added to all scores: hardly held, so that the matrix has an inverse
        ground = np.full(n + 2, max(self.spread**-2, LEAST))
        ground[n] = firmness(x[n]) if self.leans else 1.0
        ground[n + 1] = firmness(x[n + 1]) if self.ties else 1.0

        def times(v: Floats) -> Floats:
            ahead = v[pairs.left] - v[pairs.right] + v[n] * self.leans
            tie = v[n + 1] * self.ties
            by_ahead = weight * ahead + cross * tie
            found = ground * v
            found[:n] += sums(pairs.left, by_ahead, n) - sums(pairs.right, by_ahead, n)
            found[n] += by_ahead.sum() * self.leans
            found[n + 1] += (cross @ ahead + own.sum() * tie) * self.ties
            return np.asarray(found)

        diagonal = ground.copy()
        diagonal[:n] += sums(pairs.left, weight, n) + sums(pairs.right, weight, n)
        diagonal[n:] += weight.sum() * self.leans, own.sum() * self.ties
        return Curvature(times, diagonal)

    def information(self, x: Floats) -> Information:
        """What the comparisons and the priors tell of the scores and the position bias, a tie's odds held."""
        *_, bend = self._outcomes(x)
        ground = np.full(self.n_items, self.spread**-2)
        position = float(firmness(x[self.n_items])) if self.leans else None
        return Information(self.pairs.left, self.pairs.right, self.pairs.n * bend, ground, position)

    def _ahead(self, x: Floats) -> Floats:
        return np.asarray(x[self.pairs.left] - x[self.pairs.right] + x[self.n_items])

    def _outcomes(self, x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Of Z = exp(a / 2) + exp(-a / 2) + nu: log Z, its derivatives by a and log nu, and the second by a."""
        ahead = self._ahead(x)
        far = np.abs(ahead)
        low = np.exp(-far)
        tie = np.exp(x[self.n_items + 1] - far / 2) if self.ties else np.zeros_like(far)
        total = 1 + low + tie
        slope = np.copysign((1 - low) / (2 * total), ahead)
        return far / 2 + np.log(total), slope, tie / total, (1 + low) / (4 * total) - slope**2
