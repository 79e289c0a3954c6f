"""Gold: items become it, are corrected and retired; how healthy it is, and what an expert is to look at."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowdqc.errors import Conflict, Invalid, Missing
from crowdqc.records import golds, items, projects, reviews, truths
from crowdqc.records.golds import GoldScore
from crowdqc.records.items import Item, ItemState
from crowdqc.records.projects import Project
from crowdqc.records.reviews import Review, ReviewAction, ReviewEvent, ReviewState
from crowdqc.records.runs import Run
from crowdqc.records.truths import Truth, TruthOrigin
from crowdqc.roles import Actor
from crowdqc.services import reach
from crowdqc.services import truths as ground
from crowdqc.services.transaction import Transaction

#: As many items as become gold in one call.
MOST = 1000
#: As many gold items of which something is found as are shown at once.
FOUND_SHOWN = 200
#: How urgent a review of gold is: a fault in it is a fault in every worker's figures.
PRIORITY = 90.0
#: What to do about each kind of finding.
ADVICE = {
    "suspect": "Look at it, or have an expert do it; then correct it, or retire it and drop its truth.",
    "unsaid": "Look whether this label is really right as well; if it is not, correct the gold.",
    "leak": "Retire it, and bring new gold of the same class.",
    "rising": "Retire it when others show the same; word of gold may go round.",
    "exposed": "Retire it, and bring new gold of the same class: a newcomer can have been told of it.",
    "knowing": "Look at his other answers before anything else; talk with him.",
    "ease": "Bring gold that is as hard as the rest, by promoting audited decisions.",
    "imbalance": "Bring gold of the class that is too rare, or retire some of the one that is too common.",
    "lack": "Bring more gold of this class, or take its figures with their intervals.",
}
#: States of an item that can become gold; one that is under an expert's hands cannot.
CAN_BECOME = (ItemState.OPEN, ItemState.ANSWERED, ItemState.ACCEPTED, ItemState.IN_REVIEW, ItemState.DECIDED)


class NotGold(Conflict):
    """This item is not gold."""

    usual_mend = "Make it gold first."


class CannotBeGold(Invalid):
    """Not all of these items can become gold."""


class NotDecided(Missing):
    """This review gave its item no label."""


class UnderReview(Conflict):
    """An expert looks at this item, or is to."""

    usual_mend = "Wait for the decision."


@dataclass(frozen=True, slots=True)
class Named:
    """An item that is to be gold: its name, the accepted labels, why they are right."""

    item: str
    labels: Sequence[str]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class GoldItem:
    """A gold item, what its labels rest on, and what the latest run that looked at it says."""

    item: Item
    truth: Truth | None
    score: GoldScore | None


@dataclass(frozen=True, slots=True)
class Health:
    """How healthy a project's gold is."""

    project: Project
    #: The run that looked; none where none has.
    run: Run | None
    #: Figures of gold as a whole, of classes, and findings that are about no item; see `gold_health.keep`.
    whole: Mapping[str, Any] | None
    #: The gold items of which something is found, the most urgent first.
    found: Sequence[GoldItem]


def make(
    tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, named: Sequence[Named], source: TruthOrigin
) -> Sequence[Item]:
    """Make items of a project gold, all or none; raise CannotBeGold that names every fault.

    What an item had so far stays: its answers are answers to gold from now on, its leases go on. An open review
    of it is withdrawn.
    """
    project = projects.by_id(tx.session, reach.own_project(tx, actor, project_uid).id, lock=True)
    found = items.by_keys(tx.session, project.id, {each.item for each in named}, lock=True)
    _withdraw_reviews(tx, [item.id for item in found.values()])
    claimed = reviews.live_of_items(tx.session, [item.id for item in found.values()], states=[ReviewState.CLAIMED])
    faults: list[dict[str, object]] = []
    seen: set[str] = set()
    for number, each in enumerate(named):
        where, item = f"items[{number}]", found.get(each.item)
        faults += ground.fault(each.labels, project.classes, f"{where}.labels")
        if each.item in seen:
            faults.append({"where": f"{where}.item", "what": f"{each.item!r} is named twice"})
        elif item is None:
            faults.append({"where": f"{where}.item", "what": f"there is no item {each.item!r} in this project"})
        elif item.state == ItemState.GOLD:
            faults.append({"where": f"{where}.item", "what": f"{each.item!r} is gold already: correct it"})
        elif item.state not in CAN_BECOME:
            faults.append({"where": f"{where}.item", "what": f"{each.item!r} is {item.state}"})
        elif item.id in claimed:
            faults.append({"where": f"{where}.item", "what": f"an expert has {each.item!r} in hand"})
        seen.add(each.item)
    if faults:
        raise CannotBeGold(
            mend="Mend the faults listed; bring new items as a batch, with a column gold.", errors=faults
        )
    made = [(found[each.item], each.labels, each.reason) for each in named]
    ground.make_gold(tx, project, made, actor, source)
    return [item for item, _, _ in made]


def correct(
    tx: Transaction,
    actor: Actor,
    uid: uuid.UUID,
    *,
    labels: Sequence[str] | None = None,
    reason: str | None = None,
    source: TruthOrigin,
) -> Item:
    """Set the labels that are accepted of a gold item, and why; what is not given stays as it was."""
    project = _own(tx, actor, uid)
    projects.contribute(tx.session, project.id)
    item = _gold(tx, uid)
    if reason is None and (before := truths.current(tx.session, [item.id]).get(item.id)) is not None:
        reason = before.reason
    ground.correct(tx, item, item.truth or () if labels is None else labels, reason, actor, source)
    return item


def retire(
    tx: Transaction,
    actor: Actor,
    uid: uuid.UUID,
    *,
    reason: str | None = None,
    keep_truth: bool = True,
    source: TruthOrigin,
) -> Item:
    """Give a gold item to nobody any longer.

    Its truth stands, and whoever answered it stays measured by it; or, where the truth is not to be trusted, it is
    taken back, nobody is measured by it, and the item goes to the workers who never had it.
    """
    project = projects.by_id(tx.session, _own(tx, actor, uid).id, lock=True)
    item = _gold(tx, uid)
    if keep_truth:
        ground.retire(tx, item, reason, actor, source)
    elif _live(tx, item) is not None:
        raise UnderReview()
    else:
        item.overlap = max(item.overlap, project.plan["overlap"])
        ground.withdraw(tx, item, reason, actor, source)
    return item


def promote(tx: Transaction, actor: Actor, review_uid: uuid.UUID, *, reason: str | None = None) -> Item:
    """Make an item gold by what an expert decided of it; who answered or reviewed it is never given it."""
    review = reach.review(tx, review_uid)
    project = projects.by_id(tx.session, review.project_id, lock=True)
    item = items.by_id(tx.session, review.item_id, lock=True)
    if review.state != ReviewState.DECIDED or review.label is None or not item.truth:
        raise NotDecided(mend="Decide it first, with a label.")
    if item.state != ItemState.GOLD:
        why = reason or _said(tx, review)
        ground.make_gold(tx, project, [(item, item.truth, why)], actor, TruthOrigin.PROMOTION)
    return item


def send_to_review(tx: Transaction, actor: Actor, uid: uuid.UUID, *, comment: str | None = None) -> Review:
    """Have an expert look at gold that may be wrong; it stays gold meanwhile. Raise UnderReview."""
    item = reach.item(tx, actor, uid)
    projects.contribute(tx.session, item.project_id)
    item = _gold(tx, uid)
    if _live(tx, item) is not None:
        raise UnderReview()
    score = golds.score(tx.session, item.id)
    project = projects.by_id(tx.session, item.project_id)
    said = next((each["meaning"] for each in (score.findings if score else ()) if each["kind"] == "suspect"), None)
    words = said or f"Somebody wants to know whether {' or '.join(item.truth or ())} is right; it is gold."
    reason = {
        "signal": "gold_suspect",
        "op": "at_least",
        "value": None if score is None else score.wrong,
        "threshold": None,
        "words": words,
    }
    review = Review(
        project_id=project.id,
        item_id=item.id,
        state=ReviewState.OPEN,
        reasons=[reason],
        priority=PRIORITY,
        created_at=tx.now,
    )
    tx.session.add(review)
    tx.session.flush()
    event = ReviewEvent(
        review_id=review.id, person_id=actor.id, action=ReviewAction.OPENED, comment=comment or None, at=tx.now
    )
    reviews.add_event(tx.session, event)
    return review


def page(
    tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, after: uuid.UUID | None = None, limit: int = 50
) -> tuple[Project, Sequence[GoldItem]]:
    """Give a project's gold in the order of its coming."""
    project = reach.project(tx, actor, project_uid)
    run = golds.latest(tx.session, project.id)
    start = 0 if after is None else reach.item(tx, actor, after).id
    rows = golds.page(tx.session, project.id, None if run is None else run.id, after=start, limit=limit)
    return project, _with_truths(tx, rows)


def health(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> Health:
    """Say how healthy a project's gold is, as the latest run that looked at it found."""
    project = reach.project(tx, actor, project_uid)
    run = golds.latest(tx.session, project.id)
    if run is None:
        return Health(project, None, None, [])
    rows = golds.found(tx.session, project.id, run.id, limit=FOUND_SHOWN)
    return Health(project, run, (run.summary or {}).get("gold"), _with_truths(tx, rows))


def history(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Sequence[tuple[Truth, str | None]]:
    """Give every step that an item's truth took, the oldest first, each with the name of whoever took it."""
    return truths.of_item(tx.session, reach.item(tx, actor, uid).id)


def _with_truths(tx: Transaction, rows: Sequence[tuple[Item, GoldScore | None]]) -> list[GoldItem]:
    known = truths.current(tx.session, [item.id for item, _ in rows])
    return [GoldItem(item, known.get(item.id), score) for item, score in rows]


def _own(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Project:
    """Give the project of an item that the actor may change; an item that he does not see is missing."""
    project = projects.by_id(tx.session, reach.item(tx, actor, uid).project_id)
    return reach.own_project(tx, actor, project.uid)


def _gold(tx: Transaction, uid: uuid.UUID) -> Item:
    """Give a gold item, locked; raise NotGold."""
    found = items.by_uid(tx.session, uid, owner_id=None)
    if found is None:
        raise reach.NoSuchItem(item=str(uid))
    item = items.by_id(tx.session, found.id, lock=True)
    if item.state != ItemState.GOLD:
        raise NotGold()
    return item


def _live(tx: Transaction, item: Item) -> Review | None:
    return reviews.live_of_items(tx.session, [item.id]).get(item.id)


def _withdraw_reviews(tx: Transaction, item_ids: Sequence[int]) -> None:
    """Take back reviews that nobody has in hand; no other is locked: whoever has it may wait for the item."""
    for review in reviews.live_of_items(tx.session, item_ids, states=[ReviewState.OPEN], lock=True).values():
        review.state = ReviewState.WITHDRAWN
        event = ReviewEvent(
            review_id=review.id, action=ReviewAction.WITHDRAWN, comment="the item was made gold", at=tx.now
        )
        reviews.add_event(tx.session, event)
    tx.session.flush()


def _said(tx: Transaction, review: Review) -> str | None:
    """Give what the expert remarked when he decided."""
    said = [event.comment for event, _ in reviews.events(tx.session, review.id) if event.verdict and event.comment]
    return said[-1] if said else None
