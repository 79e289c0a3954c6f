"""The QA lead's pages: how good workers and items are, and on what that rests."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import contents, forms, frame, words
from app.pages.frame import SEES, page, render
from app.pages.requester import may_change
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import evidence
from crowdqc.services.evidence import Answer, Item, ItemHistory, ItemScore, ItemState, Project, ScoredWorker

blueprint = Blueprint("qa_lead", __name__)

ROWS = 50

#: By what the workers can be put in order; None is not known and comes last.
ORDERS: Mapping[str, tuple[str, Callable[[ScoredWorker], float | str | None]]] = {
    "answers": ("Answers", lambda each: -each.score.answers),
    "worker": ("Worker", lambda each: each.worker.name.lower()),
    "gold": ("Gold accuracy", lambda each: each.score.gold_accuracy if each.score.gold_answers else None),
    "consensus": ("Consensus accuracy", lambda each: each.score.consensus_accuracy),
    "seconds": ("Median time", lambda each: each.score.median_seconds),
}


@page(blueprint, "GET", "/projects/<uuid:project>/workers", roles=SEES)
def workers(call: Call, project: uuid.UUID) -> Response:
    """Show the workers of a project with what the latest run says of each."""
    found, run, scored = evidence.workers(call.tx, call.actor, project)
    order = request.args.get("by", "answers")
    order = order if order in ORDERS else "answers"
    downward = request.args.get("down") == "1"
    part = request.args.get("part", "0")
    start = int(part) * ROWS if part.isdecimal() and len(part) < 9 else 0
    ordered = _ordered(scored, ORDERS[order][1], downward)
    return render(
        "workers.html",
        project=found,
        run=run,
        workers=ordered[start : start + ROWS],
        count=len(scored),
        start=start,
        following=start // ROWS + 1 if start + ROWS < len(scored) else None,
        order=order,
        downward=downward,
        orders={name: title for name, (title, _) in ORDERS.items()},
        may_change=may_change(call.actor, found),
    )


@page(blueprint, "GET", "/projects/<uuid:project>/workers/<uuid:worker>", roles=SEES)
def worker(call: Call, project: uuid.UUID, worker: uuid.UUID) -> Response:
    """Show a worker: what he confuses with what, and what he said lately."""
    found, scored, given = evidence.worker(call.tx, call.actor, project, worker, limit=ROWS)
    return render(
        "worker.html",
        project=found,
        scored=scored,
        classes=found.classes[: len(scored.confusion)],
        answers=[_compared(found, answer, item, score) for answer, item, score in given],
        leads=call.actor.holds(Role.QA_LEAD, Role.ADMIN),
        may_change=may_change(call.actor, found),
    )


@page(blueprint, "GET", "/projects/<uuid:project>/items", roles=SEES)
def items(call: Call, project: uuid.UUID) -> Response:
    """List the items of a project."""
    state = request.args.get("state", "")
    chosen = ItemState(state) if state in set(ItemState) else None
    key = request.args.get("item", "").strip()[:255].replace("\x00", "") or None
    doubtful = request.args.get("doubtful") == "1"
    found, run, scored = evidence.items_page(
        call.tx,
        call.actor,
        project,
        state=chosen,
        key=key,
        doubtful_first=doubtful,
        after=frame.uid("after"),
        limit=ROWS,
    )
    return render(
        "items.html",
        project=found,
        run=run,
        items=[(each, contents.brief(each.item.content)) for each in scored],
        following=scored[-1].item.uid if len(scored) == ROWS else None,
        state=chosen,
        states=list(ItemState),
        key=key,
        doubtful=doubtful,
        may_change=may_change(call.actor, found),
    )


@page(blueprint, "GET", "/items/<uuid:item>", roles=SEES)
def item(call: Call, item: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """Show all that is known of an item, and what can be done with it as gold."""
    found = evidence.item(call.tx, call.actor, item)
    return render(
        "item.html",
        found=found,
        project=found.project,
        item=found.item,
        fields=contents.shown(found.item.content),
        meta=contents.shown(found.item.meta),
        history=_history(found),
        reviews_open=call.actor.holds(Role.EXPERT),
        may_change=may_change(call.actor, found.project),
        may_be_gold=found.item.state != ItemState.DISCARDED,
        asks=call.actor.holds(Role.REQUESTER, Role.QA_LEAD, Role.ADMIN),
        fault=fault,
        faults=forms.faults(fault, "labels", "reason"),
    )


def _ordered(
    scored: Sequence[ScoredWorker], key: Callable[[ScoredWorker], float | str | None], downward: bool
) -> list[ScoredWorker]:
    """Put workers in order; those of whom nothing is known come last whichever way it goes."""
    known = [(value, each) for each in scored if (value := key(each)) is not None]
    known.sort(key=lambda pair: pair[0], reverse=downward)
    return [each for _, each in known] + [each for each in scored if key(each) is None]


def _compared(project: Project, answer: Answer, item: Item, score: ItemScore | None) -> dict[str, object]:
    """Put an answer beside what is known of its item: its truth, or else the consensus."""
    said = None if answer.label is None else project.classes[answer.label]
    known = list(item.truth or [])
    if not known and score is not None and score.label is not None:
        known = [project.classes[score.label]]
    return {
        "answer": answer,
        "item": item,
        "said": said,
        "known": known,
        "source": item.truth_source or ("consensus" if known else None),
        "agrees": None if not known else said in known,
    }


def _history(found: ItemHistory) -> list[tuple[datetime, str]]:
    """Tell an item's life in the order of time."""
    classes = found.project.classes
    told = [(found.item.created_at, "uploaded")]
    for answer, worker in found.answers:
        label = "" if answer.label is None else classes[answer.label]
        late = " (late)" if answer.late else ""
        told.append((answer.submitted_at, f"{worker.name} said {label}{late}"))
    told += [
        (report.created_at, f"{name} reported: {words.said(report.reason)}") for report, name in found.reports
    ]
    for review in found.reviews:
        told.append((review.created_at, "sent to review"))
        if review.decided_at is not None:
            label = "" if review.label is None else f": {classes[review.label]}"
            told.append((review.decided_at, f"decided, {words.said(review.verdict)}{label}"))
    for truth, name in found.truths:
        labels = " or ".join(truth.labels or ["nothing"])
        what = f"{'gold' if truth.gold else 'truth'} is {labels}, by {words.said(truth.source)}"
        why = f": {truth.reason}" if truth.reason else ""
        told.append((truth.at, f"{what}{f' ({name})' if name else ''}{why}"))
    return sorted(told, key=lambda step: step[0])
