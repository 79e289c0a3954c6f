"""Projects: what is asked, its guidelines and plan, its state, and how far it is."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowdqc.errors import Conflict, Invalid
from crowdqc.records import answers, assignments, items, predictions, projects, reviews, runs, uploads
from crowdqc.records.items import ItemState
from crowdqc.records.projects import AnswerType, Guideline, Project, ProjectState
from crowdqc.records.runs import Run
from crowdqc.records.uploads import Upload
from crowdqc.roles import Actor
from crowdqc.services import budgets, plans, pre_labels, reach
from crowdqc.services.orders.reranking import reorder
from crowdqc.services.transaction import Transaction


class NoWay(Conflict):
    """A project cannot go from its state to that one."""


class BadClasses(Invalid):
    """The list of classes is not valid."""


#: From where to where a project can go.
WAYS = {
    ProjectState.DRAFT: {ProjectState.OPEN, ProjectState.CLOSED},
    ProjectState.OPEN: {ProjectState.PAUSED, ProjectState.CLOSED},
    ProjectState.PAUSED: {ProjectState.OPEN, ProjectState.CLOSED},
    ProjectState.CLOSED: {ProjectState.OPEN},
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a project is, in numbers that are counted when asked for."""

    items: Mapping[str, int]
    answers: int
    answers_wanted: int
    answers_counted: int
    live_assignments: int
    reviews: Mapping[str, int]
    latest_run: Run | None
    run_waits: bool
    uploads: Sequence[Upload]


def create(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    question: str,
    classes: Sequence[str],
    guidelines: str = "",
    answer_type: AnswerType = AnswerType.SINGLE_CHOICE,
    plan: Mapping[str, Any] | None = None,
) -> Project:
    """Make a project, as a draft; raise BadClasses, plans.BadPlan."""
    checked = _classes(classes)
    wanted = plans.read(plan or {}, checked).json()
    wanted["pre_labels"] = pre_labels.since(None, wanted["pre_labels"], tx.now)
    project = Project(
        owner_id=actor.id,
        name=name,
        question=question,
        answer_type=answer_type,
        classes=checked,
        state=ProjectState.DRAFT,
        plan=wanted | {"budget": None},
        guideline_version=1,
        created_at=tx.now,
    )
    tx.session.add(project)
    tx.session.flush()
    tx.session.add(Guideline(project_id=project.id, version=1, text=guidelines, created_at=tx.now))
    budgets.change(tx, actor, project, wanted)
    project.plan = wanted
    tx.session.flush()
    return project


def update(
    tx: Transaction,
    actor: Actor,
    uid: uuid.UUID,
    *,
    name: str | None = None,
    question: str | None = None,
    classes: Sequence[str] | None = None,
    plan: Mapping[str, Any] | None = None,
) -> Project:
    """Change a project; classes can be added at the end, never taken away: answers count on their places."""
    project = reach.own_project(tx, actor, uid, lock=True)
    if name is not None:
        project.name = name
    if question is not None:
        project.question = question
    if classes is not None:
        checked = _classes(classes)
        if checked[: len(project.classes)] != project.classes and project.state != ProjectState.DRAFT:
            raise BadClasses(
                "Classes of a project that was opened cannot be renamed, reordered or taken away.",
                mend=f"Keep {project.classes!r} and add new ones behind them.",
            )
        if checked[: len(project.classes)] != project.classes and items.states(tx.session, project.id):
            raise BadClasses(
                "Classes cannot be renamed, reordered or taken away once there are items.",
                mend="Add new ones at the end, or make a new project.",
            )
        project.classes = checked
    if plan is not None or classes is not None:
        before = plans.read(project.plan, project.classes) if classes is None else None
        base = before or plans.Plan(**{**project.plan, "costs": None})
        after = plans.read(plan or {}, project.classes, base=base)
        if after.overlap != project.plan["overlap"]:
            items.set_overlap(tx.session, project.id, project.plan["overlap"], after.overlap)
        wanted = after.json()
        shown = project.plan.get("pre_labels")
        wanted["pre_labels"] = pre_labels.since(shown, wanted["pre_labels"], tx.now)
        reordered = after.order != project.plan["order"]
        if reordered:
            reorder(tx, project, wanted)
        budgets.change(tx, actor, project, wanted)
        project.plan = wanted
    return project


def set_state(tx: Transaction, actor: Actor, uid: uuid.UUID, state: ProjectState) -> Project:
    """Open, pause or close a project; to the state it has already is no way at all, and no error."""
    project = reach.own_project(tx, actor, uid, lock=True)
    if state == project.state:
        return project
    if state not in WAYS[ProjectState(project.state)]:
        ways = ", ".join(sorted(WAYS[ProjectState(project.state)]))
        raise NoWay(f"The project is {project.state} and cannot become {state}.", mend=f"It can become: {ways}.")
    project.state = state
    return project


def set_guidelines(tx: Transaction, actor: Actor, uid: uuid.UUID, *, text: str) -> Guideline:
    """Write a new version of the guidelines; answers remember which one they saw."""
    project = reach.own_project(tx, actor, uid, lock=True)
    current = projects.guideline(tx.session, project.id, project.guideline_version)
    if current is not None and current.text == text:
        return current
    project.guideline_version += 1
    written = Guideline(project_id=project.id, version=project.guideline_version, text=text, created_at=tx.now)
    tx.session.add(written)
    tx.session.flush()
    return written


def guidelines(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Sequence[Guideline]:
    return projects.guidelines(tx.session, reach.project(tx, actor, uid).id)


def get(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Project:
    return reach.project(tx, actor, uid)


def page(tx: Transaction, actor: Actor, *, after: uuid.UUID | None, limit: int) -> Sequence[Project]:
    """Give the projects that the actor sees, in the order of their making."""
    start = 0 if after is None else reach.project(tx, actor, after).id
    return projects.page(tx.session, owner_id=actor.own_only(reach.SEES_ALL), after=start, limit=limit)


def progress(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Progress:
    """Count how far a project is."""
    project = reach.project(tx, actor, uid)
    wanted, counted = items.wanted_and_given(tx.session, project.id)
    states = items.states(tx.session, project.id)
    return Progress(
        items={str(state): states.get(state, 0) for state in ItemState},
        answers=answers.count(tx.session, project.id),
        answers_wanted=wanted,
        answers_counted=counted,
        live_assignments=assignments.live(tx.session, project.id, tx.now),
        reviews=reviews.counts(tx.session, project.id),
        latest_run=runs.latest(tx.session, project.id),
        run_waits=runs.waits(tx.session, project.id),
        uploads=uploads.page(tx.session, project.id, limit=20),
    )


def models(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Sequence[tuple[predictions.Model, int]]:
    """Give the models whose predictions a project has, each with their number."""
    return predictions.models(tx.session, reach.project(tx, actor, uid).id)


def _classes(classes: Sequence[str]) -> list[str]:
    faults: list[dict[str, object]] = []
    seen: set[str] = set()
    for number, name in enumerate(classes):
        where = f"classes[{number}]"
        if not name.strip() or name != name.strip() or len(name) > 200:
            faults.append({"where": where, "what": f"{name!r} is empty, longer than 200 or has spaces around it"})
        if "|" in name or "\x00" in name:
            faults.append(
                {"where": where, "what": f"{name!r} has a | or NUL in it; | joins accepted labels of gold"}
            )
        if name in seen:
            faults.append({"where": where, "what": f"{name!r} is named twice"})
        seen.add(name)
    if not 2 <= len(classes) <= 1000:
        faults.append({"where": "classes", "what": f"there are {len(classes)}; a question needs 2 to 1000"})
    if faults:
        raise BadClasses(mend="Name two classes or more, each once, without spaces around it.", errors=faults)
    return list(classes)
