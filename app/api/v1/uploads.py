"""Uploads over the API: batches of items, answers given elsewhere, predictions of models."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, BinaryIO, Literal, cast

from flask import request
from pydantic import Field

from app import intake
from app.http import Api, Call
from app.shapes import In, Line, Out, PageIn, following
from crowdqc.errors import Invalid
from crowdqc.roles import Role
from crowdqc.services import uploads
from crowdqc.services.models import Fold
from crowdqc.services.uploads import Upload, UploadFault, UploadKind, UploadState

api = Api("uploads")

SEES = (Role.REQUESTER, Role.EXPERT, Role.QA_LEAD, Role.ADMIN)
BRINGS = (Role.REQUESTER, Role.ADMIN)
TAKES = (
    "text/csv",
    "text/tab-separated-values",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
    "application/gzip",
    "application/octet-stream",
)
HEADERS = {"Idempotency-Key": "the same key with the same file gives the same upload, once"}


class BadKey(Invalid):
    """The idempotency key is not one."""


class FileIn(In):
    """What is said of a file beside its content."""

    filename: Line | None = Field(None, description="helps to tell the format: items.csv, answers.csv.gz, ...")


class PredictionsFileIn(FileIn):
    """What is said of a file of predictions."""

    model: Line | None = Field(None, max_length=100, description="where the file has no column of this name")
    version: Line | None = Field(None, max_length=100, description="where the file has no column of this name")
    role: Literal["student", "ensemble", "views", "teacher"] | None = Field(
        None, description="what the model is: student (as a rule), ensemble of members, augmented views, teacher"
    )
    fold: Fold | None = Field(None, description="whether the model had seen the labels of the items it speaks of")
    values: Literal["probabilities", "scores"] | None = Field(
        None, description="scores are what a model gives before its softmax; probabilities as a rule"
    )


class EmbeddingsFileIn(FileIn):
    """What is said of a file of embeddings."""

    model: Line | None = Field(None, max_length=100, description="where the file has no column of this name")
    version: Line | None = Field(None, max_length=100, description="where the file has no column of this name")


class UploadOut(Out):
    """A file and what became of its rows."""

    id: uuid.UUID
    kind: UploadKind
    state: UploadState
    filename: str | None
    format: str
    size: int
    content_hash: str
    parameters: dict[str, Any]
    total: int | None = Field(description="rows in the file; known once it has been looked through")
    rows: int
    kept: int
    unchanged: int
    faulty: int
    failure: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, upload: Upload) -> UploadOut:
        facts = {name: getattr(upload, name) for name in cls.model_fields if name != "id"}
        return cls(id=upload.uid, **facts)


class UploadsOut(Out):
    """A page of uploads, the newest first."""

    data: list[UploadOut]
    next: uuid.UUID | None


class UploadsIn(PageIn):
    """Which uploads."""

    kind: UploadKind | None = None


class FaultOut(Out):
    """A row that was not taken, and why."""

    line: int
    where: str
    what: str
    mend: str | None

    @classmethod
    def of(cls, fault: UploadFault) -> FaultOut:
        return cls(line=fault.line, where=fault.where, what=fault.what, mend=fault.mend)


class FaultsOut(Out):
    """A page of faults, in the order of the file."""

    data: list[FaultOut]
    next: int | None


class FaultsIn(In):
    """Which faults."""

    after: int = Field(0, ge=0, le=(1 << 53), description="`next` of the page before")
    limit: int = Field(100, ge=1, le=1000)


@api.post(
    "/projects/{project}/batches", roles=BRINGS, status=202, own_transaction=True, takes=TAKES, headers=HEADERS
)
def bring_items(call: Call, project: uuid.UUID, query: FileIn) -> UploadOut:
    """Upload a batch of items.

    One row an item: `item` names it (without it the content does), `gold` holds its accepted labels joined by `|`,
    `overlap` how many answers it is to have, `meta:NAME` what workers do not see; all other columns are shown to
    them. The file is read in the background; ask for the upload to see how far it is.
    """
    return _bring(call, project, UploadKind.ITEMS, query.filename)


@api.post(
    "/projects/{project}/answers", roles=BRINGS, status=202, own_transaction=True, takes=TAKES, headers=HEADERS
)
def bring_answers(call: Call, project: uuid.UUID, query: FileIn) -> UploadOut:
    """Upload answers that were given elsewhere: columns worker, item, label, and time and seconds if known."""
    return _bring(call, project, UploadKind.ANSWERS, query.filename)


@api.post(
    "/projects/{project}/predictions", roles=BRINGS, status=202, own_transaction=True, takes=TAKES, headers=HEADERS
)
def bring_predictions(call: Call, project: uuid.UUID, query: PredictionsFileIn) -> UploadOut:
    """Upload what versions of models say: `item`, and `p:CLASS` for each class or `probabilities`.

    Columns `model` and `version` say which of them; where they are left out, the query says it. `view` numbers the
    members of an ensemble, or the augmented views of an item. A model hides the mistakes of labels that it was
    trained on: say by `fold` what it had seen.
    """
    return _bring(call, project, UploadKind.PREDICTIONS, query.filename, **_said(query))


@api.post(
    "/projects/{project}/embeddings", roles=BRINGS, status=202, own_transaction=True, takes=TAKES, headers=HEADERS
)
def bring_embeddings(call: Call, project: uuid.UUID, query: EmbeddingsFileIn) -> UploadOut:
    """Upload where a model puts items: `item`, and `embedding`, a list of numbers, as many for each."""
    return _bring(call, project, UploadKind.EMBEDDINGS, query.filename, **_said(query))


@api.get("/projects/{project}/uploads", roles=SEES)
def page(call: Call, project: uuid.UUID, query: UploadsIn) -> UploadsOut:
    """List a project's uploads, the newest first."""
    found = uploads.page(call.tx, call.actor, project, kind=query.kind, before=query.after, limit=query.limit)
    return UploadsOut(
        data=[UploadOut.of(each) for each in found], next=following([each.uid for each in found], query.limit)
    )


@api.get("/uploads/{upload}", roles=SEES)
def get(call: Call, upload: uuid.UUID) -> UploadOut:
    """Say how far the reading of an upload is."""
    return UploadOut.of(uploads.get(call.tx, call.actor, upload))


@api.get("/uploads/{upload}/faults", roles=SEES)
def faults(call: Call, upload: uuid.UUID, query: FaultsIn) -> FaultsOut:
    """List the rows of an upload that were not taken: line, what is wrong, how to mend it."""
    found = uploads.faults(call.tx, call.actor, upload, after=query.after, limit=query.limit)
    following_id = found[-1].id if len(found) == query.limit else None
    return FaultsOut(data=[FaultOut.of(each) for each in found], next=following_id)


def _said(query: FileIn) -> dict[str, str]:
    """Give what is said of a file beside its name."""
    return {name: str(value) for name, value in query.model_dump(exclude={"filename"}, exclude_none=True).items()}


def _bring(call: Call, project: uuid.UUID, kind: UploadKind, filename: str | None, **parameters: str) -> UploadOut:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= 255 and key.isprintable()):
        raise BadKey(mend="Send 1 to 255 printable characters in Idempotency-Key, or leave it out.")
    return UploadOut.of(
        intake.bring(
            call.installation,
            call.actor,
            project,
            kind,
            cast(BinaryIO, request.stream),
            filename=filename,
            content_type=request.mimetype,
            idempotency_key=key,
            **parameters,
        )
    )
