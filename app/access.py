"""Who is it: a bearer token, or a browser's session with its guard against forged requests."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from flask import request

from crowdqc.errors import Refused
from crowdqc.roles import Actor, Role
from crowdqc.services import people
from crowdqc.services.transaction import Transaction

COOKIE = "crowdqc_session"
FIELD = "csrf"
HEADER = "X-CSRF-Token"

#: Methods that change nothing.
SAFE = ("GET", "HEAD", "OPTIONS")


class WrongRole(Refused):
    """Your roles do not allow this."""


class Forged(Refused):
    """The form did not come from a page of ours, or that page is too old."""


def secret() -> str | None:
    """Give the secret of the browser's session, where it has one."""
    return request.cookies.get(COOKIE)


def csrf(session_secret: str) -> str:
    """Give what a form of this session carries: made from its secret, so that nothing has to be kept."""
    return hmac.new(session_secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def actor(tx: Transaction, allowed: frozenset[Role] | None) -> Actor:
    """Say who calls, and that he may; raise people.NotSignedIn, Forged, WrongRole."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        found = people.of_token(tx, token.strip())
    elif (cookie := secret()) is not None:
        found = people.of_browser(tx, cookie)
        if request.method not in SAFE:
            guard(cookie)
    else:
        raise people.NotSignedIn(mend="Send Authorization: Bearer TOKEN, or sign in at /sign-in.")
    if allowed is not None and not found.holds(*allowed):
        names = ", ".join(sorted(allowed))
        raise WrongRole(mend=f"This is for: {names}. An admin can give you that role.")
    return found


def guard(session_secret: str) -> None:
    """Refuse a request that changes something and that a page of ours did not send."""
    sent = request.headers.get(HEADER) or request.form.get(FIELD, "")
    if not hmac.compare_digest(sent.encode(), csrf(session_secret).encode()):
        raise Forged(mend="Load the page again and send it from there.")


def guard_origin() -> None:
    """Refuse a form that another site sends, where there is no session yet to guard (signing in)."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forged(mend="Open the page itself and sign in there.")
    origin = request.headers.get("Origin")
    # By name alone: a proxy that ends TLS makes an http request of an https one.
    if origin not in (None, "null") and urlsplit(origin).netloc != request.host:
        raise Forged(mend="Open the page itself and sign in there.")
