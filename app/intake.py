"""Files on their way in: from wherever they come to where files lie, then into a project."""

from __future__ import annotations

import uuid
from typing import BinaryIO

from crowdqc.assembly import Installation
from crowdqc.roles import Actor
from crowdqc.services import uploads
from crowdqc.services.uploads import Upload, UploadKind


def bring(
    place: Installation,
    actor: Actor,
    project: uuid.UUID,
    kind: UploadKind,
    content: BinaryIO,
    *,
    filename: str | None,
    content_type: str | None = None,
    idempotency_key: str | None = None,
    **parameters: str,
) -> Upload:
    """Put a file where files lie, outside of any transaction since it may be long on its way, and take it in."""
    with place.reading() as tx:
        key = uploads.expected(tx, actor, project)
    stored = place.storage.put(key, content, limit=place.settings.upload_limit)
    try:
        with place.transaction() as tx:
            upload, new = uploads.receive(
                tx,
                actor,
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
