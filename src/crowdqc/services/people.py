"""People: who there is, how they sign in, and the tokens of the API."""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.exc import IntegrityError

from crowdqc.errors import Conflict, Invalid, Missing, Refused
from crowdqc.records import assignments, erasures, people, projects, reviews, truths
from crowdqc.records.people import HERE, Person, SignIn, Token, Worker
from crowdqc.roles import Actor, Role
from crowdqc.services.transaction import Transaction
from crowdqc.settings import Settings

_NAME = re.compile(r"[\w.@+-]{1,100}")
_SHORTEST_PASSWORD = 8


class NotSignedIn(Refused):
    """Nobody is signed in."""


class WrongPassword(NotSignedIn):
    """The name or the password is wrong."""


class NameTaken(Conflict):
    """Somebody has this name already."""


class NoSuchPerson(Missing):
    """There is no such person."""


class NoSuchToken(Missing):
    """There is no such token among yours."""


class WasErased(Conflict):
    """This person was erased."""

    usual_mend = "Make somebody new; nothing of what was erased comes back."


class LastAdmin(Conflict):
    """This is the last admin who can sign in."""


def create(
    tx: Transaction, *, name: str, password: str | None, roles: Collection[Role], crowd_name: str | None = None
) -> Person:
    """Make a person; one without a password cannot sign in. Raise NameTaken, Invalid."""
    if not _NAME.fullmatch(name):
        raise Invalid(
            "The name is not one that can be signed in with.",
            mend="Use 1 to 100 letters, digits and . _ - + @ without spaces.",
            errors=[{"where": "name", "what": "letters, digits and . _ - + @ only"}],
        )
    if people.by_name(tx.session, name) is not None:
        raise NameTaken(f"There is somebody named {name!r} already.", mend="Choose another name.")
    person = Person(
        name=name,
        password_hash=None if password is None else _hashed(tx.settings, password),
        roles=_sorted(roles),
        active=True,
        created_at=tx.now,
    )
    tx.session.add(person)
    try:
        tx.session.flush()
    except IntegrityError:
        raise NameTaken(f"There is somebody named {name!r} already.", mend="Choose another name.") from None
    _let_work(tx, person)
    return person


def update(
    tx: Transaction,
    actor: Actor,
    uid: uuid.UUID,
    *,
    roles: Collection[Role] | None = None,
    active: bool | None = None,
    password: str | None = None,
) -> Person:
    """Change a person; raise LastAdmin rather than lock everybody out."""
    if roles is not None or active is not None:
        people.lock_everybody(tx.session)
    person = people.by_uid(tx.session, uid)
    if person is None:
        raise NoSuchPerson(person=str(uid))
    if erasures.of_person(tx.session, person.id) is not None:
        raise WasErased()
    if roles is not None:
        person.roles = _sorted(roles)
    if active is not None:
        person.active = active
    if password is not None:
        person.password_hash = _hashed(tx.settings, password)
        # Whoever came in with the old one is out: browsers and tokens.
        people.sign_out_everywhere(tx.session, person.id, tx.now)
    tx.session.flush()
    if people.active_admins(tx.session) == 0:
        raise LastAdmin(mend="Make somebody else an admin first.")
    _let_work(tx, person)
    return person


def everybody(tx: Transaction) -> Sequence[Person]:
    return people.everybody(tx.session)


def count(tx: Transaction) -> int:
    return people.count(tx.session)


def verified(tx: Transaction, *, name: str, password: str) -> Actor:
    """Say who this is; raise WrongPassword. It takes the same time whether or not there is such a name."""
    person = people.by_name(tx.session, name)
    kept = person.password_hash if person is not None and person.active and person.password_hash else None
    hasher = _hasher(tx.settings)
    try:
        hasher.verify(kept or _nobodys_hash(tx.settings), password)
    except (VerificationError, InvalidHashError):
        kept = None
    if person is None or kept is None:
        raise WrongPassword(mend="Try again, or ask an admin for a new password.")
    return _actor(person)


def sign_in(tx: Transaction, actor: Actor) -> str:
    """Open a browser's session for somebody who has proved who he is; give its secret, which is kept nowhere."""
    secret = secrets.token_urlsafe(32)
    until = tx.now + timedelta(seconds=tx.settings.session_age)
    people.sweep_sign_ins(tx.session, tx.now)
    tx.session.add(SignIn(person_id=actor.id, secret_hash=digest(secret), created_at=tx.now, expires_at=until))
    return secret


def sign_out(tx: Transaction, secret: str) -> None:
    found = people.sign_in(tx.session, digest(secret))
    if found is not None:
        tx.session.delete(found)


def of_browser(tx: Transaction, secret: str) -> Actor:
    """Say who sits at a browser; raise NotSignedIn."""
    person = people.by_sign_in(tx.session, digest(secret), tx.now)
    if person is None:
        raise NotSignedIn(mend="Sign in again.")
    return _actor(person)


def of_token(tx: Transaction, secret: str) -> Actor:
    """Say whose token this is; raise NotSignedIn."""
    person = people.by_token(tx.session, digest(secret))
    if person is None:
        raise NotSignedIn("The token is not known, or was revoked.", mend="Make a new one.")
    return _actor(person)


def create_token(tx: Transaction, actor: Actor, *, name: str) -> tuple[Token, str]:
    """Make a token; give it with its secret, which is shown once and kept nowhere."""
    secret = "cq_" + secrets.token_urlsafe(32)
    token = Token(person_id=actor.id, name=name, secret_hash=digest(secret), created_at=tx.now)
    tx.session.add(token)
    tx.session.flush()
    return token, secret


def tokens(tx: Transaction, actor: Actor) -> Sequence[Token]:
    return people.tokens(tx.session, actor.id)


def revoke_token(tx: Transaction, actor: Actor, uid: uuid.UUID) -> None:
    token = people.token(tx.session, actor.id, uid)
    if token is None:
        raise NoSuchToken(token=str(uid))
    token.revoked_at = token.revoked_at or tx.now


def named(tx: Transaction, name: str) -> Actor:
    """Give the actor of a name, for the command line of the machine's owner; raise NoSuchPerson."""
    person = people.by_name(tx.session, name)
    if person is None:
        raise NoSuchPerson(f"There is nobody named {name!r}.")
    return _actor(person)


def digest(secret: str) -> str:
    """Give what is kept of a secret that is random and long: a plain hash will do."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _actor(person: Person | people.Caller) -> Actor:
    return Actor(person.id, person.name, frozenset(Role(role) for role in person.roles))


def _let_work(tx: Transaction, person: Person) -> None:
    if Role.WORKER not in person.roles or people.worker_of(tx.session, person.id) is not None:
        return
    worker = Worker(crowd=HERE, name=person.name, person_id=person.id, created_at=tx.now)
    tx.session.add(worker)
    tx.session.flush()
    # Whoever reviewed an item, or settled its truth, before he became a worker never answers it.
    seen = [*reviews.looked_at_by(tx.session, person.id), *truths.told_by(tx.session, person.id)]
    for item in {item.id: item for item in seen}.values():
        version = projects.by_id(tx.session, item.project_id).guideline_version
        assignments.withhold(tx.session, item, [worker.id], version, tx.now)


def _sorted(roles: Collection[Role]) -> list[str]:
    return sorted({str(Role(role)) for role in roles})


def _hashed(settings: Settings, password: str) -> str:
    if len(password) < _SHORTEST_PASSWORD:
        raise Invalid(
            "The password is too short.",
            mend=f"Use at least {_SHORTEST_PASSWORD} characters.",
            errors=[{"where": "password", "what": f"shorter than {_SHORTEST_PASSWORD} characters"}],
        )
    return _hasher(settings).hash(password)


def _hasher(settings: Settings) -> PasswordHasher:
    if settings.password_memory or settings.password_passes:
        return PasswordHasher(
            time_cost=settings.password_passes or 1, memory_cost=settings.password_memory or 8, parallelism=1
        )
    return PasswordHasher()


@lru_cache(maxsize=4)
def _nobodys_hash(settings: Settings) -> str:
    return _hasher(settings).hash(secrets.token_hex(16))
