"""What alembic runs: the migrations on the connection that it is handed, and how new ones are written."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import DowngradeOps, DropIndexOp, DropTableOp, MigrationScript, ModifyTableOps
from sqlalchemy import BigInteger

from crowdqc.records import Base
from crowdqc.records.base import Json, UTCDateTime


def spelled(kind: str, thing: Any, _: AutogenContext) -> str | Literal[False]:
    """Write a type of ours by what it is in the database (see `script.py.mako`), since code changes."""
    if kind != "type":
        return False
    if isinstance(thing, UTCDateTime):
        return "MOMENT"
    if isinstance(thing, type(Json)) and "postgresql" in thing._variant_mapping:
        return "JSON"
    if isinstance(thing, BigInteger) and "sqlite" in thing._variant_mapping:
        return "KEY"
    return False


def shortened(_: Any, __: Any, scripts: list[MigrationScript]) -> None:
    """Leave out the dropping of indexes that go with their table."""
    for script in scripts:
        assert isinstance(script.downgrade_ops, DowngradeOps)
        steps = script.downgrade_ops.ops
        dropped = {step.table_name for step in steps if isinstance(step, DropTableOp)}
        for step in steps:
            if isinstance(step, ModifyTableOps) and step.table_name in dropped:
                step.ops = [each for each in step.ops if not isinstance(each, DropIndexOp)]


connection = context.config.attributes["connection"]
# SQLite alters a table by making it anew (alembic: "batch"); the first tables need no altering.
first = not context.script.get_heads()
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=not first,
    render_item=spelled,
    process_revision_directives=shortened,
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
