"""Where a run sends items: back to workers, on with their label, or to an expert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from crowdqc.quality.routing import Route, Routes
from crowdqc.records import items, reviews
from crowdqc.records.items import ROUTABLE, Item, ItemState
from crowdqc.records.projects import Project
from crowdqc.records.reviews import Review, ReviewAction, ReviewEvent, ReviewState
from crowdqc.records.runs import Run
from crowdqc.services.transaction import Transaction

#: Items that are locked at a time.
CHUNK = 5000


def routable(state: str, reports: int) -> bool:
    """Say whether an item may be sent on its way: its answers are complete, or workers say that it is broken."""
    return state in ROUTABLE or (state == ItemState.OPEN and reports > 0)


def send(
    tx: Transaction, run: Run, project: Project, item_ids: Sequence[int], complete: np.ndarray, routes: Routes
) -> None:
    """Send items where the run says, unless an expert or new answers were faster."""
    live = {review.item_id: review for review in reviews.live(tx.session, project.id)}
    names = routes.names()
    states = {row[0]: row[2] for row in items.numbered(tx.session, project.id)}
    wanted: dict[int, tuple[int, Route]] = {}
    for code in np.flatnonzero(complete).tolist():
        item_id = item_ids[code]
        route = names[code]
        settled = (route, states[item_id]) in (("review", ItemState.IN_REVIEW), ("accept", ItemState.ACCEPTED))
        if route != "wait" and (not settled or item_id in live):
            wanted[item_id] = code, route
    ids = sorted(wanted)
    for start in range(0, len(ids), CHUNK):
        for item in items.locked(tx.session, ids[start : start + CHUNK]):
            code, route = wanted[item.id]
            _send(tx, run, project, item, route, routes.priority[code], routes.reasons[code], live.get(item.id))


def _send(
    tx: Transaction,
    run: Run,
    project: Project,
    item: Item,
    route: Route,
    priority: float,
    reasons: Sequence[Any],
    review: Review | None,
) -> None:
    """Send one item on its way."""
    if not routable(item.state, item.reports) or (item.state == ItemState.OPEN and route != "review"):
        return
    # What an expert has in hand he may finish, and what somebody asked for stays.
    in_hand = review is not None and (review.state == ReviewState.CLAIMED or review.asked)
    if route == "ask_more" and item.overlap < project.plan["max_overlap"] and not in_hand:
        item.overlap += 1
        item.state = ItemState.OPEN
        _withdraw(tx, review, "more answers are wanted first")
    elif route == "accept":
        if not in_hand:
            item.state = ItemState.ACCEPTED
            _withdraw(tx, review, "no reason holds any longer")
    else:
        told = [reason.to_json() for reason in reasons]
        item.state = ItemState.IN_REVIEW
        if review is None:
            review = Review(
                project_id=project.id,
                item_id=item.id,
                run_id=run.id,
                state=ReviewState.OPEN,
                reasons=told,
                priority=float(priority),
                created_at=tx.now,
            )
            tx.session.add(review)
            tx.session.flush()
            reviews.add_event(tx.session, ReviewEvent(review_id=review.id, action=ReviewAction.OPENED, at=tx.now))
        elif review.state == ReviewState.OPEN and not review.asked:
            review.run_id, review.reasons, review.priority = run.id, told, float(priority)


def _withdraw(tx: Transaction, review: Review | None, why: str) -> None:
    if review is not None and review.state == ReviewState.OPEN:
        review.state = ReviewState.WITHDRAWN
        reviews.add_event(
            tx.session, ReviewEvent(review_id=review.id, action=ReviewAction.WITHDRAWN, comment=why, at=tx.now)
        )
