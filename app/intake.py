"""Files on their way in: from a request to where files lie, then into a project."""

from __future__ import annotations

import uuid
from typing import BinaryIO

from flask import request

from app.http import Call
from crowdqc.errors import Invalid
from crowdqc.services import uploads
from crowdqc.services.uploads import Upload, UploadKind


class BadKey(Invalid):
    """The idempotency key is not one."""


def bring(
    call: Call,
    project: uuid.UUID,
    kind: UploadKind,
    content: BinaryIO,
    *,
    filename: str | None,
    content_type: str | None,
    **parameters: str,
) -> Upload:
    """Put a file where files lie, outside of any transaction since it may be long on its way, and take it in."""
    place = call.installation
    idempotency_key = request.headers.get("Idempotency-Key")
    if idempotency_key is not None and not (0 < len(idempotency_key) <= 255 and idempotency_key.isprintable()):
        raise BadKey(mend="Send 1 to 255 printable characters in Idempotency-Key, or leave it out.")
    with place.reading() as tx:
        key = uploads.expected(tx, call.actor, project)
    stored = place.storage.put(key, content, limit=place.settings.upload_limit)
    try:
        with place.transaction() as tx:
            upload, new = uploads.receive(
                tx,
                call.actor,
                project,
                kind=kind,
                stored=stored,
                filename=filename,
                content_type=content_type,
                idempotency_key=idempotency_key,
                parameters=parameters,
            )
    except BaseException:
        place.storage.delete(key)
        raise
    if not new:
        place.storage.delete(key)
    return upload
