"""Releases over the API: made, looked at, verified, compared, and taken out as files."""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime
from typing import Any

from flask import Response
from pydantic import Field

from app.http import Api, Call, streamed
from app.shapes import In, Out, PageIn, Remark, following
from crowdqc import formats
from crowdqc.roles import Role
from crowdqc.services import release_files, releases
from crowdqc.services.releases import Certificate, Release, ReleaseState

api = Api("releases")

SEES = (Role.REQUESTER, Role.QA_LEAD, Role.ADMIN)
TABLES = (*dict.fromkeys(formats.media_type(name) for name in formats.FORMATS),)
GIVES = (*TABLES, "application/json", "application/xml", "application/zip")


class ReleaseIn(In):
    """What is said of a release when it is made."""

    note: Remark = ""


class ReleaseOut(Out):
    """A state of a project's labels that is never changed."""

    id: uuid.UUID
    project: uuid.UUID
    number: int
    state: ReleaseState
    note: str
    labels: int | None = Field(description="items in it")
    guideline_version: int | None
    labels_sha256: str | None = Field(description="of its lines, unpacked")
    content_hash: str | None = Field(description="SHA-256 of its manifest, which names that of its lines")
    created_at: datetime
    frozen_at: datetime | None
    failure: dict[str, Any] | None

    @classmethod
    def of(cls, release: Release, project: uuid.UUID) -> ReleaseOut:
        names = set(cls.model_fields) - {"id", "project", "manifest", "certificates"}
        return cls(id=release.uid, project=project, **{name: getattr(release, name) for name in names})


class ReleasesOut(Out):
    """A page of releases, the newest first."""

    data: list[ReleaseOut]
    next: uuid.UUID | None


class CertificateOut(Out):
    """What was found afterwards of how right the labels are."""

    body: dict[str, Any]
    content_hash: str = Field(description="SHA-256 of the body as canonical JSON")
    made_at: datetime

    @classmethod
    def of(cls, certificate: Certificate) -> CertificateOut:
        body = json.loads(certificate.body)
        return cls(body=body, content_hash=certificate.content_hash, made_at=certificate.made_at)


class WholeReleaseOut(Out):
    """A release with its manifest, and the certificates beside it."""

    release: ReleaseOut
    manifest: dict[str, Any] | None
    certificates: list[CertificateOut]


class ProofOut(Out):
    """What came of reckoning a release's hashes anew."""

    id: uuid.UUID
    number: int
    holds: bool
    faults: list[str]


class SinceIn(In):
    """With which release of the project to compare; without, with the one before."""

    since: uuid.UUID | None = None


class PairOut(Out):
    """Labels that changed from one class to another."""

    before: str | None
    after: str | None
    labels: int


class DiffOut(Out):
    """How much changed from one release to another."""

    before: ReleaseOut
    after: ReleaseOut
    items_before: int
    items_after: int
    unchanged: int
    added: int
    removed: int
    label_changed: int
    confidence_changed: int = Field(description="and not the label")
    history_changed: int = Field(description="neither label nor confidence, but what they come from")
    because: dict[str, int] = Field(
        description="changed labels by what changed them: decision, truth, discarded, answers, predictions, run"
    )
    pairs: list[PairOut]
    largest_rise: float = Field(description="of a confidence")
    largest_fall: float


@api.post("/projects/{project}/releases", roles=SEES, status=202)
def begin(call: Call, project: uuid.UUID, body: ReleaseIn) -> ReleaseOut:
    """Freeze the labels as they stand, as the project's next release."""
    made = releases.begin(call.tx, call.actor, project, note=body.note)
    return ReleaseOut.of(made, project)


@api.get("/projects/{project}/releases", roles=SEES)
def page(call: Call, project: uuid.UUID, query: PageIn) -> ReleasesOut:
    """List a project's releases, the newest first."""
    found = releases.page(call.tx, call.actor, project, after=query.after, limit=query.limit)
    return ReleasesOut(
        data=[ReleaseOut.of(each, project) for each in found],
        next=following([each.uid for each in found], query.limit),
    )


@api.get("/releases/{release}", roles=SEES)
def get(call: Call, release: uuid.UUID) -> WholeReleaseOut:
    """Get a release with its manifest."""
    found, project, beside = releases.whole(call.tx, call.actor, release)
    return WholeReleaseOut(
        release=ReleaseOut.of(found, project.uid),
        manifest=None if found.manifest is None else json.loads(found.manifest),
        certificates=[CertificateOut.of(each) for each in beside],
    )


@api.get("/releases/{release}/proof", roles=SEES, own_transaction=True)
def verify(call: Call, release: uuid.UUID) -> ProofOut:
    """Reckon a release's hashes anew, from its manifest and all its lines."""
    with call.installation.reading() as tx:
        found = releases.get(tx, call.actor, release)
        before = releases.previous(tx, found)
    proof = releases.verify(call.installation.storage, found, before)
    return ProofOut(id=found.uid, number=found.number, holds=proof.holds, faults=[*proof.faults])


@api.get("/releases/{release}/diff", roles=SEES, own_transaction=True)
def diff(call: Call, release: uuid.UUID, query: SinceIn) -> DiffOut:
    """Count what changed since another release of the project."""
    with call.installation.reading() as tx:
        before, after = releases.pair(tx, call.actor, release, since=query.since)
        project = releases.whole(tx, call.actor, release)[1].uid
    with releases.changes(call.installation.storage, before, after) as changes:
        for _ in changes:
            pass
    told = changes.summary
    return DiffOut(
        before=ReleaseOut.of(before, project),
        after=ReleaseOut.of(after, project),
        items_before=told.before,
        items_after=told.after,
        unchanged=told.unchanged,
        added=told.kinds["added"],
        removed=told.kinds["removed"],
        label_changed=told.kinds["label"],
        confidence_changed=told.kinds["confidence"],
        history_changed=told.kinds["history"],
        because=dict(told.because),
        pairs=[PairOut(before=one, after=two, labels=number) for (one, two), number in told.pairs.most_common()],
        largest_rise=told.largest_rise,
        largest_fall=told.largest_fall,
    )


@api.get("/releases/{release}/diff/{file}", roles=SEES, own_transaction=True, gives=TABLES)
def changes(call: Call, release: uuid.UUID, file: str, query: SinceIn) -> Response:
    """Download what changed since another release, an item a row, as changes.csv, changes.jsonl ..."""
    with call.installation.reading() as tx:
        before, after = releases.pair(tx, call.actor, release, since=query.since)
        project = releases.whole(tx, call.actor, release)[1]
    found = release_files.changes(call.installation.storage, before, after, file)
    name = f"{_title(project.name)}-{before.number}-to-{after.number}-{file}"
    return _sent(found, name)


@api.get("/releases/{release}/files/{file}", roles=SEES, own_transaction=True, gives=GIVES)
def download(call: Call, release: uuid.UUID, file: str) -> Response:
    """Download a release: as its own bytes, as a table, or in the layout of another tool.

    release.jsonl.gz and manifest.json are what was hashed. labels, items and answers come in every format of a
    table (labels.csv). For other tools: sagemaker.manifest, label-studio.json with label-studio.xml,
    hugging-face.zip.
    """
    with call.installation.reading() as tx:
        found, project, _ = releases.whole(tx, call.actor, release)
    written = release_files.written(call.installation.storage, found, file)
    return _sent(written, f"{_title(project.name)}-release-{found.number}-{file}")


def _sent(file: release_files.File, name: str) -> Response:
    return streamed(file.chunks, file.media_type, name)


def _title(name: str) -> str:
    return re.sub(r"[^\w-]+", "-", name, flags=re.ASCII).strip("-") or "project"
