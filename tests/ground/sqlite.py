"""SQLite files for the tests: migrated once a run, then copied."""

from __future__ import annotations

import shutil
from pathlib import Path

import migrations
from crowdqc import assembly
from tests.ground import run


def template() -> Path:
    """Give a file in which all migrations have run."""
    with run.alone("template.db") as file:
        if not file.exists():
            made = file.with_suffix(".new")
            engine = assembly.database(f"sqlite:///{made}")
            try:
                migrations.upgrade(engine)
            finally:
                engine.dispose()
            made.rename(file)
        return file


def database(folder: Path, *, migrated: bool = True) -> str:
    """Give the URL of a fresh database in a folder."""
    file = folder / "crowdqc.db"
    if migrated:
        shutil.copyfile(template(), file)
    return f"sqlite:///{file}"
