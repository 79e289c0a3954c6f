"""Appeals: a worker says that what a rule did to him is wrong; a QA lead puts it right, or says why not."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crowdqc.errors import Conflict, Invalid, Missing
from crowdqc.records import events, firings, items, projects, restrictions
from crowdqc.records.firings import Appeal, AppealState, Firing, FiringState, Told
from crowdqc.records.items import ItemState
from crowdqc.records.jobs import JobName
from crowdqc.records.projects import Project
from crowdqc.records.restrictions import Restriction
from crowdqc.roles import Actor
from crowdqc.services import effects, reach, truths
from crowdqc.services.transaction import Transaction
from crowdqc.services.truths import TruthOrigin


class NoSuchFiring(Missing):
    """There is nothing of that name that was done to you."""


class NoSuchAppeal(Missing):
    """There is no such appeal."""


class NothingToAppeal(Conflict):
    """This does not stand any longer."""


class AlreadyAppealed(Conflict):
    """You have appealed against this already."""

    usual_mend = "Wait for the answer; it is shown beside your appeal."


class AlreadyDecided(Conflict):
    """This appeal is decided already."""


class BadCorrection(Invalid):
    """The corrections of gold cannot be taken."""


@dataclass(frozen=True, slots=True)
class Mine:
    """What was done to a worker, as he sees it: no item, no gold, nothing of others."""

    #: None where it was done by hand.
    firing: Firing | None
    appeal: Appeal | None
    restriction: Restriction | None
    #: None: all projects.
    project: Project | None

    @property
    def at(self) -> datetime:
        if self.firing is not None:
            return self.firing.at
        assert self.restriction is not None  # what is no firing is a restriction by hand
        return self.restriction.starts_at

    @property
    def words(self) -> str:
        if self.firing is not None:
            return self.firing.to_worker
        return "" if self.restriction is None else self.restriction.reason

    def restricted(self, now: datetime) -> bool:
        """Say whether this keeps him out now."""
        found = self.restriction
        return found is not None and found.lifted_at is None and (found.ends_at is None or found.ends_at > now)

    @property
    def appealable(self) -> bool:
        standing = self.firing is not None and self.firing.state == FiringState.STANDING
        return standing and self.appeal is None


def mine(tx: Transaction, actor: Actor, *, limit: int = 50) -> Sequence[Mine]:
    """Give what rules did to the worker who asks, and what was done by hand, the newest first."""
    worker = reach.worker(tx, actor)
    rows = firings.told(tx.session, worker_id=worker.id, to_worker=True, limit=limit)
    of_firings = restrictions.of_firings(tx.session, [row[0].id for row in rows])
    found = [Mine(row[0], row[4], of_firings.get(row[0].id), row[3]) for row in rows]
    found += [
        Mine(None, None, each, project)
        for each, _, project, firing in restrictions.page(
            tx.session, project_id=None, worker_id=worker.id, before=None, limit=limit
        )
        if firing is None
    ]
    return sorted(found, key=lambda each: each.at, reverse=True)


def appeal(tx: Transaction, actor: Actor, uid: uuid.UUID, *, text: str) -> Mine:
    """Say that something is wrong; raise NoSuchFiring, NothingToAppeal, AlreadyAppealed."""
    worker = reach.worker(tx, actor)
    firing = firings.by_uid(tx.session, uid)
    if firing is None or firing.worker_id != worker.id or not firing.told:
        raise NoSuchFiring(firing=str(uid))
    if firing.state != FiringState.STANDING:
        raise NothingToAppeal()
    if not firings.add_appeal(tx.session, firing.id, text, tx.now):
        raise AlreadyAppealed()
    (row,) = firings.told(tx.session, firing_id=firing.id)
    return Mine(firing, row[4], restrictions.of_firings(tx.session, [firing.id]).get(firing.id), row[3])


def page(
    tx: Transaction,
    actor: Actor,
    *,
    project_uid: uuid.UUID | None = None,
    state: AppealState = AppealState.OPEN,
    limit: int = 50,
) -> Sequence[Told]:
    """Give appeals with what they are against, the newest first."""
    project_id = None if project_uid is None else reach.project(tx, actor, project_uid).id
    return firings.told(tx.session, project_id=project_id, appeals=state, limit=limit)


def decide(
    tx: Transaction,
    actor: Actor,
    uid: uuid.UUID,
    *,
    uphold: bool,
    why: str,
    corrections: Mapping[uuid.UUID, Collection[str]] | None = None,
) -> tuple[Appeal, int]:
    """Uphold or deny an appeal; give how many firings were overturned.

    To uphold it overturns the firing. `corrections` names gold items whose truth was wrong, with the labels that
    are right: the gold is put right, every other standing firing that rests on those items is asked again with it,
    and overturned where it would not have come about; one on a figure is overturned, and comes back with the next
    run if the figure still says so. Raise NoSuchAppeal, AlreadyDecided, BadCorrection.
    """
    found = firings.appeal_by_uid(tx.session, uid, lock=True)
    if found is None:
        raise NoSuchAppeal(appeal=str(uid))
    if found.state != AppealState.OPEN:
        raise AlreadyDecided()
    if corrections and not uphold:
        raise BadCorrection(
            "Gold is put right by an appeal that is upheld.",
            mend="Uphold the appeal, or leave the corrections out.",
            errors=[{"where": "corrections", "what": "must be empty where the appeal is denied"}],
        )
    firing = firings.by_id(tx.session, found.firing_id)
    project = projects.by_id(tx.session, firing.project_id, lock=True)
    found.state = AppealState.UPHELD if uphold else AppealState.DENIED
    found.decided_by, found.decided_at, found.why = actor.id, tx.now, why
    if not uphold:
        tx.session.flush()
        return found, 0
    corrected = _correct(tx, actor, project, corrections or {}, why)
    found.corrected = [told for _, told in corrected]
    tx.session.flush()
    overturned = _replay(tx, project, firing.id, [item_id for item_id, _ in corrected])
    firing = firings.by_id(tx.session, firing.id, lock=True)
    if firing.state == FiringState.STANDING:
        effects.undo(tx, firing, FiringState.OVERTURNED, by=actor.id, why=f"Your appeal was upheld: {why}")
        overturned += 1
    if corrected:
        tx.defer(JobName.AGGREGATE, f"project:{project.id}", after=tx.settings.aggregation_delay)
    effects.ask_again(tx, project)
    return found, overturned


def _correct(
    tx: Transaction, actor: Actor, project: Project, corrections: Mapping[uuid.UUID, Collection[str]], why: str
) -> Sequence[tuple[int, dict[str, Any]]]:
    """Put the truth of gold items right; give their keys inside, and what is kept of it."""
    faults: list[dict[str, object]] = []
    known = events.items_by_uid(tx.session, project.id, corrections.keys())
    for uid, labels in corrections.items():
        where = f"corrections.{uid}"
        item = known.get(uid)
        if item is None or item.state != ItemState.GOLD:
            faults.append({"where": where, "what": "is not a gold item of this project"})
        unknown = [label for label in labels if label not in project.classes]
        if unknown or not labels:
            classes = ", ".join(project.classes[:50])
            faults.append({"where": where, "what": f"must have labels among: {classes}"})
    if faults:
        raise BadCorrection(mend="Name gold items of this project, each with its right labels.", errors=faults)
    by_id = {item.id: corrections[uid] for uid, item in known.items()}
    told = []
    for item in items.locked(tx.session, by_id.keys()):
        after = [name for name in project.classes if name in by_id[item.id]]
        if after != item.truth:
            told.append((item.id, {"item": str(item.uid), "before": item.truth, "after": after}))
            truths.correct(tx, item, after, why, actor, TruthOrigin.APPEAL)
    return told


def _replay(tx: Transaction, project: Project, appealed: int, item_ids: Collection[int]) -> int:
    """Ask again about every standing firing that rests on items whose truth was put right; overturn what falls."""
    if not item_ids:
        return 0
    standing = [each for each in firings.resting_on(tx.session, project.id, item_ids) if each.id != appealed]
    return effects.overturn(tx, project, standing)
