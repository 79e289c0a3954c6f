"""The JSON API, version 1: one resource a room, its shapes right above its routes."""

from __future__ import annotations

from flask import Flask

from app.api.v1 import (
    anchoring,
    appeals,
    assignments,
    courses,
    evidence,
    exports,
    gold,
    jobs,
    models,
    money,
    people,
    projects,
    releases,
    reviews,
    rounds,
    rules,
    runs,
    skills,
    training,
    uploads,
)

PREFIX = "/api/v1"

ROOMS = (
    people, projects, uploads, evidence, gold, runs, assignments, appeals, rules, reviews, courses, training,
    skills, money, exports, releases, rounds, models, anchoring, jobs,
)  # fmt: skip


def register(app: Flask) -> None:
    """Put every resource under the prefix."""
    for room in ROOMS:
        app.register_blueprint(room.api.blueprint, url_prefix=PREFIX)
