"""The worker's trainings and exams: what there is, an exercise at a time, and his skills."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import contents, forms, words
from app.pages.frame import page, render, to
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import attempts, skills

blueprint = Blueprint("training", __name__)

WORKS = (Role.WORKER,)


@page(blueprint, "GET", "/training", roles=WORKS)
def offers(call: Call, *, fault: CrowdqcError | None = None, course: uuid.UUID | None = None) -> Response:
    """Show the trainings and exams, one's skills with their ends, and the languages that one reads."""
    own = skills.own(call.tx, call.actor)
    return render(
        "training.html",
        offers=attempts.offers(call.tx, call.actor),
        skills=own.skills,
        now=call.tx.now,
        languages=request.form.get("languages", "\n".join(own.worker.languages)),
        fault=fault,
        faults=forms.faults(fault, "languages"),
    )


@page(blueprint, "POST", "/training/languages", roles=WORKS, again=offers)
def set_languages(call: Call) -> Response:
    """Keep the languages that one reads."""
    skills.set_languages(call.tx, call.actor, forms.lines("languages"))
    return to("/training", said="languages")


@page(blueprint, "POST", "/training/<uuid:course>/begin", roles=WORKS, again=offers)
def begin(call: Call, course: uuid.UUID) -> Response:
    """Begin, or go on."""
    return to(f"/attempts/{attempts.begin(call.tx, call.actor, course).attempt.uid}")


@page(blueprint, "GET", "/attempts/<uuid:attempt>", roles=WORKS)
def attempt(call: Call, attempt: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """Show the exercise in turn, and what a training said to the last answer; at the end, how it went."""
    found = attempts.get(call.tx, call.actor, attempt)
    exercise = found.exercise
    return render(
        "attempt.html",
        found=found,
        fields=None if exercise is None else contents.shown(exercise.content),
        keys=words.keys(found.project.classes),
        fault=fault,
    )


@page(blueprint, "POST", "/attempts/<uuid:attempt>/answer", roles=WORKS, again=attempt, resumable=True)
def answer(call: Call, attempt: uuid.UUID) -> Response:
    """Keep an answer and show what comes next."""
    label = forms.text("label", needed=True, trim=False)
    try:
        exercise = uuid.UUID(request.form.get("exercise", ""))
    except ValueError:
        raise attempts.NotInTurn() from None
    attempts.answer(call.tx, call.actor, attempt, exercise, label=label)
    return to(f"/attempts/{attempt}")


@page(blueprint, "POST", "/attempts/<uuid:attempt>/finish", roles=WORKS, again=attempt)
def finish(call: Call, attempt: uuid.UUID) -> Response:
    """End it as it stands."""
    attempts.finish(call.tx, call.actor, attempt)
    return to(f"/attempts/{attempt}")
