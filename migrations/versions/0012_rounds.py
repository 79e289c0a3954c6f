"""Rounds, their items, and reviews that somebody asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
LIVE = "state IN ('opened', 'choosing', 'reviewing')"


def upgrade() -> None:
    with op.batch_alter_table("reviews") as table:
        table.add_column(sa.Column("asked", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "rounds",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("plan", JSON, nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("release_id", KEY, nullable=False),
        sa.Column("end_release_id", KEY, nullable=True),
        sa.Column("models", JSON, nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("free", sa.Integer(), nullable=True),
        sa.Column("samplers", JSON, nullable=True),
        sa.Column("failure", JSON, nullable=True),
        sa.Column("result", JSON, nullable=True),
        sa.Column("created_by", KEY, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint(
            "state IN ('opened', 'choosing', 'reviewing', 'ended', 'abandoned')", name=op.f("ck_rounds_state")
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_rounds_number")),
        sa.CheckConstraint("(state = 'ended') = (result IS NOT NULL)", name=op.f("ck_rounds_ended")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_rounds_project_id_projects")),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_rounds_release_id_releases")),
        sa.ForeignKeyConstraint(
            ["end_release_id"], ["releases.id"], name=op.f("fk_rounds_end_release_id_releases")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_rounds_created_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rounds")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_rounds_project_id_number")),
        sa.UniqueConstraint("uid", name=op.f("uq_rounds_uid")),
    )
    op.create_index(
        "uq_rounds_live",
        "rounds",
        ["project_id"],
        unique=True,
        sqlite_where=sa.text(LIVE),
        postgresql_where=sa.text(LIVE),
    )
    op.create_table(
        "round_items",
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("review_id", KEY, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("label", sa.SmallInteger(), nullable=False),
        sa.Column("suggested", sa.SmallInteger(), nullable=True),
        sa.Column("suspect", sa.Integer(), nullable=True),
        sa.Column("draw", sa.Integer(), nullable=True),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_round_items_round_id_rounds")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_round_items_item_id_items")),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_round_items_review_id_reviews")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_items")),
        sa.UniqueConstraint("round_id", "item_id", name=op.f("uq_round_items_round_id_item_id")),
        sa.UniqueConstraint("round_id", "place", name=op.f("uq_round_items_round_id_place")),
    )
    op.create_index(op.f("ix_round_items_item_id"), "round_items", ["item_id"])
    op.create_index(op.f("ix_round_items_review_id"), "round_items", ["review_id"])


def downgrade() -> None:
    op.drop_table("round_items")
    op.drop_table("rounds")
    with op.batch_alter_table("reviews") as table:
        table.drop_column("asked")
