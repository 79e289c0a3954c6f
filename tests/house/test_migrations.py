"""The history of the tables against the tables: both ends, on both databases, and two at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

import migrations
from crowdqc import assembly
from crowdqc.records import Base


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    engine = assembly.database(empty_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def migrated(database_url: str) -> Iterator[Engine]:
    engine = assembly.database(database_url)
    yield engine
    engine.dispose()


def described(engine: Engine) -> dict[str, Any]:
    """Tell all that the database itself knows of its tables."""
    eye = inspect(engine)
    told: dict[str, Any] = {}
    for table in sorted(set(eye.get_table_names()) - {"alembic_version"}):
        told[table] = {
            "columns": {
                each["name"]: (str(each["type"]), each["nullable"], each["default"])
                for each in eye.get_columns(table)
            },
            "primary key": eye.get_pk_constraint(table),
            "foreign keys": sorted(eye.get_foreign_keys(table), key=lambda each: str(each["name"])),
            "checks": sorted((each["name"], each["sqltext"]) for each in eye.get_check_constraints(table)),
            "unique": sorted(eye.get_unique_constraints(table), key=lambda each: str(each["name"])),
            "indexes": sorted(
                (
                    each["name"],
                    each["column_names"],
                    bool(each["unique"]),
                    [
                        str(value)
                        for key, value in each.get("dialect_options", {}).items()
                        if key.endswith("_where")
                    ],
                )
                for each in eye.get_indexes(table)
            ),
        }
    return told


def test_models_and_migrations_agree(migrated: Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrations_make_what_the_models_would_make(migrated: Engine, empty: Engine) -> None:
    # More than alembic compares: CHECKs, the conditions of partial indexes, what goes with a deleted row.
    Base.metadata.create_all(empty)
    made, wanted = described(migrated), described(empty)
    assert made.keys() == wanted.keys()
    for table in wanted:
        assert made[table] == wanted[table]


def test_up_and_down_leaves_nothing(empty: Engine) -> None:
    assert migrations.current(empty) is None
    assert migrations.pending(empty)
    migrations.upgrade(empty)
    assert migrations.current(empty) == migrations.head()
    assert not migrations.pending(empty)
    migrations.downgrade(empty, "base")
    assert inspect(empty).get_table_names() == ["alembic_version"]
    assert migrations.current(empty) is None
    migrations.upgrade(empty)
    assert not migrations.pending(empty)


def test_every_step_down_can_be_taken_up_again(migrated: Engine) -> None:
    before = described(migrated)
    revision = migrations.head()
    while revision is not None:
        migrations.downgrade(migrated, "-1")
        revision = migrations.current(migrated)
    migrations.upgrade(migrated)
    assert described(migrated) == before


def test_upgrading_what_is_up_to_date_does_nothing(migrated: Engine) -> None:
    before = described(migrated)
    migrations.upgrade(migrated)
    assert described(migrated) == before


def test_two_at_once_take_turns(empty: Engine, empty_database_url: str) -> None:
    other = assembly.database(empty_database_url)
    try:
        with ThreadPoolExecutor(2) as threads:
            for done in [threads.submit(migrations.upgrade, engine) for engine in (empty, other)]:
                done.result()
    finally:
        other.dispose()
    assert not migrations.pending(empty)
    with empty.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1


def test_a_change_that_fails_leaves_no_trace(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        with_tables = inspect(held[0]).get_table_names()
        assert "projects" in with_tables
        raise RuntimeError("half-way")

    held: list[Any] = []
    upgrade = migrations.command.upgrade

    def half(config: Any, revision: str) -> None:
        upgrade(config, revision)
        held.append(config.attributes["connection"])
        broken()

    monkeypatch.setattr(migrations.command, "upgrade", half)
    with pytest.raises(RuntimeError, match="half-way"):
        migrations.upgrade(empty)
    assert inspect(empty).get_table_names() == []


def test_foreign_keys_are_watched_again_after_a_change(empty: Engine) -> None:
    migrations.upgrade(empty)
    if empty.dialect.name == "sqlite":
        with empty.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_percent_sign_in_a_url_is_no_command(tmp_path: Any) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/50%25%(here)s.db")
    try:
        migrations.upgrade(engine)
        assert not migrations.pending(engine)
    finally:
        engine.dispose()
