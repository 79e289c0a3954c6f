"""What it costs to go on asking about an item and to stop when that is best, as far ahead as is affordable."""

from __future__ import annotations

import numpy as np

from crowdqc.quality.arrays import Counts, Floats, row_maxima
from crowdqc.quality.overlap.lattice import affordable, lattice

#: Points that are looked at for one item: 30 answers ahead with 2 labels, 12 with 3, 6 with 5, 3 with 10.
POINTS = 500
#: Numbers that are held at once.
CELLS = 1 << 20


def go_on(
    posterior: Floats,
    table: Floats,
    costs: Floats | None,
    *,
    price: float,
    expert: Floats | None,
    left: Counts,
    ahead: int = 100,
) -> Floats:
    """Give the expected cost of asking for one more answer now and acting as well as may be afterwards.

    After each answer there is the choice again: stop with the label that is expected to cost least, send the item
    to an expert, or pay for one more answer while some are left. This is the sequential decision problem of
    Bayes, solved by backward induction (DeGroot, section 12.5). To look a single answer ahead stops too early:
    where two alike must come to turn the label, one alone saves nothing. With workers who are not told apart the
    order of the answers does not matter, so the points after d answers are the counts of labels, C(d + M - 1, d)
    of them for M labels instead of M^d, and the same for all items: only the posterior they start from differs.

    Notes
    -----
    With p the posterior, e the table, c the costs, n counts of labels and u(k) = p(k) prod_y e(k, y)^n(y), the
    chance of one order of n together with class k,

        J(n) = min(min_l sum_k u(k) c(k, l),  sum_k u(k) x(k),  price sum_k u(k) + sum_y J(n + 1_y)),

    where x(k) is what an expert costs in class k, and the third is not there when no answer is left. Nothing is
    divided by, and all is linear in p but the minima. Where the answers left are more than are looked ahead, the
    figure is that of one who stops then: it is never too low, and falls as one looks further.

    Parameters
    ----------
    posterior
        float64[n, K].
    table
        float64[K, M], P(what is heard | true), rows true: of one crowd what is said, float64[K, K]; of several
        groups of workers who said what, `WorkerGroups.joint`. To hear more is never worth less (Blackwell).
    costs
        float64[K, K], `costs[true, said]`, zero diagonal; None: each mistake costs 1.
    price
        Of an answer, in the unit of the costs.
    expert
        float64[K], what an expert costs in all where that class is true; None: there is none.
    left
        int64[n], answers that may still be asked for.
    ahead
        Answers looked ahead at most.

    Returns
    -------
    float64[n]
        Infinite where none is left.

    References
    ----------
    M. H. DeGroot (1970), Optimal statistical decisions, chapter 12.
    A. Wald (1947), Sequential analysis, appendix.
    D. Blackwell (1953), Equivalent comparisons of experiments, Annals of Mathematical Statistics 24, 265-272.

    Examples
    --------
    A single answer can turn nothing here, two that agree can:

    >>> p, e = np.array([[0.9, 0.1]]), np.array([[0.8, 0.2], [0.2, 0.8]])
    >>> [go_on(p, e, None, price=0.001, expert=None, left=np.array([m])).round(4).item() for m in (1, 2, 3)]
    [0.101, 0.0733, 0.0574]
    """
    symbols = table.shape[1]
    ask = np.full(len(posterior), np.inf)
    depths = np.minimum(left, affordable(symbols, max(ahead, 1), POINTS))
    for depth in np.unique(depths[depths > 0]).tolist():
        rows = np.flatnonzero(depths == depth)
        widest = lattice(symbols, depth).label[-1].size * (1 if costs is None else len(costs))
        for at in range(0, rows.size, step := max(1, CELLS // widest)):
            part = rows[at : at + step]
            ask[part] = _induced(posterior[part], table, costs, price, expert, depth)
    return ask


def _induced(
    posterior: Floats, table: Floats, costs: Floats | None, price: float, expert: Floats | None, depth: int
) -> Floats:
    """Go back from the last answer to the first, float64[items]."""
    points = lattice(table.shape[1], depth)
    chances = [np.ones((table.shape[0], 1))]
    for parent, label in zip(points.parent, points.label, strict=True):
        chances.append(chances[-1][:, parent] * table[:, label])
    after = _without(posterior, chances[depth], costs, expert)
    for at in range(depth - 1, -1, -1):
        asked = price * (posterior @ chances[at])
        for children in points.children[at].T:
            asked += after[:, children]
        after = asked if at == 0 else np.minimum(asked, _without(posterior, chances[at], costs, expert))
    return np.asarray(after[:, 0])


def _without(posterior: Floats, chances: Floats, costs: Floats | None, expert: Floats | None) -> Floats:
    """Cost at each point where no answer is asked for, float64[items, points], weighed by its chance."""
    n, points = len(posterior), chances.shape[1]
    if costs is None:
        best = posterior @ chances
        likeliest = posterior[:, :1] * chances[0]
        for k in range(1, posterior.shape[1]):
            np.maximum(likeliest, posterior[:, k, None] * chances[k], out=likeliest)
        best -= likeliest
    else:
        each = posterior @ (chances[:, :, None] * costs[:, None, :]).reshape(len(chances), -1)
        best = -row_maxima(-each.reshape(n * points, -1)).reshape(n, points)
    if expert is not None:
        np.minimum(best, posterior @ (chances * expert[:, None]), out=best)
    return best
