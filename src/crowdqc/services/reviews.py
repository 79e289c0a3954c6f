"""Reviews: an expert claims a case, sees all the evidence, decides; the decision is final until it is undone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crowdqc.errors import Conflict, Invalid, Refused
from crowdqc.records import answers, assignments, items, people, predictions, projects, reviews, runs, scores
from crowdqc.records import truths as histories
from crowdqc.records.answers import Answer
from crowdqc.records.assignments import Report
from crowdqc.records.items import Item, ItemState
from crowdqc.records.jobs import JobName
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.records.reviews import Review, ReviewAction, ReviewEvent, ReviewState, Verdict
from crowdqc.records.scores import ItemScore, WorkerScore
from crowdqc.roles import Actor
from crowdqc.services import effects, reach, truths
from crowdqc.services.transaction import Transaction
from crowdqc.services.truths import TruthOrigin

#: The signal of a review that was asked for because an item's gold may be wrong.
GOLD_SUSPECT = "gold_suspect"
#: As many further answers as an item can be sent back for at once.
MOST_ANSWERS = 10


class Answered(Refused):
    """You had this item before you as a worker; somebody else must review it."""


class InOtherHands(Conflict):
    """Somebody else has this review in hand."""


class NotInHand(Conflict):
    """You have not claimed this review, or your claim is over."""


class NotLive(Conflict):
    """This review is over."""


class NotUndoable(Conflict):
    """This decision cannot be undone."""


class ConsensusMoved(Conflict):
    """The crowd's label is another one by now."""


class BadDecision(Invalid):
    """The decision is not whole."""


@dataclass(frozen=True, slots=True)
class Case:
    """A review with all the evidence."""

    review: Review
    project: Project
    item: Item
    guidelines: str
    answers: Sequence[tuple[Answer, Worker, WorkerScore | None]]
    predictions: Sequence[tuple[predictions.Model, Sequence[float]]]
    score: ItemScore | None
    reports: Sequence[tuple[Report, str]]
    events: Sequence[tuple[ReviewEvent, str | None]]

    @property
    def posterior(self) -> Sequence[float]:
        """The posterior in the order of the project's classes; empty where no run has seen the item."""
        if self.score is None:
            return []
        values: list[float] = predictions.unpacked(self.score.posterior, len(self.project.classes)).tolist()
        return values


def queue(
    tx: Transaction,
    actor: Actor,
    *,
    project_uid: uuid.UUID | None = None,
    states: Sequence[ReviewState] = reviews.LIVE,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> Sequence[tuple[Review, Item]]:
    """Give reviews, the most urgent first."""
    project_id = None if project_uid is None else reach.project(tx, actor, project_uid).id
    start = None
    if after is not None:
        last = reach.review(tx, after)
        start = last.priority, last.id
    return reviews.queue(tx.session, project_id=project_id, states=states, after=start, limit=limit)


def claim_next(tx: Transaction, actor: Actor, *, project_uid: uuid.UUID | None = None) -> Review | None:
    """Give the review that the actor has in hand, or claim the most urgent one that he may have."""
    project_id = None if project_uid is None else reach.project(tx, actor, project_uid).id
    mine = reviews.in_hand(tx.session, actor.id, tx.now, project_id=project_id)
    if mine is not None:
        return mine
    found = reviews.claimable(tx.session, actor.id, tx.now, project_id=project_id)
    return None if found is None else _claim(tx, actor, found)


def claim(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Review:
    """Claim a certain review; raise Answered, InOtherHands, NotLive."""
    review = reach.review(tx, uid, lock=True)
    if review.state not in reviews.LIVE:
        raise NotLive(mend="Take the next one.")
    claimed = review.state == ReviewState.CLAIMED and (review.claimed_until or tx.now) > tx.now
    if claimed and review.claimed_by != actor.id:
        raise InOtherHands(mend="Take the next one.")
    if assignments.had(tx.session, review.item_id, actor.id):
        raise Answered()
    return _claim(tx, actor, review)


def release(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Review:
    """Give a claimed review back to the queue."""
    review = _in_hand(tx, actor, uid)
    review.state, review.claimed_by, review.claimed_until = ReviewState.OPEN, None, None
    _note(tx, review, actor, ReviewAction.RELEASED)
    return review


def decide(
    tx: Transaction,
    actor: Actor,
    uid: uuid.UUID,
    *,
    verdict: Verdict,
    label: str | None = None,
    more: int = 1,
    comment: str | None = None,
) -> Review:
    """Decide a review: its label becomes the item's truth, and the next run is clamped to it.

    `accept` takes the consensus, which a run may have moved since it was shown: `label` says which one was meant;
    `correct` takes `label`; `discard` takes the item out; `more_answers` sends it
    back for `more` of them. Gold that is reviewed stays gold, unless it is discarded; by the plan's
    `promote_decisions` what is decided becomes gold. Raise NotInHand, BadDecision, ConsensusMoved.
    """
    review = _in_hand(tx, actor, uid)
    if assignments.had(tx.session, review.item_id, actor.id):
        raise Answered()
    was_gold = items.by_id(tx.session, review.item_id).state == ItemState.GOLD
    promoted = not was_gold and verdict in (Verdict.ACCEPT, Verdict.CORRECT) and _is_promoted(tx, review)
    if promoted or was_gold:
        # Gold comes or goes: its numbers are given to one at a time. The project is locked before its items.
        project = projects.by_id(tx.session, review.project_id, lock=True)
    else:
        project = projects.contribute(tx.session, review.project_id)
    item = items.by_id(tx.session, review.item_id, lock=True)
    score = _score(tx, review)
    review.consensus_label = None if score is None else score.label
    number = _decided_label(project, review, verdict, label)
    if number is not None:
        if not (was_gold and verdict is Verdict.ACCEPT):
            truths.settle(tx, item, project.classes[number], by=actor, reason=comment)
        if promoted:
            made = [(item, [project.classes[number]], comment)]
            truths.make_gold(tx, project, made, actor, TruthOrigin.PROMOTION)
    elif verdict is Verdict.DISCARD:
        if was_gold:
            truths.withdraw(tx, item, comment, actor, TruthOrigin.DECISION)
        item.state = ItemState.DISCARDED
    else:
        if was_gold:
            raise BadDecision("Gold takes as many answers as there are workers.", mend="Correct or discard it.")
        if not 1 <= more <= MOST_ANSWERS:
            raise BadDecision(errors=[{"where": "more", "what": f"is not from 1 to {MOST_ANSWERS}"}])
        review.overlap_before = item.overlap
        item.overlap = max(item.overlap, item.answered + item.leased) + more
        item.state = ItemState.OPEN
        # They have been heard: else the next run would send the item straight back.
        item.reports = 0
    review.state, review.verdict, review.label = ReviewState.DECIDED, verdict, number
    review.decided_by, review.decided_at = actor.id, tx.now
    review.claimed_until = None
    _note(tx, review, actor, ReviewAction.DECIDED, verdict=verdict, label=number, comment=comment or None)
    effects.ask_again(tx, project)
    tx.defer(JobName.AGGREGATE, f"project:{project.id}", after=tx.settings.aggregation_delay)
    return review


def undo(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Review:
    """Take one's own decision back; the review is in one's hand again. Raise NotUndoable."""
    review = reach.review(tx, uid, lock=True)
    if review.state != ReviewState.DECIDED or review.decided_by != actor.id:
        raise NotUndoable("Only a decision of your own can be undone.")
    # The decision may have made gold, or taken it: see `decide`.
    project = projects.by_id(tx.session, review.project_id, lock=True)
    item = items.by_id(tx.session, review.item_id, lock=True)
    if reviews.is_live(tx.session, item.id):
        raise NotUndoable("The item is under review again.", mend="Decide there.")
    if review.verdict == Verdict.MORE_ANSWERS and (item.state != ItemState.OPEN or item.leased > 0):
        raise NotUndoable("The item has gone out to workers already.", mend="Wait for the next review.")
    stays_gold = _truth_before(tx, actor, project, item, review)
    if review.verdict == Verdict.MORE_ANSWERS:
        item.overlap = max(review.overlap_before or 1, item.answered)
        item.reports = len(assignments.reports(tx.session, item.id))
    if not stays_gold:
        item.state = ItemState.IN_REVIEW
    before, until = review.verdict, _until(tx, review)
    review.state, review.verdict, review.label = ReviewState.CLAIMED, None, None
    review.decided_by, review.decided_at = None, None
    review.claimed_by, review.claimed_until = actor.id, until
    _note(tx, review, actor, ReviewAction.UNDONE, verdict=before)
    tx.defer(JobName.AGGREGATE, f"project:{review.project_id}", after=tx.settings.aggregation_delay)
    return review


def _is_promoted(tx: Transaction, review: Review) -> bool:
    """Draw whether what is decided becomes gold."""
    share: float = projects.by_id(tx.session, review.project_id).plan["promote_decisions"]
    return tx.chance.random() < share


def _truth_before(tx: Transaction, actor: Actor, project: Project, item: Item, review: Review) -> bool:
    """Give an item the truth back that it had before a decision; say whether it is gold by that."""
    reviewed_gold = any(reason.get("signal") == GOLD_SUSPECT for reason in review.reasons)
    if reviewed_gold and review.verdict == Verdict.ACCEPT:
        # Nothing was changed.
        return item.truth is not None
    if not reviewed_gold and review.verdict in (Verdict.DISCARD, Verdict.MORE_ANSWERS):
        return False
    before, untouched = histories.last_decision(tx.session, item.id)
    if not untouched:
        raise NotUndoable("The item's truth was changed since.", mend="Correct it where gold is looked after.")
    why = "the decision was undone"
    if before is not None and before.gold and before.labels:
        if item.state == ItemState.GOLD:
            truths.correct(tx, item, before.labels, why, actor, TruthOrigin.DECISION)
        else:
            truths.make_gold(tx, project, [(item, before.labels, why)], actor, TruthOrigin.DECISION)
        return True
    if item.truth is not None:
        truths.withdraw(tx, item, why, actor, TruthOrigin.DECISION)
    return False


def comment(tx: Transaction, actor: Actor, uid: uuid.UUID, *, text: str) -> Review:
    """Add a comment to a review, whatever its state."""
    review = reach.review(tx, uid)
    _note(tx, review, actor, ReviewAction.COMMENTED, comment=text)
    return review


def case(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Case:
    """Give a review with its evidence: who said what and how good they are, the models' word, the reports."""
    review = reach.review(tx, uid)
    project = projects.by_id(tx.session, review.project_id)
    item = items.by_id(tx.session, review.item_id)
    given = answers.of_item(tx.session, item.id)
    run = runs.latest(tx.session, project.id)
    of_workers = {} if run is None else scores.of_workers(tx.session, run.id, [worker.id for _, worker in given])
    guideline = projects.guideline(tx.session, project.id, project.guideline_version)
    return Case(
        review=review,
        project=project,
        item=item,
        guidelines="" if guideline is None else guideline.text,
        answers=[(answer, worker, of_workers.get(worker.id)) for answer, worker in given],
        predictions=[
            (model, predictions.unpacked(blob, len(project.classes)).tolist())
            for model, blob in predictions.of_item(tx.session, item.id)
        ],
        score=_score(tx, review),
        reports=assignments.reports(tx.session, item.id),
        events=reviews.events(tx.session, review.id),
    )


def decided(tx: Transaction, actor: Actor, *, limit: int = 20) -> Sequence[tuple[Review, Item]]:
    """Give what the actor decided, the newest first."""
    return reviews.decided_by(tx.session, actor.id, limit=limit)


def counts(tx: Transaction, actor: Actor) -> dict[uuid.UUID, tuple[str, dict[str, int]]]:
    """Give, for each project that has any, its name and its reviews by state."""
    found: dict[uuid.UUID, tuple[str, dict[str, int]]] = {}
    for project in projects.page(tx.session, owner_id=actor.own_only(reach.SEES_ALL), after=0, limit=1000):
        by_state = reviews.counts(tx.session, project.id)
        if by_state:
            found[project.uid] = project.name, by_state
    return found


def _score(tx: Transaction, review: Review) -> ItemScore | None:
    run = runs.latest(tx.session, review.project_id)
    return None if run is None else scores.of_item(tx.session, run.id, review.item_id)


def _decided_label(project: Project, review: Review, verdict: Verdict, label: str | None) -> int | None:
    """Give the number of the class that a verdict makes the truth; none where it makes none."""
    if verdict is Verdict.CORRECT:
        if label not in project.classes:
            classes = ", ".join(project.classes[:50])
            raise BadDecision(
                "To correct an item, say its label.",
                mend=f"Give one of: {classes}.",
                errors=[{"where": "label", "what": f"is not one of: {classes}"}],
            )
        return project.classes.index(label)
    if verdict is Verdict.ACCEPT:
        if review.consensus_label is None:
            raise BadDecision("There is no consensus to accept.", mend="Correct it, or send it back.")
        found = project.classes[review.consensus_label]
        if label is not None and label != found:
            raise ConsensusMoved(f"The crowd's label was {label!r} and is {found!r} by now.", mend="Look again.")
        return review.consensus_label
    return None


def _claim(tx: Transaction, actor: Actor, review: Review) -> Review:
    if review.claimed_by != actor.id or review.state != ReviewState.CLAIMED:
        _note(tx, review, actor, ReviewAction.CLAIMED)
    _withhold(tx, actor, review)
    until = _until(tx, review)
    review.state, review.claimed_by, review.claimed_until = ReviewState.CLAIMED, actor.id, until
    return review


def _withhold(tx: Transaction, actor: Actor, review: Review) -> None:
    """Keep an item that somebody reviews from him as a worker."""
    worker = people.worker_of(tx.session, actor.id)
    if worker is not None:
        item = items.by_id(tx.session, review.item_id)
        version = projects.by_id(tx.session, review.project_id).guideline_version
        assignments.withhold(tx.session, item, [worker.id], version, tx.now)


def _until(tx: Transaction, review: Review) -> datetime:
    seconds: int = projects.by_id(tx.session, review.project_id).plan["review_seconds"]
    return tx.now + timedelta(seconds=seconds)


def _in_hand(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Review:
    """Give a review that the actor has in hand; a claim that lapsed while nobody else took it is still his."""
    review = reach.review(tx, uid, lock=True)
    if review.state != ReviewState.CLAIMED or review.claimed_by != actor.id:
        raise NotInHand(mend="Claim it first.")
    return review


def _note(
    tx: Transaction,
    review: Review,
    actor: Actor,
    action: ReviewAction,
    *,
    verdict: str | None = None,
    label: int | None = None,
    comment: str | None = None,
) -> None:
    reviews.add_event(
        tx.session,
        ReviewEvent(
            review_id=review.id,
            person_id=actor.id,
            action=action,
            verdict=verdict,
            label=label,
            comment=comment,
            at=tx.now,
        ),
    )
