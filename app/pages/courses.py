"""The requester's trainings and exams: what they ask for, their exercises, how workers fare."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import contents, forms, frame
from app.pages.frame import CHANGES, SEES, page, render, to
from app.pages.requester import may_change
from crowdqc.errors import CrowdqcError
from crowdqc.services import courses, exercises, projects
from crowdqc.services.courses import CourseKind, CourseState

blueprint = Blueprint("courses", __name__)

ROWS = 50

#: The numbers of a course, as its form asks for them; empty: the default, or none.
NUMBERS = ("pass_mark", "draw", "limit_seconds", "retry_hours", "max_attempts", "valid_days")
WHOLE = ("draw", "limit_seconds", "max_attempts")

#: How to go from a state to another, as the button says it.
STEPS = {CourseState.OPEN: "Open to workers", CourseState.CLOSED: "Close"}


@page(blueprint, "GET", "/projects/<uuid:project>/courses", roles=SEES)
def of_project(call: Call, project: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """List the trainings and exams of a project, and offer to make one."""
    found = projects.get(call.tx, call.actor, project)
    return render(
        "courses.html",
        project=found,
        courses=courses.of_project(call.tx, call.actor, project),
        kinds=list(CourseKind),
        form=request.form,
        may_change=may_change(call.actor, found),
        fault=fault,
        faults=forms.faults(fault, "name", "skill", *NUMBERS),
    )


@page(blueprint, "POST", "/projects/<uuid:project>/courses", roles=CHANGES, again=of_project)
def create(call: Call, project: uuid.UUID) -> Response:
    """Make a training or an exam."""
    made = courses.create(
        call.tx,
        call.actor,
        project,
        kind=forms.word("kind", CourseKind),
        name=forms.text("name", longest=100, needed=True),
        skill=forms.text("skill", longest=100) or None,
        **_numbers(),
    )
    return to(f"/courses/{made.course.uid}", said="course")


@page(blueprint, "GET", "/courses/<uuid:course>", roles=SEES)
def overview(call: Call, course: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """Show a training or exam: what it asks for, its exercises, the last attempts."""
    found = courses.get(call.tx, call.actor, course)
    return render(
        "course.html",
        project=found.project,
        course=found.course,
        exercises=[
            (each, contents.brief(each.content), answers, right)
            for each, answers, right in courses.listed(call.tx, call.actor, course)
        ],
        results=courses.results(call.tx, call.actor, course, before=frame.uid("after"), limit=ROWS),
        rows=ROWS,
        steps=[(state, STEPS[state]) for state in STEPS if state != found.course.state],
        form=request.form,
        may_change=may_change(call.actor, found.project),
        fault=fault,
        faults=forms.faults(fault, "file", "name", "skill", *NUMBERS),
        wrong=getattr(fault, "errors", ()) if isinstance(fault, exercises.BadExercises) else (),
    )


@page(blueprint, "POST", "/courses/<uuid:course>", roles=CHANGES, again=overview)
def change(call: Call, course: uuid.UUID) -> Response:
    """Change what a training or exam asks for."""
    courses.update(
        call.tx,
        call.actor,
        course,
        name=forms.text("name", longest=100, needed=True),
        skill=forms.text("skill", longest=100, needed=True),
        **_numbers(),
    )
    return to(f"/courses/{course}", said="changed")


@page(blueprint, "POST", "/courses/<uuid:course>/state", roles=CHANGES, again=overview)
def set_state(call: Call, course: uuid.UUID) -> Response:
    """Open a training or exam to workers, or close it."""
    courses.update(call.tx, call.actor, course, state=forms.word("state", CourseState))
    return to(f"/courses/{course}", said="changed")


@page(
    blueprint,
    "POST",
    "/courses/<uuid:course>/exercises",
    roles=CHANGES,
    again=overview,
    own_transaction=True,
    takes_file=True,
)
def bring(call: Call, course: uuid.UUID) -> Response:
    """Take a file of exercises in."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise forms.BadForm.at("file", "Choose a file.")
    content = file.stream.read(exercises.LARGEST + 1)
    with call.installation.transaction() as tx:
        courses.bring(
            tx, call.actor, course, content=content, filename=file.filename, content_type=file.mimetype or None
        )
    return to(f"/courses/{course}", said="brought")


@page(blueprint, "POST", "/courses/<uuid:course>/exercises/<uuid:exercise>/retire", roles=CHANGES)
def retire(call: Call, course: uuid.UUID, exercise: uuid.UUID) -> Response:
    """Take an exercise out of attempts to come."""
    courses.retire(call.tx, call.actor, exercise)
    return to(f"/courses/{course}", said="retired")


def _numbers() -> dict[str, Any]:
    """Read the numbers of the form; an empty field is None."""
    found: dict[str, Any] = {}
    for name in NUMBERS:
        value = forms.number(name)
        found[name] = int(value) if name in WHOLE and value is not None and value.is_integer() else value
    return found
