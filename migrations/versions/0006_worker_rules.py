"""Worker rules: versions, firings with their evidence, restrictions, weights, appeals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "rules",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("state IN ('off', 'on')", name=op.f("ck_rules_state")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_rules_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_rules_project_id_name")),
        sa.UniqueConstraint("uid", name=op.f("uq_rules_uid")),
    )
    op.create_table(
        "rule_versions",
        sa.Column("rule_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("created_by", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_rule_versions_version")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_rule_versions_created_by_people")),
        sa.ForeignKeyConstraint(["rule_id"], ["rules.id"], name=op.f("fk_rule_versions_rule_id_rules")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_versions")),
        sa.UniqueConstraint("rule_id", "version", name=op.f("uq_rule_versions_rule_id_version")),
    )
    op.create_table(
        "firings",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("rule_id", KEY, nullable=False),
        sa.Column("version_id", KEY, nullable=False),
        sa.Column("worker_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("seen_until", MOMENT, nullable=False),
        sa.Column("measured", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.Column("low", sa.Float(precision=53), nullable=True),
        sa.Column("high", sa.Float(precision=53), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("to_worker", sa.Text(), nullable=False),
        sa.Column("to_lead", sa.Text(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.Column("looked_at", MOMENT, nullable=True),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("(state = 'standing') = (ended_at IS NULL)", name=op.f("ck_firings_ended")),
        sa.CheckConstraint("state IN ('standing', 'overturned', 'lifted')", name=op.f("ck_firings_state")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_firings_project_id_projects")),
        sa.ForeignKeyConstraint(["rule_id"], ["rules.id"], name=op.f("fk_firings_rule_id_rules")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["rule_versions.id"], name=op.f("fk_firings_version_id_rule_versions")
        ),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_firings_worker_id_workers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firings")),
        sa.UniqueConstraint("rule_id", "worker_id", "number", name=op.f("uq_firings_rule_id_worker_id_number")),
        sa.UniqueConstraint("uid", name=op.f("uq_firings_uid")),
    )
    op.create_index("ix_firings_project_id_id", "firings", ["project_id", "id"], unique=False)
    op.create_index("ix_firings_worker_id", "firings", ["worker_id", "id"], unique=False)

    op.create_table(
        "appeals",
        sa.Column("firing_id", KEY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("decided_by", KEY, nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("corrected", JSON, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("(state = 'open') = (decided_by IS NULL)", name=op.f("ck_appeals_decided")),
        sa.CheckConstraint("state IN ('open', 'upheld', 'denied')", name=op.f("ck_appeals_state")),
        sa.CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name=op.f("ck_appeals_decided_at")),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_appeals_decided_by_people")),
        sa.ForeignKeyConstraint(["firing_id"], ["firings.id"], name=op.f("fk_appeals_firing_id_firings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
        sa.UniqueConstraint("firing_id", name=op.f("uq_appeals_firing_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_appeals_uid")),
    )
    op.create_index("ix_appeals_state_id", "appeals", ["state", "id"], unique=False)

    op.create_table(
        "restrictions",
        sa.Column("project_id", KEY, nullable=True),
        sa.Column("worker_id", KEY, nullable=False),
        sa.Column("firing_id", KEY, nullable=True),
        sa.Column("imposed_by", KEY, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", KEY, nullable=True),
        sa.Column("lifted_why", sa.Text(), nullable=True),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("(firing_id IS NULL) <> (imposed_by IS NULL)", name=op.f("ck_restrictions_cause")),
        sa.CheckConstraint("(lifted_at IS NULL) = (lifted_why IS NULL)", name=op.f("ck_restrictions_lifted")),
        sa.CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name=op.f("ck_restrictions_ends_at")),
        sa.ForeignKeyConstraint(["firing_id"], ["firings.id"], name=op.f("fk_restrictions_firing_id_firings")),
        sa.ForeignKeyConstraint(["imposed_by"], ["people.id"], name=op.f("fk_restrictions_imposed_by_people")),
        sa.ForeignKeyConstraint(["lifted_by"], ["people.id"], name=op.f("fk_restrictions_lifted_by_people")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_restrictions_project_id_projects")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_restrictions_worker_id_workers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restrictions")),
        sa.UniqueConstraint("firing_id", name=op.f("uq_restrictions_firing_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_restrictions_uid")),
    )
    op.create_index("ix_restrictions_project_id_id", "restrictions", ["project_id", "id"], unique=False)
    op.create_index(
        "ix_restrictions_worker",
        "restrictions",
        ["worker_id", "project_id"],
        unique=False,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )

    op.create_table(
        "worker_weights",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("worker_id", KEY, nullable=False),
        sa.Column("firing_id", KEY, nullable=False),
        sa.Column("weight", sa.Float(precision=53), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("weight >= 0 AND weight < 1", name=op.f("ck_worker_weights_weight")),
        sa.ForeignKeyConstraint(["firing_id"], ["firings.id"], name=op.f("fk_worker_weights_firing_id_firings")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_worker_weights_project_id_projects")
        ),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_worker_weights_worker_id_workers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker_weights")),
        sa.UniqueConstraint("firing_id", name=op.f("uq_worker_weights_firing_id")),
    )
    op.create_index("ix_worker_weights_project_id", "worker_weights", ["project_id", "worker_id"], unique=False)

    op.create_table(
        "firing_evidence",
        sa.Column("firing_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("answer_id", KEY, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["answers.id"], name=op.f("fk_firing_evidence_answer_id_answers")),
        sa.ForeignKeyConstraint(
            ["firing_id"], ["firings.id"], name=op.f("fk_firing_evidence_firing_id_firings"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_firing_evidence_item_id_items")),
        sa.PrimaryKeyConstraint("firing_id", "item_id", name=op.f("pk_firing_evidence")),
    )
    op.create_index("ix_firing_evidence_item_id", "firing_evidence", ["item_id"], unique=False)

    with op.batch_alter_table("projects") as table:
        table.add_column(sa.Column("rules_on", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("weights", JSON, server_default="{}", nullable=False))

    with op.batch_alter_table("workers") as table:
        table.add_column(sa.Column("restricted", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE name = 'apply_rules'")
    with op.batch_alter_table("workers") as table:
        table.drop_column("restricted")

    with op.batch_alter_table("runs") as table:
        table.drop_column("weights")

    with op.batch_alter_table("projects") as table:
        table.drop_column("rules_on")

    op.drop_table("firing_evidence")
    op.drop_table("worker_weights")
    op.drop_table("restrictions")
    op.drop_table("appeals")
    op.drop_table("firings")
    op.drop_table("rule_versions")
    op.drop_table("rules")
