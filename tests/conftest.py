"""The fixtures that every floor shares: databases, an installation on each, a clock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from crowdqc.assembly import Installation, assemble
from crowdqc.settings import Settings
from tests.ground import postgres, sqlite
from tests.ground.clock import Clock
from tests.ground.run import VARIABLE, Run

ONLY = "CROWDQC_TEST_ONLY"
DATABASES = ("sqlite", "postgresql")
RUN = pytest.StashKey[Run]()

# A machine that does other things beside is no fault of a test.
hypothesis.settings.register_profile("crowdqc", deadline=None)
hypothesis.settings.load_profile("crowdqc")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "settings(**values): settings of the `installation` that a test wants other"
    )
    config.addinivalue_line("markers", "served(*arguments): arguments of the server of a journey")
    # What the caller has set for an installation of his own must not reach the tests.
    for name in [*os.environ]:
        if name.startswith("CROWDQC_") and not name.startswith("CROWDQC_TEST_"):
            del os.environ[name]
    if not hasattr(config, "workerinput"):
        # Set by a run that these tests are a part of: this one is another.
        os.environ.pop(VARIABLE, None)
        config.stash[RUN] = Run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if RUN in config.stash:
        postgres.sweep()
        config.stash[RUN].end()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    # Bytes may differ from one process of a run to the next (gzip writes down the time): no name for a test.
    if isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable()):
        return argname
    return None


def chosen() -> list[str]:
    """Give the databases that this run is about: both, unless it is told otherwise."""
    only = os.environ.get(ONLY)
    if only and only not in DATABASES:
        raise pytest.UsageError(f"{ONLY} is {only!r}; known: {', '.join(DATABASES)}.")
    return [only] if only else [*DATABASES]


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """Give the URL of the run's PostgreSQL, as a user who may create databases."""
    try:
        return postgres.url()
    except postgres.NoPostgres as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(params=chosen())
def backend(request: pytest.FixtureRequest) -> str:
    """Give "sqlite" and "postgresql" in turn."""
    return str(request.param)


def _database(backend: str, request: pytest.FixtureRequest, tmp_path: Path, migrated: bool) -> Iterator[str]:
    if backend == "sqlite":
        yield sqlite.database(tmp_path, migrated=migrated)
    else:
        request.getfixturevalue("postgres_url")
        with postgres.database(migrated=migrated) as url:
            yield url


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a fresh database in which all migrations have run, on each kind of database."""
    yield from _database(backend, request, tmp_path, migrated=True)


@pytest.fixture
def empty_database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a fresh database without tables, on each kind of database."""
    yield from _database(backend, request, tmp_path, migrated=False)


@pytest.fixture
def clock() -> Clock:
    """Give the clock of the `installation`; it stands still until `clock.advance(seconds)`."""
    return Clock()


@pytest.fixture
def settings(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Give settings for tests: passwords are cheap; `@pytest.mark.settings(name=value)` changes others."""
    values: dict[str, Any] = {
        "data_dir": str(tmp_path / "var"),
        "database_url": database_url,
        "password_memory": 8,
        "password_passes": 1,
    }
    for mark in reversed([*request.node.iter_markers("settings")]):
        values |= mark.kwargs
    return Settings(**values)


@pytest.fixture
def installation(settings: Settings, clock: Clock) -> Iterator[Installation]:
    """Give an installation on a fresh database, on each kind of database."""
    made = assemble(settings, clock=clock)
    try:
        yield made
    finally:
        made.close()
