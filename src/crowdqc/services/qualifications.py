"""What a worker lacks for a project, in words, and where he may get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crowdqc.quality import qualifications
from crowdqc.quality.qualifications import Lacking
from crowdqc.records import courses, skills
from crowdqc.records.people import Worker
from crowdqc.services.transaction import Transaction


def lacking(tx: Transaction, worker: Worker, plan: Mapping[str, Any]) -> Sequence[Lacking]:
    """Give what of a plan's wants a worker does not satisfy: one query, none where nothing is wanted."""
    if not plan.get("wanted"):
        return ()
    wanted = qualifications.read(plan["wanted"])
    names = qualifications.skills_of(wanted)
    held = skills.held(tx.session, worker.id, names, tx.now) if names else {}
    return qualifications.lacking(wanted, held, worker.languages)


def told(tx: Transaction, lacked: Sequence[Lacking]) -> str:
    """Say what is missing, and where it is to be had."""
    names = [each.skill for each in lacked if each.skill is not None]
    giving: dict[str, list[str]] = {}
    for course in courses.giving(tx.session, names) if names else ():
        giving.setdefault(course.skill, []).append(f"the {course.kind} '{course.name}'")
    ways = [f"take {' or '.join(giving[name])}" for name in dict.fromkeys(names) if name in giving]
    if len(names) < len(lacked):
        ways.append("say which languages you read")
    missing = "; ".join(dict.fromkeys(each.why for each in lacked))
    way = f" What you can do: {'; '.join(ways)}." if ways else ""
    return f"You do not qualify for this project now: {missing}.{way}"
