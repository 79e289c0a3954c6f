"""Which labels are errors by confident learning: cleaned by the noise that the joint lets expect."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Counts, Flags
from crowdqc.quality.label_errors.confident_learning import ConfidentJoint
from crowdqc.quality.label_errors.given import Table, blocks, check_given

#: Ways to say which labels are errors.
WAYS = ("noise_rate", "class", "both", "confident_learning")
#: Labels of a class that are never all taken for errors.
KEPT = 1


class UnknownWay(Invalid):
    """There is no such way to find errors."""


def find_errors(
    label: ArrayLike, probabilities: Table, *, by: str = "noise_rate", joint: ConfidentJoint | None = None
) -> Flags:
    """Say which labels, int[n], are errors by out-of-sample probabilities[n, K]; bool[n].

    Parameters
    ----------
    by
        "noise_rate": of each pair of classes as many as the joint expects, those with the greatest margin.
        "class": of each class as many as the joint expects, those with the least probability of their label.
        "both": what both find. "confident_learning": what the joint counts under another class.
        A label that no class is likelier than is never an error.

    Raises
    ------
    InvalidLabels, UnknownWay

    References
    ----------
    C. G. Northcutt, L. Jiang, I. L. Chuang (2021), Confident learning, JAIR 70, section 3.2.

    Examples
    --------
    >>> table = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.1, 0.9]])
    >>> [find_errors([0, 0, 0, 1, 1], table, by=way).tolist().index(True) for way in WAYS]
    [2, 2, 2, 2]
    """
    if by not in WAYS:
        raise UnknownWay(f"There is no way {by!r}. Ways: {', '.join(WAYS)}.")
    given = check_given(label, probabilities)
    found = ConfidentJoint.of(given, probabilities) if joint is None else joint
    if by == "confident_learning":
        wrong = found.off_diagonal.copy()
    else:
        least = _least_kept(found.calibrated)
        wrong = np.ones(given.size, dtype=bool)
        if by != "noise_rate":
            wrong &= _by_class(given, probabilities, least)
        if by != "class":
            wrong &= _by_noise_rate(given, probabilities, least)
    return wrong & ~_as_likely(given, probabilities)


def _least_kept(calibrated: Counts) -> Counts:
    """Leave each given class at least `KEPT` right labels, taken from the others evenly."""
    counts = calibrated.copy()
    for k in np.flatnonzero(counts.diagonal() < KEPT):
        short, others = KEPT - counts[k, k], max(np.count_nonzero(counts[k]), 1)
        counts[k] = np.maximum(np.floor(counts[k] - short / others), 0)
        counts[k, k] = KEPT
    return counts


def _by_class(given: Codes, table: Table, counts: Counts) -> Flags:
    wrong = np.zeros(given.size, dtype=bool)
    for k, rows in _groups(given, len(counts)):
        if rows.size > KEPT:
            wrong[rows[_first(table[rows, k], int(rows.size - counts[k, k]))]] = True
    return wrong


def _by_noise_rate(given: Codes, table: Table, counts: Counts) -> Flags:
    wrong = np.zeros(given.size, dtype=bool)
    for k, rows in _groups(given, len(counts)):
        part = table[rows]
        for j in np.flatnonzero(counts[k]) if rows.size > KEPT else ():
            if j != k:
                wrong[rows[_first(part[:, k] - part[:, j], int(counts[k, j]))]] = True
    return wrong


def _groups(given: Codes, K: int) -> list[tuple[int, Counts]]:
    """Rows of each class that is given."""
    order = np.argsort(given, kind="stable")
    ends = np.searchsorted(given[order], np.arange(K + 1))
    return [(k, order[ends[k] : ends[k + 1]]) for k in range(K) if ends[k + 1] > ends[k]]


def _first(values: Table, number: int) -> Counts:
    """Places of the least values; of equal ones the first."""
    if not 0 < number < values.size:
        return np.arange(values.size if number > 0 else 0)
    last = np.partition(values, number - 1)[number - 1]
    below = np.flatnonzero(values < last)
    return np.append(below, np.flatnonzero(values == last)[: number - below.size])


def _as_likely(given: Codes, table: Table) -> Flags:
    """Rows that find no class likelier than their label."""
    as_likely = np.zeros(given.size, dtype=bool)
    for rows in blocks(*table.shape):
        part, own = table[rows], given[rows]
        as_likely[rows] = part[np.arange(own.size), own] >= part.max(axis=1)
    return as_likely
