"""The reviews that a round asks for: made, read as what they say of its labels, and withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowdqc.formats.frozen import SOURCES
from crowdqc.quality.certificates import Certificate
from crowdqc.quality.rounds import Choice, Looked, Outcome, RoundPlan, conclude
from crowdqc.quality.rounds.outcome import RIGHT, UNSEEN, UNSURE, WRONG
from crowdqc.records import items, projects, reviews, rounds
from crowdqc.records.items import ItemState
from crowdqc.records.jobs import JobName
from crowdqc.records.projects import Project
from crowdqc.records.releases import Release
from crowdqc.records.reviews import Review, ReviewAction, ReviewEvent, ReviewState
from crowdqc.records.rounds import Round, Seen
from crowdqc.services import freezing
from crowdqc.services.transaction import Transaction

#: Of the reviews of a round: beyond what any policy gives, for somebody waits for them.
URGENT = 200.0
#: The signal of a review that a round asked for.
SIGNAL = "round"
_CONSENSUS = SOURCES.index("consensus")
#: Items that are locked at a time.
_CHUNK = 5000


def ask(tx: Transaction, found: Round, choice: Choice, chosen: Sequence[int], label: NDArray[np.integer]) -> None:
    """Have experts look at the chosen items, keys inside, in their order; all for the same reason.

    One that is under review already keeps that review, and comes in its turn.
    """
    projects.contribute(tx.session, found.project_id)
    place = {item_id: number for number, item_id in enumerate(chosen)}
    ids, rows = sorted(chosen), []
    reason = {
        "signal": SIGNAL,
        "op": "at_least",
        "value": float(found.number),
        "threshold": float(found.number),
        "words": f"it belongs to round {found.number}",
        "severity": 0.0,
    }
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        # Reviews before their items, as whoever decides one.
        live = reviews.live_of(tx.session, part)
        locked = items.locked(tx.session, part)
        made: list[Review] = []
        for item in locked:
            urgent = URGENT + 1 - place[item.id] / len(chosen)
            review = live.get(item.id)
            if review is None:
                review = Review(
                    project_id=found.project_id,
                    item_id=item.id,
                    state=ReviewState.OPEN,
                    reasons=[reason],
                    priority=urgent,
                    asked=True,
                    created_at=tx.now,
                )
                live[item.id] = review
                made.append(review)
                tx.session.add(review)
            else:
                review.asked, review.priority = True, urgent
            if item.state not in (ItemState.GOLD, ItemState.DISCARDED):
                item.state = ItemState.IN_REVIEW
        tx.session.flush()
        for review in made:
            event = ReviewEvent(review_id=review.id, action=ReviewAction.OPENED, at=tx.now)
            reviews.add_event(tx.session, event)
        rows += [_row(found, choice, place[item.id], live[item.id], label) for item in locked]
    tx.session.flush()
    rounds.add_items(tx.session, rows)


def _row(found: Round, choice: Choice, at: int, review: Review, label: NDArray[np.integer]) -> dict[str, Any]:
    def known(code: int) -> int | None:
        return code if code >= 0 else None

    return {
        "round_id": found.id,
        "item_id": review.item_id,
        "review_id": review.id,
        "place": at,
        "label": int(label[choice.item[at]]),
        "suggested": known(int(choice.suggested[at])),
        "suspect": known(int(choice.suspect[at])),
        "draw": known(int(choice.draw[at])),
        "reasons": dict(choice.reasons[at]),
    }


def outcome(tx: Transaction, found: Round, project: Project, release: Release) -> Outcome:
    """Say what a round has come to so far."""
    seen = rounds.seen(tx.session, found.id)
    names = tuple(found.samplers or ())
    chosen = np.array([[name in each.row.reasons for name in names] for each in seen], dtype=bool)
    looked = Looked(
        outcome=np.array([_outcome(each) for each in seen], dtype=np.int8),
        label=np.array([each.row.label for each in seen], dtype=np.int32),
        decided=_codes([each.decided for each in seen]),
        suspect=_codes([each.row.suspect for each in seen]),
        draw=_codes([each.row.draw for each in seen]),
        chosen=chosen.reshape(len(seen), len(names)),
        names=names,
    )
    assert found.size is not None
    assert found.free is not None
    return conclude(
        looked,
        RoundPlan.of(found.plan).stop,
        project.classes,
        size=found.size,
        n_free=found.free,
        number=found.number,
        seed=found.seed,
        release=release.content_hash,
    )


def _outcome(seen: Seen) -> int:
    if seen.state != ReviewState.DECIDED:
        return UNSEEN
    if seen.decided is None:
        # Discarded, or sent back for more answers: nobody has found the label right.
        return UNSURE
    return RIGHT if seen.decided == seen.row.label else WRONG


def _codes(values: Sequence[int | None]) -> NDArray[np.int32]:
    return np.array([-1 if value is None else value for value in values], dtype=np.int32)


def withdraw(tx: Transaction, found: Round, why: str) -> None:
    """Take back the reviews of a round that nobody has decided; what is in hand may be finished."""
    projects.contribute(tx.session, found.project_id)
    ids = sorted(each.row.item_id for each in rounds.seen(tx.session, found.id) if each.state in reviews.LIVE)
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        live = reviews.live_of(tx.session, part)
        locked = {item.id: item for item in items.locked(tx.session, part)}
        for item_id, review in live.items():
            review.asked = False
            item = locked[item_id]
            if review.state != ReviewState.OPEN or any(each.get("signal") != SIGNAL for each in review.reasons):
                continue
            review.state = ReviewState.WITHDRAWN
            event = ReviewEvent(review_id=review.id, action=ReviewAction.WITHDRAWN, comment=why, at=tx.now)
            reviews.add_event(tx.session, event)
            if item.state == ItemState.IN_REVIEW:
                # The next run says where it goes.
                full = item.answered >= item.overlap
                item.state = ItemState.ANSWERED if full else ItemState.OPEN
    tx.defer(JobName.AGGREGATE, f"project:{found.project_id}", after=tx.settings.aggregation_delay)


def moved(tx: Transaction, project: Project, before: Release, after: Release) -> int:
    """Count the labels that two releases do not share, but for those that an expert decided."""
    classes = list(project.classes)
    one, two = (freezing.columns(tx.storage, each, classes) for each in (before, after))
    was = dict(zip(one.items, one.label.tolist(), strict=True))
    number = 0
    for item, label, source in zip(two.items, two.label.tolist(), two.source.tolist(), strict=True):
        if label >= 0 and source == _CONSENSUS and was.get(item, -1) != label:
            number += 1
    return number


def certificate(told: Mapping[str, Any], moved: int, before: Release) -> dict[str, Any]:
    """Write a certificate of the release that a round began with as one of that which it ended with."""
    found = Certificate.of(told)
    wrong = found.wrong_at_most + moved
    share = 1 - wrong / found.size if found.size else 1.0
    return {
        **found.to_json(),
        "audited_release": {"number": before.number, "content_hash": before.content_hash},
        "moved": moved,
        "wrong_at_most_here": wrong,
        "right_at_least_here": share,
    }
