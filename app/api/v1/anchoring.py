"""Whether pre-labels draw answers to themselves, over the API."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from app.http import Api, Call
from app.shapes import Out
from crowdqc.roles import Role
from crowdqc.services import anchoring

api = Api("anchoring")

SEES = (Role.REQUESTER, Role.QA_LEAD, Role.ADMIN)


class AnchoringOut(Out):
    """How often answers equal a pre-label where it was shown and where it was not."""

    shown: int
    hidden: int
    follow_shown: float
    follow_hidden: float
    difference: float
    low: float
    high: float
    p_value: float
    words: str


class ExperimentOut(Out):
    """What came of showing a model's pre-labels with half of the leases."""

    model: str
    version: str
    since: datetime
    all: AnchoringOut
    wrong: AnchoringOut | None = Field(description="of the pre-labels that known truth proves wrong")


@api.get("/projects/{project}/anchoring", roles=SEES)
def get(call: Call, project: uuid.UUID) -> ExperimentOut:
    """Say how far pre-labels draw answers to themselves."""
    found = anchoring.measure(call.tx, call.actor, project)
    names = AnchoringOut.model_fields

    def out(one: object) -> AnchoringOut:
        return AnchoringOut(**{name: getattr(one, name) for name in names})

    return ExperimentOut(
        model=found.model,
        version=found.version,
        since=found.since,
        all=out(found.all),
        wrong=None if found.wrong is None else out(found.wrong),
    )
