"""Numeric answers as votes: a class for each distinct number, in rising order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.agreement.weights import numbers
from crowdqc.quality.arrays import Floats
from crowdqc.quality.votes import Votes

if TYPE_CHECKING:
    from crowdqc.quality.ratings.ratings import Ratings


def votes_of(ratings: Ratings) -> Votes:
    """Numeric answers as votes, so that every coefficient takes them: the distinct numbers become the classes.

    Give `scale="interval"` or `"ratio"`, or `values`, for the numbers to count as numbers.
    """
    values, label = np.unique(ratings.value, return_inverse=True)
    return Votes(
        item=ratings.item,
        worker=ratings.worker,
        label=label.astype(np.int32),
        items=ratings.items,
        workers=ratings.workers,
        classes=tuple(map(repr, values.tolist())),
    )


def by_number(votes: Votes, values: ArrayLike | None = None) -> tuple[Votes, Floats]:
    """Order the classes by the numbers they stand for and make one of those that stand for the same.

    >>> votes, values = by_number(Votes.of([1, 1, 1], list("abc"), ["10", "9", "9.0"]))
    >>> votes.classes, values.tolist(), votes.label.tolist()
    (('9', '10'), [9.0, 10.0], [1, 0, 0])
    """
    distinct, first, code = np.unique(numbers(votes.classes, values), return_index=True, return_inverse=True)
    classes = tuple(votes.classes[place] for place in first)
    return replace(votes, label=code.astype(np.int32)[votes.label], classes=classes), distinct
