"""Skills, languages, and for whom items are, over the API."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import AwareDatetime, Field

from app.http import Api, Call
from app.shapes import In, Line, Name, Number, Out, PageIn, Remark, following
from crowdqc.roles import Role
from crowdqc.services import reservations, skills
from crowdqc.services.reservations import Named
from crowdqc.services.skills import Skill, Skilled, SkillSource, Worker

api = Api("skills")

WORKS = (Role.WORKER,)
LEADS = (Role.QA_LEAD, Role.ADMIN)
SEES = (Role.REQUESTER, Role.EXPERT, Role.QA_LEAD, Role.ADMIN)
CHANGES = (Role.REQUESTER, Role.ADMIN)


class SkillOut(Out):
    """A version of a skill."""

    name: str
    value: float
    source: SkillSource
    earned_at: datetime
    expires_at: datetime | None

    @classmethod
    def of(cls, skill: Skill) -> SkillOut:
        return cls(**{name: getattr(skill, name) for name in cls.model_fields})


class VersionOut(SkillOut):
    """A version of a skill, with its reason."""

    detail: str | None
    latest: bool


class OwnSkillsOut(Out):
    """Your skills, those that have expired as well, and the languages that you read."""

    skills: list[SkillOut]
    languages: list[str]

    @classmethod
    def of(cls, found: Skilled) -> OwnSkillsOut:
        return cls(skills=[SkillOut.of(each) for each in found.skills], languages=found.worker.languages)


class LanguagesIn(In):
    """The languages that you read, as BCP 47 writes them."""

    languages: list[Line] = Field(max_length=100, examples=[["de", "pt-BR"]])


class SkilledWorkerOut(Out):
    """One of our own workers."""

    id: uuid.UUID
    name: str
    languages: list[str]
    skills: int

    @classmethod
    def of(cls, worker: Worker, number: int) -> SkilledWorkerOut:
        return cls(id=worker.uid, name=worker.name, languages=worker.languages, skills=number)


class SkilledWorkersOut(Out):
    """A page of workers."""

    data: list[SkilledWorkerOut]
    next: uuid.UUID | None


class SkilledWorkersIn(PageIn):
    """Which workers."""

    name: Line | None = Field(None, description="a part of the name")


class SkillsOut(Out):
    """A worker's skills, and the last versions of all of them, the newest first."""

    worker: uuid.UUID
    name: str
    languages: list[str]
    skills: list[VersionOut]
    history: list[VersionOut]

    @classmethod
    def of(cls, found: Skilled) -> SkillsOut:
        return cls(
            worker=found.worker.uid,
            name=found.worker.name,
            languages=found.worker.languages,
            skills=[_version(each) for each in found.skills],
            history=[_version(each) for each in found.history],
        )


class SkillIn(In):
    """A skill that is set by hand."""

    name: Name
    value: Number = Field(ge=0, le=100)
    reason: Remark = Field(min_length=1)
    expires_at: AwareDatetime | None = Field(None, description="now, or before: the skill is taken away")


class WorkersIn(In):
    """Workers, by their ids; none: nobody any longer."""

    workers: list[uuid.UUID] = Field(max_length=1000)


class NamedOut(Out):
    """A worker, by id and name."""

    id: uuid.UUID
    name: str


class ForWorkersOut(Out):
    """The workers of whom an item says something."""

    workers: list[NamedOut]
    had: list[NamedOut] = Field(description="those who had it before them already: for them it stays as it was")

    @classmethod
    def of(cls, named: Named) -> ForWorkersOut:
        return cls(workers=[_named(each) for each in named.workers], had=[_named(each) for each in named.had])


@api.get("/me/skills", roles=WORKS)
def own(call: Call) -> OwnSkillsOut:
    """List your skills, and the languages that you read."""
    return OwnSkillsOut.of(skills.own(call.tx, call.actor))


@api.put("/me/languages", roles=WORKS)
def set_languages(call: Call, body: LanguagesIn) -> OwnSkillsOut:
    """Say which languages you read."""
    return OwnSkillsOut.of(skills.set_languages(call.tx, call.actor, body.languages))


@api.get("/workers", roles=LEADS)
def page(call: Call, query: SkilledWorkersIn) -> SkilledWorkersOut:
    """List our own workers, with how many skills each has."""
    found = skills.page(call.tx, part=query.name or "", after=query.after, limit=query.limit)
    return SkilledWorkersOut(
        data=[SkilledWorkerOut.of(*each) for each in found],
        next=following([worker.uid for worker, _ in found], query.limit),
    )


@api.get("/workers/{worker}/skills", roles=LEADS)
def of_worker(call: Call, worker: uuid.UUID) -> SkillsOut:
    """List a worker's skills, and where each of their versions comes from."""
    return SkillsOut.of(skills.of_worker(call.tx, worker))


@api.put("/workers/{worker}/skills", roles=LEADS)
def set_by_hand(call: Call, worker: uuid.UUID, body: SkillIn) -> SkillsOut:
    """Set a worker's skill by hand, with the reason."""
    return SkillsOut.of(skills.set_by_hand(call.tx, call.actor, worker, **body.model_dump()))


@api.get("/items/{item}/reserved-for", roles=SEES)
def reserved_for(call: Call, item: uuid.UUID) -> ForWorkersOut:
    """List the workers for whom an item is reserved; none: it is for everybody."""
    return ForWorkersOut.of(reservations.reserved_for(call.tx, call.actor, item))


@api.put("/items/{item}/reserved-for", roles=CHANGES)
def reserve(call: Call, item: uuid.UUID, body: WorkersIn) -> ForWorkersOut:
    """Reserve an item for these workers alone; with none, for everybody again."""
    return ForWorkersOut.of(reservations.reserve(call.tx, call.actor, item, body.workers))


@api.get("/items/{item}/unavailable-for", roles=SEES)
def unavailable_for(call: Call, item: uuid.UUID) -> ForWorkersOut:
    """List the workers from whom an item is kept."""
    return ForWorkersOut.of(reservations.unavailable_for(call.tx, call.actor, item))


@api.put("/items/{item}/unavailable-for", roles=CHANGES)
def withhold(call: Call, item: uuid.UUID, body: WorkersIn) -> ForWorkersOut:
    """Keep an item from these workers; with none, from nobody."""
    return ForWorkersOut.of(reservations.withhold(call.tx, call.actor, item, body.workers))


def _version(skill: Skill) -> VersionOut:
    return VersionOut(**{name: getattr(skill, name) for name in VersionOut.model_fields})


def _named(worker: Worker) -> NamedOut:
    return NamedOut(id=worker.uid, name=worker.name)
