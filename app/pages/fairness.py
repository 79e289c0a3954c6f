"""The worker's page of what rules did about his work, why, and how to say that it is wrong; no item is named."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response

from app.http import Call
from app.pages import forms
from app.pages.frame import page, render, to
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import appeals

blueprint = Blueprint("fairness", __name__)

WORKS = (Role.WORKER,)


@page(blueprint, "GET", "/desk/firings", roles=WORKS)
def mine(call: Call, *, firing: uuid.UUID | None = None, fault: CrowdqcError | None = None) -> Response:
    """Show what was done to the worker, and what became of his appeals."""
    found = appeals.mine(call.tx, call.actor)
    return render("desk_firings.html", found=found, now=call.tx.now, fault=fault)


@page(blueprint, "POST", "/desk/firings/<uuid:firing>/appeal", roles=WORKS, again=mine)
def appeal(call: Call, firing: uuid.UUID) -> Response:
    """Say that something is wrong."""
    text = forms.text("text", longest=forms.REMARK, needed=True)
    appeals.appeal(call.tx, call.actor, firing, text=text)
    return to("/desk/firings", said="appealed")
