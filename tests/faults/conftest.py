"""An installation in production on a PostgreSQL of its own, whose processes a test may kill."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

import migrations
from crowdqc.assembly import Installation, assemble
from crowdqc.settings import Settings
from tests.conftest import chosen
from tests.faults import processes
from tests.faults.processes import Installed
from tests.ground import cluster, run
from tests.ground.cluster import Cluster


@pytest.fixture
def database() -> Iterator[Cluster]:
    """Give a server that may be killed."""
    if "postgresql" not in chosen():
        pytest.skip("This run is not about PostgreSQL.")
    # Beside the run's other server: whoever gave up root's rights may not enter pytest's own folders.
    folder = run.folder() / f"faults-{secrets.token_hex(6)}"
    folder.mkdir()
    with cluster.running(folder) as made:
        yield made


@pytest.fixture
def database_url(database: Cluster) -> str:
    """Give the URL of a database on it."""
    return database.create("crowdqc")


@pytest.fixture
def place(settings: Settings) -> Iterator[Installation]:
    """Give the installation from within: what a test prepares, and looks at when all is over."""
    made = assemble(settings)
    try:
        migrations.upgrade(made.engine)
        yield made
    finally:
        made.close()


@pytest.fixture
def installed(place: Installation, database: Cluster) -> Iterator[Installed]:
    """Give the processes of the installation."""
    where = Path(place.settings.data_dir), database, place.settings.database_url
    with processes.production(*where, job_lease=3.0, aggregation_delay=0.1) as made:
        yield made
