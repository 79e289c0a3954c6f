"""The pages of releases: make one, take one out, check one, and see what changed between two."""

from __future__ import annotations

import json
import uuid
from itertools import islice
from typing import Any

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import forms, frame
from app.pages.frame import page, render, to
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import projects, release_files, releases
from crowdqc.services.releases import Certificate

blueprint = Blueprint("releases", __name__)

SEES = (Role.REQUESTER, Role.QA_LEAD, Role.ADMIN)
ROWS = 50
#: Changes that a page shows; the table has all of them.
SHOWN = 100

#: Files that are offered, with what each holds.
FILES = (
    ("labels.csv", "labels, csv"),
    ("labels.jsonl", "labels, JSON lines"),
    ("labels.parquet", "labels, Parquet"),
    ("items.csv", "items"),
    ("answers.csv", "answers under pseudonyms"),
    ("sagemaker.manifest", "SageMaker augmented manifest"),
    ("label-studio.json", "Label Studio tasks"),
    ("label-studio.xml", "their labelling interface"),
    ("hugging-face.zip", "Hugging Face data set with its card"),
    ("manifest.json", "the manifest that was hashed"),
    ("release.jsonl.gz", "the lines that were hashed, with all histories"),
)


@page(blueprint, "GET", "/projects/<uuid:project>/releases", roles=SEES)
def listing(call: Call, project: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """List a project's releases."""
    found = projects.get(call.tx, call.actor, project)
    rows = releases.page(call.tx, call.actor, project, after=frame.uid("after"), limit=ROWS)
    return render(
        "releases.html",
        project=found,
        releases=rows,
        following=rows[-1].uid if len(rows) == ROWS else None,
        busy=any(each.state in ("waiting", "building") for each in rows),
        form=request.form,
        fault=fault,
        faults=forms.faults(fault, "note"),
    )


@page(blueprint, "POST", "/projects/<uuid:project>/releases", roles=SEES, again=listing)
def begin(call: Call, project: uuid.UUID) -> Response:
    """Make a release."""
    releases.begin(call.tx, call.actor, project, note=forms.text("note", longest=forms.REMARK))
    return to(f"/projects/{project}/releases", said="frozen")


@page(blueprint, "GET", "/releases/<uuid:release>", roles=SEES)
def one(call: Call, release: uuid.UUID) -> Response:
    """Show a release: its hashes and figures, its files, and what changed since another one."""
    found, project, beside = releases.whole(call.tx, call.actor, release)
    ready = found.state == releases.ReleaseState.READY
    storage = call.installation.storage
    proof = None
    if ready and request.args.get("verify"):
        proof = releases.verify(storage, found, releases.previous(call.tx, found))
    return render(
        "release.html",
        project=project,
        release=found,
        manifest=json.loads(found.manifest) if found.manifest is not None else None,
        certificates=[_certificate(each) for each in reversed(beside)],
        files=FILES,
        proof=proof,
        others=[
            each
            for each in releases.page(call.tx, call.actor, project.uid, after=None, limit=ROWS)
            if each.uid != found.uid and each.state == releases.ReleaseState.READY
        ],
        **(_changes(call, release) if ready and request.args.get("since") else {}),
    )


def _certificate(found: Certificate) -> dict[str, Any]:
    """Give what a certificate promises of its release, where it is one of ours, and all of it as text."""
    body = json.loads(found.body)
    share = body.get("right_at_least_here", body.get("right_at_least"))
    number = (int, float)
    known = (
        isinstance(share, number) and isinstance(body.get("level"), number) and isinstance(body.get("words"), str)
    )
    return {
        "known": known and isinstance(body.get("audited"), int),
        "share": share,
        "body": body,
        "made_at": found.made_at,
        "text": json.dumps(body, indent=2, ensure_ascii=False),
    }


def _changes(call: Call, release: uuid.UUID) -> dict[str, Any]:
    before, after = releases.pair(call.tx, call.actor, release, since=frame.uid("since"))
    with releases.changes(call.installation.storage, before, after) as changes:
        taken = iter(changes)
        shown = [release_files.row(each) for each in islice(taken, SHOWN)]
        for _ in taken:
            pass
    return {"before": before, "summary": changes.summary, "changes": shown, "shown_most": SHOWN}
