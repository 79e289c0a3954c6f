"""The pages of rounds: begin one, see what to do next, choose the models, and read what it came to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import forms, frame
from app.pages.frame import CHANGES, page, render, to
from app.pages.requester import may_change
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import projects, rounds
from crowdqc.services.models import Fold, Model, ModelRole
from crowdqc.services.rounds import Round, RoundState, Whole

blueprint = Blueprint("rounds", __name__)

SEES = (Role.REQUESTER, Role.QA_LEAD, Role.ADMIN)
ROWS = 50
#: How much of a round may be drawn by chance, as over the API.
LEAST_RANDOM, MOST_RANDOM = 0.1, 0.25

#: Ways of choosing beside the confident mistakes: in words, and what each wants.
WAYS: Mapping[str, tuple[str, str]] = {
    "low_confidence": ("Where the model is least sure", "the model alone"),
    "stratified": ("By chance, as many of each kind of item", "names of metadata columns, below"),
    "teacher_disagreement": ("Where a stronger model is sure of another class", "a teacher"),
    "ensemble_disagreement": ("Where the members of an ensemble disagree", "an ensemble"),
    "instability": ("Where augmented views of one item are taken for different things", "a model with views"),
    "inconsistency": ("Labels that flicker within a sequence", "metadata: sequence and time; x, y, z if known"),
    "known_errors": ("What lies near a known error", "embeddings, and an error found before"),
    "search": ("More like what was found wrong, by a small classifier", "embeddings, and errors found before"),
    "outliers": ("What lies far from everything else", "embeddings"),
    "near_duplicates": ("Items nearly alike with different labels", "embeddings"),
}
#: How shares follow what each way brought in earlier rounds.
SHARINGS: Mapping[str, str] = {
    "thompson": "follow what each way brought, and go on trying the others (as usual)",
    "upper_bound": "follow the best that each way may bring",
    "equal": "stay as they are given here",
}
#: What a model may be in a round, and what it is for.
SPEAKERS: Mapping[ModelRole, str] = {
    ModelRole.STUDENT: "The model that was trained on this release",
    ModelRole.TEACHER: "A stronger model",
    ModelRole.ENSEMBLE: "An ensemble",
    ModelRole.VIEWS: "A model with augmented views",
    ModelRole.EMBEDDER: "Embeddings",
}
FIELDS = ("size", "random", "top", "obvious", "target", "level", "by", "sharing", "parts", "more", "suspects")


@page(blueprint, "GET", "/projects/<uuid:project>/rounds", roles=SEES)
def listing(call: Call, project: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """List a project's rounds, with the form that begins one."""
    found = projects.get(call.tx, call.actor, project)
    rows = rounds.page(call.tx, call.actor, project, after=frame.uid("after"), limit=ROWS)
    return render(
        "rounds.html",
        project=found,
        rounds=rows,
        following=rows[-1].uid if len(rows) == ROWS else None,
        live=next((each for each in rows if each.state in ("opened", "choosing", "reviewing")), None),
        may_change=may_change(call.actor, found),
        ways=WAYS,
        sharings=SHARINGS,
        form=request.form,
        chosen=request.form.getlist("ways"),
        fault=fault,
        faults=forms.faults(fault, *FIELDS),
    )


@page(blueprint, "POST", "/projects/<uuid:project>/rounds", roles=CHANGES, again=listing)
def begin(call: Call, project: uuid.UUID) -> Response:
    """Begin a round."""
    made = rounds.begin(call.tx, call.actor, project, plan=_plan())
    return to(f"/rounds/{made.uid}", said="round_begun")


@page(blueprint, "GET", "/rounds/<uuid:round>", roles=SEES)
def one(call: Call, round: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """Show a round: what to do next, what it has come to so far, and its items."""
    whole = rounds.whole(call.tx, call.actor, round)
    found = whole.round
    after = request.args.get("after", "")
    start = int(after) if after.isdecimal() and len(after) < 10 else -1
    _, project, seen = rounds.seen(call.tx, call.actor, round, after=start, limit=ROWS)
    building = whole.release.state in ("waiting", "building")
    ending = whole.end_release is not None and whole.end_release.state in ("waiting", "building")
    return render(
        "round.html",
        project=project,
        whole=whole,
        round=found,
        release=whole.release,
        result=whole.result,
        told=found.state in (RoundState.ENDED, RoundState.ABANDONED),
        next_step=_next(whole),
        building=building,
        busy=building or ending or found.state == RoundState.CHOOSING,
        speakers=_speakers(call, project.uid, found) if found.state == RoundState.OPENED else (),
        items=seen,
        following=seen[-1].row.place if len(seen) == ROWS else None,
        first=start < 0,
        may_change=may_change(call.actor, project),
        decides=call.actor.holds(Role.EXPERT),
        form=request.form,
        fault=fault,
        faults=forms.faults(fault, *SPEAKERS),
    )


@page(blueprint, "POST", "/rounds/<uuid:round>/models", roles=CHANGES, again=one)
def use(call: Call, round: uuid.UUID) -> Response:
    """Say which models speak, and have the items chosen."""
    whole = rounds.whole(call.tx, call.actor, round)
    known = {str(each.uid): each for each, _ in projects.models(call.tx, call.actor, whole.project.uid)}
    models: dict[ModelRole, tuple[str, str]] = {}
    for role in SPEAKERS:
        chosen = forms.text(role)
        if chosen:
            if chosen not in known:
                raise forms.BadForm.at(role, "Choose one of those offered.")
            models[role] = known[chosen].name, known[chosen].version
    if ModelRole.STUDENT not in models:
        raise forms.BadForm.at(ModelRole.STUDENT, "Choose the model that was trained on this release.")
    rounds.use(call.tx, call.actor, round, models=models)
    return to(f"/rounds/{round}", said="round_choosing")


@page(blueprint, "POST", "/rounds/<uuid:round>/end", roles=CHANGES, again=one)
def end(call: Call, round: uuid.UUID) -> Response:
    """End a round."""
    _sure()
    rounds.end(call.tx, call.actor, round)
    return to(f"/rounds/{round}", said="round_ended")


@page(blueprint, "POST", "/rounds/<uuid:round>/abandon", roles=CHANGES, again=one)
def abandon(call: Call, round: uuid.UUID) -> Response:
    """Give a round up."""
    _sure()
    rounds.abandon(call.tx, call.actor, round)
    return to(f"/rounds/{round}", said="round_abandoned")


def _sure() -> None:
    if request.form.get("sure") != "1":
        raise forms.BadForm("Nothing is done yet.", mend="Tick that you mean it, and send it again.")


def _plan() -> dict[str, Any]:
    """Read what a round is to be; what is written under "more" goes before the fields."""
    random = _share("random", 15)
    if not LEAST_RANDOM <= random <= MOST_RANDOM:
        raise forms.BadForm.at("random", "Draw 10 to 25 percent by chance: fewer tell little, more find little.")
    plan: dict[str, Any] = {
        "size": forms.whole("size", 200),
        "random": random,
        "sharing": forms.text("sharing") or "thompson",
        "stop": {
            "top": forms.whole("top", 50),
            "obvious": forms.whole("obvious", 0),
            "target": _share("target", 1),
            "level": _share("level", 95),
        },
    }
    parts = [_part(name) for name in request.form.getlist("ways")]
    suspects = forms.number("share:suspects")
    if suspects is not None:
        parts.insert(0, {"name": "suspects", "sampler": "suspected_errors", "share": suspects})
    return plan | {"parts": parts} | forms.parsed("more")


def _part(name: str) -> dict[str, Any]:
    if name not in WAYS:
        raise forms.BadForm.at("parts", "Choose among the ways that are offered.")
    share = forms.number(f"share:{name}")
    by = [each.strip() for each in forms.text("by", longest=forms.REMARK).split(",") if each.strip()]
    parameters = {"by": by} if name == "stratified" and by else {}
    return {"name": name, "sampler": name, "parameters": parameters, "share": 1.0 if share is None else share}


def _share(name: str, usual: float) -> float:
    """Read a share that is given in percent."""
    found = forms.number(name)
    return round((usual if found is None else found) / 100, 10)


def _next(whole: Whole) -> str:
    """Say at which point a round is, by the name of the words for it."""
    state = RoundState(whole.round.state)
    if state is not RoundState.OPENED:
        if state is RoundState.REVIEWING and whole.result is not None and not whole.result["unseen"]:
            return "all_seen"
        return state
    if whole.release.state == "failed":
        return "no_release"
    return "train" if whole.release.state == "ready" else "freezing"


def _speakers(
    call: Call, project: uuid.UUID, found: Round
) -> Sequence[tuple[ModelRole, str, Sequence[tuple[Model, str]], bool]]:
    """Give the parts that models may have: its words, those that there are and why not, whether one is wanted."""
    known = [each for each, _ in projects.models(call.tx, call.actor, project)]
    wanted = {part["sampler"] for part in found.plan["parts"]}
    needs = {
        ModelRole.STUDENT: True,
        ModelRole.TEACHER: "teacher_disagreement" in wanted,
        ModelRole.ENSEMBLE: "ensemble_disagreement" in wanted,
        ModelRole.VIEWS: "instability" in wanted,
        ModelRole.EMBEDDER: bool(wanted & {"known_errors", "search", "outliers", "near_duplicates"}),
    }
    rows = []
    for role, words in SPEAKERS.items():
        fits = [
            (each, _why_not(each, role))
            for each in reversed(known)
            if each.role == role or (role is ModelRole.STUDENT and each.role == ModelRole.VIEWS)
        ]
        if fits or needs[role]:
            rows.append((role, words, fits, needs[role]))
    return rows


def _why_not(model: Model, role: ModelRole) -> str:
    if role is ModelRole.STUDENT and model.fold == Fold.IN_SAMPLE:
        return "trained on these very labels: it hides their mistakes"
    return ""
