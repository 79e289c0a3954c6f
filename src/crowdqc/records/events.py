"""What workers did in a project, as columns that rules look at: answers, and items that were skipped."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from crowdqc.records.answers import Answer
from crowdqc.records.assignments import Assignment, AssignmentState
from crowdqc.records.items import Item, ItemState
from crowdqc.records.scores import ItemScore

#: Before the reason of an assignment that ended because something was wrong with the item: no fault of the worker.
REPORTED = "reported:"


@dataclass(frozen=True, slots=True)
class EventColumns:
    """One entry an answer or a skip: keys inside; -1 for the answer and the label of a skip."""

    answer: NDArray[np.int64]
    item: NDArray[np.int64]
    worker: NDArray[np.int64]
    label: NDArray[np.int64]
    #: NaN where it is not known.
    seconds: NDArray[np.float64]
    #: Seconds since 1970: when an answer was handed in; of a skip, whose time is not kept, when it was leased.
    time: NDArray[np.float64]

    def __len__(self) -> int:
        return int(self.item.size)


def of_project(session: Session, project_id: int, *, worker_id: int | None = None) -> EventColumns:
    """Give what all workers of a project did, or one of them."""
    answers = select(
        Answer.id, Answer.item_id, Answer.worker_id, Answer.label, Answer.seconds, Answer.submitted_at
    ).where(Answer.project_id == project_id, Answer.label.is_not(None))
    skips = select(Assignment.item_id, Assignment.worker_id, Assignment.leased_at).where(
        Assignment.project_id == project_id,
        Assignment.state == AssignmentState.SKIPPED,
        Assignment.reason.not_like(f"{REPORTED}%"),
    )
    if worker_id is not None:
        answers = answers.where(Answer.worker_id == worker_id)
        skips = skips.where(Assignment.worker_id == worker_id)
    parts = [np.zeros((0, 6))]
    for chunk in session.execute(answers.execution_options(yield_per=20_000)).partitions():
        # Keys fit a float64 exactly up to 2**53, so that one array takes a row as it comes.
        rows = [(*row[:4], np.nan if row[4] is None else row[4], row[5].timestamp()) for row in chunk]
        parts.append(np.array(rows, dtype=np.float64))
    for skipped in session.execute(skips.execution_options(yield_per=20_000)).partitions():
        rows = [(-1, item, worker, -1, np.nan, leased.timestamp()) for item, worker, leased in skipped]
        parts.append(np.array(rows, dtype=np.float64))
    table = np.concatenate(parts)
    keys = table[:, :4].astype(np.int64)
    return EventColumns(keys[:, 0], keys[:, 1], keys[:, 2], keys[:, 3], table[:, 4].copy(), table[:, 5].copy())


def truths(session: Session, project_id: int) -> tuple[Mapping[int, list[str]], Mapping[int, list[str]]]:
    """Give the accepted labels of gold items, and the labels that experts gave, by item."""
    query = select(Item.id, Item.state, Item.truth).where(Item.project_id == project_id, Item.truth.is_not(None))
    found: dict[bool, dict[int, list[str]]] = {True: {}, False: {}}
    for item, state, truth in session.execute(query):
        found[state == ItemState.GOLD][item] = truth or []
    return found[True], found[False]


def consensus(session: Session, run_id: int) -> Mapping[int, int]:
    """Give the class, by its number, of each item that several workers answered and on which they do not tie."""
    query = select(ItemScore.item_id, ItemScore.label).where(
        ItemScore.run_id == run_id, ItemScore.label.is_not(None), ItemScore.answers > 1, ~ItemScore.tied
    )
    return {item: label for item, label in session.execute(query) if label is not None}


def items_by_uid(session: Session, project_id: int, uids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Item]:
    query = select(Item).where(Item.project_id == project_id, Item.uid.in_(uids))
    return {item.uid: item for item in session.scalars(query)}
