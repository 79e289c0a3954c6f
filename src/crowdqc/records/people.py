"""People, how they prove who they are (password, session, token), and nothing of what they do."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    bindparam,
    delete,
    false,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Keyed, Named, Prepared


class Person(Named, Base):
    """Somebody who can sign in."""

    __tablename__ = "people"

    name: Mapped[str] = mapped_column(String(100), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    roles: Mapped[list[str]]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class SignIn(Keyed, Base):
    """A browser that is signed in; the cookie's hash, never the cookie."""

    __tablename__ = "sign_ins"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Token(Named, Base):
    """A bearer token of the API; its hash, never the token."""

    __tablename__ = "tokens"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Worker(Named, Base):
    """A worker as answers know him: one of our people, or a name out of another crowd."""

    __tablename__ = "workers"
    __table_args__ = (Index("uq_workers_crowd_name", "crowd", "name", unique=True),)

    #: `here` for our own people, else where the name comes from.
    crowd: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), unique=True)
    #: The languages that he says he reads (BCP 47).
    languages: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    #: He was restricted once, somewhere: the restrictions say whether he is now.
    restricted: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: From which his pseudonyms in releases are made; another one once he is erased.
    pseudonym_key: Mapped[bytes] = mapped_column(LargeBinary(32), default=lambda: new_pseudonym_key())
    created_at: Mapped[datetime]


def new_pseudonym_key() -> bytes:
    """Give a key that nobody can guess."""
    return secrets.token_bytes(32)


HERE = "here"


def by_name(session: Session, name: str) -> Person | None:
    return session.scalar(select(Person).where(Person.name == name))


def by_uid(session: Session, uid: uuid.UUID) -> Person | None:
    return session.scalar(select(Person).where(Person.uid == uid))


def by_id(session: Session, key: int) -> Person:
    return session.scalars(select(Person).where(Person.id == key)).one()


def everybody(session: Session) -> Sequence[Person]:
    return session.scalars(select(Person).order_by(Person.id)).all()


def active_admins(session: Session) -> int:
    """Count the admins who can sign in (few people: counted here, not by JSON operators of two dialects)."""
    found = session.scalars(select(Person).where(Person.active)).all()
    return sum("admin" in person.roles for person in found)


def lock_everybody(session: Session) -> None:
    """Let people be changed one after another: two admins who demote each other at once would leave none."""
    query = select(Person).order_by(Person.id).with_for_update(key_share=True)
    session.scalars(query.execution_options(populate_existing=True)).all()


class Caller(NamedTuple):
    """As much of a person as each request asks for."""

    id: int
    name: str
    roles: list[str]


_CALLER = select(Person.id, Person.name, Person.roles).where(Person.active)
#: Asked at each request: made once, for they cost more to make than to run.
_BY_TOKEN = Prepared(
    _CALLER.join(Token, Token.person_id == Person.id).where(
        Token.secret_hash == bindparam("secret"), Token.revoked_at.is_(None)
    )
)
_BY_SIGN_IN = Prepared(
    _CALLER.join(SignIn, SignIn.person_id == Person.id).where(
        SignIn.secret_hash == bindparam("secret"), SignIn.expires_at > bindparam("now")
    )
)


def by_token(session: Session, secret_hash: str) -> Caller | None:
    return next((Caller(*row) for row in _BY_TOKEN.rows(session, {"secret": secret_hash})), None)


def by_sign_in(session: Session, secret_hash: str, now: datetime) -> Caller | None:
    rows = _BY_SIGN_IN.rows(session, {"secret": secret_hash, "now": now})
    return next((Caller(*row) for row in rows), None)


def sign_in(session: Session, secret_hash: str) -> SignIn | None:
    return session.scalar(select(SignIn).where(SignIn.secret_hash == secret_hash))


def tokens(session: Session, person_id: int) -> Sequence[Token]:
    query = select(Token).where(Token.person_id == person_id, Token.revoked_at.is_(None))
    return session.scalars(query.order_by(Token.id)).all()


def token(session: Session, person_id: int, uid: uuid.UUID) -> Token | None:
    return session.scalar(select(Token).where(Token.person_id == person_id, Token.uid == uid))


def worker_of(session: Session, person_id: int) -> Worker | None:
    return session.scalar(select(Worker).where(Worker.person_id == person_id))


def workers_named(session: Session, crowd: str, names: Sequence[str]) -> dict[str, int]:
    """Give the keys of those of the named workers of a crowd that exist."""
    query = select(Worker.name, Worker.id).where(Worker.crowd == crowd, Worker.name.in_(names))
    return {name: key for name, key in session.execute(query)}


def add_workers(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    session.execute(Worker.__table__.insert(), list(rows))  # type: ignore[attr-defined]


def workers_by_ids(session: Session, ids: Collection[Any]) -> dict[int, Worker]:
    """Give workers by key."""
    return {each.id: each for each in session.scalars(select(Worker).where(Worker.id.in_(ids)))}


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Person)) or 0


def worker_by_uid(session: Session, uid: uuid.UUID) -> Worker | None:
    return session.scalar(select(Worker).where(Worker.uid == uid))


def workers_by_uids(session: Session, uids: Collection[uuid.UUID]) -> Sequence[Worker]:
    return session.scalars(select(Worker).where(Worker.uid.in_(uids)).order_by(Worker.id)).all()


def names(session: Session, ids: Collection[int | None]) -> dict[int, str]:
    """Give people's names by key."""
    query = select(Person.id, Person.name).where(Person.id.in_([key for key in ids if key is not None]))
    return {key: name for key, name in session.execute(query)}


def sign_out_everywhere(session: Session, person_id: int, now: datetime) -> None:
    """End a person's sign-ins and revoke his tokens."""
    session.execute(delete(SignIn).where(SignIn.person_id == person_id))
    mine = (Token.person_id == person_id, Token.revoked_at.is_(None))
    session.execute(update(Token).where(*mine).values(revoked_at=now))


def sweep_sign_ins(session: Session, now: datetime) -> None:
    """Forget sign-ins that are over."""
    session.execute(delete(SignIn).where(SignIn.expires_at <= now))


def workers_by_id(session: Session, ids: Collection[int]) -> dict[int, Worker]:
    return {worker.id: worker for worker in session.scalars(select(Worker).where(Worker.id.in_(ids)))}
