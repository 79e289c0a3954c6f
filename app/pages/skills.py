"""The QA lead's view of skills: who has which, until when, from where; and setting one by hand, with a reason."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import forms, frame
from app.pages.frame import page, render, to
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import skills

blueprint = Blueprint("skills", __name__)

LEADS = (Role.QA_LEAD, Role.ADMIN)
ROWS = 50
#: The longest that a skill may be set for by hand, in days.
LONGEST = 36525


@page(blueprint, "GET", "/skills", roles=LEADS)
def workers(call: Call) -> Response:
    """List our own workers."""
    part = request.args.get("name", "").strip()[:100].replace("\x00", "")
    found = skills.page(call.tx, part=part, after=frame.uid("after"), limit=ROWS)
    return render(
        "skills.html", workers=found, part=part, following=found[-1][0].uid if len(found) == ROWS else None
    )


@page(blueprint, "GET", "/skills/<uuid:worker>", roles=LEADS)
def of_worker(call: Call, worker: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """Show a worker's skills and all their versions."""
    return render(
        "skills_worker.html",
        found=skills.of_worker(call.tx, worker),
        now=call.tx.now,
        form=request.form,
        fault=fault,
        faults=forms.faults(fault, "name", "value", "reason", "days"),
    )


@page(blueprint, "POST", "/skills/<uuid:worker>", roles=LEADS, again=of_worker)
def set_by_hand(call: Call, worker: uuid.UUID) -> Response:
    """Set a skill; for 0 days: take it away."""
    value, days = forms.number("value"), forms.number("days")
    if value is None:
        raise forms.BadForm.at("value", "Fill this in.")
    if days is not None and not 0 <= days <= LONGEST:
        raise forms.BadForm.at("days", f"This is not a number from 0 to {LONGEST}.")
    skills.set_by_hand(
        call.tx,
        call.actor,
        worker,
        name=forms.text("name", longest=100, needed=True),
        value=value,
        reason=forms.text("reason", longest=skills.LONGEST_DETAIL, needed=True),
        expires_at=None if days is None else call.tx.now + timedelta(days=days),
    )
    return to(f"/skills/{worker}", said="skill")
