"""The admin's pages: who may sign in and do what, and the work that failed."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import forms, frame
from app.pages.frame import page, render, to
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import erasures, work
from crowdqc.services import people as services
from crowdqc.services.work import JobState

blueprint = Blueprint("admin", __name__)

RULES = (Role.ADMIN,)
ROWS = 50
LONGEST_PASSWORD = 1000


@page(blueprint, "GET", "/people", roles=RULES)
def people(call: Call, *, fault: CrowdqcError | None = None, person: uuid.UUID | None = None) -> Response:
    """Show everybody."""
    return render(
        "people.html",
        people=services.everybody(call.tx),
        roles=list(Role),
        form=request.form if person is None else {},
        chosen=request.form.getlist("roles"),
        fault=fault,
        faults=forms.faults(fault, "name", "password", "roles", "reason"),
        wrong_person=person,
    )


@page(blueprint, "POST", "/people", roles=RULES, again=people)
def create(call: Call) -> Response:
    """Make somebody who can sign in."""
    services.create(
        call.tx,
        name=forms.text("name", needed=True),
        password=forms.text("password", longest=LONGEST_PASSWORD, trim=False) or None,
        roles=forms.words("roles", Role),
    )
    return to("/people", said="person")


@page(blueprint, "POST", "/people/<uuid:person>", roles=RULES, again=people)
def change(call: Call, person: uuid.UUID) -> Response:
    """Change somebody's roles or password, or shut him out."""
    services.update(
        call.tx,
        call.actor,
        person,
        roles=forms.words("roles", Role),
        active=request.form.get("active") == "1",
        password=forms.text("password", longest=LONGEST_PASSWORD, trim=False) or None,
    )
    return to("/people", said="changed")


@page(blueprint, "POST", "/people/<uuid:person>/erasure", roles=RULES, again=people, own_transaction=True)
def erase(call: Call, person: uuid.UUID) -> Response:
    """Erase somebody for good."""
    reason = forms.text("reason", longest=forms.REMARK, needed=True)
    with call.installation.transaction() as tx:
        erased = erasures.erase_person(tx, call.actor, person, reason=reason)
    for key in erased.files:
        call.installation.storage.delete(key)
    return to("/people", said="erased")


@page(blueprint, "GET", "/jobs", roles=RULES)
def jobs(call: Call, **_: Any) -> Response:
    """Show deferred work, what failed first of all."""
    told = request.args.get("state", JobState.FAILED)
    state = JobState(told) if told in set(JobState) else None
    found = work.page(call.tx, state=state, before=frame.uid("after"), limit=ROWS)
    return render(
        "jobs.html",
        jobs=found,
        following=found[-1].uid if len(found) == ROWS else None,
        state=state,
        states=list(JobState),
        unfinished=work.unfinished(call.tx),
    )


@page(blueprint, "POST", "/jobs/<uuid:job>/retry", roles=RULES)
def retry(call: Call, job: uuid.UUID) -> Response:
    """Have a job that was given up tried again."""
    work.retry(call.tx, job)
    return to("/jobs", said="retried")
