"""Leases that go on: drafts with versions, keys of submissions, what a worker may give."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

BEFORE = "state IN ('open', 'submitted', 'skipped', 'expired', 'withheld')"
NOW = "state IN ('open', 'submitted', 'skipped', 'expired', 'returned', 'withheld')"
#: What the plans of projects had no word for.
PLAN = {
    "lease_limit_seconds": 7200,
    "skipped": "to_others",
    "worker_answers": None,
    "worker_share": None,
    "worker_daily": None,
    "gold_steps": None,
    "answer_cost": 0.01,
    "expert_cost": None,
}
projects = sa.table("projects", sa.column("id"), sa.column("plan", JSON))


def upgrade() -> None:
    with op.batch_alter_table("assignments") as table:
        table.add_column(sa.Column("draft_version", sa.Integer(), server_default="0", nullable=False))
        table.drop_constraint(op.f("ck_assignments_state"), type_="check")
        table.create_check_constraint(op.f("ck_assignments_state"), NOW)
    with op.batch_alter_table("answers") as table:
        table.add_column(sa.Column("idempotency_key", sa.String(length=64), nullable=True))
        table.create_unique_constraint(
            op.f("uq_answers_worker_id_idempotency_key"), ["worker_id", "idempotency_key"]
        )
    with op.batch_alter_table("desks") as table:
        table.add_column(sa.Column("answered", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("answered_today", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("day", sa.Date(), nullable=True))
        table.add_column(sa.Column("gold_right", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("saving", JSON, server_default="{}", nullable=False))
    op.execute(
        "UPDATE desks SET answered = (SELECT count(*) FROM answers WHERE answers.worker_id = desks.worker_id"
        " AND answers.project_id = desks.project_id AND answers.assignment_id IS NOT NULL)"
    )
    _plans(lambda plan: PLAN | plan)


def downgrade() -> None:
    _plans(lambda plan: {name: value for name, value in plan.items() if name not in PLAN})
    with op.batch_alter_table("runs") as table:
        table.drop_column("saving")
    with op.batch_alter_table("desks") as table:
        table.drop_column("gold_right")
        table.drop_column("day")
        table.drop_column("answered_today")
        table.drop_column("answered")
    with op.batch_alter_table("answers") as table:
        table.drop_constraint(op.f("uq_answers_worker_id_idempotency_key"), type_="unique")
        table.drop_column("idempotency_key")
    op.execute("UPDATE assignments SET state = 'skipped' WHERE state = 'returned'")
    with op.batch_alter_table("assignments") as table:
        table.drop_constraint(op.f("ck_assignments_state"), type_="check")
        table.create_check_constraint(op.f("ck_assignments_state"), BEFORE)
        table.drop_column("draft_version")


def _plans(change) -> None:  # type: ignore[no-untyped-def]
    connection = op.get_bind()
    for key, plan in connection.execute(sa.select(projects.c.id, projects.c.plan)).all():
        connection.execute(sa.update(projects).where(projects.c.id == key).values(plan=change(plan)))
