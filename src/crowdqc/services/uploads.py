"""Uploads: taking a file in, looking it through, and what became of its rows, whatever a row means."""

from __future__ import annotations

import gc
import hashlib
import itertools
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from crowdqc import formats
from crowdqc.errors import Conflict, CrowdqcError, Invalid
from crowdqc.formats import Fault, Row, answers
from crowdqc.records import uploads
from crowdqc.records.base import new_uid
from crowdqc.records.jobs import JobName
from crowdqc.records.projects import ProjectState
from crowdqc.records.uploads import Upload, UploadFault, UploadKind, UploadState
from crowdqc.roles import Actor
from crowdqc.services import reach
from crowdqc.services.transaction import Transaction
from crowdqc.settings import Settings
from crowdqc.storage import Storage, Stored

#: Rows that are kept in one transaction: enough to be fast, few enough that nobody waits long behind them.
CHUNK = {
    UploadKind.ITEMS: 20_000,
    UploadKind.ANSWERS: 10_000,
    UploadKind.PREDICTIONS: 5000,
    UploadKind.EMBEDDINGS: 2000,
}
#: Faults whose words are kept; all are counted.
FAULTS_KEPT = 10_000

Rows: TypeAlias = Sequence[Row | answers.Answer | Fault]


#: Columns that name an item; the first that is there wins.
ITEM_COLUMNS = ("item", "item_id", "task", "id", "key")


class KeyReused(Conflict):
    """This idempotency key was used for another file."""


class NotOpenForUploads(Conflict):
    """The project is closed."""


class EmptyFile(Invalid):
    """The file has no rows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is needed to read an upload: told once, at the beginning."""

    id: int
    kind: UploadKind
    format: str
    storage_key: str
    #: The last line that an earlier reading, cut off, dealt with.
    line: int
    looked_through: bool


def expected(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> str:
    """Say under which storage key a file for this project may be put; raise reach.NoSuchProject.

    The file is put between this call and `receive`, outside of any transaction: it may be long on its way.
    """
    project = reach.own_project(tx, actor, project_uid)
    if project.state == ProjectState.CLOSED:
        raise NotOpenForUploads(mend="Open it again first.")
    return f"uploads/{new_uid().hex}"


def receive(
    tx: Transaction,
    actor: Actor,
    project_uid: uuid.UUID,
    *,
    kind: UploadKind,
    stored: Stored,
    filename: str | None,
    content_type: str | None,
    idempotency_key: str | None,
    parameters: Mapping[str, str],
) -> tuple[Upload, bool]:
    """Take in a stored file and have it read; give the upload and whether it is new.

    The same idempotency key, or the same content for the same purpose, gives the upload that there is already
    (where none of its rows was at fault); the stored copy is then not wanted. Raise KeyReused, EmptyFile,
    formats.UnknownFormat.
    """
    project = reach.own_project(tx, actor, project_uid, lock=True)
    if stored.size == 0:
        raise EmptyFile("The file is empty.", mend="Send rows with a header.")
    fingerprint = hashlib.sha256(
        json.dumps([kind, stored.content_hash, sorted(parameters.items())]).encode()
    ).hexdigest()
    if idempotency_key is not None:
        before = uploads.by_idempotency_key(tx.session, project.id, idempotency_key)
        if before is not None and before.fingerprint != fingerprint:
            raise KeyReused(mend="Use a new key for a new file.", upload=str(before.uid))
        if before is not None:
            return before, False
    before = uploads.by_fingerprint(tx.session, project.id, fingerprint)
    if before is not None:
        return before, False
    upload = Upload(
        project_id=project.id,
        kind=kind,
        state=UploadState.WAITING,
        filename=None if filename is None else filename[:255],
        format=formats.detect(filename, content_type, stored.head),
        storage_key=stored.key,
        size=stored.size,
        content_hash=stored.content_hash,
        fingerprint=fingerprint,
        idempotency_key=idempotency_key,
        parameters=dict(parameters),
        created_by=actor.id,
        created_at=tx.now,
    )
    tx.session.add(upload)
    tx.session.flush()
    tx.defer(JobName.READ_UPLOAD, f"upload:{upload.id}")
    return upload, True


def begin(tx: Transaction, upload_id: int) -> Reading | None:
    """Start or go on reading an upload; give nothing where that is done."""
    upload = uploads.by_id(tx.session, upload_id, lock=True)
    if upload.state in (UploadState.DONE, UploadState.FAILED):
        return None
    upload.state = UploadState.READING
    return Reading(
        id=upload.id,
        kind=UploadKind(upload.kind),
        format=upload.format,
        storage_key=upload.storage_key,
        line=upload.line,
        looked_through=upload.total is not None,
    )


def look_through(storage: Storage, settings: Settings, reading: Reading) -> int:
    """Read a file to its end before anything of it is kept, and count its rows; raise formats.Unreadable.

    So a file that is broken half-way is refused whole.
    """
    with storage.open(reading.storage_key) as stream:
        return formats.count(stream, reading.format, limit_bytes=settings.expanded_limit)


def looked_through(tx: Transaction, upload_id: int, *, total: int) -> None:
    uploads.by_id(tx.session, upload_id, lock=True).total = total


def chunks(storage: Storage, settings: Settings, reading: Reading) -> Iterator[Rows]:
    """Give the rows of a file that are not dealt with yet, a bounded number at a time."""
    with storage.open(reading.storage_key) as stream:
        rows: Iterator[Row | answers.Answer | Fault]
        if reading.kind is UploadKind.ANSWERS:
            rows = answers.answers(stream, reading.format, limit_bytes=settings.expanded_limit)
        else:
            rows = formats.rows(stream, reading.format, limit_bytes=settings.expanded_limit)
        fresh = itertools.dropwhile(lambda row: row.line <= reading.line, rows)
        while chunk := _taken(fresh, CHUNK[reading.kind]):
            yield chunk


def _taken(rows: Iterator[Row | answers.Answer | Fault], number: int) -> Rows:
    """Give the next rows. Nothing goes round in circles in them, so that it is not looked for meanwhile."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return [*itertools.islice(rows, number)]
    finally:
        if collecting:
            gc.enable()


def not_kept(upload: Upload, rows: Rows) -> Rows:
    """Give the rows of a chunk that the (locked) upload is not past: another runner may read the same file."""
    if not rows or rows[0].line > upload.line:
        return rows
    return [row for row in rows if row.line > upload.line]


def note(
    tx: Transaction, upload: Upload, rows: Rows, *, kept: int, unchanged: int, faults: Sequence[Fault]
) -> None:
    """Write down what became of a chunk of rows, in the transaction that keeps them."""
    room = max(0, FAULTS_KEPT - upload.faulty)
    uploads.add_faults(
        tx.session,
        [
            {"upload_id": upload.id, "line": fault.line, "where": fault.where[:200], "what": fault.what,
             "mend": fault.mend}
            for fault in sorted(faults, key=lambda fault: fault.line)[:room]
        ],
    )  # fmt: skip
    upload.rows += len(rows)
    upload.kept += kept
    upload.unchanged += unchanged
    upload.faulty += len(faults)
    if rows:
        upload.line = max(upload.line, rows[-1].line)


def item_name(values: Mapping[str, object]) -> tuple[str | None, str]:
    """Give the column of a row that names its item, and the name: none, and empty, where there is none.

    A whole number is the same name however its format writes it.
    """
    column = next((name for name in ITEM_COLUMNS if name in values), None)
    value = None if column is None else values[column]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    fit = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return column, str(value).strip() if fit else ""


def finish(tx: Transaction, upload_id: int) -> Upload:
    """End the reading of an upload."""
    upload = uploads.by_id(tx.session, upload_id, lock=True)
    if upload.state == UploadState.READING:
        upload.state = UploadState.DONE
        upload.finished_at = tx.now
    return upload


def fail(tx: Transaction, upload_id: int, error: CrowdqcError) -> None:
    """End the reading of an upload whose file cannot be read."""
    upload = uploads.by_id(tx.session, upload_id, lock=True)
    if upload.state != UploadState.READING:
        return
    upload.state = UploadState.FAILED
    upload.failure = {"what": error.detail, "mend": error.mend}
    upload.finished_at = tx.now


def get(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Upload:
    return reach.upload(tx, actor, uid)


def page(
    tx: Transaction,
    actor: Actor,
    project_uid: uuid.UUID,
    *,
    kind: UploadKind | None,
    before: uuid.UUID | None,
    limit: int,
) -> Sequence[Upload]:
    """Give a project's uploads, the newest first."""
    project = reach.project(tx, actor, project_uid)
    start = None if before is None else reach.upload(tx, actor, before).id
    return uploads.page(tx.session, project.id, kind=kind, before=start, limit=limit)


def faults(tx: Transaction, actor: Actor, uid: uuid.UUID, *, after: int, limit: int) -> Sequence[UploadFault]:
    """Give the rows of an upload that were not taken, and why."""
    return uploads.faults(tx.session, reach.upload(tx, actor, uid).id, after=after, limit=limit)
