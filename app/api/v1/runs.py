"""Runs over the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from app.http import Api, Call
from app.shapes import Out, PageIn, following
from crowdqc.roles import Role
from crowdqc.services import runs
from crowdqc.services.runs import Run, RunCause, RunState

api = Api("runs")

SEES = (Role.REQUESTER, Role.EXPERT, Role.QA_LEAD, Role.ADMIN)


class RunOut(Out):
    """One aggregation, with all that is needed to repeat it."""

    id: uuid.UUID
    state: RunState
    cause: RunCause
    method: str
    parameters: dict[str, Any] = Field(description="every parameter, the defaults as well")
    policy: list[Any]
    costs: list[list[float]] | None
    classes: list[str]
    seed: int
    code_version: str
    repetition: bool
    input_hash: str | None
    output_hash: str | None
    summary: dict[str, Any] | None
    failure: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, run: Run) -> RunOut:
        names = set(cls.model_fields) - {"id", "repetition"}
        facts = {name: getattr(run, name) for name in names}
        return cls(id=run.uid, repetition=run.repeats_id is not None, **facts)


class RunsOut(Out):
    """A page of runs, the newest first."""

    data: list[RunOut]
    next: uuid.UUID | None


@api.post("/projects/{project}/runs", roles=(Role.REQUESTER, Role.QA_LEAD, Role.ADMIN), status=202)
def request(call: Call, project: uuid.UUID) -> RunOut:
    """Ask for an aggregation now; one is made by itself after answers arrive."""
    return RunOut.of(runs.request(call.tx, call.actor, project))


@api.get("/projects/{project}/runs", roles=SEES)
def page(call: Call, project: uuid.UUID, query: PageIn) -> RunsOut:
    """List a project's runs, the newest first."""
    found = runs.page(call.tx, call.actor, project, before=query.after, limit=query.limit)
    return RunsOut(
        data=[RunOut.of(each) for each in found], next=following([each.uid for each in found], query.limit)
    )


@api.get("/runs/{run}", roles=SEES)
def get(call: Call, run: uuid.UUID) -> RunOut:
    """Get a run."""
    return RunOut.of(runs.get(call.tx, call.actor, run))


@api.post("/runs/{run}/repetitions", roles=(Role.REQUESTER, Role.QA_LEAD, Role.ADMIN), status=202)
def repeat(call: Call, run: uuid.UUID) -> RunOut:
    """Have a run done again over the very same answers; its summary says whether the outcome is the same."""
    return RunOut.of(runs.repeat(call.tx, call.actor, run))
