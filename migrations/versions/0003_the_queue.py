"""The queue in orders: ranks and priorities of items, and where in it a worker's desk stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
OPEN = {"sqlite_where": sa.text("state = 'open'"), "postgresql_where": sa.text("state = 'open'")}
projects = sa.table("projects", sa.column("id"), sa.column("plan", JSON))


def upgrade() -> None:
    op.drop_index("ix_items_queue", table_name="items")
    with op.batch_alter_table("items") as table:
        table.add_column(sa.Column("rank", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_items_queue", "items", ["project_id", "rank", "id"], **OPEN)
    with op.batch_alter_table("desks") as table:
        table.add_column(sa.Column("rank", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True))
    _plans(lambda plan: {"order": "arrival"} | plan)


def downgrade() -> None:
    _plans(lambda plan: {name: value for name, value in plan.items() if name != "order"})
    with op.batch_alter_table("desks") as table:
        table.drop_column("rests_until")
        table.drop_column("rank")
    op.drop_index("ix_items_queue", table_name="items")
    with op.batch_alter_table("items") as table:
        table.drop_column("priority")
        table.drop_column("rank")
    op.create_index("ix_items_queue", "items", ["project_id", "id"], **OPEN)


def _plans(change) -> None:  # type: ignore[no-untyped-def]
    connection = op.get_bind()
    for key, plan in connection.execute(sa.select(projects.c.id, projects.c.plan)).all():
        connection.execute(sa.update(projects).where(projects.c.id == key).values(plan=change(plan)))
