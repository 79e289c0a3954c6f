"""How far two sets of options are apart, for agreement and for scores."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

import numpy as np

from crowdqc.quality.arrays import Codes, Flags, Floats
from crowdqc.quality.label_sets.label_sets import InvalidLabelSets, LabelSets
from crowdqc.quality.votes import Votes

Kind = Literal["jaccard", "masi"]
#: What MASI makes of sets that are equal, one within the other, overlapping, or apart.
EQUAL, WITHIN, OVERLAPPING = 1.0, 2 / 3, 1 / 3


def jaccard_distance(one: Collection[str], other: Collection[str]) -> float:
    """1 less the share of their union that two sets have in common; 0 for two empty sets.

    >>> jaccard_distance({"a", "b"}, {"b", "c"}), jaccard_distance([], [])
    (0.6666666666666667, 0.0)
    """
    return _distance(one, other, "jaccard")


def masi_distance(one: Collection[str], other: Collection[str]) -> float:
    """1 less Jaccard's share times 1 for equal sets, 2/3 for a set within the other, 1/3 for an overlap.

    So a worker who said less is nearer than one who said something else. 0 for two empty sets.

    References
    ----------
    R. J. Passonneau (2006), Measuring agreement on set-valued items (MASI) for semantic and pragmatic annotation,
    LREC.

    >>> round(masi_distance({"a", "b"}, {"b"}), 3), round(masi_distance({"a", "b"}, {"b", "c"}), 3)
    (0.667, 0.889)
    """
    return _distance(one, other, "masi")


def distances(sets: Flags, kind: Kind) -> Floats:
    """Distance of every set to every other, float64[S, S].

    Parameters
    ----------
    sets
        bool[S, n_options], as `distinct` gives them.
    kind
        "jaccard" or "masi".

    Examples
    --------
    >>> distances(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]], dtype=bool), "jaccard").tolist()
    [[0.0, 0.5, 1.0], [0.5, 0.0, 1.0], [1.0, 1.0, 0.0]]
    """
    if kind not in get_args(Kind):
        raise InvalidLabelSets(f"The distance is {kind!r}; it must be one of {', '.join(get_args(Kind))}.")
    chosen = np.asarray(sets, dtype=np.float64)
    size = chosen.sum(axis=1)
    common = chosen @ chosen.T
    union = size[:, None] + size - common
    share = np.divide(common, union, out=np.ones_like(common), where=union > 0)
    if kind == "masi":
        within = common == np.minimum(size[:, None], size)
        share *= np.where(common == union, EQUAL, np.where(within, WITHIN, OVERLAPPING))
    return np.asarray(1 - share)


def distinct(sets: LabelSets) -> tuple[Flags, Codes]:
    """The different sets that occur, bool[S, n_options], in a fixed order, and that of each answer, int32[n]."""
    packed = np.zeros((len(sets), -(-sets.n_options // 8)), dtype=np.uint8)
    np.bitwise_or.at(packed, (sets.answer, sets.option // 8), (128 >> (sets.option % 8)).astype(np.uint8))
    found, which = np.unique(packed, axis=0, return_inverse=True) if len(sets) else (packed, np.zeros(0))
    table = np.unpackbits(found, axis=1, count=sets.n_options).astype(bool)
    return table, which.reshape(-1).astype(np.int32)


def set_votes(sets: LabelSets) -> tuple[Votes, Flags]:
    """Votes whose classes are the different sets that occur, named "a|b", and those sets, bool[S, n_options].

    For agreement with a distance between classes: `distances(found, kind)` is in the order of the classes.
    """
    found, code = distinct(sets)
    names = tuple("|".join(name for name, there in zip(sets.options, row, strict=True) if there) for row in found)
    return Votes(sets.item, sets.worker, code, sets.items, sets.workers, names), found


def _distance(one: Collection[str], other: Collection[str], kind: Kind) -> float:
    names = sorted({*one, *other})
    return float(distances(np.array([[name in each for name in names] for each in (one, other)]), kind)[0, 1])
