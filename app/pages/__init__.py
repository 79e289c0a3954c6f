"""The pages: HTML for people in a browser, one audience a room."""

from __future__ import annotations

from flask import Flask

from app.pages import (
    account,
    admin,
    courses,
    expert,
    fairness,
    frame,
    gold,
    models,
    money,
    qa_lead,
    refusals,
    releases,
    requester,
    rounds,
    rules,
    settings,
    skills,
    training,
    words,
    worker,
)

ROOMS = (
    account, worker, training, fairness, money, requester, rounds, models,
    releases, settings,
    courses, qa_lead, gold, skills, rules, expert, admin,
)  # fmt: skip


def register(app: Flask) -> None:
    """Put the pages into an application, with what their templates speak of."""
    for room in ROOMS:
        app.register_blueprint(room.blueprint)
    app.context_processor(frame.surroundings)
    app.jinja_env.filters.update(words.FILTERS)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.after_request(refusals.as_page)
