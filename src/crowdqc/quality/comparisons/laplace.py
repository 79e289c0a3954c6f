"""How sure scores are: the inverse of the curvature of the log posterior, one connected component at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.groups import sums

#: Items of a component up to which its covariance is computed whole; above, the errors are approximate.
EXACT = 1500
#: Cells of covariance that are computed at once.
CELLS = 1 << 22
Places = NDArray[np.intp]


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Information:
    """The curvature of the log posterior at its maximum: a weighted graph of items, tied to the ground.

    Attributes
    ----------
    left, right
        int32[edges].
    weight
        float64[edges], information on the difference of the two scores and the position bias.
    ground
        float64[n_items], information of the prior on each score.
    position
        Information of the prior on the position bias; None where there is no such bias.
    """

    left: Codes
    right: Codes
    weight: Floats
    ground: Floats
    position: float | None = None

    def errors(self, component: Codes) -> tuple[Floats, float]:
        """Standard errors of the scores less their component's mean, float64[n_items], and of the position bias.

        Exact for the Laplace approximation in components of up to `EXACT` items. In greater ones the graph stands
        for a random one: near where each item was compared with several others chosen at random, too small where
        the comparisons form a long chain.
        """
        n = self.ground.size
        variance, lean, explained = np.full(n, np.nan), np.zeros(n), 0.0
        for items, edges in self._blocks(component):
            found = self._inverse(items, edges)
            variance[items], lean[items] = found[0], found[1]
            explained += found[2]
        if self.position is None:
            return np.sqrt(variance), float("nan")
        # scores are uncertain through the position bias as well: the Schur complement of its row
        left_over = self.weight.sum() + self.position - explained
        return np.sqrt(variance + lean**2 / left_over), float(1 / np.sqrt(left_over))

    def _blocks(self, component: Codes) -> Iterator[tuple[Places, Places]]:
        """Components of equal size together: their items, intp[components, size], and their edges."""
        joined = np.flatnonzero(component >= 0)
        _, number, size = np.unique(component[joined], return_inverse=True, return_counts=True)
        place = np.empty(size.size, dtype=np.intp)
        place[np.argsort(size, kind="stable")] = np.arange(size.size)
        of_item = np.zeros(component.size, dtype=np.intp)
        of_item[joined] = place[number]
        items = joined[np.argsort(of_item[joined], kind="stable")]
        edges = np.argsort(of_item[self.left], kind="stable")
        ends = np.searchsorted(of_item[self.left][edges], np.arange(size.size + 1))
        size = np.sort(size)
        first = np.append(0, np.cumsum(size))
        start = 0
        while start < size.size:
            m = int(size[start])
            stop = min(int(np.searchsorted(size, m, side="right")), start + max(CELLS // m**2, 1))
            yield items[first[start] : first[stop]].reshape(-1, m), edges[ends[start] : ends[stop]]
            start = stop

    def _inverse(self, items: Places, edges: Places) -> tuple[Floats, Floats, float]:
        """For H the curvature of the scores and h its column of the position bias: the diagonal of the centred
        inverse of H, the centred solution of H u = h, and h' u.
        """
        c, m = items.shape
        local = np.zeros(self.ground.size, dtype=np.intp)
        local[items.ravel()] = np.arange(c * m)
        left, right, weight = local[self.left[edges]], local[self.right[edges]], self.weight[edges]
        ground, n = self.ground[items], c * m
        h = (sums(left, weight, n) - sums(right, weight, n)).reshape(c, m)
        degree = sums(left, weight, n) + sums(right, weight, n)
        if m > EXACT:
            return _of_a_random_graph(left, right, weight, degree, ground[0], h[0])
        H = -sums(left * m + right % m, weight, n * m) - sums(right * m + left % m, weight, n * m)
        H[np.arange(n) * m + np.arange(n) % m] += degree
        H = H.reshape(c, m, m)
        diagonal = np.arange(m)
        H[:, diagonal, diagonal] += ground
        # without a prior the constant is free; centring takes out again what is put in here
        free = ~ground.any(axis=1)
        H[free] += H[free][:, diagonal, diagonal].mean(axis=1)[:, None, None]
        C = np.linalg.inv(H)
        across = C.mean(axis=2)
        variance = C[:, diagonal, diagonal] - 2 * across + across.mean(axis=1, keepdims=True)
        u = np.einsum("cij,cj->ci", C, h)
        return np.maximum(variance, 0.0), u - u.mean(axis=1, keepdims=True), float((h * u).sum())


def _of_a_random_graph(
    left: Places, right: Places, weight: Floats, degree: Floats, ground: Floats, h: Floats
) -> tuple[Floats, Floats, float]:
    """As `_inverse`, with the matrix of rank one that has the same row sums in place of the weights.

    The inverse is then diag(e) + v v' / c (Sherman and Morrison); e also takes in the walks of two steps.
    """
    m = degree.size
    e = 1 / (degree + ground)
    walks = sums(left, weight**2 * e[right], m) + sums(right, weight**2 * e[left], m)
    e, v = e * (1 + e * walks), e * degree
    slack = float((v * ground).sum())
    constant = 1 / slack if slack > 0 else 0.0
    moved = v - v.mean()
    variance = e * (1 - 2 / m) + e.sum() / m**2 + moved**2 * constant
    u = e * h + v * (v @ h) * constant
    return np.asarray(variance)[None], (u - u.mean())[None], float(h @ u)
