"""People and tokens over the API."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field, SecretStr

from app.http import EVERYBODY, SIGNED_IN, Api, Call
from app.shapes import In, Line, Name, Out, Remark, Truth
from crowdqc.assembly import Installation
from crowdqc.roles import Role
from crowdqc.services import erasures, people
from crowdqc.services.erasures import Erased
from crowdqc.services.people import Person, Token

api = Api("people")

RULES = (Role.ADMIN,)


class PersonIn(In):
    """Somebody new."""

    name: Name
    password: SecretStr | None = Field(None, max_length=1000, description="one without cannot sign in")
    roles: list[Role] = Field(max_length=10)


class PersonChangesIn(In):
    """What is to change of a person."""

    roles: list[Role] | None = Field(None, max_length=10)
    active: Truth | None = None
    password: SecretStr | None = Field(None, max_length=1000)


class PersonOut(Out):
    """Somebody who can sign in."""

    id: uuid.UUID
    name: str
    roles: list[Role]
    active: bool
    created_at: datetime

    @classmethod
    def of(cls, person: Person) -> PersonOut:
        return cls(
            id=person.uid,
            name=person.name,
            roles=[Role(role) for role in person.roles],
            active=person.active,
            created_at=person.created_at,
        )


class ErasureIn(In):
    """Why somebody is erased."""

    reason: Remark = Field(description="without his name: it is kept")


class ErasureOut(Out):
    """That somebody is nobody any longer."""

    name: str = Field(description="what stands where his name stood")
    erased_at: datetime
    payouts: int = Field(description="payouts whose files, which are books of account, go on naming him")

    @classmethod
    def of(cls, erased: Erased) -> ErasureOut:
        return cls(name=erased.name, erased_at=erased.erasure.made_at, payouts=erased.payouts)


class ErasedOut(Out):
    """An erasure, as it is remembered."""

    reason: str
    made_by: str
    made_at: datetime


class ErasuresOut(Out):
    """Erasures, the newest first."""

    data: list[ErasedOut]


class ManyIn(In):
    """How many."""

    limit: int = Field(50, ge=1, le=500)


class PeopleOut(Out):
    """Everybody."""

    data: list[PersonOut]


class MeOut(Out):
    """The one who asks."""

    name: str
    roles: list[Role]


class SignInIn(In):
    """Who wants a token, and what it is for."""

    name: Line
    password: SecretStr = Field(max_length=1000)
    token_name: Line = "api"  # noqa: S105 - what the token is called


class TokenIn(In):
    """What a token is for."""

    name: Name


class TokenOut(Out):
    """A token; its secret is shown when it is made and never again."""

    id: uuid.UUID
    name: str
    created_at: datetime

    @classmethod
    def of(cls, token: Token) -> TokenOut:
        return TokenOut(id=token.uid, name=token.name, created_at=token.created_at)


class NewTokenOut(TokenOut):
    """A new token with its secret."""

    token: str


class TokensOut(Out):
    """One's own tokens."""

    data: list[TokenOut]


@api.get("/me", roles=SIGNED_IN)
def me(call: Call) -> MeOut:
    """Say who you are."""
    return MeOut(name=call.actor.name, roles=sorted(call.actor.roles))


@api.post("/sign-in", roles=EVERYBODY, status=201)
def sign_in(place: Installation, body: SignInIn) -> NewTokenOut:
    """Get a bearer token for a name and a password."""
    # Two transactions: the hash takes its time, and nobody who writes should wait for it.
    with place.reading() as tx:
        actor = people.verified(tx, name=body.name, password=body.password.get_secret_value())
    with place.transaction() as tx:
        token, secret = people.create_token(tx, actor, name=body.token_name[:100])
    return NewTokenOut(**TokenOut.of(token).model_dump(), token=secret)


@api.get("/tokens", roles=SIGNED_IN)
def tokens(call: Call) -> TokensOut:
    """List your tokens."""
    return TokensOut(data=[TokenOut.of(token) for token in people.tokens(call.tx, call.actor)])


@api.post("/tokens", roles=SIGNED_IN, status=201)
def create_token(call: Call, body: TokenIn) -> NewTokenOut:
    """Make a token; its secret is shown this once."""
    token, secret = people.create_token(call.tx, call.actor, name=body.name)
    return NewTokenOut(**TokenOut.of(token).model_dump(), token=secret)


@api.delete("/tokens/{token}", roles=SIGNED_IN)
def revoke_token(call: Call, token: uuid.UUID) -> None:
    """Revoke one of your tokens."""
    people.revoke_token(call.tx, call.actor, token)


@api.get("/people", roles=RULES)
def everybody(call: Call) -> PeopleOut:
    """List everybody."""
    return PeopleOut(data=[PersonOut.of(person) for person in people.everybody(call.tx)])


@api.post("/people", roles=RULES, status=201)
def create(call: Call, body: PersonIn) -> PersonOut:
    """Make somebody who can sign in."""
    password = None if body.password is None else body.password.get_secret_value()
    return PersonOut.of(people.create(call.tx, name=body.name, password=password, roles=body.roles))


@api.patch("/people/{person}", roles=RULES)
def update(call: Call, person: uuid.UUID, body: PersonChangesIn) -> PersonOut:
    """Change somebody's roles or password, or shut him out."""
    password = None if body.password is None else body.password.get_secret_value()
    found = people.update(call.tx, call.actor, person, roles=body.roles, active=body.active, password=password)
    return PersonOut.of(found)


@api.post("/people/{person}/erasure", roles=RULES, own_transaction=True)
def erase(call: Call, person: uuid.UUID, body: ErasureIn) -> ErasureOut:
    """Erase somebody: his name, access and words go for good; his answers stay, and releases hold as they were."""
    with call.installation.transaction() as tx:
        erased = erasures.erase_person(tx, call.actor, person, reason=body.reason)
    return _swept(call.installation, erased)


@api.get("/erasures", roles=RULES)
def erased(call: Call, query: ManyIn) -> ErasuresOut:
    """List who erased somebody, when and why."""
    rows = erasures.page(call.tx, limit=query.limit)
    return ErasuresOut(
        data=[ErasedOut(reason=each.reason, made_by=name, made_at=each.made_at) for each, name in rows]
    )


@api.post("/workers/{worker}/erasure", roles=RULES, own_transaction=True)
def erase_worker(call: Call, worker: uuid.UUID, body: ErasureIn) -> ErasureOut:
    """Erase a worker, also one who is a name in uploaded answers; their files, which are read, go with him."""
    with call.installation.transaction() as tx:
        erased = erasures.erase_worker(tx, call.actor, worker, reason=body.reason)
    return _swept(call.installation, erased)


def _swept(place: Installation, erased: Erased) -> ErasureOut:
    for key in erased.files:
        place.storage.delete(key)
    return ErasureOut.of(erased)
