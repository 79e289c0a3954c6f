"""The pages of models: which there are, and how far each can be trusted."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response

from app.http import Call
from app.pages.frame import page, render
from crowdqc.roles import Role
from crowdqc.services import models_health, projects
from crowdqc.services.models_health import ModelRole

blueprint = Blueprint("models", __name__)

SEES = (Role.REQUESTER, Role.QA_LEAD, Role.ADMIN)


@page(blueprint, "GET", "/projects/<uuid:project>/models", roles=SEES)
def listing(call: Call, project: uuid.UUID) -> Response:
    """List a project's models."""
    return render(
        "models.html",
        project=projects.get(call.tx, call.actor, project),
        models=projects.models(call.tx, call.actor, project),
    )


@page(blueprint, "GET", "/models/<uuid:model>", roles=SEES)
def one(call: Call, model: uuid.UUID) -> Response:
    """Show how far a model can be trusted."""
    found = models_health.health(call.tx, call.actor, model)
    return render(
        "model.html",
        project=found.project,
        model=found.model,
        health=found,
        speaks=found.model.role != ModelRole.EMBEDDER,
    )
