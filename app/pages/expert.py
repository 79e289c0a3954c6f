"""The review desk: cases, the most urgent first, each with all the evidence, and the decision."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import contents, forms, frame, words
from app.pages.frame import page, render, to
from crowdqc.errors import Conflict, CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import reviews
from crowdqc.services.reviews import MOST_ANSWERS, Case, ReviewState, Verdict

blueprint = Blueprint("expert", __name__)

DECIDES = (Role.EXPERT,)
ROWS = 50


@page(blueprint, "GET", "/reviews", roles=DECIDES)
def queue(call: Call) -> Response:
    """Show what waits, and what one has decided."""
    project = frame.uid("project")
    found = reviews.queue(call.tx, call.actor, project_uid=project, after=frame.uid("after"), limit=ROWS)
    return render(
        "reviews.html",
        queue=[(review, item, contents.brief(item.content)) for review, item in found],
        following=found[-1][0].uid if len(found) == ROWS else None,
        counts=reviews.counts(call.tx, call.actor),
        project=project,
        decided=reviews.decided(call.tx, call.actor, limit=10),
        now=call.tx.now,
        undone=frame.uid("decided"),
    )


@page(blueprint, "POST", "/reviews/next", roles=DECIDES)
def claim_next(call: Call) -> Response:
    """Take the most urgent case that one may have."""
    project = _project()
    found = reviews.claim_next(call.tx, call.actor, project_uid=project)
    if found is None:
        return to("/reviews", project=project, said="none")
    return to(f"/reviews/{found.uid}", project=project)


@page(blueprint, "GET", "/reviews/<uuid:review>", roles=DECIDES)
def case(call: Call, review: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """Show a case with all the evidence, and the decision to be made."""
    found = reviews.case(call.tx, call.actor, review)
    claimed = found.review.state == ReviewState.CLAIMED
    mine = claimed and found.review.claimed_by == call.actor.id
    lapsed = claimed and found.review.claimed_until is not None and found.review.claimed_until <= call.tx.now
    return render(
        "review.html",
        case=found,
        project=found.project,
        item=found.item,
        fields=contents.shown(found.item.content),
        meta=contents.shown(found.item.meta),
        crowd=_crowd(found),
        keys=words.keys(found.project.classes),
        mine=mine,
        free=found.review.state == ReviewState.OPEN or (lapsed and not mine),
        undoable=found.review.state == ReviewState.DECIDED and found.review.decided_by == call.actor.id,
        most=MOST_ANSWERS,
        form=request.form,
        fault=fault,
        faults=forms.faults(fault, "choice", "more", "comment", "text"),
        decided=frame.uid("decided"),
        within=frame.uid("project") or _project(),
    )


@page(blueprint, "POST", "/reviews/<uuid:review>/claim", roles=DECIDES)
def claim(call: Call, review: uuid.UUID) -> Response:
    """Take a certain case."""
    reviews.claim(call.tx, call.actor, review)
    return to(f"/reviews/{review}", project=_project())


@page(blueprint, "POST", "/reviews/<uuid:review>/release", roles=DECIDES)
def release(call: Call, review: uuid.UUID) -> Response:
    """Give a case back to the queue."""
    reviews.release(call.tx, call.actor, review)
    return to("/reviews", project=_project(), said="released")


@page(blueprint, "POST", "/reviews/<uuid:review>/decision", roles=DECIDES, again=case, own_transaction=True)
def decide(call: Call, review: uuid.UUID) -> Response:
    """Decide a case and take the next one."""
    verdict, label = _choice()
    more = forms.whole("more", 1)
    comment = forms.text("comment", longest=forms.REMARK)
    with call.installation.transaction() as tx:
        reviews.decide(tx, call.actor, review, verdict=verdict, label=label, more=more, comment=comment)
    project = _project()
    try:
        # A transaction of its own: the decision stands whatever comes of this.
        with call.installation.transaction() as tx:
            following = reviews.claim_next(tx, call.actor, project_uid=project)
    except Conflict:
        following = None
    if following is None:
        return to("/reviews", project=project, said="none", decided=review)
    return to(f"/reviews/{following.uid}", project=project, decided=review)


@page(blueprint, "POST", "/reviews/<uuid:review>/undo", roles=DECIDES)
def undo(call: Call, review: uuid.UUID) -> Response:
    """Take a decision of one's own back; the case is in one's hand again."""
    reviews.undo(call.tx, call.actor, review)
    return to(f"/reviews/{review}", project=_project(), said="undone")


@page(blueprint, "POST", "/reviews/<uuid:review>/comments", roles=DECIDES, again=case)
def comment(call: Call, review: uuid.UUID) -> Response:
    """Add a remark to a case."""
    reviews.comment(call.tx, call.actor, review, text=forms.text("text", longest=forms.REMARK, needed=True))
    return to(f"/reviews/{review}", project=_project(), said="commented")


def _choice() -> tuple[Verdict, str | None]:
    """Read a decision: a verdict, behind `accept:` the label that was shown, behind `correct:` the right one."""
    chosen = forms.text("choice", needed=True, trim=False)
    verdict, _, label = chosen.partition(":")
    try:
        return Verdict(verdict), label or None
    except ValueError:
        raise forms.BadForm.at("choice", "Choose one of those offered.") from None


def _crowd(case: Case) -> str | None:
    """Give the crowd's label, where there is one."""
    return None if case.score is None or case.score.label is None else case.project.classes[case.score.label]


def _project() -> uuid.UUID | None:
    """Give the project that one keeps to, as the form says."""
    try:
        return uuid.UUID(request.form.get("project", ""))
    except ValueError:
        return None
