"""The pages of money: a worker's earnings; where a project's budget is, what waits to be accepted, payouts."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, request

from app.http import Call
from app.pages import forms, frame
from app.pages.frame import CHANGES, page, render, to
from app.pages.requester import may_change
from crowdqc import money
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import acceptances, bonuses, earnings, payouts
from crowdqc.services.acceptances import AssignmentState, Meant

blueprint = Blueprint("money", __name__)

WORKS = (Role.WORKER,)
ACCEPTS = (Role.REQUESTER, Role.QA_LEAD, Role.ADMIN)

#: Rows of a page.
ROWS = 50


@page(blueprint, "GET", "/earnings", roles=WORKS)
def own(call: Call) -> Response:
    """Show what one earned, a project at a time."""
    return render(
        "earnings.html",
        earnings=earnings.of_worker(call.tx, call.actor),
        bonuses=earnings.bonuses(call.tx, call.actor),
    )


@page(blueprint, "GET", "/earnings/<uuid:project>", roles=WORKS)
def own_answers(call: Call, project: uuid.UUID) -> Response:
    """Show what became of one's answers in a project, and why."""
    found, rows = acceptances.own(call.tx, call.actor, project, after=frame.uid("after"), limit=ROWS)
    return render("earned_answers.html", project=found, answers=rows, said_price=_price, **_following(rows))


@page(blueprint, "GET", "/projects/<uuid:project>/money", roles=ACCEPTS)
def spend(call: Call, project: uuid.UUID, *, fault: CrowdqcError | None = None) -> Response:
    """Show where a project's budget is, what waits to be accepted, what is owed and what was paid."""
    found, rows = acceptances.page(
        call.tx,
        call.actor,
        project,
        meant=Meant(everything=True),
        state=AssignmentState.SUBMITTED,
        after=frame.uid("after"),
        limit=ROWS,
    )
    changes = may_change(call.actor, found)
    return render(
        "project_money.html",
        project=found,
        spend=earnings.of_project(call.tx, call.actor, project),
        waiting=rows,
        owed=earnings.owed(call.tx, call.actor, project),
        payouts=payouts.page(call.tx, call.actor, project, after=None, limit=ROWS) if changes else [],
        write=money.write,
        said_price=_price,
        may_pay=changes,
        key=uuid.uuid4(),
        form=request.form,
        fault=fault,
        faults=forms.faults(fault, "reason", "amount", "worker"),
        **_following(rows),
    )


@page(blueprint, "POST", "/projects/<uuid:project>/money/answers", roles=ACCEPTS, again=spend)
def accept(call: Call, project: uuid.UUID) -> Response:
    """Accept or reject answers: those that are chosen, or all of a worker, or all that wait."""
    meant = _meant()
    if request.form.get("state") == "rejected":
        reason = forms.text("reason", longest=forms.REMARK, needed=True)
        acceptances.reject(call.tx, call.actor, project, meant=meant, reason=reason)
        return to(f"/projects/{project}/money", said="rejected")
    acceptances.accept(call.tx, call.actor, project, meant=meant)
    return to(f"/projects/{project}/money", said="accepted")


@page(blueprint, "POST", "/projects/<uuid:project>/money/bonuses", roles=CHANGES, again=spend)
def give_bonus(call: Call, project: uuid.UUID) -> Response:
    """Give a worker a bonus."""
    bonuses.give(
        call.tx,
        call.actor,
        project,
        worker=_uid("worker"),
        amount=forms.text("amount", needed=True),
        reason=forms.text("reason", longest=forms.REMARK, needed=True),
        key=forms.text("key", longest=bonuses.LONGEST_KEY, needed=True),
    )
    return to(f"/projects/{project}/money", said="bonus")


@page(blueprint, "POST", "/projects/<uuid:project>/money/payouts", roles=CHANGES, again=spend)
def pay(call: Call, project: uuid.UUID) -> Response:
    """Pay all that is owed; the same form sent twice pays once."""
    payouts.make(call.tx, call.actor, project, key=forms.text("key", longest=payouts.LONGEST_KEY, needed=True))
    return to(f"/projects/{project}/money", said="paid")


def _meant() -> Meant:
    which = request.form.get("which", "chosen")
    if which == "everything":
        return Meant(everything=True)
    if which == "worker":
        return Meant(worker=_uid("worker"))
    chosen = []
    for value in request.form.getlist("assignments"):
        try:
            chosen.append(uuid.UUID(value))
        except ValueError:
            raise forms.BadForm.at("", "Choose among those offered.") from None
    return Meant(assignments=chosen or None)


def _uid(name: str) -> uuid.UUID:
    try:
        return uuid.UUID(request.form.get(name, ""))
    except ValueError:
        raise forms.BadForm.at(name, "Choose one of those offered.") from None


def _price(project: Any, ticks: int | None) -> str:
    currency = project.plan.get("currency")
    return "" if ticks is None or currency is None else f"{money.write(ticks, currency)} {currency}"


def _following(rows: Any) -> dict[str, Any]:
    return {"following": rows[-1].assignment.uid if len(rows) == ROWS else None}
