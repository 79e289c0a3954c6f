"""Writes the next migration from the models: `python -m migrations "what changes, in a few words"`.

It compares the models with a database that all migrations so far have made, and writes the difference to
`versions/`, to be read and tidied by hand: a changed CHECK, for one, is not noticed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

import migrations
from crowdqc import assembly


def write(message: str) -> Path:
    """Write the next migration; give its file."""
    number = 1 + len(list(ScriptDirectory.from_config(migrations.config()).walk_revisions()))
    with tempfile.TemporaryDirectory() as folder:
        engine = assembly.database(f"sqlite:///{folder}/tables.db")
        try:
            migrations.upgrade(engine)
            with engine.connect() as connection, connection.begin():
                config = migrations.config(connection)
                script = command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")
        finally:
            engine.dispose()
    return Path(script.path)  # type: ignore[union-attr]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(write(sys.argv[1]))
