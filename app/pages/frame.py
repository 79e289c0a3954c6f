"""What every page stands in: who looks, the guard of its forms, its transaction, and the way to all others."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from app import access, problems
from app.http import Call, installation
from app.pages import forms
from crowdqc.assembly import Installation
from crowdqc.errors import Conflict, Invalid
from crowdqc.roles import Actor, Role
from crowdqc.services import people
from crowdqc.services.transaction import Transaction

Answer = Response | str
Handler = TypeVar("Handler", bound=Callable[..., Any])

#: The largest form without a file, and what a form with one may hold beside it, in bytes.
FORM_LIMIT = 1 << 20

#: Those who look into projects, and those who change them (their own, or all: the use cases know).
SEES = frozenset({Role.REQUESTER, Role.EXPERT, Role.QA_LEAD, Role.ADMIN})
CHANGES = frozenset({Role.REQUESTER, Role.ADMIN})


class Page(NamedTuple):
    """A route and who may take it; None: everybody."""

    method: str
    path: str
    roles: frozenset[Role] | None


#: A page with a form, shown once more: it takes `fault`, what is wrong with what was sent.
Again = Callable[..., Answer]

#: Every page, and those among them that a stranger may see.
PAGES: list[Page] = []
PUBLIC: list[Page] = []

#: Where the roles lead, in the order of the navigation.
PLACES: tuple[tuple[str, str, frozenset[Role]], ...] = (
    ("/desk", "Desk", frozenset({Role.WORKER})),
    ("/training", "Training", frozenset({Role.WORKER})),
    ("/earnings", "Earnings", frozenset({Role.WORKER})),
    ("/reviews", "Reviews", frozenset({Role.EXPERT})),
    ("/projects", "Projects", SEES),
    ("/skills", "Skills", frozenset({Role.QA_LEAD, Role.ADMIN})),
    ("/people", "People", frozenset({Role.ADMIN})),
    ("/jobs", "Jobs", frozenset({Role.ADMIN})),
)


def page(
    room: Blueprint,
    method: str,
    path: str,
    *,
    roles: Collection[Role],
    again: Again | None = None,
    own_transaction: bool = False,
    takes_file: bool = False,
    resumable: bool = False,
) -> Callable[[Handler], Handler]:
    """Declare a page.

    The handler takes a `Call`, then the path's parts by name. A GET reads; a POST writes, in one transaction that
    is rolled back where anything is raised; `again` then shows the form once more, with its `fault`. With
    `own_transaction` the handler opens transactions itself. What a `resumable` form sends when the session is
    over is handed on past the sign-in.
    """
    allowed = frozenset(roles)

    def declare(handler: Handler) -> Handler:
        PAGES.append(Page(method, path, allowed))

        def view(**parts: Any) -> Response:
            place = installation()
            request.max_content_length = FORM_LIMIT + (place.settings.upload_limit if takes_file else 0)
            if method == "GET":
                return _read(place, handler, allowed, parts)
            return _write(place, handler, allowed, parts, again, own_transaction, resumable)

        room.add_url_rule(path, endpoint=handler.__name__, view_func=view, methods=[method])
        return handler

    return declare


def public(room: Blueprint, method: str, path: str) -> Callable[[Handler], Handler]:
    """Declare a page that a stranger may see; its handler takes the installation."""

    def declare(handler: Handler) -> Handler:
        PAGES.append(Page(method, path, None))
        PUBLIC.append(Page(method, path, None))

        def view(**parts: Any) -> Response:
            request.max_content_length = FORM_LIMIT
            return make_response(handler(installation(), **parts))

        room.add_url_rule(path, endpoint=handler.__name__, view_func=view, methods=[method])
        return handler

    return declare


def render(template: str, *, status: int = 200, **values: Any) -> Response:
    """Write a page."""
    return make_response(render_template(template, **values), status)


def to(path: str, **query: object) -> Response:
    """Send the browser on by GET, so that loading the next page again sends nothing twice."""
    said = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return make_response(redirect(f"{path}?{urlencode(said)}" if said else path, 303))


def safe(target: str | None) -> str | None:
    """Give an address of ours that was named in a request; nothing where it leads elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or not target.isprintable():
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def came_from() -> str | None:
    """Give the page of ours from which a form was sent."""
    referrer = urlsplit(request.headers.get("Referer", ""))
    return safe(referrer.path) if referrer.netloc == request.host else None


def uid(name: str) -> uuid.UUID | None:
    """Read an identity in the query; nothing where there is none or it is not one."""
    try:
        return uuid.UUID(request.args.get(name, ""))
    except ValueError:
        return None


def surroundings() -> dict[str, Any]:
    """Give what every template knows: who looks, the token of forms, the way to other pages."""
    actor: Actor | None = g.get("actor")
    secret = access.secret()
    return {
        "actor": actor,
        "csrf": "" if actor is None or secret is None else access.csrf(secret),
        "nav": [] if actor is None else [(path, name) for path, name, roles in PLACES if actor.holds(*roles)],
        "here": request.path,
        "said": request.args.get("said", ""),
    }


def _read(place: Installation, handler: Callable[..., Answer], allowed: frozenset[Role], parts: Any) -> Response:
    with place.reading() as tx:
        try:
            actor = _actor(tx, allowed)
        except people.NotSignedIn:
            wanted = request.full_path.rstrip("?")
            return to("/sign-in", next=None if wanted == "/" else wanted)
        return make_response(handler(Call(actor, tx, place), **parts))


def _write(
    place: Installation,
    handler: Callable[..., Answer],
    allowed: frozenset[Role],
    parts: Any,
    again: Again | None,
    own_transaction: bool,
    resumable: bool,
) -> Response:
    with place.reading() as tx:
        try:
            actor = _actor(tx, allowed)
        except people.NotSignedIn:
            return _signed_out(resumable)
        call = Call(actor, tx, place)
    # Reading the form may take long, so no transaction is open meanwhile.
    access.guard(access.secret() or "")
    try:
        if own_transaction:
            return make_response(handler(call, **parts))
        with place.transaction() as tx:
            return make_response(handler(Call(actor, tx, place), **parts))
    except (Invalid, Conflict) as fault:
        if again is None:
            raise
        with place.reading() as tx:
            response = make_response(again(Call(actor, tx, place), fault=fault, **parts))
        response.status_code = problems.status_of(fault)
        return response


def _actor(tx: Transaction, allowed: frozenset[Role]) -> Actor:
    """Say who sits at the browser, and that he may see this; raise people.NotSignedIn, access.WrongRole."""
    secret = access.secret()
    if secret is None:
        raise people.NotSignedIn()
    actor = people.of_browser(tx, secret)
    g.actor = actor
    if not actor.holds(*allowed):
        raise access.WrongRole(mend="An admin can give you the role that it needs.")
    return actor


def _signed_out(resumable: bool) -> Response:
    """Ask for the password again; what was sent is kept in the page and can be sent after it."""
    if not resumable:
        return to("/sign-in", next=came_from(), said="signed_out")
    access.guard_origin()
    kept = forms.sent(without=access.FIELD)
    return render("sign_in.html", status=401, kept=kept, action=request.path, target="", signed_out=True)
