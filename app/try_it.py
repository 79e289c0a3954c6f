"""The page to try the API: Swagger UI, served from here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, render_template, request

from app import access

#: Swagger UI sets styles on elements; on this page alone they are let through.
POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'"

# Only its files are wanted: found, not imported.
_PACKAGE = find_spec("flask_openapi_swagger")
assert _PACKAGE is not None
assert _PACKAGE.origin is not None

blueprint = Blueprint(
    "try_it",
    __name__,
    static_folder=str(Path(_PACKAGE.origin).parent / "templates" / "swagger"),
    static_url_path="/api/docs/static",
)


@blueprint.get("/api/docs")
def page() -> Response:
    """Show the API, and let it be tried with a token or as who is signed in."""
    secret = request.cookies.get(access.COOKIE)
    response = Response(
        render_template("try_it.html", csrf="" if secret is None else access.csrf(secret)), mimetype="text/html"
    )
    response.headers["Content-Security-Policy"] = POLICY
    return response
