"""The pages of gold: how healthy it is and what to do about it; items become gold, are corrected and retired."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import contents, forms, frame, qa_lead
from app.pages.frame import CHANGES, SEES, page, render, to
from app.pages.requester import may_change
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import evidence, gold
from crowdqc.services.gold import Named, TruthOrigin

blueprint = Blueprint("gold", __name__)

ASKS = (Role.REQUESTER, Role.QA_LEAD, Role.ADMIN)
ROWS = 50


@page(blueprint, "GET", "/projects/<uuid:project>/gold", roles=SEES)
def listing(call: Call, project: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """Show a project's gold: what is found of it, the most urgent first, and all of it."""
    found, rows = gold.page(call.tx, call.actor, project, after=frame.uid("after"), limit=ROWS)
    return render(
        "gold.html",
        project=found,
        health=gold.health(call.tx, call.actor, project),
        gold=[(each, contents.brief(each.item.content)) for each in rows],
        following=rows[-1].item.uid if len(rows) == ROWS else None,
        first=frame.uid("after") is None,
        advice=gold.ADVICE,
        asks=call.actor.holds(*ASKS),
        may_change=may_change(call.actor, found),
        fault=fault,
    )


@page(blueprint, "POST", "/items/<uuid:item>/gold", roles=CHANGES, again=qa_lead.item)
def write(call: Call, item: uuid.UUID) -> Response:
    """Make an item gold, or correct it where it is gold already."""
    labels = [label for label in request.form.getlist("labels") if label]
    reason = forms.text("reason", longest=forms.REMARK)
    found = evidence.item(call.tx, call.actor, item)
    if found.item.state == evidence.ItemState.GOLD:
        gold.correct(call.tx, call.actor, item, labels=labels, reason=reason, source=TruthOrigin.PAGE)
        return to(f"/items/{item}", said="corrected")
    named = [Named(found.item.key, labels, reason)]
    gold.make(call.tx, call.actor, found.project.uid, named=named, source=TruthOrigin.PAGE)
    return to(f"/items/{item}", said="gold")


@page(blueprint, "POST", "/items/<uuid:item>/gold/retire", roles=CHANGES, again=qa_lead.item)
def retire(call: Call, item: uuid.UUID) -> Response:
    """Retire a gold item; its truth stands, or is taken back."""
    reason = forms.text("reason", longest=forms.REMARK)
    keep = request.form.get("truth") != "drop"
    gold.retire(call.tx, call.actor, item, reason=reason, keep_truth=keep, source=TruthOrigin.PAGE)
    return _back(item, said="gold_retired")


@page(blueprint, "POST", "/items/<uuid:item>/gold/review", roles=ASKS, again=qa_lead.item)
def send_to_review(call: Call, item: uuid.UUID) -> Response:
    """Have an expert look at a gold item."""
    gold.send_to_review(call.tx, call.actor, item, comment=forms.text("comment", longest=forms.REMARK))
    return _back(item, said="sent")


@page(blueprint, "POST", "/reviews/<uuid:review>/promotion", roles=(Role.EXPERT,))
def promote(call: Call, review: uuid.UUID) -> Response:
    """Make an item gold by what was decided of it."""
    gold.promote(call.tx, call.actor, review, reason=forms.text("reason", longest=forms.REMARK))
    return to(f"/reviews/{review}", said="gold")


def _back(item: uuid.UUID, **query: Any) -> Response:
    """Go back to where the form stood: the list of gold, or the item."""
    try:
        return to(f"/projects/{uuid.UUID(request.form.get('project', ''))}/gold", **query)
    except ValueError:
        return to(f"/items/{item}", **query)
