"""The application: one installation behind an API, pages and their guards."""

from __future__ import annotations

import json

from flask import Flask, Response, request

from app import pages, problems
from app.api import v1
from app.openapi import document
from app.try_it import blueprint as try_it
from crowdqc.assembly import Installation, assemble
from crowdqc.settings import Settings

#: What a page may load: its own files, and pictures and sounds that an item names.
POLICY = (
    "default-src 'self'; img-src 'self' data: https:; media-src 'self' data: https:; style-src 'self'; "
    "script-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def create_app(installation: Installation | None = None) -> Flask:
    """Make the WSGI application of an installation, by default of the one that the environment describes."""
    app = Flask(__name__)
    app.extensions["crowdqc"] = installation or assemble(Settings.from_environment())
    app.json.sort_keys = False  # type: ignore[attr-defined]
    problems.register(app)
    v1.register(app)
    app.register_blueprint(try_it)
    pages.register(app)
    described = json.dumps(document(v1.PREFIX)).encode()

    @app.get(f"{v1.PREFIX}/openapi.json")
    def openapi() -> Response:
        return Response(described, mimetype="application/json")

    app.after_request(_harden)
    return app


def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint not in ("static", "try_it.static"):
        # What one person saw is not for the next one at the same browser.
        response.headers.setdefault("Cache-Control", "no-store")
    return response
