"""Worker rules of a project: saved whole or refused with the reason, tried on what has happened, switched on."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError

from crowdqc.errors import Conflict, Invalid, Missing
from crowdqc.quality.rules import PRESETS, DryRun, InvalidRule, Preset, Rule, begun, dry_run
from crowdqc.records import people, projects, rules
from crowdqc.records.jobs import JobName
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.records.rules import RuleState, RuleVersion
from crowdqc.roles import Actor
from crowdqc.services import figures, histories, reach
from crowdqc.services.figures import Wanted
from crowdqc.services.histories import History
from crowdqc.services.transaction import Transaction

__all__ = ["PRESETS", "DryRun", "InvalidRule", "Preset", "RuleState"]

#: A rule with its newest version.
Saved = tuple[rules.Rule, RuleVersion]


class NoSuchRule(Missing):
    """There is no such rule."""


class NameTaken(Conflict):
    """The project has a rule of this name already."""

    usual_mend = "Choose another name, or save a new version of that rule."


@dataclass(frozen=True, slots=True)
class Trial:
    """What a dry run needs: a value that can be sent to another process."""

    rule: Rule
    history: History
    #: From what figures are worked out, for a rule that looks at one.
    wanted: Wanted | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a rule would have done, and the workers whom it is about, in the order of their codes."""

    run: DryRun
    workers: Sequence[Worker]


def create(tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, data: Mapping[str, Any]) -> Saved:
    """Save a rule, switched off; raise InvalidRule with every fault, NameTaken."""
    project = projects.by_id(tx.session, reach.project(tx, actor, project_uid).id, lock=True)
    rule = Rule.of({**begun(data), "version": 1})
    made = rules.Rule(project_id=project.id, name=rule.name, state=RuleState.OFF, version=1, created_at=tx.now)
    tx.session.add(made)
    try:
        tx.session.flush()
    except IntegrityError:
        raise NameTaken(f"The project has a rule named {rule.name!r} already.") from None
    return made, _add_version(tx, actor, made, rule)


def update(tx: Transaction, actor: Actor, uid: uuid.UUID, *, data: Mapping[str, Any]) -> Saved:
    """Save a new version of a rule, which acts from now on where it is on; the same again is no new version."""
    found = _locked(tx, actor, uid)
    before = rules.versions(tx.session, found.id)[0]
    was = Rule.of(before.data)
    # what is not said stays as it was
    usual = {"interval": was.interval} if data.get("collector") == was.collector else begun(data)
    rule = Rule.of({"name": found.name, **usual, **data, "version": found.version + 1})
    if rule.name != found.name:
        what = f"is another name than {found.name!r}, under which its firings are known"
        raise InvalidRule(mend="Make a new rule.", errors=[{"where": "rule.name", "what": what}])
    if rule.to_json() | {"version": found.version} == was.to_json():
        return found, before
    found.version += 1
    version = _add_version(tx, actor, found, rule)
    if found.state == RuleState.ON:
        _ask(tx, found.project_id, rule)
    return found, version


def switch(tx: Transaction, actor: Actor, uid: uuid.UUID, state: RuleState) -> Saved:
    """Switch a rule on or off; what it did stays."""
    found = _locked(tx, actor, uid)
    version = rules.versions(tx.session, found.id)[0]
    if found.state != state:
        found.state = state
        tx.session.flush()
        project = projects.by_id(tx.session, found.project_id)
        project.rules_on = rules.any_on(tx.session, project.id)
        if state == RuleState.ON:
            _ask(tx, project.id, Rule.of(version.data))
    return found, version


def page(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> tuple[Project, Sequence[Saved]]:
    """Give the rules of a project with their newest versions."""
    project = reach.project(tx, actor, project_uid)
    return project, rules.of_project(tx.session, project.id)


def get(tx: Transaction, actor: Actor, uid: uuid.UUID) -> tuple[rules.Rule, Sequence[RuleVersion]]:
    """Give a rule with all its versions, the newest first."""
    found = rules.by_uid(tx.session, uid)
    if found is None or not _sees(tx, actor, found):
        raise NoSuchRule(rule=str(uid))
    return found, rules.versions(tx.session, found.id)


def presets() -> Mapping[str, tuple[str, Mapping[str, Any]]]:
    """Give rules to begin with: by name, why somebody would want it, and its data."""
    return {name: (preset.why, {"name": name, **preset.json}) for name, preset in PRESETS.items()}


def trial(tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, data: Mapping[str, Any]) -> Trial:
    """Read what has happened in a project, to try a rule on it; nothing is saved."""
    project = reach.project(tx, actor, project_uid)
    rule = Rule.of({"name": "dry run", **begun(data)})
    history = histories.read(tx, project, consensus=rule.collector == "agreement")
    wanted = None
    if histories.on_figure(rule):
        wanted = figures.read(tx, project, history.events.workers, [rule.level])
    return Trial(rule, history, wanted)


def try_out(trial: Trial) -> DryRun | None:
    """Tell what a rule would have done; None where the figure that it looks at cannot be worked out yet."""
    if trial.wanted is None:
        return dry_run(trial.rule, trial.history.events)
    found = figures.work_out(trial.wanted).get(trial.rule.level, {})
    if trial.rule.collector not in found:
        return None
    return dry_run(trial.rule, trial.history.events, found)


def tried(tx: Transaction, trial: Trial, run: DryRun | None) -> Tried:
    """Give what a dry run found with the workers whom it is about; raise Invalid where nothing could be said."""
    if run is None:
        raise Invalid(
            f"Nothing can be said of {trial.rule.collector} in this project yet.",
            mend="Wait until there are answers.",
        )
    keys = [int(str(trial.history.events.workers[code])) for code in run.workers.tolist()]
    of_keys = people.workers_by_id(tx.session, keys)
    return Tried(run, [of_keys[key] for key in keys])


def _locked(tx: Transaction, actor: Actor, uid: uuid.UUID) -> rules.Rule:
    """Give a rule that the actor may see, its project locked: rules of a project change one after another."""
    found = rules.by_uid(tx.session, uid)
    if found is None or not _sees(tx, actor, found):
        raise NoSuchRule(rule=str(uid))
    projects.by_id(tx.session, found.project_id, lock=True)
    locked = rules.by_uid(tx.session, uid, lock=True)
    assert locked is not None  # rules are never taken away
    return locked


def _sees(tx: Transaction, actor: Actor, rule: rules.Rule) -> bool:
    owner = actor.own_only(reach.SEES_ALL)
    return owner is None or projects.by_id(tx.session, rule.project_id).owner_id == owner


def _add_version(tx: Transaction, actor: Actor, of: rules.Rule, rule: Rule) -> RuleVersion:
    made = RuleVersion(
        rule_id=of.id, version=of.version, data=rule.to_json(), created_by=actor.id, created_at=tx.now
    )
    tx.session.add(made)
    tx.session.flush()
    return made


def _ask(tx: Transaction, project_id: int, rule: Rule) -> None:
    """Have a rule asked soon: one on a figure is asked after the next run."""
    name = JobName.AGGREGATE if histories.on_figure(rule) else JobName.APPLY_RULES
    tx.defer(name, f"project:{project_id}")
