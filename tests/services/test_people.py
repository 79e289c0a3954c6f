"""People: who they are, how they prove it, and that nothing by which they do is kept."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from crowdqc.assembly import Installation
from crowdqc.errors import Invalid
from crowdqc.records import Base, Worker
from crowdqc.roles import Role
from crowdqc.services import people
from crowdqc.services.people import (
    LastAdmin,
    NameTaken,
    NoSuchPerson,
    NoSuchToken,
    NotSignedIn,
    WrongPassword,
)
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import do, look


def test_a_name_is_had_once(place: Installation) -> None:
    factories.person(place, "ada", Role.ADMIN)
    with pytest.raises(NameTaken):
        factories.person(place, "ada")
    assert [each.name for each in look(place, people.everybody) if not each.name.startswith("noise")] == ["ada"]


def test_a_name_is_one_that_can_be_typed(place: Installation) -> None:
    for name in ("", "a b", "a" * 101, "a/b", "a\n", "ä\0", "a;b", "<b>"):
        with pytest.raises(Invalid) as told:
            factories.person(place, name)
        assert told.value.errors[0]["where"] == "name"


def test_a_wrong_password_and_an_unknown_name_are_told_alike(place: Installation) -> None:
    factories.person(place, "ada", Role.WORKER, password="correct horse")
    factories.person(place, "nopass", Role.WORKER)
    factories.person(place, "gone", Role.WORKER, password="correct horse")
    admin = factories.person(place, "root", Role.ADMIN)
    gone = next(each for each in look(place, people.everybody) if each.name == "gone")
    do(place, people.update, admin, gone.uid, active=False)
    told = set()
    for name, password in (
        ("ada", "wrong horse"), ("nobody", "correct horse"), ("nopass", ""), ("gone", "correct horse"),
    ):  # fmt: skip
        with pytest.raises(WrongPassword) as error:
            look(place, people.verified, name=name, password=password)
        told.add((type(error.value), error.value.detail, error.value.mend, str(error.value.facts)))
    assert len(told) == 1
    actor = look(place, people.verified, name="ada", password="correct horse")
    assert (actor.name, actor.roles) == ("ada", {Role.WORKER})


def test_a_short_password_is_refused(place: Installation) -> None:
    with pytest.raises(Invalid, match="too short"):
        factories.person(place, "ada", password="1234567")
    admin = factories.person(place, "root", Role.ADMIN, password="12345678")
    uid = next(each.uid for each in look(place, people.everybody) if each.name == "root")
    with pytest.raises(Invalid, match="too short"):
        do(place, people.update, admin, uid, password="short")
    do(place, people.update, admin, uid, password="another one")
    assert look(place, people.verified, name="root", password="another one").id == admin.id
    with pytest.raises(WrongPassword):
        look(place, people.verified, name="root", password="12345678")


def test_the_last_admin_stays_one(place: Installation) -> None:
    root, second = factories.person(place, "root", Role.ADMIN), factories.person(place, "second", Role.ADMIN)
    uids = {each.name: each.uid for each in look(place, people.everybody)}
    do(place, people.update, root, uids["second"], roles=[Role.REQUESTER])
    for change in ({"roles": [Role.WORKER]}, {"active": False}):
        with pytest.raises(LastAdmin):
            do(place, people.update, second, uids["root"], **change)  # type: ignore[arg-type]
    found = {each.name: each for each in look(place, people.everybody)}
    assert (found["root"].roles, found["root"].active) == (["admin"], True)
    assert found["second"].roles == ["requester"]
    with pytest.raises(NoSuchPerson):
        do(place, people.update, root, factories.uid(), active=False)


def test_whoever_becomes_a_worker_can_work_and_stays_himself(place: Installation) -> None:
    root = factories.person(place, "root", Role.ADMIN)
    uid = next(each.uid for each in look(place, people.everybody) if each.name == "root")
    for roles in ([Role.ADMIN, Role.WORKER], [Role.ADMIN], [Role.ADMIN, Role.WORKER]):
        do(place, people.update, root, uid, roles=roles)
    (worker,) = factories.every(place, Worker, Worker.person_id == root.id)
    assert (worker.crowd, worker.name) == ("here", "root")


def test_a_browser_is_signed_in_for_a_time(place: Installation, clock: Clock) -> None:
    ada = factories.person(place, "ada", Role.WORKER)
    secret = do(place, people.sign_in, ada)
    assert look(place, people.of_browser, secret) == ada
    clock.advance(place.settings.session_age - 1)
    assert look(place, people.of_browser, secret) == ada
    clock.advance(1)
    with pytest.raises(NotSignedIn):
        look(place, people.of_browser, secret)
    other = do(place, people.sign_in, ada)
    do(place, people.sign_out, other)
    do(place, people.sign_out, other)
    for wrong in (other, "", "x"):
        with pytest.raises(NotSignedIn):
            look(place, people.of_browser, wrong)


def test_a_new_password_signs_out(place: Installation) -> None:
    ada = factories.person(place, "ada", Role.ADMIN, password="the old one")
    uid = next(each.uid for each in look(place, people.everybody) if each.name == "ada")
    secret = do(place, people.sign_in, ada)
    do(place, people.update, ada, uid, password="the new one")
    with pytest.raises(NotSignedIn):
        look(place, people.of_browser, secret)


def test_a_revoked_token_opens_nothing(place: Installation) -> None:
    ada, bob = factories.person(place, "ada", Role.REQUESTER), factories.person(place, "bob", Role.REQUESTER)
    token, secret = do(place, people.create_token, ada, name="laptop")
    assert look(place, people.of_token, secret) == ada
    assert [each.name for each in look(place, people.tokens, ada)] == ["laptop"]
    assert look(place, people.tokens, bob) == []
    with pytest.raises(NoSuchToken):
        do(place, people.revoke_token, bob, token.uid)
    assert look(place, people.of_token, secret) == ada
    for _ in range(2):
        do(place, people.revoke_token, ada, token.uid)
    with pytest.raises(NotSignedIn):
        look(place, people.of_token, secret)
    assert look(place, people.tokens, ada) == []


def test_who_is_put_out_is_out_at_once(place: Installation) -> None:
    root, ada = factories.person(place, "root", Role.ADMIN), factories.person(place, "ada", Role.WORKER)
    _, token = do(place, people.create_token, ada, name="t")
    browser = do(place, people.sign_in, ada)
    uid = next(each.uid for each in look(place, people.everybody) if each.name == "ada")
    do(place, people.update, root, uid, active=False)
    for use, secret in ((people.of_token, token), (people.of_browser, browser)):
        with pytest.raises(NotSignedIn):
            look(place, use, secret)


def test_no_secret_is_kept(place: Installation) -> None:
    ada = factories.person(place, "ada", Role.WORKER, password="correct horse battery")
    _, token = do(place, people.create_token, ada, name="laptop")
    browser = do(place, people.sign_in, ada)
    kept: list[str] = []
    with place.reading() as tx:
        for table in Base.metadata.sorted_tables:
            for row in tx.session.execute(text(f'SELECT * FROM "{table.name}"')):
                kept += [str(value) for value in row]
    everything = "\n".join(kept)
    assert "laptop" in everything
    assert "$argon2id$" in everything
    assert people.digest(token) in everything
    assert people.digest(browser) in everything
    for secret in (token, token.removeprefix("cq_"), browser, "correct horse battery"):
        assert secret not in everything
