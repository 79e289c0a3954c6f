"""The QA lead's pages of worker rules: the rules of a project, tried and switched on; what they did; appeals."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import forms, frame
from app.pages.frame import page, render, to
from app.pages.requester import may_change
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import appeals, firings, restrictions, rules
from crowdqc.services.rules import RuleState

blueprint = Blueprint("rules", __name__)

SEES = frame.SEES
LEADS = frozenset({Role.QA_LEAD, Role.ADMIN})
ROWS = 50


@page(blueprint, "GET", "/projects/<uuid:project>/rules", roles=SEES)
def overview(call: Call, project: uuid.UUID, *, fault: CrowdqcError | None = None, tried: Any = None) -> Response:
    """Show the rules of a project, what they did, and a place to write one."""
    found, saved = rules.page(call.tx, call.actor, project)
    presets = rules.presets()
    leads = call.actor.holds(*LEADS)
    chosen = presets.get(request.args.get("preset", ""))
    edited = next((each for each in saved if str(each[0].uid) == request.values.get("rule_id")), None)
    text = json.dumps(chosen[1], indent=2) if chosen else ""
    if edited is not None:
        text = json.dumps({"interval": "one_look"} | edited[1].data, indent=2)
    return render(
        "rules.html",
        project=found,
        rules=saved,
        presets=presets,
        text=request.form.get("rule", text),
        edited=edited,
        tried=tried,
        firings=firings.page(call.tx, call.actor, project, limit=ROWS),
        appeals=appeals.page(call.tx, call.actor, project_uid=project) if leads else [],
        restrictions=restrictions.page(call.tx, call.actor, project_uid=project, limit=ROWS) if leads else [],
        now=call.tx.now,
        leads=leads,
        may_change=may_change(call.actor, found),
        fault=fault,
        faults=forms.faults(fault, "rule"),
    )


@page(blueprint, "POST", "/projects/<uuid:project>/rules", roles=LEADS, again=overview, own_transaction=True)
def save(call: Call, project: uuid.UUID) -> Response:
    """Try a rule, save it as a new one, or save a new version of one."""
    data = forms.parsed("rule")
    if request.form.get("do") == "try":
        with call.installation.reading() as tx:
            trial = rules.trial(tx, call.actor, project, data=data)
        (found,) = call.installation.execution.map(rules.try_out, [trial])
        with call.installation.reading() as tx:
            tried = rules.tried(tx, trial, found)
            return overview(Call(call.actor, tx, call.installation), project, tried=tried)
    edited = _uid("rule_id")
    with call.installation.transaction() as tx:
        if edited is None:
            rules.create(tx, call.actor, project, data=data)
        else:
            rules.update(tx, call.actor, edited, data=data)
    return to(f"/projects/{project}/rules", said="rule_kept")


@page(blueprint, "POST", "/projects/<uuid:project>/rules/<uuid:rule>/state", roles=LEADS, again=None)
def switch(call: Call, project: uuid.UUID, rule: uuid.UUID) -> Response:
    """Switch a rule on or off."""
    state = forms.word("state", RuleState)
    rules.switch(call.tx, call.actor, rule, state)
    return to(f"/projects/{project}/rules", said=f"rule_{state}")


@page(blueprint, "GET", "/firings/<uuid:firing>", roles=LEADS)
def firing(call: Call, firing: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """Show a firing with what it rests on; decide the appeal against it, or end it."""
    found, evidence = firings.case(call.tx, call.actor, firing)
    _, version, worker, project, appeal = found.told
    return render(
        "firing.html",
        acted=found,
        firing=found.firing,
        version=version,
        worker=worker,
        project=project,
        appeal=appeal,
        evidence=evidence,
        form=request.form,
        may_change=may_change(call.actor, project),
        fault=fault,
        faults=forms.faults(fault, "why", "corrections"),
    )


@page(blueprint, "POST", "/firings/<uuid:firing>/lift", roles=LEADS, again=firing)
def lift(call: Call, firing: uuid.UUID) -> Response:
    """End what a firing did."""
    firings.lift(call.tx, call.actor, firing, why=forms.text("why", longest=forms.REMARK, needed=True))
    return to(f"/firings/{firing}", said="lifted")


@page(blueprint, "POST", "/firings/<uuid:firing>/appeal", roles=LEADS, again=firing)
def decide(call: Call, firing: uuid.UUID) -> Response:
    """Uphold or deny the appeal against a firing; with corrections of gold, where it was wrong."""
    why = forms.text("why", longest=forms.REMARK, needed=True)
    appeal = _uid("appeal")
    if appeal is None:
        raise forms.BadForm.at("appeal", "Load the page again: the appeal is not named.")
    if request.form.get("do") not in ("uphold", "deny"):
        raise forms.BadForm.at("do", "Say whether the appeal is upheld or denied.")
    uphold = request.form.get("do") == "uphold"
    try:
        corrections = {
            uuid.UUID(name.removeprefix("label-")): [label]
            for name, label in request.form.items()
            if name.startswith("label-") and label
        }
    except ValueError:
        raise forms.BadForm.at("corrections", "Load the page again: an item is not named.") from None
    appeals.decide(
        call.tx, call.actor, appeal, uphold=uphold, why=why, corrections=corrections if uphold else None
    )
    return to(f"/firings/{firing}", said="upheld" if uphold else "denied")


@page(blueprint, "POST", "/projects/<uuid:project>/restrictions/<uuid:restriction>/lift", roles=LEADS)
def lift_restriction(call: Call, project: uuid.UUID, restriction: uuid.UUID) -> Response:
    """Let a worker in again."""
    why = forms.text("why", longest=forms.REMARK, needed=True)
    restrictions.lift(call.tx, call.actor, restriction, why=why)
    return to(f"/projects/{project}/rules", said="lifted")


@page(blueprint, "POST", "/projects/<uuid:project>/workers/<uuid:worker>/restrict", roles=LEADS)
def restrict(call: Call, project: uuid.UUID, worker: uuid.UUID) -> Response:
    """Keep a worker out of a project by hand."""
    restrictions.impose(
        call.tx,
        call.actor,
        worker,
        project_uid=project,
        hours=forms.number("hours"),
        reason=forms.text("reason", longest=forms.REMARK, needed=True),
    )
    return to(f"/projects/{project}/rules", said="restricted")


def _uid(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.form.get(name, ""))
    except ValueError:
        return None
