"""What a project asks and how good it has to be: question, guidelines, quality plan, for its owner to change."""

from __future__ import annotations

import json
import uuid

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import forms
from app.pages.frame import CHANGES, SEES, page, render, to
from app.pages.requester import may_change
from crowdqc.errors import CrowdqcError
from crowdqc.services import projects

blueprint = Blueprint("settings", __name__)


@page(blueprint, "GET", "/projects/<uuid:project>/settings", roles=SEES)
def settings(call: Call, project: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """Show what a project asks, all versions of its guidelines, and its quality plan."""
    found = projects.get(call.tx, call.actor, project)
    versions = projects.guidelines(call.tx, call.actor, project)
    typed = request.form
    return render(
        "project_settings.html",
        project=found,
        versions=list(reversed(versions)),
        name=typed.get("name", found.name),
        question=typed.get("question", found.question),
        classes=typed.get("classes", "\n".join(found.classes)),
        plan=typed.get("plan", json.dumps(found.plan, indent=2, ensure_ascii=False)),
        text=typed.get("text", versions[-1].text if versions else ""),
        may_change=may_change(call.actor, found),
        fault=fault,
        faults=forms.faults(fault, "name", "question", "classes", "plan", "text"),
    )


@page(blueprint, "POST", "/projects/<uuid:project>/settings", roles=CHANGES, again=settings)
def change(call: Call, project: uuid.UUID) -> Response:
    """Change what is asked, or the plan."""
    projects.update(
        call.tx,
        call.actor,
        project,
        name=forms.text("name", needed=True),
        question=forms.text("question", longest=forms.PROSE, needed=True),
        classes=forms.lines("classes"),
        plan=forms.parsed("plan"),
    )
    return to(f"/projects/{project}/settings", said="changed")


@page(blueprint, "POST", "/projects/<uuid:project>/guidelines", roles=CHANGES, again=settings)
def write_guidelines(call: Call, project: uuid.UUID) -> Response:
    """Write a new version of the guidelines."""
    projects.set_guidelines(call.tx, call.actor, project, text=forms.text("text", longest=forms.PROSE))
    return to(f"/projects/{project}/settings", said="guided")
