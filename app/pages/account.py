"""Signing in and out, the way from the door to one's own page, and one's own account."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, request

from app import access, problems
from app.http import SIGNED_IN, Call
from app.pages import forms, frame
from app.pages.frame import page, public, render, to
from crowdqc.assembly import Installation
from crowdqc.errors import CrowdqcError
from crowdqc.roles import Role
from crowdqc.services import people

blueprint = Blueprint("account", __name__)

#: What each role comes for.
ROOMS: tuple[tuple[Role, str, str, str], ...] = (
    (Role.WORKER, "/desk", "Label items", "Your desk: the projects that have work for you."),
    (Role.EXPERT, "/reviews", "Review doubtful items", "The queue of cases, the most urgent first."),
    (Role.REQUESTER, "/projects", "Your projects", "Upload items, see how far they are, download labels."),
    (Role.QA_LEAD, "/projects", "Quality of projects", "How good workers and labels are."),
    (Role.ADMIN, "/people", "People", "Who may sign in, and what they do here."),
)


@public(blueprint, "GET", "/sign-in")
def sign_in_form(place: Installation) -> Response:
    """Show the form; it knows nobody's name."""
    target = frame.safe(request.args.get("next")) or ""
    return render("sign_in.html", target=target, signed_out=request.args.get("said") == "signed_out")


@public(blueprint, "POST", "/sign-in")
def sign_in(place: Installation) -> Response:
    """Sign in, and go on to where one wanted to go, or hand on what one was sending."""
    access.guard_origin()
    target = frame.safe(request.form.get("next"))
    action = frame.safe(request.form.get("action"))
    kept = {
        name.removeprefix("kept:"): values for name, values in request.form.lists() if name.startswith("kept:")
    }
    try:
        # Two transactions: the hash takes its time, and nobody who writes should wait for it.
        with place.reading() as tx:
            actor = people.verified(
                tx, name=request.form.get("name", "").strip(), password=request.form.get("password", "")
            )
        with place.transaction() as tx:
            secret = people.sign_in(tx, actor)
    except people.WrongPassword as fault:
        return render(
            "sign_in.html",
            status=problems.status_of(fault),
            fault=fault,
            target=target or "",
            action=action,
            kept=kept,
            name=request.form.get("name", ""),
        )
    if action and kept:
        response = render("send_again.html", action=action, kept=kept, token=access.csrf(secret))
    else:
        response = to(target or "/")
    response.set_cookie(
        access.COOKIE,
        secret,
        max_age=int(place.settings.session_age),
        httponly=True,
        samesite="Lax",
        secure=place.settings.secure_cookies,
    )
    return response


@page(blueprint, "POST", "/sign-out", roles=SIGNED_IN)
def sign_out(call: Call) -> Response:
    """Sign out of this browser."""
    people.sign_out(call.tx, access.secret() or "")
    response = to("/sign-in", said="bye")
    response.delete_cookie(access.COOKIE)
    return response


@page(blueprint, "GET", "/", roles=SIGNED_IN)
def home(call: Call) -> Response:
    """Go to the page of one's role; several roles are a choice."""
    rooms = [room for room in ROOMS if call.actor.holds(room[0])]
    if len({path for _, path, _, _ in rooms}) == 1:
        return to(rooms[0][1])
    return render("home.html", rooms=rooms)


@page(blueprint, "GET", "/account", roles=SIGNED_IN)
def account(call: Call, *, fault: CrowdqcError | None = None, secret: str | None = None) -> Response:
    """Show who one is, and one's tokens of the API."""
    return render(
        "account.html",
        tokens=people.tokens(call.tx, call.actor),
        faults=forms.faults(fault, "name"),
        secret=secret,
    )


@page(blueprint, "POST", "/account/tokens", roles=SIGNED_IN, again=account)
def create_token(call: Call) -> Response:
    """Make a token; its secret is shown this once, so the page is written here and now."""
    _, secret = people.create_token(call.tx, call.actor, name=forms.text("name", longest=100, needed=True))
    return account(call, secret=secret)


@page(blueprint, "POST", "/account/tokens/<uuid:token>/revoke", roles=SIGNED_IN)
def revoke_token(call: Call, token: uuid.UUID) -> Response:
    """Revoke a token."""
    people.revoke_token(call.tx, call.actor, token)
    return to("/account", said="revoked")
