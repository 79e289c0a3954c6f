"""Rounds over the API: labels frozen, contradicted by models, looked at by experts, and certified."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from app.http import Api, Call
from app.shapes import In, Line, Out, PageIn, following
from crowdqc.roles import Role
from crowdqc.services import rounds
from crowdqc.services.rounds import ModelRole, Round, RoundState, Seen

api = Api("rounds")

SEES = (Role.REQUESTER, Role.QA_LEAD, Role.ADMIN)
CHANGES = (Role.REQUESTER, Role.ADMIN)


class RoundIn(In):
    """What a round is to be; all of it has a default."""

    size: int = Field(200, ge=1, le=1_000_000, description="items to look at")
    random: float = Field(0.15, ge=0.1, le=0.25, description="share of them drawn by chance, for a fair estimate")
    parts: list[dict[str, Any]] = Field(
        [],
        max_length=20,
        description='ways of choosing: {"name", "sampler", "parameters", "share"}',
    )
    sharing: str = Field(
        "thompson", description="how shares follow what each way brought: thompson, upper_bound, equal"
    )
    stop: dict[str, Any] = Field({}, description="top, obvious, target, level: when no further round is wanted")


class ModelIn(In):
    """One version of one model."""

    name: Line = Field(min_length=1, max_length=100)
    version: Line = Field(min_length=1, max_length=100)


class ModelsIn(In):
    """Which models speak in a round."""

    student: ModelIn
    teacher: ModelIn | None = None
    ensemble: ModelIn | None = None
    views: ModelIn | None = None
    embedder: ModelIn | None = None


class RoundOut(Out):
    """A round as it stands."""

    id: uuid.UUID
    project: uuid.UUID
    number: int
    state: RoundState
    plan: dict[str, Any]
    failure: dict[str, Any] | None
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, found: Round, project: uuid.UUID) -> RoundOut:
        names = set(cls.model_fields) - {"id", "project"}
        return cls(id=found.uid, project=project, **{name: getattr(found, name) for name in names})


class RoundsOut(Out):
    """A page of rounds, the newest first."""

    data: list[RoundOut]
    next: uuid.UUID | None


class WholeRoundOut(Out):
    """A round with what it stands on and what it has come to so far."""

    round: RoundOut
    release: uuid.UUID = Field(description="its labels are looked at")
    release_number: int
    end_release: uuid.UUID | None = Field(description="the labels with which it ended")
    models: dict[str, str] = Field(description="by role")
    labels: int | None = Field(description="of the release")
    free: int | None = Field(description="of these, labels that nobody had looked at before")
    seed: int | None = Field(description="of all that was drawn by chance; told when the round is over")
    result: dict[str, Any] | None = Field(
        description="looked, wrong, precision, yields, pairs, error_rate, certificate, verdict"
    )


class RoundItemsIn(In):
    """Which items of a round."""

    after: int = Field(-1, ge=-1, le=(1 << 31) - 1, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=1000)


class RoundItemOut(Out):
    """An item of a round; why it was chosen is told when it is decided."""

    place: int
    item: str
    label: str = Field(description="of the release")
    state: str = Field(description="of its review")
    verdict: str | None
    decided: str | None = Field(description="what the expert says")
    decided_at: datetime | None
    suggested: str | None
    suspect: int | None = Field(description="its place among the confident mistakes, from 0")
    drawn: bool | None = Field(description="whether it is of the random sample")
    reasons: dict[str, str] | None = Field(description="by way of choosing")

    @classmethod
    def of(cls, seen: Seen, classes: list[str], *, told: bool) -> RoundItemOut:
        row = seen.row

        def name(code: int | None) -> str | None:
            return None if code is None else classes[code]

        shown = told or seen.state == "decided"
        return cls(
            place=row.place,
            item=seen.key,
            label=classes[row.label],
            state=seen.state,
            verdict=seen.verdict,
            decided=name(seen.decided),
            decided_at=seen.decided_at,
            suggested=name(row.suggested) if shown else None,
            suspect=row.suspect if shown else None,
            drawn=row.draw is not None if shown else None,
            reasons=row.reasons if shown else None,
        )


class RoundItemsOut(Out):
    """A page of a round's items, in the order in which they are looked at."""

    data: list[RoundItemOut]
    next: int | None


@api.post("/projects/{project}/rounds", roles=CHANGES, status=201)
def begin(call: Call, project: uuid.UUID, body: RoundIn) -> RoundOut:
    """Begin a round: freeze the labels as a release, to train a model on it.

    When the release is ready, take its labels, train, upload the model's predictions out of fold, and name the
    model (`PUT /rounds/{round}/models`).
    """
    return RoundOut.of(rounds.begin(call.tx, call.actor, project, plan=body.model_dump()), project)


@api.get("/projects/{project}/rounds", roles=SEES)
def page(call: Call, project: uuid.UUID, query: PageIn) -> RoundsOut:
    """List a project's rounds, the newest first."""
    found = rounds.page(call.tx, call.actor, project, after=query.after, limit=query.limit)
    return RoundsOut(
        data=[RoundOut.of(each, project) for each in found],
        next=following([each.uid for each in found], query.limit),
    )


@api.get("/rounds/{round}", roles=SEES)
def get(call: Call, round: uuid.UUID) -> WholeRoundOut:
    """Show a round and what it has come to so far; it may be asked at any time, the verdict holds at each."""
    return _whole(call, round)


@api.put("/rounds/{round}/models", roles=CHANGES, status=202)
def use(call: Call, round: uuid.UUID, body: ModelsIn) -> WholeRoundOut:
    """Say which models speak, and have the items chosen and sent to the experts."""
    given = body.model_dump(exclude_none=True)
    models = {ModelRole(role): (model["name"], model["version"]) for role, model in given.items()}
    rounds.use(call.tx, call.actor, round, models=models)
    return _whole(call, round)


@api.get("/rounds/{round}/items", roles=SEES)
def items(call: Call, round: uuid.UUID, query: RoundItemsIn) -> RoundItemsOut:
    """List the items of a round in the order in which they are looked at."""
    found, project, seen = rounds.seen(call.tx, call.actor, round, after=query.after, limit=query.limit)
    told = found.state in (RoundState.ENDED, RoundState.ABANDONED)
    return RoundItemsOut(
        data=[RoundItemOut.of(each, project.classes, told=told) for each in seen],
        next=seen[-1].row.place if len(seen) == query.limit else None,
    )


@api.post("/rounds/{round}/end", roles=CHANGES)
def end(call: Call, round: uuid.UUID) -> WholeRoundOut:
    """End a round: what nobody has looked at goes back; the labels become the next release, with a certificate."""
    rounds.end(call.tx, call.actor, round)
    return _whole(call, round)


@api.post("/rounds/{round}/abandon", roles=CHANGES)
def abandon(call: Call, round: uuid.UUID) -> WholeRoundOut:
    """Give a round up; what was decided stays decided."""
    rounds.abandon(call.tx, call.actor, round)
    return _whole(call, round)


def _whole(call: Call, uid: uuid.UUID) -> WholeRoundOut:
    found = rounds.whole(call.tx, call.actor, uid)
    over = found.round.state in (RoundState.ENDED, RoundState.ABANDONED)
    return WholeRoundOut(
        round=RoundOut.of(found.round, found.project.uid),
        release=found.release.uid,
        release_number=found.release.number,
        end_release=None if found.end_release is None else found.end_release.uid,
        models={role: model.title for role, model in found.models.items()},
        labels=found.round.size,
        free=found.round.free,
        seed=found.round.seed if over else None,
        result=None if found.result is None else dict(found.result),
    )
