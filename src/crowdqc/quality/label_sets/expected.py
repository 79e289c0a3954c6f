"""How well a chosen set is expected to match the true one, options being independent given their probabilities."""

from __future__ import annotations

import numpy as np

from crowdqc.quality.arrays import Codes, Flags, Floats

#: Points of the quadrature at most: exact for that many options, and far within rounding beyond.
POINTS = 64


def expected_scores(item: Codes, probability: Floats, chosen: Flags, n_items: int) -> tuple[Floats, Floats]:
    """Expected Jaccard share and F1 of each item's chosen set, float64[n_items] twice.

    With I of the c chosen options true and N of the others: E[I / (c + N)] and E[2 I / (c + I + N)]. The mean of
    1 / (c + N) is the integral over x from 0 to 1 of x^(c-1) times the generating function of N, a polynomial,
    which a Gauss quadrature gives exactly; likewise for F1. An empty set scores 1 if the true one is empty and 0
    if not.

    Parameters
    ----------
    item, probability, chosen
        [cells], the item of each option, the probability that it is in the true set, and whether it was chosen.

    Examples
    --------
    >>> item, p = np.array([0, 0, 1]), np.array([0.9, 0.2, 0.25])
    >>> jaccard, f1 = expected_scores(item, p, np.array([True, False, False]), 2)
    >>> jaccard.round(3).tolist(), f1.round(3).tolist()
    ([0.81, 0.75], [0.84, 0.75])
    """
    size = np.bincount(item[chosen], minlength=n_items)
    right = np.bincount(item[chosen], weights=probability[chosen], minlength=n_items)
    most = int(np.bincount(item, minlength=n_items).max(initial=1))
    x, weight = np.polynomial.legendre.leggauss(min(most + 1, POINTS))
    empty = size == 0
    jaccard, f1 = np.zeros(n_items), np.zeros(n_items)
    for place, share in zip((x + 1) / 2, weight / 2, strict=True):
        factor = 1 - probability * (1 - place)  # the generating function of one option, at this place
        logs = np.log(np.maximum(factor, 1e-300))
        others = np.exp(np.bincount(item[~chosen], weights=logs[~chosen], minlength=n_items))
        every = others * np.exp(np.bincount(item[chosen], weights=logs[chosen], minlength=n_items))
        each = np.bincount(item[chosen], weights=probability[chosen] / factor[chosen], minlength=n_items)
        jaccard += share * place ** np.maximum(size - 1, 0) * others * right
        f1 += share * 2 * place**size * every * each
    with np.errstate(divide="ignore"):
        none = np.exp(np.bincount(item, weights=np.log1p(-probability), minlength=n_items))
    jaccard[empty] = f1[empty] = none[empty]
    return jaccard, f1
