"""The requester's pages: projects, how far they are, what goes in and what comes out."""

from __future__ import annotations

import uuid
from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, request

from app import intake
from app.http import Call
from app.pages import forms, frame
from app.pages.frame import CHANGES, SEES, page, render, to
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Actor, Role
from crowdqc.services import projects, reach, runs, uploads
from crowdqc.services.exports import ExportKind
from crowdqc.services.models import Fold, ModelRole
from crowdqc.services.projects import WAYS, Project, ProjectState
from crowdqc.services.uploads import UploadKind, UploadState

blueprint = Blueprint("requester", __name__)

#: Rows of a page.
ROWS = 50
FAULTS = 100

#: Methods that a newcomer chooses among; the quality plan takes any.
METHODS = {
    "dawid_skene": "Dawid-Skene: weighs workers by how reliable they prove to be",
    "auto": "Auto: at each run the simplest method that explains the answers well",
    "majority_vote": "Majority vote: every answer counts the same",
}

#: What each export holds.
EXPORTS = {
    ExportKind.LABELS: "One final label for each item, with its confidence and where it comes from.",
    ExportKind.ITEMS: "The items as they were uploaded; can be uploaded again.",
    ExportKind.ANSWERS: "Every answer of every worker; can be uploaded again.",
    ExportKind.PREDICTIONS: "What the models say.",
    ExportKind.REVIEWS: "What the experts decided, and why they were asked.",
    ExportKind.GOLD: "The gold: why it is right, and what of it is suspect, worn out or known to workers.",
    ExportKind.WORKERS: "How good each worker is, with intervals and confusion.",
}

#: How to go from a state to another, as the button says it.
STEPS = {
    ProjectState.OPEN: "Open to workers",
    ProjectState.PAUSED: "Pause",
    ProjectState.CLOSED: "Close",
}


@page(blueprint, "GET", "/projects", roles=SEES)
def listing(call: Call) -> Response:
    """List the projects that one sees."""
    found = projects.page(call.tx, call.actor, after=frame.uid("after"), limit=ROWS)
    following = found[-1].uid if len(found) == ROWS else None
    return render("projects.html", projects=found, following=following, may_make=call.actor.holds(*CHANGES))


@page(blueprint, "GET", "/projects/new", roles=CHANGES)
def new(call: Call, *, fault: CrowdqcError | None = None) -> Response:
    """Show the form of a new project, with what was typed and what is wrong with it."""
    names = ("name", "question", "classes", "guidelines", "overlap", "max_overlap", "method", "gold_share")
    return render(
        "project_new.html", form=request.form, faults=forms.faults(fault, *names), fault=fault, methods=METHODS
    )


@page(blueprint, "POST", "/projects/new", roles=CHANGES, again=new)
def create(call: Call) -> Response:
    """Make a project."""
    share = forms.number("gold_share")
    plan: dict[str, Any] = {
        "overlap": forms.whole("overlap", 3),
        "method": forms.text("method") or "dawid_skene",
        "gold_share": (10.0 if share is None else share) / 100,
    }
    if request.form.get("max_overlap", "").strip():
        plan["max_overlap"] = forms.whole("max_overlap", 0)
    made = projects.create(
        call.tx,
        call.actor,
        name=forms.text("name", needed=True),
        question=forms.text("question", longest=forms.PROSE, needed=True),
        classes=forms.lines("classes"),
        guidelines=forms.text("guidelines", longest=forms.PROSE),
        plan=plan,
    )
    return to(f"/projects/{made.uid}", said="made")


@page(blueprint, "GET", "/projects/<uuid:project>", roles=SEES)
def overview(call: Call, project: uuid.UUID, *, fault: CrowdqcError | None = None, **_: Any) -> Response:
    """Show how far a project is, and all that can be done with it."""
    found = projects.get(call.tx, call.actor, project)
    progress = projects.progress(call.tx, call.actor, project)
    reading = any(each.state in (UploadState.WAITING, UploadState.READING) for each in progress.uploads)
    state = ProjectState(found.state)
    return render(
        "project.html",
        project=found,
        progress=progress,
        total=sum(progress.items.values()),
        run=progress.latest_run,
        models=projects.models(call.tx, call.actor, project),
        reading=reading,
        busy=reading or progress.run_waits,
        may_change=may_change(call.actor, found),
        may_export=call.actor.holds(Role.REQUESTER, Role.QA_LEAD, Role.ADMIN),
        steps=[(each, STEPS[each]) for each in STEPS if each in WAYS[state]],
        exports=EXPORTS,
        forms=("csv", "jsonl", "parquet"),
        fault=fault,
        faults=forms.faults(fault, "file", "model", "version"),
    )


@page(blueprint, "POST", "/projects/<uuid:project>/state", roles=CHANGES, again=overview)
def set_state(call: Call, project: uuid.UUID) -> Response:
    """Open, pause or close a project."""
    state = forms.word("state", ProjectState)
    projects.set_state(call.tx, call.actor, project, state)
    return to(f"/projects/{project}", said=state)


@page(blueprint, "POST", "/projects/<uuid:project>/runs", roles=CHANGES, again=overview)
def aggregate(call: Call, project: uuid.UUID) -> Response:
    """Ask for an aggregation now."""
    runs.request(call.tx, call.actor, project)
    return to(f"/projects/{project}", said="asked")


@page(
    blueprint,
    "POST",
    "/projects/<uuid:project>/uploads",
    roles=CHANGES,
    again=overview,
    own_transaction=True,
    takes_file=True,
)
def upload(call: Call, project: uuid.UUID) -> Response:
    """Take a file in."""
    kind = forms.word("kind", UploadKind)
    file = request.files.get("file")
    if file is None or not file.filename:
        raise forms.BadForm.at("file", "Choose a file.")
    parameters: dict[str, str] = {}
    if kind in (UploadKind.PREDICTIONS, UploadKind.EMBEDDINGS):
        parameters = {name: forms.text(name, longest=100, needed=True) for name in ("model", "version")}
    if kind is UploadKind.PREDICTIONS:
        parameters |= {"role": str(forms.word("role", ModelRole)), "fold": str(forms.word("fold", Fold))}
    found = intake.bring(
        call.installation,
        call.actor,
        project,
        kind,
        cast(BinaryIO, file.stream),
        filename=file.filename,
        content_type=file.mimetype,
        **parameters,
    )
    return to(f"/projects/{project}/uploads/{found.uid}")


@page(blueprint, "GET", "/projects/<uuid:project>/uploads/<uuid:upload>", roles=SEES)
def uploaded(call: Call, project: uuid.UUID, upload: uuid.UUID) -> Response:
    """Show how far the reading of a file is, and the rows that were not taken."""
    found_project = projects.get(call.tx, call.actor, project)
    found = uploads.get(call.tx, call.actor, upload)
    if found.project_id != found_project.id:
        raise reach.NoSuchUpload(upload=str(upload))
    after = request.args.get("after", "")
    start = int(after) if after.isdecimal() and len(after) < 18 else 0
    faults = uploads.faults(call.tx, call.actor, upload, after=start, limit=FAULTS)
    return render(
        "upload.html",
        project=found_project,
        upload=found,
        faults=faults,
        start=start,
        following=faults[-1].id if len(faults) == FAULTS else None,
        busy=found.state in (UploadState.WAITING, UploadState.READING),
        kept_most=uploads.FAULTS_KEPT,
    )


def may_change(actor: Actor, project: Project) -> bool:
    """Say whether the buttons that change a project are of use; whether they work the use cases decide."""
    return actor.holds(*CHANGES) and actor.own_only(reach.CHANGES_ALL) in (None, project.owner_id)
