"""Erasing somebody: nothing names him any longer, his answers stay, and old releases hold as they were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from crowdqc.assembly import Installation
from crowdqc.errors import Invalid
from crowdqc.records import Answer, Base, Release, Worker
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Actor, Role
from crowdqc.services import erasures, exports, people, reach, releases
from crowdqc.services.erasures import LastAdmin, StillRead
from crowdqc.services.exports import ExportKind
from crowdqc.services.people import NotSignedIn, WasErased, WrongPassword
from tests.services import factories
from tests.services.factories import bring, do, look, send, submit, take_one
from tests.services.frozen import lines, lived_in, release

NAME = "wilhelmina"


@pytest.fixture
def admin(place: Installation) -> Actor:
    return factories.person(place, "root", Role.ADMIN)


def said_of(place: Installation, name: str) -> list[str]:
    """Give the tables and stored files in which a name stands."""
    found = []
    with place.reading() as tx:
        for table in Base.metadata.sorted_tables:
            rows = [json.dumps([*row], default=written) for row in tx.session.execute(table.select())]
            found += [table.name for row in rows if name in row]
    files = [path for path in (Path(place.settings.data_dir) / "files").rglob("*") if path.is_file()]
    return found + [path.name for path in files if name.encode() in path.read_bytes()]


def written(value: object) -> str:
    return bytes(value).decode("latin-1") if isinstance(value, (bytes, memoryview)) else str(value)


def uid_of(place: Installation, name: str):  # type: ignore[no-untyped-def]
    return next(each.uid for each in look(place, people.everybody) if each.name == name)


def test_a_person_is_erased_and_his_answers_stay(place: Installation, admin: Actor) -> None:
    owner = factories.requester(place)
    mina = factories.person(place, NAME, Role.WORKER, password="correct horse")
    secret = do(place, people.create_token, mina, name=f"{NAME}'s")[1]
    cookie = do(place, people.sign_in, mina)
    project = factories.project(place, owner, items=2, overlap=1)
    submit(place, mina, take_one(place, mina, project), "cat", comment=f"as {NAME} says")
    take_one(place, mina, project)
    first = release(place, owner, project)
    before = lines(place, first)
    assert set(said_of(place, NAME)) >= {"people", "workers", "tokens", "answers"}

    erased = do(place, erasures.erase_person, admin, uid_of(place, NAME), reason="She asked for it.")
    assert said_of(place, NAME) == []
    assert erased.payouts == 0
    (answer,) = factories.every(place, Answer, Answer.project_id == project.id)
    assert (answer.label, answer.comment) == (0, None)
    (worker,) = factories.every(place, Worker, Worker.id == answer.worker_id)
    assert worker.name == erased.name
    for use, given in (
        (people.of_token, (secret,)),
        (people.of_browser, (cookie,)),
    ):
        with pytest.raises(NotSignedIn):
            look(place, use, *given)
    for name in (NAME, erased.name):
        with pytest.raises(WrongPassword):
            look(place, people.verified, name=name, password="correct horse")
    for kind in ExportKind:
        with place.reading() as tx:
            assert NAME not in json.dumps([*exports.export(tx, owner, project.uid, kind=kind).rows])

    with pytest.raises(WasErased):
        do(place, people.update, admin, uid_of(place, erased.name), active=True, roles=[Role.WORKER])
    ((kept, by),) = look(place, erasures.page, limit=10)
    assert (kept.reason, by) == ("She asked for it.", "root")

    # The old release holds, and what it says of her leads nowhere: in the next one she has another pseudonym.
    found = look(place, releases.get, owner, first.uid)
    assert found.content_hash == first.content_hash
    assert releases.verify(place.storage, found, None).holds
    assert lines(place, found) == before
    second = release(place, owner, project)
    told = [
        [each["worker"] for line in lines(place, one).values() for each in line["answers"]]
        for one in (found, second)
    ]
    assert len(told[0]) == len(told[1]) == 1
    assert told[0] != told[1]
    with releases.changes(place.storage, found, second) as changes:
        (change,) = [*changes]
    assert (change.kind, change.because) == ("history", "pseudonyms")
    assert releases.verify(place.storage, second, found).holds


def test_a_name_in_uploaded_answers_is_erased_with_its_files(place: Installation, admin: Actor) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner)
    again = b"worker,item,label\nAnn Nemo,i0,dog\n"
    other = bring(place, owner, project, again, filename="b.csv", kind=UploadKind.ANSWERS)
    assert other.faulty == 1
    first = release(place, owner, project)
    (worker,) = factories.every(place, Worker, Worker.name == "Ann Nemo")
    assert set(said_of(place, "Ann Nemo")) >= {"workers", "upload_faults"}
    erased = do(place, erasures.erase_worker, admin, worker.uid, reason="asked")
    assert len(erased.files) == 2
    for key in erased.files:
        place.storage.delete(key)
    assert said_of(place, "Ann Nemo") == []
    assert said_of(place, "Bob Nemo") == ["workers"]
    assert len(factories.every(place, Answer, Answer.worker_id == worker.id)) == 4
    (found,) = factories.every(place, Release)
    assert found.content_hash == first.content_hash
    assert releases.verify(place.storage, found, None).holds
    # Who asks again is told the same, and nothing more is done.
    twice = do(place, erasures.erase_worker, admin, worker.uid, reason="asked again")
    assert (twice.name, twice.files, twice.erasure.reason) == (erased.name, (), "asked")


def test_who_is_paid_stays_in_the_books(place: Installation, admin: Actor) -> None:
    from crowdqc.services import payouts

    owner, mina = factories.requester(place), factories.worker(place, NAME)
    project = factories.project(place, owner, items=1, overlap=1, price="0.05", currency="USD", budget="1")
    submit(place, mina, take_one(place, mina, project), "cat")
    do(place, payouts.make, owner, project.uid, key="k")
    erased = do(place, erasures.erase_person, admin, uid_of(place, NAME), reason="asked")
    assert erased.payouts == 1
    assert said_of(place, NAME) == ["payouts"]


def test_a_requester_can_be_erased_and_an_only_admin_cannot(place: Installation, admin: Actor) -> None:
    rita = factories.requester(place, "ritarita")
    project = factories.project(place, rita, items=1)
    do(place, erasures.erase_person, admin, uid_of(place, "ritarita"), reason="left")
    assert "ritarita" not in "".join(said_of(place, "ritarita"))
    assert said_of(place, "ritarita") == []
    assert release(place, admin, project).state == "ready"
    with pytest.raises(LastAdmin):
        do(place, erasures.erase_person, admin, uid_of(place, "root"), reason="left")
    assert uid_of(place, "root")


def test_what_is_refused(place: Installation, admin: Actor) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner)
    (worker,) = factories.every(place, Worker, Worker.name == "Bob Nemo")
    for reason in ("", "  ", "x" * 5001):
        with pytest.raises(Invalid) as told:
            do(place, erasures.erase_worker, admin, worker.uid, reason=reason)
        assert told.value.errors[0]["where"] == "reason"
    for use in (erasures.erase_worker, erasures.erase_person):
        with pytest.raises(reach.NoSuchWorker):
            do(place, use, admin, factories.uid(), reason="asked")
    send(place, owner, project, b"worker,item,label\nBob Nemo,g,cat\n", kind=UploadKind.ANSWERS, filename="c.csv")
    with pytest.raises(StillRead):
        do(place, erasures.erase_worker, admin, worker.uid, reason="asked")
    (kept,) = factories.every(place, Worker, Worker.id == worker.id)
    assert kept.name == "Bob Nemo"


def test_an_erasure_is_never_forgotten(place: Installation, admin: Actor) -> None:
    factories.worker(place, NAME)
    do(place, erasures.erase_person, admin, uid_of(place, NAME), reason="asked")
    for what in ("DELETE FROM erasures", "UPDATE erasures SET reason = 'x'"):
        with pytest.raises(DatabaseError, match="only ever added"), place.transaction() as tx:
            tx.session.execute(text(what))
