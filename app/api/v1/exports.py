"""Exports over the API: tables that are written while they are sent."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

from flask import Response

from app.http import Api, Call, streamed
from crowdqc import formats
from crowdqc.errors import Missing
from crowdqc.roles import Role
from crowdqc.services import exports
from crowdqc.services.exports import ExportKind

api = Api("exports")

SEES = (Role.REQUESTER, Role.QA_LEAD, Role.ADMIN)
GIVES = tuple(dict.fromkeys(formats.media_type(name) for name in formats.FORMATS))


class NoSuchExport(Missing):
    """There is no such export."""


@api.get("/projects/{project}/exports/{file}", roles=SEES, own_transaction=True, gives=GIVES)
def export(call: Call, project: uuid.UUID, file: str) -> Response:
    """Download a table: labels, items, answers, predictions, reviews, workers, gold; as KIND.csv, KIND.jsonl ...

    The table is one state of the database, however long the download takes.
    """
    name, _, form = file.partition(".")
    if name not in set(ExportKind) or form not in formats.FORMATS:
        raise NoSuchExport(
            f"There is no export {file!r}.",
            mend=f"Ask for one of {', '.join(ExportKind)} with one of .{', .'.join(formats.FORMATS)}.",
        )
    stack = ExitStack()
    # The transaction ends with the download, not with this function.
    tx = stack.enter_context(call.installation.reading())
    try:
        table = exports.export(tx, call.actor, project, kind=ExportKind(name))
    except BaseException:
        stack.close()
        raise
    title = re.sub(r"[^\w-]+", "-", table.project.name, flags=re.ASCII).strip("-") or "project"

    def chunks() -> Iterator[bytes]:
        with stack:
            yield from table.file(form)

    response = streamed(chunks(), formats.media_type(form), f"{title}-{file}")
    # A download of which nothing is taken (HEAD, a caller who is gone) never begins, and so never ends.
    response.call_on_close(stack.close)
    return response
