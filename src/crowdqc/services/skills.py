"""Skills and languages: what a worker says and sees of himself, and what is set by hand."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crowdqc.errors import Invalid, Missing
from crowdqc.quality import qualifications
from crowdqc.records import people, projects, skills
from crowdqc.records.people import HERE, Worker
from crowdqc.records.skills import LONGEST_DETAIL, Skill, SkillSource
from crowdqc.roles import Actor
from crowdqc.services import qualifications as wants
from crowdqc.services import reach
from crowdqc.services.transaction import Transaction

__all__ = ["LONGEST_DETAIL", "Skill", "SkillSource", "Worker"]

#: The most languages that somebody may say he reads.
MOST_LANGUAGES = 50
#: Between which moments a skill may expire.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
#: As many versions as are told of a worker.
VERSIONS = 200


class NoSuchWorker(Missing):
    """There is no such worker."""


class BadSkill(Invalid):
    """The skill cannot be set so."""


class BadLanguages(Invalid):
    """The languages are not valid."""


@dataclass(frozen=True, slots=True)
class Skilled:
    """A worker with the latest version of each of his skills, those that expired as well, and all versions."""

    worker: Worker
    skills: Sequence[Skill]
    history: Sequence[Skill] = ()


def own(tx: Transaction, actor: Actor) -> Skilled:
    """Give one's own skills and languages."""
    worker = reach.worker(tx, actor)
    return Skilled(worker, skills.of_worker(tx.session, worker.id))


def missing(tx: Transaction, actor: Actor) -> dict[uuid.UUID, str]:
    """Say of each open project for which the worker does not qualify what is missing, by project."""
    worker = reach.worker(tx, actor)
    found = {}
    for project in projects.opened(tx.session):
        lacked = wants.lacking(tx, worker, project.plan)
        if lacked:
            found[project.uid] = wants.told(tx, lacked)
    return found


def set_languages(tx: Transaction, actor: Actor, tags: Sequence[str]) -> Skilled:
    """Say which languages one reads; raise BadLanguages with every tag that is none."""
    worker = reach.worker(tx, actor)
    faults: list[dict[str, object]] = []
    read: list[str] = []
    for place, tag in enumerate(tags):
        try:
            read.append(qualifications.language(tag))
        except qualifications.BadLanguage as error:
            faults.append({"where": f"languages[{place}]", "what": error.errors[0]["what"]})
    if len(tags) > MOST_LANGUAGES:
        faults.append({"where": "languages", "what": f"are {len(tags)}; {MOST_LANGUAGES} are the most"})
    if faults:
        raise BadLanguages(mend="Write languages as BCP 47 does: de, pt-BR, zh-Hant.", errors=faults)
    worker.languages = list(dict.fromkeys(read))
    return Skilled(worker, skills.of_worker(tx.session, worker.id))


def page(
    tx: Transaction, *, part: str = "", after: uuid.UUID | None = None, limit: int = 50
) -> Sequence[tuple[Worker, int]]:
    """Give our own workers, in the order of their making, each with how many skills he has."""
    start = 0 if after is None else _worker(tx, after).id
    return skills.workers(tx.session, crowd=HERE, part=part, after=start, limit=limit)


def of_worker(tx: Transaction, uid: uuid.UUID) -> Skilled:
    """Give a worker's skills with their history; raise NoSuchWorker."""
    worker = _worker(tx, uid)
    versions = skills.history(tx.session, worker.id, limit=VERSIONS)
    return Skilled(worker, skills.of_worker(tx.session, worker.id), versions)


def set_by_hand(
    tx: Transaction,
    actor: Actor,
    uid: uuid.UUID,
    *,
    name: str,
    value: float,
    reason: str,
    expires_at: datetime | None = None,
) -> Skilled:
    """Set a worker's skill, with the reason; one that expires at once is taken away. Raise BadSkill."""
    worker = _worker(tx, uid)
    faults: list[dict[str, object]] = []
    try:
        qualifications.name(name)
    except qualifications.BadName as error:
        faults += error.errors  # type: ignore[arg-type]
    if not 0 <= value <= 100:
        faults.append({"where": "value", "what": "is not a number from 0 to 100"})
    if not reason.strip() or len(reason) > LONGEST_DETAIL:
        faults.append({"where": "reason", "what": f"is not a text of 1 to {LONGEST_DETAIL} characters"})
    if expires_at is not None and (expires_at.tzinfo is None or not EARLIEST <= expires_at <= LATEST):
        faults.append({"where": "expires_at", "what": "is no moment with a time zone from 2000 to 2999"})
    if faults:
        raise BadSkill(mend="Mend the faults listed.", errors=faults)
    skills.put(
        tx.session,
        worker.id,
        name,
        value,
        SkillSource.PERSON,
        tx.now,
        expires_at,
        detail=reason.strip(),
        person_id=actor.id,
    )
    return of_worker(tx, uid)


def _worker(tx: Transaction, uid: uuid.UUID) -> Worker:
    found = people.worker_by_uid(tx.session, uid)
    if found is None:
        raise NoSuchWorker(worker=str(uid))
    return found
