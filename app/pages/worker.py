"""The worker's desk: what there is to do, an item at a time; nothing here knows gold or what others said."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import contents, forms, words
from app.pages.frame import page, render, to
from crowdqc.errors import Conflict, CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import assignments, skills
from crowdqc.services import desk as desks
from crowdqc.services.assignments import ReportReason
from crowdqc.services.desk import Supply

blueprint = Blueprint("worker", __name__)

WORKS = (Role.WORKER,)

#: Why an item is left, as a worker would say it.
SKIPS = ("I cannot tell", "It is not in a language I know", "It takes too long", "Something else")

#: What is said to a worker who has read the guidelines before.
GOING_ON = ("kept", "late", "skipped", "returned", "reported")

#: How soon a page that says "later" looks again, at the earliest and at the latest, in seconds.
SOONEST, LATEST = 20, 900


@page(blueprint, "GET", "/desk", roles=WORKS)
def projects(call: Call) -> Response:
    """Show the projects that take answers, and how one stands in each."""
    missing = skills.missing(call.tx, call.actor)
    return render("desk_projects.html", standings=desks.standings(call.tx, call.actor), missing=missing)


@page(blueprint, "GET", "/desk/<uuid:project>", roles=WORKS)
def desk(
    call: Call, project: uuid.UUID, *, fault: CrowdqcError | None = None, assignment: uuid.UUID | None = None
) -> Response:
    """Show the item in hand; with none in hand, what there is to do about it.

    What was sent stands in the form again, if it was about this item: a page may be older than the one it shows.
    """
    found = desks.held(call.tx, call.actor, project)
    if not found.assignments:
        supply = Supply.PAUSED if found.supply is Supply.PAUSED else _told_supply()
        retry_at = _told_time()
        wait = None if retry_at is None else (retry_at - call.tx.now).total_seconds()
        return render(
            "desk_empty.html",
            desk=found,
            supply=supply,
            missing=skills.missing(call.tx, call.actor).get(project) if supply is Supply.UNQUALIFIED else None,
            retry_at=retry_at,
            wait=None if wait is None else round(min(max(wait, SOONEST), LATEST)),
        )
    held, item = found.assignments[0]
    kept = (request.form if assignment == held.uid else None) or held.draft or {}
    return render(
        "desk.html",
        desk=found,
        assignment=held,
        fields=contents.shown(item.content),
        label=kept.get("label"),
        pre_label=found.pre_labels.get(held.uid),
        comment=kept.get("comment") or "",
        left=max(0, round((held.expires_at - call.tx.now).total_seconds())),
        keys=words.keys(found.project.classes),
        skips=SKIPS,
        reasons=list(ReportReason),
        fault=fault,
        begun=request.args.get("said") in GOING_ON,
    )


@page(blueprint, "POST", "/desk/<uuid:project>/next", roles=WORKS)
def take(call: Call, project: uuid.UUID) -> Response:
    """Take the next item."""
    return _after(desks.take(call.tx, call.actor, project, count=1), project, "taken")


@page(
    blueprint,
    "POST",
    "/desk/<uuid:project>/<uuid:assignment>/answer",
    roles=WORKS,
    again=desk,
    own_transaction=True,
    resumable=True,
)
def submit(call: Call, project: uuid.UUID, assignment: uuid.UUID) -> Response:
    """Keep an answer and take the next item."""
    label = forms.text("label", needed=True, trim=False)
    comment = forms.text("comment", longest=forms.REMARK)
    seconds = forms.number("seconds")
    with call.installation.transaction() as tx:
        answer, *_ = assignments.submit(
            tx,
            call.actor,
            assignment,
            label=label,
            seconds=None if seconds is None or seconds < 0 else seconds,
            comment=comment,
        )
    said = "late" if answer.late else "kept"
    return _next(call, project, said)


@page(
    blueprint,
    "POST",
    "/desk/<uuid:project>/<uuid:assignment>/skip",
    roles=WORKS,
    again=desk,
    own_transaction=True,
)
def skip(call: Call, project: uuid.UUID, assignment: uuid.UUID) -> Response:
    """Leave an item to somebody else, and take the next one."""
    reason = forms.text("reason", needed=True)
    more = forms.text("words", longest=forms.REMARK - forms.LINE - 2)
    with call.installation.transaction() as tx:
        assignments.skip(tx, call.actor, assignment, reason=f"{reason}: {more}" if more else reason)
    return _next(call, project, "skipped")


@page(
    blueprint,
    "POST",
    "/desk/<uuid:project>/<uuid:assignment>/return",
    roles=WORKS,
    again=desk,
    own_transaction=True,
)
def give_back(call: Call, project: uuid.UUID, assignment: uuid.UUID) -> Response:
    """Let go of an item for now, and take the next one."""
    with call.installation.transaction() as tx:
        assignments.give_back(tx, call.actor, assignment)
    return _next(call, project, "returned")


@page(
    blueprint,
    "POST",
    "/desk/<uuid:project>/<uuid:assignment>/report",
    roles=WORKS,
    again=desk,
    own_transaction=True,
)
def report(call: Call, project: uuid.UUID, assignment: uuid.UUID) -> Response:
    """Say that something is wrong with an item, and take the next one."""
    reason = forms.word("reason", ReportReason)
    comment = forms.text("comment", longest=forms.REMARK)
    with call.installation.transaction() as tx:
        assignments.report(tx, call.actor, assignment, reason=reason, comment=comment)
    return _next(call, project, "reported")


def _next(call: Call, project: uuid.UUID, said: str) -> Response:
    """Take the next item in a transaction of its own: what was said before is kept whatever comes of this."""
    try:
        with call.installation.transaction() as tx:
            desk = desks.take(tx, call.actor, project, count=1)
    except (Conflict, desks.NoSuchDesk):
        return to(f"/desk/{project}", said=said)
    return _after(desk, project, said)


def _after(desk: desks.Desk, project: uuid.UUID, said: str) -> Response:
    if desk.supply is Supply.ASSIGNED:
        return to(f"/desk/{project}", said=said)
    retry_at = None if desk.retry_at is None else desk.retry_at.astimezone(UTC).isoformat()
    return to(f"/desk/{project}", said=said, supply=desk.supply, retry_at=retry_at)


def _told_supply() -> Supply | None:
    """Read what taking an item came to; nothing where it was not tried."""
    told = request.args.get("supply")
    nothing = {*Supply} - {Supply.ASSIGNED, Supply.PAUSED}
    return Supply(told) if told is not None and told in nothing else None


def _told_time() -> datetime | None:
    try:
        told = datetime.fromisoformat(request.args.get("retry_at", ""))
    except ValueError:
        return None
    return told if told.tzinfo else None
