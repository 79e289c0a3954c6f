"""A project's worker rules over the API: saved, tried on history, switched on; and what they did."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from app.http import Api, Call
from app.shapes import In, Out, PageIn, Remark, following
from crowdqc.roles import Role
from crowdqc.services import firings, rules
from crowdqc.services.firings import Acted, FiringState
from crowdqc.services.rules import RuleState, Saved, Tried

api = Api("rules")

SEES = (Role.REQUESTER, Role.EXPERT, Role.QA_LEAD, Role.ADMIN)
LEADS = (Role.QA_LEAD, Role.ADMIN)


class RuleIn(In):
    """A rule, as the reference of worker rules describes it."""

    rule: dict[str, Any] = Field(
        examples=[
            {
                "name": "careless",
                "collector": "gold",
                "window": {"answers": 20},
                "when": [{"key": "accuracy", "op": "below", "value": 0.6}],
                "action": {"kind": "restrict", "hours": 24},
            }
        ]
    )


class RuleStateIn(In):
    """Whether a rule is to act."""

    state: RuleState


class WhyIn(In):
    """Why something is ended; the worker reads it."""

    why: Remark = Field(min_length=1)


class RuleOut(Out):
    """A rule with its newest version."""

    id: uuid.UUID
    name: str
    state: RuleState
    version: int
    rule: dict[str, Any]
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, saved: Saved) -> RuleOut:
        rule, version = saved
        return cls(
            id=rule.uid,
            name=rule.name,
            state=RuleState(rule.state),
            version=rule.version,
            rule=version.data,
            created_at=rule.created_at,
            changed_at=version.created_at,
        )


class RulesOut(Out):
    """The rules of a project."""

    data: list[RuleOut]


class RuleVersionOut(Out):
    """A rule as it was saved once."""

    version: int
    rule: dict[str, Any]
    created_at: datetime


class RuleHistoryOut(RuleOut):
    """A rule with all its versions, the newest first."""

    versions: list[RuleVersionOut]


class PresetOut(Out):
    """A rule to begin with."""

    name: str
    why: str
    rule: dict[str, Any]


class PresetsOut(Out):
    """Rules to begin with."""

    data: list[PresetOut]


class TriedWorkerOut(Out):
    """A worker on whom a rule would have acted, with all gold that he ever answered."""

    worker: uuid.UUID
    name: str
    times: int
    answers_lost: int = Field(description="that he would not have given while he was restricted")
    gold_answers: int
    gold_right: int
    unjust: bool = Field(description="by all gold that he ever answered, his accuracy is not beyond `fair`")
    surely_unjust: bool


class DryRunOut(Out):
    """What a rule would have done."""

    words: str
    times: int
    workers: int
    among: int
    unjust: int
    surely_unjust: int
    fair: float | None = Field(description="accuracy by gold from which on to act on a worker is unjust")
    data: list[TriedWorkerOut]

    @classmethod
    def of(cls, tried: Tried) -> DryRunOut:
        run = tried.run
        people = []
        for place, (code, worker) in enumerate(zip(run.workers.tolist(), tried.workers, strict=True)):
            people.append(
                TriedWorkerOut(
                    worker=worker.uid,
                    name=worker.name,
                    times=int((run.acted == code).sum()),
                    answers_lost=int(run.lost[run.acted == code].sum()),
                    gold_answers=int(run.gold_answers[place]),
                    gold_right=int(run.gold_right[place]),
                    unjust=bool(run.unjust[place]),
                    surely_unjust=bool(run.surely_unjust[place]),
                )
            )
        return cls(
            words=run.words(),
            times=len(run.acted),
            workers=len(people),
            among=run.among,
            unjust=sum(each.unjust for each in people),
            surely_unjust=sum(each.surely_unjust for each in people),
            fair=None if run.fair != run.fair else run.fair,
            data=people,
        )


class FiringOut(Out):
    """A rule held of a worker: what was measured, in which window, and what became of it."""

    id: uuid.UUID
    rule: str
    version: int
    worker: uuid.UUID
    worker_name: str
    at: datetime
    measured: str
    value: float
    low: float | None
    high: float | None
    counted: int
    facts: dict[str, Any] = Field(
        description="every condition with its numbers, the window, the level, the action"
    )
    to_worker: str
    to_lead: str
    told: bool = Field(description="the worker sees it")
    applied: bool = Field(description="what the action asks for was done, and not only written down")
    state: FiringState
    ended_at: datetime | None
    ended_why: str | None
    restricted_until: datetime | None
    appeal: str | None = Field(description="the state of the worker's appeal")

    @classmethod
    def of(cls, acted: Acted) -> FiringOut:
        firing, version, worker, _, appeal = acted.told
        return cls(
            id=firing.uid,
            rule=acted.name,
            version=version.version,
            worker=worker.uid,
            worker_name=worker.name,
            at=firing.at,
            measured=firing.measured,
            value=firing.value,
            low=firing.low,
            high=firing.high,
            counted=firing.count,
            facts=firing.facts,
            to_worker=firing.to_worker,
            to_lead=firing.to_lead,
            told=firing.told,
            applied=firing.applied,
            state=FiringState(firing.state),
            ended_at=firing.ended_at,
            ended_why=firing.ended_why,
            restricted_until=None if acted.restriction is None else acted.restriction.ends_at,
            appeal=None if appeal is None else appeal.state,
        )


class FiringsOut(Out):
    """A page of firings, the newest first."""

    data: list[FiringOut]
    next: uuid.UUID | None


class FiringsIn(PageIn):
    """Which firings."""

    worker: uuid.UUID | None = None


class EvidenceOut(Out):
    """An item that a firing rests on."""

    item: uuid.UUID
    key: str
    gold: bool
    skipped: bool
    at: datetime


class FiringCaseOut(FiringOut):
    """A firing with the items that it rests on, in the order of time."""

    evidence: list[EvidenceOut]


@api.get("/projects/{project}/rules", roles=SEES)
def page(call: Call, project: uuid.UUID) -> RulesOut:
    """List a project's rules."""
    return RulesOut(data=[RuleOut.of(saved) for saved in rules.page(call.tx, call.actor, project)[1]])


@api.post("/projects/{project}/rules", roles=LEADS, status=201)
def create(call: Call, project: uuid.UUID, body: RuleIn) -> RuleOut:
    """Save a rule, switched off.

    One that cannot be read, or that can never fire, is refused with every fault named.
    """
    return RuleOut.of(rules.create(call.tx, call.actor, project, data=body.rule))


@api.post("/projects/{project}/rules/dry-run", roles=LEADS, own_transaction=True)
def dry_run(call: Call, project: uuid.UUID, body: RuleIn) -> DryRunOut:
    """Try a rule on all that has happened in a project; nothing is saved and nobody is acted on.

    A rule on a figure over all answers takes as long as a run does.
    """
    with call.installation.reading() as tx:
        trial = rules.trial(tx, call.actor, project, data=body.rule)
    (found,) = call.installation.execution.map(rules.try_out, [trial])
    with call.installation.reading() as tx:
        return DryRunOut.of(rules.tried(tx, trial, found))


@api.get("/rules/presets", roles=LEADS)
def presets(call: Call) -> PresetsOut:
    """List rules to begin with, each with why somebody would want it."""
    return PresetsOut(
        data=[PresetOut(name=name, why=why, rule=dict(data)) for name, (why, data) in rules.presets().items()]
    )


@api.get("/rules/{rule}", roles=LEADS)
def get(call: Call, rule: uuid.UUID) -> RuleHistoryOut:
    """Get a rule with all its versions."""
    found, versions = rules.get(call.tx, call.actor, rule)
    return RuleHistoryOut(
        **RuleOut.of((found, versions[0])).model_dump(),
        versions=[
            RuleVersionOut(version=each.version, rule=each.data, created_at=each.created_at) for each in versions
        ],
    )


@api.put("/rules/{rule}", roles=LEADS)
def update(call: Call, rule: uuid.UUID, body: RuleIn) -> RuleOut:
    """Save a new version of a rule; versions are never rewritten."""
    return RuleOut.of(rules.update(call.tx, call.actor, rule, data=body.rule))


@api.put("/rules/{rule}/state", roles=LEADS)
def switch(call: Call, rule: uuid.UUID, body: RuleStateIn) -> RuleOut:
    """Switch a rule on or off; what it did stays."""
    return RuleOut.of(rules.switch(call.tx, call.actor, rule, body.state))


@api.get("/projects/{project}/firings", roles=SEES)
def fired(call: Call, project: uuid.UUID, query: FiringsIn) -> FiringsOut:
    """List what the rules of a project did, the newest first."""
    found = firings.page(call.tx, call.actor, project, worker=query.worker, before=query.after, limit=query.limit)
    return FiringsOut(
        data=[FiringOut.of(each) for each in found],
        next=following([each.firing.uid for each in found], query.limit),
    )


@api.get("/firings/{firing}", roles=LEADS)
def case(call: Call, firing: uuid.UUID) -> FiringCaseOut:
    """Get a firing with the items that it rests on."""
    found, evidence = firings.case(call.tx, call.actor, firing)
    return FiringCaseOut(
        **FiringOut.of(found).model_dump(),
        evidence=[
            EvidenceOut(
                item=item.uid, key=item.key, gold=item.state == "gold", skipped=row.answer_id is None, at=row.at
            )
            for row, item in evidence
        ],
    )


@api.post("/firings/{firing}/lift", roles=LEADS)
def lift(call: Call, firing: uuid.UUID, body: WhyIn) -> FiringOut:
    """End what a firing did though it was justified: the restriction, the weight of the answers."""
    return FiringOut.of(firings.lift(call.tx, call.actor, firing, why=body.why))
