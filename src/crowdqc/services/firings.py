"""Firings: rules are asked, and what they say is done; who was acted on, and on what evidence."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crowdqc.errors import Conflict, Missing
from crowdqc.quality import rules as thinking
from crowdqc.quality.rules.actions import AskMore, Notify, Pay
from crowdqc.records import firings, projects, restrictions, rules, runs
from crowdqc.records.firings import Firing, FiringEvidence, FiringState, Told
from crowdqc.records.items import Item
from crowdqc.records.restrictions import Restriction
from crowdqc.records.rules import RuleState
from crowdqc.roles import Actor
from crowdqc.services import effects, histories, reach
from crowdqc.services.histories import Asked, FiguresByLevel, Sight
from crowdqc.services.transaction import Transaction

#: Whom rules act on, and why.
Found = Sequence[tuple[Asked, thinking.Firing]]


class NoSuchFiring(Missing):
    """There is no such firing that you may see."""


class Ended(Conflict):
    """This firing was overturned or lifted already."""


@dataclass(frozen=True, slots=True)
class Acted:
    """A firing with what is told with it."""

    firing: Firing
    told: Told
    restriction: Restriction | None

    @property
    def name(self) -> str:
        """The rule's name."""
        return str(self.told[1].data["name"])


def settle(tx: Transaction, project_id: int) -> None:
    """Wait for answers that are just coming in: who found the job of the rules waiting has deferred none."""
    projects.settle(tx.session, project_id)


def replay(tx: Transaction, project_id: int) -> int:
    """Ask again about standing firings that rest on truths that were put right since; say how many do not stand.

    What rests on a figure is left to the next run.
    """
    project = projects.by_id(tx.session, project_id, lock=True)
    found = firings.on_other_truths(tx.session, project.id)
    for firing in found:
        firing.looked_at = tx.now
    return effects.overturn(tx, project, found, figures=False)


def sight(tx: Transaction, project_id: int) -> Sight | None:
    """Read what the rules on events look at; None where none is on."""
    project = projects.by_id(tx.session, project_id)
    return histories.sight(tx, project, figures=False) if project.rules_on else None


def sight_of_run(tx: Transaction, run_id: int) -> Sight | None:
    """Read what the rules on figures look at after a run; None where none is on, or the run changes nothing."""
    run = runs.by_id(tx.session, run_id)
    project = projects.by_id(tx.session, run.project_id)
    if not project.rules_on or run.repeats_id is not None:
        return None
    return histories.sight(tx, project, figures=True)


def find(sight: Sight, figures: FiguresByLevel | None = None) -> Found:
    """Tell whom the rules act on; this takes no transaction, so that nobody waits for it."""
    return [*histories.found(sight, figures)]


def act(tx: Transaction, sight: Sight, found: Found) -> int:
    """Do what the rules say that are still on as they were read; give how often they acted.

    Twice at once, or once more over the same, changes nothing: a rule acts on a worker for the nth time once.
    """
    if not found:
        return 0
    project = projects.by_id(tx.session, sight.project_id, lock=True)
    on = {(rule.id, version.id) for rule, version in rules.of_project(tx.session, project.id, state=RuleState.ON)}
    more: Counter[int] = Counter()
    pays: list[tuple[Firing, Pay]] = []
    done = 0
    for asked, firing in sorted(found, key=lambda pair: (pair[1].worker, pair[0].rule_id)):
        if (asked.rule_id, asked.version_id) not in on:
            continue
        evidence = _evidence(sight, firing)
        made = firings.add(tx.session, _values(tx, sight, asked, firing, evidence))
        if made is None:
            continue
        firings.add_evidence(tx.session, [row | {"firing_id": made.id} for row in evidence])
        touched = [row["item_id"] for row in evidence]
        made.applied = effects.apply(tx, made, asked.rule.action)
        # Nobody is told of what did not happen.
        made.told &= made.applied
        if isinstance(asked.rule.action, AskMore):
            more.update(dict.fromkeys(touched, asked.rule.action.answers))
        elif isinstance(asked.rule.action, Pay):
            pays.append((made, asked.rule.action))
        done += 1
    if more:
        effects.ask_more(tx, project, more)
    paid = effects.pay(tx, project, pays) if pays else set()
    for made, _ in pays:
        made.applied = made.id in paid
        made.told &= made.applied
    tx.session.flush()
    return done


def page(
    tx: Transaction,
    actor: Actor,
    project_uid: uuid.UUID,
    *,
    worker: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> Sequence[Acted]:
    """Give what the rules of a project did, the newest first."""
    project = reach.project(tx, actor, project_uid)
    start = None
    if before is not None:
        last = firings.by_uid(tx.session, before)
        if last is None or last.project_id != project.id:
            raise NoSuchFiring(firing=str(before))
        start = last.id
    worker_id = None if worker is None else reach.known_worker(tx, worker).id
    rows = firings.told(tx.session, project_id=project.id, worker_id=worker_id, before=start, limit=limit)
    return with_restrictions(tx, rows)


def case(tx: Transaction, actor: Actor, uid: uuid.UUID) -> tuple[Acted, Sequence[tuple[FiringEvidence, Item]]]:
    """Give a firing with the items that it rests on; for those who answer for quality, never for the worker."""
    found = _seen(tx, actor, uid)
    return found, firings.evidence(tx.session, found.firing.id)


def lift(tx: Transaction, actor: Actor, uid: uuid.UUID, *, why: str) -> Acted:
    """End what a firing did, though it was justified; raise Ended."""
    found = _seen(tx, actor, uid)
    projects.by_id(tx.session, found.firing.project_id, lock=True)
    firing = firings.by_id(tx.session, found.firing.id, lock=True)
    if firing.state != FiringState.STANDING:
        raise Ended()
    effects.undo(tx, firing, FiringState.LIFTED, by=actor.id, why=why)
    return _seen(tx, actor, uid)


def with_restrictions(tx: Transaction, rows: Sequence[Told]) -> Sequence[Acted]:
    of_firings = restrictions.of_firings(tx.session, [row[0].id for row in rows])
    return [Acted(row[0], row, of_firings.get(row[0].id)) for row in rows]


def _seen(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Acted:
    found = firings.by_uid(tx.session, uid)
    owner = actor.own_only(reach.SEES_ALL)
    rows = [] if found is None else firings.told(tx.session, firing_id=found.id, owner_id=owner)
    if not rows:
        raise NoSuchFiring(firing=str(uid))
    return with_restrictions(tx, rows)[0]


def _evidence(sight: Sight, firing: thinking.Firing) -> list[dict[str, Any]]:
    """Give the events that a firing rests on as rows; an item is in them once."""
    history = sight.history
    found: dict[int, dict[str, Any]] = {}
    for row in firing.evidence.tolist():
        answer = int(history.answers[row])
        item = int(history.items[row])
        if item not in found or answer >= 0:
            found[item] = {
                "item_id": item,
                "answer_id": None if answer < 0 else answer,
                "at": _moment(float(history.events.time[row])),
            }
    return [found[item] for item in sorted(found)]


def _values(
    tx: Transaction, sight: Sight, asked: Asked, firing: thinking.Firing, evidence: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    worker_id = int(str(sight.history.events.workers[firing.worker]))
    facts = firing.to_json()
    main = facts["reasons"][firing.reasons.index(firing.main)]  # type: ignore[index]
    action = asked.rule.action
    told = ("evidence", "to_worker", "to_lead", "at")
    return {
        "project_id": sight.project_id,
        "rule_id": asked.rule_id,
        "version_id": asked.version_id,
        "worker_id": worker_id,
        "number": asked.numbers.get(worker_id, 0) + 1,
        "at": tx.now,
        "seen_until": max((row["at"] for row in evidence), default=_moment(sight.now)),
        "measured": main["key"],
        "value": main["value"],
        "low": main["low"],
        "high": main["high"],
        "count": firing.count,
        "facts": {name: value for name, value in facts.items() if name not in told},
        "to_worker": firing.to_worker(),
        "to_lead": firing.to_lead(),
        "told": not (isinstance(action, Notify) and action.whom == "lead"),
        "applied": True,
        "state": FiringState.STANDING,
    }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
