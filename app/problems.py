"""Errors as problem documents (RFC 9457): what, where, how to mend it; never a traceback, never a bare 500."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence

from flask import Flask, Response, request
from sqlalchemy.exc import DBAPIError, OperationalError
from werkzeug.exceptions import HTTPException

from crowdqc.errors import Conflict, CrowdqcError, Invalid, Missing, Refused
from crowdqc.formats import UnknownFormat
from crowdqc.services.people import NotSignedIn
from crowdqc.storage import TooLarge

log = logging.getLogger(__name__)

#: What is raised where a database is away, or is busy for too long.
Unreachable = OperationalError

MEDIA_TYPE = "application/problem+json"

#: The most special kind first.
STATUS: Sequence[tuple[type[CrowdqcError], int]] = (
    (NotSignedIn, 401),
    (TooLarge, 413),
    (UnknownFormat, 415),
    (Missing, 404),
    (Refused, 403),
    (Conflict, 409),
    (Invalid, 422),
)

#: How to mend what the web server or Flask refuse by themselves.
MENDS = {
    400: "Send a request that is whole and well-formed.",
    404: "See /api/v1/openapi.json for the addresses there are.",
    405: "Use one of the methods listed in the Allow header.",
    413: "Send less at once: split the file, or shorten the text.",
    415: "Send Content-Type: application/json.",
}


def status_of(error: CrowdqcError) -> int:
    return next((status for kind, status in STATUS if isinstance(error, kind)), 400)


def document(error: CrowdqcError) -> dict[str, object]:
    """Give the document of one of our own errors."""
    return _document(
        status_of(error),
        kind=_slug(type(error).__name__),
        title=(type(error).__doc__ or "").strip().split("\n")[0],
        detail=error.detail,
        mend=error.mend,
        errors=error.errors if isinstance(error, Invalid) else (),
    )


def of_error(error: CrowdqcError) -> Response:
    """Answer with one of our own errors."""
    response = _written(document(error))
    if isinstance(error, NotSignedIn):
        response.headers["WWW-Authenticate"] = 'Bearer realm="crowdqc"'
    return response


def problem(
    status: int,
    *,
    kind: str,
    title: str,
    detail: str,
    mend: str | None = None,
    errors: Sequence[Mapping[str, object]] = (),
) -> Response:
    """Answer with a problem document."""
    return _written(_document(status, kind=kind, title=title, detail=detail, mend=mend, errors=errors))


def _document(
    status: int,
    *,
    kind: str,
    title: str,
    detail: str,
    mend: str | None,
    errors: Sequence[Mapping[str, object]],
) -> dict[str, object]:
    body: dict[str, object] = {
        "type": f"urn:crowdqc:problem:{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
    }
    if mend:
        body["mend"] = mend
    if errors:
        body["errors"] = [dict(fault) for fault in errors]
    return body


def _written(body: Mapping[str, object]) -> Response:
    return Response(json.dumps(body, default=str), status=int(str(body["status"])), mimetype=MEDIA_TYPE)


def register(app: Flask) -> None:
    """Answer every error of the API with a problem document."""
    app.register_error_handler(CrowdqcError, of_error)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(DBAPIError, _of_database)
    app.register_error_handler(Exception, _of_bug)


def _of_http(error: HTTPException) -> Response:
    status = error.code or 500
    response = problem(
        status,
        kind=_slug(error.name.title().replace(" ", "")),
        title=error.name,
        detail=error.description or error.name,
        mend=MENDS.get(status),
    )
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _of_database(error: DBAPIError) -> Response:
    """A deadlock, a lock that was not free in time or a lost connection: nothing was written, so try again."""
    if not isinstance(error, Unreachable):
        return _of_bug(error)
    log.warning("The database was busy: %s", error.orig)
    response = problem(
        503,
        kind="busy",
        title="The database is busy.",
        detail="Nothing was written.",
        mend="Send the same request again in a moment.",
    )
    response.headers["Retry-After"] = "1"
    return response


def _of_bug(error: Exception) -> Response:
    log.exception("%s %s failed", request.method, request.path)
    return problem(
        500,
        kind="internal",
        title="Something went wrong here.",
        detail="This is a mistake of the service, not yours; nothing was written.",
        mend="Tell whoever runs this installation; the log has the details.",
    )


def _slug(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
