"""Which boxes of several workers are of the same object."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import CHUNK, Counts, Flags, Floats
from crowdqc.quality.groups import pairs_within, sums
from crowdqc.quality.shapes.boxes import Boxes
from crowdqc.quality.shapes.overlap import iou

#: Boxes of an item that are compared each with each; of more, answers are matched in turns.
MOST = 500
#: Numbers in the tables of overlap that are worked on at once.
CELLS = 1 << 22


def matched(boxes: Boxes, least: float) -> Counts:
    """Give the same number to boxes of the same object, int64[boxes]; an object has at most one box of an answer.

    The two clusters with the greatest mean overlap (IoU over their pairs of boxes) are made one, as long as that
    is at least `least` and no answer has a box in both; then the next two: average linkage under a constraint. Of
    equal overlaps the one that comes first in the order of the boxes' coordinates is taken, so that neither the
    order of rows nor names matter. An item with more than `MOST` boxes is matched in turns, in the order of its
    workers: an answer's boxes go to the objects that there are by the assignment with the greatest overlap in sum,
    and what is left becomes new objects.

    References
    ----------
    R. R. Sokal, C. D. Michener (1958), A statistical method for evaluating systematic relationships, University of
    Kansas Science Bulletin 38, 1409-1438: average linkage.
    """
    object_of = np.arange(boxes.n_boxes)
    if not boxes.n_boxes:
        return object_of
    item = boxes.item[boxes.answer]
    number = np.bincount(item, minlength=boxes.n_items)
    small = np.flatnonzero(number[item] <= MOST)
    object_of[small] = small[_linked(boxes, small, least)]
    ends = np.cumsum(number)
    for large in np.flatnonzero(number > MOST):
        members = np.arange(ends[large] - number[large], ends[large])
        object_of[members] = _in_turns(boxes, members, least)
    return np.unique(object_of, return_inverse=True)[1].reshape(-1)


def _linked(boxes: Boxes, members: Counts, least: float) -> Counts:
    """Cluster some boxes, sorted by item; give each the place, among them, of one box of its cluster."""
    from scipy import sparse

    if not members.size:
        return members
    # the order of coordinates, whoever drew what: it decides between equal overlaps
    item = boxes.item[boxes.answer[members]]
    order = np.lexsort((boxes.answer[members], boxes.label[members], *boxes.box[members].T[::-1], item))
    box, answer = boxes.box[members][order], boxes.answer[members][order]
    left, right = _overlapping(box, item, answer, least)
    near = sparse.coo_array((np.ones(left.size, dtype=bool), (left, right)), shape=(order.size, order.size))
    # clusters with a mean of at least `least` have a pair with that much: components have nothing to do together
    part = sparse.csgraph.connected_components(near, directed=False)[1]
    by_part = np.argsort(part, kind="stable")
    sizes = np.bincount(part)
    starts = np.cumsum(sizes) - sizes
    leader = np.arange(order.size)
    for size in np.unique(sizes[sizes > 1]):
        groups = np.flatnonzero(sizes == size)
        step = max(CELLS // int(size) ** 2, 1)
        for begin in range(0, groups.size, step):
            rows = by_part[starts[groups[begin : begin + step]][:, None] + np.arange(size)]
            overlap = iou(box[rows][:, :, None], box[rows][:, None])
            overlap[answer[rows][:, :, None] == answer[rows][:, None]] = -np.inf  # each with itself as well
            leader[rows] = np.take_along_axis(rows, _agglomerated(overlap, least), axis=1)
    found = np.empty(order.size, dtype=np.int64)
    found[order] = order[leader]
    return found


def _overlapping(box: Floats, item: NDArray[np.integer], answer: Counts, least: float) -> tuple[Counts, Counts]:
    """Give the pairs of boxes of one item and two answers that overlap by at least `least`."""
    sizes = np.unique(item, return_counts=True)[1]
    ends = np.cumsum(sizes)
    part = np.cumsum(sizes * (sizes - 1) // 2) // CHUNK
    found: list[tuple[Counts, Counts]] = []
    for each in np.unique(part):
        groups = np.flatnonzero(part == each)
        left, right = pairs_within(sizes[groups])
        first = int(ends[groups[0]] - sizes[groups[0]])
        left, right = left + first, right + first
        near = (iou(box[left], box[right]) >= least) & (answer[left] != answer[right])
        found.append((left[near], right[near]))
    lefts, rights = zip(*found, strict=True)
    return np.concatenate(lefts), np.concatenate(rights)


def _agglomerated(overlap: Floats, least: float) -> Counts:
    """Link within many groups of equal size at once; `overlap`, float64[groups, n, n], is used up.

    Minus infinity between two boxes remains between their clusters, whatever it is averaged with.

    Returns
    -------
    int64[groups, n]
        The first member of each member's cluster.
    """
    groups, n, _ = overlap.shape
    leader = np.tile(np.arange(n), (groups, 1))
    size = np.ones((groups, n))
    row = np.arange(groups)
    while row.size:
        flat = overlap.reshape(groups, -1)
        best = (flat if row.size == groups else flat[row]).argmax(axis=1)
        i, j = np.divmod(best, n)
        go = overlap[row, i, j] >= least
        row, i, j = row[go], i[go], j[go]
        both = size[row, i] + size[row, j]
        mean = (size[row, i, None] * overlap[row, i] + size[row, j, None] * overlap[row, j]) / both[:, None]
        overlap[row, i], overlap[row, :, i] = mean, mean
        overlap[row, j], overlap[row, :, j] = -np.inf, -np.inf
        overlap[row, i, i] = -np.inf
        size[row, i] = both
        members = leader[row]
        leader[row] = np.where(members == j[:, None], i[:, None], members)
    return leader


def _in_turns(boxes: Boxes, members: Counts, least: float) -> Counts:
    """Cluster the boxes of one item, some answers after the others; give each a box of its cluster."""
    object_of = np.empty(members.size, dtype=np.int64)
    answer = boxes.answer[members]
    known, models = np.zeros(0, dtype=np.int64), np.zeros((0, 4))
    begin = 0
    while begin < members.size:
        # as many whole answers as fit, and at least one
        end = min(begin + MOST, members.size)
        if end < members.size:
            cut = int(np.searchsorted(answer, answer[end]))
            end = cut if cut > begin else int(np.searchsorted(answer, answer[begin], side="right"))
        turn = np.arange(begin, end)
        fits = _assigned(iou(boxes.box[members[turn], None], models), answer[turn], least)
        object_of[turn[fits >= 0]] = known[fits[fits >= 0]]
        rest = members[turn[fits < 0]]
        if rest.size:
            new, which = np.unique(rest[_linked(boxes, rest, least)], return_inverse=True)
            object_of[turn[fits < 0]] = new[which]
            mean = [sums(which, side, new.size) / np.bincount(which) for side in boxes.box[rest].T]
            known, models = np.append(known, new), np.concatenate([models, np.stack(mean, axis=1)])
        begin = end
    return object_of


def _assigned(overlap: Floats, answer: Counts, least: float) -> Counts:
    """Assign the boxes of each answer to objects, each at most once, int64[boxes]; -1 where nothing fits."""
    from scipy.optimize import linear_sum_assignment

    overlap = np.where(overlap >= least, overlap, 0.0)
    fits = np.full(answer.size, -1)
    open_boxes: Flags = np.asarray(overlap.any(axis=1))
    for each in np.unique(answer[open_boxes]):
        rows = np.flatnonzero((answer == each) & open_boxes)
        near = np.flatnonzero(overlap[rows].any(axis=0))
        table = overlap[np.ix_(rows, near)]
        row, column = linear_sum_assignment(table, maximize=True)
        there = table[row, column] > 0
        fits[rows[row[there]]] = near[column[there]]
    return fits
