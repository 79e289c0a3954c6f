"""Projects over the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from app.api.v1.runs import RunOut
from app.api.v1.uploads import UploadOut
from app.http import Api, Call
from app.shapes import In, Line, Out, PageIn, Prose, following
from crowdqc.roles import Role
from crowdqc.services import projects
from crowdqc.services.projects import AnswerType, Guideline, Project, ProjectState

api = Api("projects")

SEES = (Role.REQUESTER, Role.EXPERT, Role.QA_LEAD, Role.ADMIN)
CHANGES = (Role.REQUESTER, Role.ADMIN)


class ProjectIn(In):
    """A new project."""

    name: Line
    question: Prose = Field(min_length=1, description="what workers are asked of each item")
    classes: list[Line] = Field(min_length=2, max_length=1000, examples=[["cat", "dog"]])
    guidelines: Prose = ""
    answer_type: AnswerType = AnswerType.SINGLE_CHOICE
    plan: dict[str, Any] = Field(
        default_factory=dict,
        description="the quality plan; every part has a default",
        examples=[{"overlap": 3, "gold_share": 0.1}],
    )


class ProjectChangesIn(In):
    """What is to change of a project."""

    name: Line | None = None
    question: Prose | None = Field(None, min_length=1)
    classes: list[Line] | None = Field(None, description="the classes there are, and new ones behind them")
    plan: dict[str, Any] | None = Field(None, description="the parts of the plan that change")


class ProjectOut(Out):
    """A project."""

    id: uuid.UUID
    name: str
    question: str
    answer_type: AnswerType
    classes: list[str]
    state: ProjectState
    plan: dict[str, Any]
    guideline_version: int
    created_at: datetime

    @classmethod
    def of(cls, project: Project) -> ProjectOut:
        return cls(
            id=project.uid,
            name=project.name,
            question=project.question,
            answer_type=AnswerType(project.answer_type),
            classes=project.classes,
            state=ProjectState(project.state),
            plan=project.plan,
            guideline_version=project.guideline_version,
            created_at=project.created_at,
        )


class ProjectsOut(Out):
    """A page of projects."""

    data: list[ProjectOut]
    next: uuid.UUID | None


class StateIn(In):
    """Where a project is to go."""

    state: ProjectState


class GuidelinesIn(In):
    """A new version of the guidelines."""

    text: Prose


class GuidelineOut(Out):
    """A version of the guidelines."""

    version: int
    text: str
    created_at: datetime

    @classmethod
    def of(cls, guideline: Guideline) -> GuidelineOut:
        return cls(version=guideline.version, text=guideline.text, created_at=guideline.created_at)


class GuidelinesOut(Out):
    """All versions of the guidelines, the oldest first."""

    data: list[GuidelineOut]


class ProgressOut(Out):
    """How far a project is."""

    items: dict[str, int] = Field(description="how many items are in each state")
    answers: int
    answers_wanted: int
    answers_counted: int
    live_assignments: int
    reviews: dict[str, int] = Field(description="how many reviews are in each state")
    latest_run: RunOut | None
    run_waits: bool
    uploads: list[UploadOut]


@api.post("/projects", roles=CHANGES, status=201)
def create(call: Call, body: ProjectIn) -> ProjectOut:
    """Make a project, as a draft."""
    return ProjectOut.of(projects.create(call.tx, call.actor, **body.model_dump()))


@api.get("/projects", roles=SEES)
def page(call: Call, query: PageIn) -> ProjectsOut:
    """List your projects; experts, QA leads and admins see all."""
    found = projects.page(call.tx, call.actor, after=query.after, limit=query.limit)
    return ProjectsOut(
        data=[ProjectOut.of(each) for each in found], next=following([each.uid for each in found], query.limit)
    )


@api.get("/projects/{project}", roles=SEES)
def get(call: Call, project: uuid.UUID) -> ProjectOut:
    """Get a project."""
    return ProjectOut.of(projects.get(call.tx, call.actor, project))


@api.patch("/projects/{project}", roles=CHANGES)
def update(call: Call, project: uuid.UUID, body: ProjectChangesIn) -> ProjectOut:
    """Change a project."""
    return ProjectOut.of(projects.update(call.tx, call.actor, project, **body.model_dump(exclude_unset=True)))


@api.put("/projects/{project}/state", roles=CHANGES)
def set_state(call: Call, project: uuid.UUID, body: StateIn) -> ProjectOut:
    """Open, pause or close a project."""
    return ProjectOut.of(projects.set_state(call.tx, call.actor, project, body.state))


@api.get("/projects/{project}/guidelines", roles=SEES)
def guidelines(call: Call, project: uuid.UUID) -> GuidelinesOut:
    """List the versions of a project's guidelines."""
    found = projects.guidelines(call.tx, call.actor, project)
    return GuidelinesOut(data=[GuidelineOut.of(each) for each in found])


@api.post("/projects/{project}/guidelines", roles=CHANGES, status=201)
def set_guidelines(call: Call, project: uuid.UUID, body: GuidelinesIn) -> GuidelineOut:
    """Write a new version of the guidelines; answers remember which one they saw."""
    return GuidelineOut.of(projects.set_guidelines(call.tx, call.actor, project, text=body.text))


@api.get("/projects/{project}/progress", roles=SEES)
def progress(call: Call, project: uuid.UUID) -> ProgressOut:
    """Say how far a project is."""
    found = projects.progress(call.tx, call.actor, project)
    return ProgressOut(
        items=dict(found.items),
        answers=found.answers,
        answers_wanted=found.answers_wanted,
        answers_counted=found.answers_counted,
        live_assignments=found.live_assignments,
        reviews=dict(found.reviews),
        latest_run=None if found.latest_run is None else RunOut.of(found.latest_run),
        run_waits=found.run_waits,
        uploads=[UploadOut.of(each) for each in found.uploads],
    )
