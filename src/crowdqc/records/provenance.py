"""What labels come from, for a block of a project's items at a time: answers, decisions, truths, predictions."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crowdqc.records.answers import Answer
from crowdqc.records.items import Item
from crowdqc.records.people import Worker
from crowdqc.records.predictions import OWN_WORD, Model, Prediction
from crowdqc.records.reviews import Review, ReviewState
from crowdqc.records.truths import Truth


class GivenAnswer(NamedTuple):
    """An answer, as far as a label's history tells it."""

    item_id: int
    id: int
    worker_id: int
    label: int | None
    submitted_at: datetime
    seconds: float | None
    counted: bool
    late: bool
    guideline_version: int


class Decided(NamedTuple):
    """A decision, as far as a label's history tells it."""

    item_id: int
    verdict: str
    label: int | None
    consensus_label: int | None
    decided_at: datetime
    reasons: list[Any]


#: What an item is: key inside, content, metadata, SHA-256 of it.
Thing = tuple[int, dict[str, Any], dict[str, Any], str]


def things(session: Session, project_id: int, first: int, last: int) -> dict[int, Thing]:
    query = select(Item.id, Item.content, Item.meta, Item.content_hash)
    query = query.where(Item.project_id == project_id, Item.id.between(first, last))
    return {row[0]: (row[0], row[1], row[2], row[3]) for row in session.connection().execute(query).all()}


def answers(session: Session, project_id: int, first: int, last: int) -> dict[int, list[GivenAnswer]]:
    """Give the answers to items from one to another, in the order of their coming."""
    query = select(
        Answer.item_id, Answer.id, Answer.worker_id, Answer.label, Answer.submitted_at, Answer.seconds,
        Answer.counted, Answer.late, Answer.guideline_version,
    )  # fmt: skip
    query = query.where(Answer.item_id.between(first, last), Answer.project_id == project_id)
    rows = session.connection().execute(query.order_by(Answer.item_id, Answer.id)).all()
    return _by_item(map(GivenAnswer._make, rows))


def decisions(session: Session, project_id: int, first: int, last: int) -> dict[int, list[Decided]]:
    """Give the decisions of items from one to another, the oldest first."""
    query = select(
        Review.item_id, Review.verdict, Review.label, Review.consensus_label, Review.decided_at, Review.reasons
    )
    query = query.where(Review.item_id.between(first, last), Review.project_id == project_id)
    query = query.where(Review.state == ReviewState.DECIDED).order_by(Review.item_id, Review.id)
    return _by_item(Decided(*row) for row in session.connection().execute(query))


def truths(session: Session, project_id: int, first: int, last: int) -> dict[int, tuple[Any, ...]]:
    """Give (labels, reason, source, at) of what is known to be right of items from one to another."""
    newest = select(func.max(Truth.id)).join(Item, Item.id == Truth.item_id)
    newest = newest.where(Truth.item_id.between(first, last), Item.project_id == project_id)
    query = select(Truth.item_id, Truth.labels, Truth.reason, Truth.source, Truth.at)
    query = query.where(Truth.id.in_(newest.group_by(Truth.item_id)), Truth.labels.is_not(None))
    return {row[0]: tuple(row)[1:] for row in session.connection().execute(query).all()}


def predictions(
    session: Session, project_id: int, first: int, last: int
) -> Iterator[tuple[int, list[tuple[int, bytes]]]]:
    """Give (item, [(model, what it says of the item itself), ...]) of items from one to another."""
    query = select(Prediction.item_id, Prediction.model_id, Prediction.probabilities)
    query = query.join(Model, Model.id == Prediction.model_id)
    query = query.where(Prediction.item_id.between(first, last), Model.project_id == project_id, *OWN_WORD)
    rows = session.connection().execute(query.order_by(Prediction.item_id, Prediction.model_id)).all()
    for item, each in itertools.groupby(rows, operator.itemgetter(0)):
        yield item, [(row[1], row[2]) for row in each]


def pseudonym_keys(session: Session, project_id: int) -> dict[int, bytes]:
    """Give the key of each worker who answered in a project, from which his pseudonym is made."""
    of_project = select(Answer.worker_id).where(Answer.project_id == project_id).distinct()
    query = select(Worker.id, Worker.pseudonym_key).where(Worker.id.in_(of_project))
    return {row[0]: row[1] for row in session.connection().execute(query).all()}


def _by_item(rows: Iterator[Any]) -> dict[int, list[Any]]:
    return {item: [*each] for item, each in itertools.groupby(rows, operator.attrgetter("item_id"))}
