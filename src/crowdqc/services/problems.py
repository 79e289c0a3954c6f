"""A project's answers as the votes of a problem, and what the codes stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality import Votes
from crowdqc.records.answers import VoteColumns

#: As `records.items.numbered` gives an item: key inside, key, state, truth, reports.
ItemRow = tuple[int, str, str, list[str] | None, int]


@dataclass(frozen=True, slots=True)
class Coded:
    """Votes, and by code the keys inside of items and workers."""

    votes: Votes
    items: NDArray[np.int64]
    workers: NDArray[np.int64]
    #: The keys inside of the answers, which grow as they come in, in the order of the votes.
    order: NDArray[np.int64]


def coded(columns: VoteColumns, rows: Sequence[ItemRow], classes: Sequence[str]) -> Coded:
    """Turn keys into codes."""
    item_ids = np.array([row[0] for row in rows], dtype=np.int64)
    worker_ids = np.unique(columns.worker)
    votes = Votes.coded(
        np.searchsorted(item_ids, columns.item),
        np.searchsorted(worker_ids, columns.worker),
        columns.label,
        items=[row[1] for row in rows],
        workers=worker_ids.tolist(),
        classes=classes,
        seconds=columns.seconds,
    )
    # A worker answers an item once, so that this is the very order of the votes.
    order = columns.answer[np.lexsort((columns.worker, columns.item))]
    return Coded(votes, item_ids, worker_ids, order)
