"""How the demo brings files in and has jobs done: as a requester would, without a browser."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import BinaryIO

from app import intake
from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.roles import Actor
from crowdqc.services import runs, uploads
from crowdqc.services.runs import Run
from crowdqc.services.uploads import Upload, UploadKind


def bring(
    place: Installation,
    actor: Actor,
    project: uuid.UUID,
    kind: UploadKind,
    content: BinaryIO,
    filename: str,
    **parameters: str,
) -> Upload:
    """Bring a file in and have it read to its end."""
    upload = intake.bring(place, actor, project, kind, content, filename=filename, **parameters)
    jobs.perform_due(place)
    with place.reading() as tx:
        return uploads.get(tx, actor, upload.uid)


def rows(values: Iterable[Mapping[str, object]]) -> BinaryIO:
    """Write rows as a JSON lines file in memory."""
    return io.BytesIO("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in values).encode())


def aggregate(place: Installation, actor: Actor, project: uuid.UUID) -> Run:
    """Have a run made now."""
    with place.transaction() as tx:
        run = runs.request(tx, actor, project)
    jobs.perform_due(place)
    with place.reading() as tx:
        return runs.get(tx, actor, run.uid)
