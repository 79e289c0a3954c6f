"""Rounds: freeze the labels, let a model contradict them, have experts look, and say what is left."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowdqc.errors import Conflict, CrowdqcError, Invalid, Missing
from crowdqc.quality.rounds import Choice, Outcome, RoundPlan
from crowdqc.quality.sampling import Pool
from crowdqc.quality.sampling.yields import Yields
from crowdqc.records import predictions, projects, releases, rounds
from crowdqc.records.jobs import JobName
from crowdqc.records.predictions import Fold, Model, ModelRole
from crowdqc.records.projects import Project
from crowdqc.records.releases import Release
from crowdqc.records.rounds import Round, RoundState, Seen
from crowdqc.roles import Actor
from crowdqc.services import freezing, pools, reach, round_reviews
from crowdqc.services.transaction import Transaction

__all__ = ["ModelRole", "Round", "RoundState", "Seen"]


class NoSuchRound(Missing):
    """There is no such round among yours."""


class AnotherRound(Conflict):
    """The project has a round that is not over."""

    usual_mend = "End or abandon it first."


class OutOfTurn(Conflict):
    """The round is not at this point."""


class UnfitModel(Invalid):
    """This model cannot speak in a round."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All that choosing the items of a round needs."""

    round_id: int
    plan: RoundPlan
    pool: Pool
    items: Sequence[int]
    seed: int
    before: Sequence[Yields]


@dataclass(frozen=True, slots=True)
class Whole:
    """A round with what it stands on, and what it has come to so far."""

    round: Round
    project: Project
    release: Release
    end_release: Release | None
    models: Mapping[str, Model]
    #: The stop rule in words.
    stop: str
    #: None until items were chosen.
    result: Mapping[str, Any] | None


def begin(tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, plan: Mapping[str, Any]) -> Round:
    """Begin a round: its labels are frozen as a release, for a model to be trained on.

    Raise AnotherRound, quality.rounds.InvalidRound and what parts of the plan raise.
    """
    wanted = RoundPlan.of(plan)
    project = reach.own_project(tx, actor, project_uid, lock=True)
    before = rounds.live(tx.session, project.id)
    if before is not None:
        raise AnotherRound(f"Round {before.number} is not over.", round=str(before.uid))
    number = rounds.last_number(tx.session, project.id) + 1
    release = freezing.ask(tx, project.id, note=f"before round {number}", by=actor.id)
    made = Round(
        project_id=project.id,
        number=number,
        state=RoundState.OPENED,
        plan=wanted.to_json(),
        seed=tx.chance.getrandbits(53),
        release_id=release.id,
        created_by=actor.id,
        created_at=tx.now,
    )
    tx.session.add(made)
    tx.session.flush()
    return made


def use(tx: Transaction, actor: Actor, uid: uuid.UUID, *, models: Mapping[ModelRole, tuple[str, str]]) -> Round:
    """Say which models speak in a round, by role, as (name, version), and have its items chosen.

    Raise OutOfTurn, UnfitModel, freezing.NotReady.
    """
    found = _own(tx, actor, uid)
    if found.state != RoundState.OPENED:
        raise OutOfTurn("The items of this round are chosen already.", mend="Look at them, then end the round.")
    freezing.ready(releases.by_id(tx.session, found.release_id))
    if ModelRole.STUDENT not in models:
        raise UnfitModel("A round needs a student: the model that was trained on the release.", mend="Name it.")
    found.models = {role.value: _fit(tx, found, role, *named).id for role, named in models.items()}
    found.state, found.failure = RoundState.CHOOSING, None
    tx.defer(JobName.CHOOSE_ROUND, f"round:{found.id}")
    return found


def _fit(tx: Transaction, found: Round, role: ModelRole, name: str, version: str) -> Model:
    """Give a model of the project that may speak in a role."""
    model = predictions.model(tx.session, found.project_id, name, version)
    if model is None:
        what = f"There is no model {name!r}, version {version!r}, in this project."
        raise UnfitModel(what, mend="Upload its predictions first.")
    # A model whose views are numbered speaks for itself with its view 0.
    fits = model.role == role or (role is ModelRole.STUDENT and model.role == ModelRole.VIEWS)
    if not fits:
        what = f"{model.title} was uploaded as {model.role}, not as {role}."
        raise UnfitModel(what, mend="Name it for what it is, or upload it anew as another version.")
    if role is ModelRole.STUDENT and model.fold == Fold.IN_SAMPLE:
        what = f"{model.title} was trained on these very labels, so it hides their mistakes."
        raise UnfitModel(what, mend="Predict each item by a model trained on the others: out of fold.")
    return model


# What the job does, movement by movement.


def read(tx: Transaction, round_id: int) -> Reading | None:
    """Read what is needed to choose; None where that is done."""
    found = rounds.by_id(tx.session, round_id)
    if found.state != RoundState.CHOOSING:
        return None
    project = projects.by_id(tx.session, found.project_id)
    plan = RoundPlan.of(found.plan)
    release = releases.by_id(tx.session, found.release_id)
    gathered = pools.gathered(tx, project, release, found.models or {}, metadata=plan.metadata())
    before = [_yields(each) for each in rounds.ended(tx.session, project.id)]
    return Reading(found.id, plan, gathered.pool, gathered.items.tolist(), found.seed, before)


def write(tx: Transaction, reading: Reading, choice: Choice) -> None:
    """Send what was chosen to the experts."""
    found = rounds.by_id(tx.session, reading.round_id, lock=True)
    if found.state != RoundState.CHOOSING:
        return
    if not len(choice):
        found.state = RoundState.OPENED
        found.failure = {"what": "All labels of the release have been looked at.", "mend": "Abandon the round."}
        return
    label = reading.pool.label
    assert label is not None
    round_reviews.ask(tx, found, choice, [reading.items[code] for code in choice.item.tolist()], label)
    found.size, found.free = reading.pool.n_items, choice.n_free
    found.samplers = list(choice.names)
    found.state = RoundState.REVIEWING


def fail(tx: Transaction, round_id: int, error: CrowdqcError) -> None:
    """Say why no items could be chosen; the round waits for other models."""
    found = rounds.by_id(tx.session, round_id, lock=True)
    if found.state == RoundState.CHOOSING:
        found.state = RoundState.OPENED
        found.failure = {"what": error.detail, "mend": error.mend}


# What people do and see.


def whole(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Whole:
    """Give a round with what it has come to so far; one may ask at any time, the verdict holds at each."""
    found = _seen(tx, actor, uid)
    project = projects.by_id(tx.session, found.project_id)
    ended = None if found.end_release_id is None else releases.by_id(tx.session, found.end_release_id)
    named = predictions.by_keys(tx.session, project.id)
    told = found.result
    if found.state in (RoundState.REVIEWING, RoundState.ABANDONED) and found.size is not None:
        told = _outcome(tx, found, project).to_json()
        if found.state == RoundState.REVIEWING and told["certificate"] is not None:
            # Who knows the seed knows which items were drawn.
            told["certificate"]["seed"] = None
    return Whole(
        round=found,
        project=project,
        release=releases.by_id(tx.session, found.release_id),
        end_release=ended,
        models={role: named[key] for role, key in (found.models or {}).items()},
        stop=RoundPlan.of(found.plan).stop.words(),
        result=told,
    )


def page(
    tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, after: uuid.UUID | None, limit: int
) -> Sequence[Round]:
    """Give a project's rounds, the newest first."""
    project = reach.project(tx, actor, project_uid)
    before = None if after is None else _seen(tx, actor, after).number
    return rounds.page(tx.session, project.id, before=before, limit=limit)


def seen(
    tx: Transaction, actor: Actor, uid: uuid.UUID, *, after: int = -1, limit: int | None = None
) -> tuple[Round, Project, Sequence[Seen]]:
    """Give the items of a round in their order, with what came of them.

    Why an item was chosen is not told before it is decided: who reviews is to judge what he sees.
    """
    found = _seen(tx, actor, uid)
    project = projects.by_id(tx.session, found.project_id)
    return found, project, rounds.seen(tx.session, found.id, after=after, limit=limit)


def end(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Round:
    """End a round: what nobody has looked at goes back, and the labels as they are now become the next release."""
    found = _own(tx, actor, uid)
    if found.state != RoundState.REVIEWING:
        raise OutOfTurn("Only a round whose items are looked at can be ended.", mend="Abandon it instead.")
    # Before its items, as a run does that writes.
    project = projects.by_id(tx.session, found.project_id, lock=True)
    outcome = _outcome(tx, found, project)
    if not outcome.looked:
        raise OutOfTurn("Nobody has looked at any item of this round.", mend="Decide some, or abandon the round.")
    round_reviews.withdraw(tx, found, "the round has ended")
    found.end_release_id = freezing.ask(tx, project.id, note=f"after round {found.number}", by=actor.id).id
    found.state, found.result, found.ended_at = RoundState.ENDED, outcome.to_json(), tx.now
    return found


def abandon(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Round:
    """Give a round up; what was decided stays decided."""
    found = _own(tx, actor, uid)
    if found.state not in rounds.LIVE:
        raise OutOfTurn("The round is over.")
    round_reviews.withdraw(tx, found, "the round was abandoned")
    found.state, found.ended_at = RoundState.ABANDONED, tx.now
    return found


def certify(tx: Transaction, release_id: int) -> None:
    """Put the certificate of the round that ended with a release beside it.

    The audit was of the release before. Labels that have changed since for other reasons than a decision, as a run
    moves them, may have been right: each is counted as wrong.
    """
    found = rounds.ending_with(tx.session, release_id)
    if found is None or found.result is None or found.result["certificate"] is None:
        return
    project = projects.by_id(tx.session, found.project_id)
    before, after = (releases.by_id(tx.session, key) for key in (found.release_id, release_id))
    moved = round_reviews.moved(tx, project, before, after)
    body = round_reviews.certificate(found.result["certificate"], moved, before)
    freezing.certify(tx, after, body, by=found.created_by)


def _outcome(tx: Transaction, found: Round, project: Project) -> Outcome:
    release = releases.by_id(tx.session, found.release_id)
    return round_reviews.outcome(tx, found, project, release)


def _yields(ended: Round) -> Yields:
    """Read what each way of choosing brought in a round."""
    told = (ended.result or {}).get("yields", [])
    return Yields.of(
        [each["sampler"] for each in told],
        [each["looked"] for each in told],
        [each["errors"] for each in told],
    )


def _seen(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Round:
    found = rounds.by_uid(tx.session, uid, owner_id=actor.own_only(reach.SEES_ALL))
    if found is None:
        raise NoSuchRound(round=str(uid))
    return found


def _own(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Round:
    """Lock a round of a project that the actor may change."""
    found = rounds.by_uid(tx.session, uid, owner_id=actor.own_only(reach.CHANGES_ALL), lock=True)
    if found is None:
        raise NoSuchRound(round=str(uid))
    return found
