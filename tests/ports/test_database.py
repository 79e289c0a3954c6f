"""What both kinds of database must do for an installation: transactions, one view while reading, constraints."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from crowdqc.assembly import Installation, database
from crowdqc.records import Base, Person, SignIn
from crowdqc.records.people import by_name, count
from crowdqc.settings import BadSetting
from tests.ground.clock import Clock


def person(name: str, moment: datetime) -> Person:
    return Person(name=name, roles=["worker"], created_at=moment)


def test_a_transaction_is_kept(installation: Installation, clock: Clock) -> None:
    with installation.transaction() as tx:
        assert tx.now == clock.now
        tx.session.add(person("ada", tx.now))
    with installation.reading() as tx:
        found = by_name(tx.session, "ada")
        assert found is not None
        assert found.roles == ["worker"]
        assert found.created_at == clock.now
        assert found.created_at.tzinfo is not None


def test_a_transaction_that_fails_leaves_nothing(installation: Installation) -> None:
    def fail() -> None:
        with installation.transaction() as tx:
            tx.session.add(person("ada", tx.now))
            tx.session.flush()
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        fail()
    with installation.reading() as tx:
        assert count(tx.session) == 0


def test_a_name_is_taken_once(installation: Installation) -> None:
    with installation.transaction() as tx:
        tx.session.add(person("ada", tx.now))
    with pytest.raises(IntegrityError), installation.transaction() as tx:
        tx.session.add(person("ada", tx.now))


def test_a_row_points_at_one_that_is_there(installation: Installation) -> None:
    with pytest.raises(IntegrityError), installation.transaction() as tx:
        tx.session.add(SignIn(person_id=404, secret_hash="x", created_at=tx.now, expires_at=tx.now))


def test_what_hangs_on_a_person_goes_with_him(installation: Installation) -> None:
    with installation.transaction() as tx:
        ada = person("ada", tx.now)
        tx.session.add(ada)
        tx.session.flush()
        tx.session.add(SignIn(person_id=ada.id, secret_hash="x", created_at=tx.now, expires_at=tx.now))
    with installation.transaction() as tx:
        tx.session.execute(delete(Person))
    with installation.reading() as tx:
        assert tx.session.scalars(select(SignIn)).all() == []


def test_moments_keep_their_instant(installation: Installation) -> None:
    nepal = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    with installation.transaction() as tx:
        tx.session.add(person("ada", nepal))
    with installation.reading() as tx:
        found = tx.session.scalars(select(Person.created_at)).one()
    assert found == nepal
    assert found.utcoffset() == timedelta(0)


def test_a_moment_without_a_zone_is_refused(installation: Installation) -> None:
    naive = datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(StatementError, match="without a time zone"), installation.transaction() as tx:
        tx.session.add(person("ada", naive))


def test_who_reads_sees_one_state_however_long_it_takes(installation: Installation) -> None:
    with installation.reading() as reader:
        assert count(reader.session) == 0
        with installation.transaction() as writer:
            writer.session.add(person("ada", writer.now))
        assert count(reader.session) == 0
    with installation.reading() as reader:
        assert count(reader.session) == 1


def test_who_reads_leaves_no_trace(installation: Installation) -> None:
    with installation.reading() as tx:
        tx.session.add(person("ada", tx.now))
        try:
            tx.session.flush()
        except DBAPIError as refused:
            assert installation.engine.dialect.name == "postgresql", refused  # noqa: PT017
    with installation.reading() as tx:
        assert count(tx.session) == 0


def test_writers_wait_for_one_another(installation: Installation) -> None:
    """Count up in many threads at once: a lost update would show."""
    with installation.transaction() as tx:
        tx.session.add(person("0", tx.now))

    def count_up() -> None:
        for _ in range(5):
            with installation.transaction() as tx:
                row = tx.session.scalars(select(Person).with_for_update()).one()
                row.name = str(int(row.name) + 1)

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with installation.reading() as tx:
        assert tx.session.scalars(select(Person.name)).one() == "20"


def test_every_table_is_there(installation: Installation) -> None:
    with installation.reading() as tx:
        for table in Base.metadata.sorted_tables:
            assert tx.session.execute(select(table)).all() == []


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/name", "sqlit:///file"])
def test_a_url_that_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="database_url"):
        database(url)
