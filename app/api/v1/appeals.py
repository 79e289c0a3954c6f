"""Appeals and restrictions over the API: what was done to a worker, what he says, what a QA lead decides."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from app.api.v1.rules import LEADS, WhyIn
from app.http import Api, Call
from app.shapes import In, Line, Number, Out, PageIn, Remark, Truth, following
from crowdqc.roles import Role
from crowdqc.services import appeals, restrictions
from crowdqc.services.appeals import AppealState, FiringState, Mine
from crowdqc.services.restrictions import Told

api = Api("appeals")

WORKS = (Role.WORKER,)


class AppealIn(In):
    """What a worker says against a firing."""

    text: Remark = Field(min_length=1)


class MineOut(Out):
    """What was done to you, in words. Nothing here names an item."""

    id: uuid.UUID | None = Field(description="what an appeal names; none where it was done by hand")
    project: str | None = Field(description="none: all projects")
    at: datetime
    words: str
    state: FiringState | None
    ended_why: str | None
    restricted_until: datetime | None
    restricted: bool = Field(description="nothing new is given to you because of this now")
    appealable: bool
    appeal: str | None = Field(description="what you said")
    appeal_state: AppealState | None
    appeal_why: str | None = Field(description="what was answered")

    @classmethod
    def of(cls, mine: Mine, now: datetime) -> MineOut:
        firing, appeal, restriction = mine.firing, mine.appeal, mine.restriction
        lifted = None if restriction is None else restriction.lifted_why
        return cls(
            id=None if firing is None else firing.uid,
            project=None if mine.project is None else mine.project.name,
            at=mine.at,
            words=mine.words,
            state=None if firing is None else FiringState(firing.state),
            ended_why=lifted if firing is None else firing.ended_why,
            restricted_until=None if restriction is None else restriction.ends_at,
            restricted=mine.restricted(now),
            appealable=mine.appealable,
            appeal=None if appeal is None else appeal.text,
            appeal_state=None if appeal is None else AppealState(appeal.state),
            appeal_why=None if appeal is None else appeal.why,
        )


class MinesOut(Out):
    """What was done to you, the newest first."""

    data: list[MineOut]


class AppealOut(Out):
    """An appeal with what it is against."""

    id: uuid.UUID
    firing: uuid.UUID
    project: uuid.UUID
    rule: str
    worker: uuid.UUID
    worker_name: str
    text: str
    to_lead: str
    state: AppealState
    created_at: datetime
    decided_at: datetime | None
    why: str | None
    corrected: list[dict[str, Any]] = Field(description="gold that was put right: item, labels before and after")

    @classmethod
    def of(cls, row: appeals.Told) -> AppealOut:
        firing, version, worker, project, appeal = row
        assert appeal is not None  # only rows with an appeal are asked for
        return cls(
            id=appeal.uid,
            firing=firing.uid,
            project=project.uid,
            rule=version.data["name"],
            worker=worker.uid,
            worker_name=worker.name,
            text=appeal.text,
            to_lead=firing.to_lead,
            state=AppealState(appeal.state),
            created_at=appeal.created_at,
            decided_at=appeal.decided_at,
            why=appeal.why,
            corrected=appeal.corrected,
        )


class AppealsOut(Out):
    """Appeals, the newest first."""

    data: list[AppealOut]


class AppealsIn(In):
    """Which appeals."""

    project: uuid.UUID | None = None
    state: AppealState = AppealState.OPEN
    limit: int = Field(50, ge=1, le=500)


class CorrectionIn(In):
    """A gold item whose truth was wrong, and its right labels."""

    item: uuid.UUID
    labels: list[Line] = Field(min_length=1, max_length=1000)


class AppealDecisionIn(In):
    """What becomes of an appeal; the worker reads `why`, so name no item in it."""

    uphold: Truth
    why: Remark = Field(min_length=1)
    corrections: list[CorrectionIn] = Field(default_factory=list, max_length=1000)


class AppealDecisionOut(Out):
    """An appeal as it was decided."""

    state: AppealState
    overturned: int = Field(description="firings that fell, this one and others that rested on the same gold")


class RestrictionIn(In):
    """A worker who is to be given nothing new."""

    worker: uuid.UUID
    project: uuid.UUID | None = Field(None, description="all projects where left out")
    hours: Number | None = Field(
        None, ge=restrictions.SHORTEST, le=restrictions.LONGEST, description="for good where left out"
    )
    reason: Remark = Field(min_length=1, description="the worker reads it")


class RestrictionOut(Out):
    """A restriction."""

    id: uuid.UUID
    worker: uuid.UUID
    worker_name: str
    project: uuid.UUID | None = Field(description="none: all projects")
    firing: uuid.UUID | None = Field(description="none: by hand")
    reason: str
    starts_at: datetime
    ends_at: datetime | None = Field(description="none: for good")
    lifted_at: datetime | None
    lifted_why: str | None

    @classmethod
    def of(cls, told: Told) -> RestrictionOut:
        found, worker, project, firing = told
        return cls(
            id=found.uid,
            worker=worker.uid,
            worker_name=worker.name,
            project=None if project is None else project.uid,
            firing=None if firing is None else firing.uid,
            reason=found.reason,
            starts_at=found.starts_at,
            ends_at=found.ends_at,
            lifted_at=found.lifted_at,
            lifted_why=found.lifted_why,
        )


class RestrictionsOut(Out):
    """A page of restrictions, the newest first."""

    data: list[RestrictionOut]
    next: uuid.UUID | None


class RestrictionsIn(PageIn):
    """Which restrictions."""

    project: uuid.UUID | None = None


@api.get("/desk/firings", roles=WORKS)
def mine(call: Call) -> MinesOut:
    """List what rules, or people, did to you, and what became of your appeals."""
    return MinesOut(data=[MineOut.of(each, call.tx.now) for each in appeals.mine(call.tx, call.actor)])


@api.post("/desk/firings/{firing}/appeal", roles=WORKS, status=201)
def appeal(call: Call, firing: uuid.UUID, body: AppealIn) -> MineOut:
    """Say that something that was done to you is wrong; once for each."""
    return MineOut.of(appeals.appeal(call.tx, call.actor, firing, text=body.text), call.tx.now)


@api.get("/appeals", roles=LEADS)
def page(call: Call, query: AppealsIn) -> AppealsOut:
    """List appeals: those that wait, unless others are asked for."""
    found = appeals.page(call.tx, call.actor, project_uid=query.project, state=query.state, limit=query.limit)
    return AppealsOut(data=[AppealOut.of(row) for row in found])


@api.post("/appeals/{appeal}/decision", roles=LEADS)
def decide(call: Call, appeal: uuid.UUID, body: AppealDecisionIn) -> AppealDecisionOut:
    """Uphold or deny an appeal.

    To uphold it overturns the firing. Gold that is put right with it is asked about again: every firing that rests
    on it and would not have come about is overturned.
    """
    corrections = {each.item: each.labels for each in body.corrections}
    decided, overturned = appeals.decide(
        call.tx, call.actor, appeal, uphold=body.uphold, why=body.why, corrections=corrections
    )
    return AppealDecisionOut(state=AppealState(decided.state), overturned=overturned)


@api.get("/restrictions", roles=LEADS)
def restricted(call: Call, query: RestrictionsIn) -> RestrictionsOut:
    """List restrictions, the newest first; those of all projects belong to every project."""
    found = restrictions.page(
        call.tx, call.actor, project_uid=query.project, before=query.after, limit=query.limit
    )
    return RestrictionsOut(
        data=[RestrictionOut.of(each) for each in found],
        next=following([each[0].uid for each in found], query.limit),
    )


@api.post("/restrictions", roles=LEADS, status=201)
def impose(call: Call, body: RestrictionIn) -> RestrictionOut:
    """Give a worker nothing new of a project, or of any, for a time or for good."""
    made = restrictions.impose(
        call.tx, call.actor, body.worker, project_uid=body.project, hours=body.hours, reason=body.reason
    )
    return RestrictionOut.of(made)


@api.post("/restrictions/{restriction}/lift", roles=LEADS)
def lift(call: Call, restriction: uuid.UUID, body: WhyIn) -> None:
    """Let a worker in again; a firing that kept him out is lifted as well."""
    restrictions.lift(call.tx, call.actor, restriction, why=body.why)
