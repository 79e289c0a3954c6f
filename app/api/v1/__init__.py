"""The JSON API, version 1: one resource a room, its shapes right above its routes."""

from __future__ import annotations

from flask import Flask

from app.api.v1 import assignments, evidence, exports, jobs, money, people, projects, reviews, runs, uploads

PREFIX = "/api/v1"

ROOMS = (people, projects, uploads, evidence, runs, assignments, reviews, money, exports, jobs)


def register(app: Flask) -> None:
    """Put every resource under the prefix."""
    for room in ROOMS:
        app.register_blueprint(room.api.blueprint, url_prefix=PREFIX)
