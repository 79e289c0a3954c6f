"""What a model's word is for, views of an item, and embeddings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BEFORE = "kind IN ('items', 'answers', 'predictions')"
AFTER = "kind IN ('items', 'answers', 'predictions', 'embeddings')"
ROLES = "role IN ('student', 'ensemble', 'views', 'teacher', 'embedder')"
FOLDS = "fold IN ('unknown', 'out_of_fold', 'held_out', 'in_sample')"


def upgrade() -> None:
    with op.batch_alter_table("models") as table:
        table.add_column(sa.Column("role", sa.String(32), server_default="student", nullable=False))
        table.add_column(sa.Column("fold", sa.String(32), server_default="unknown", nullable=False))
        table.create_check_constraint(op.f("ck_models_role"), ROLES)
        table.create_check_constraint(op.f("ck_models_fold"), FOLDS)
    with op.batch_alter_table("predictions") as table:
        table.add_column(sa.Column("view", sa.SmallInteger(), server_default="0", nullable=False))
        table.create_check_constraint(op.f("ck_predictions_view"), "view >= 0")
        table.drop_constraint(op.f("uq_predictions_model_id_item_id"), type_="unique")
        table.create_unique_constraint(
            op.f("uq_predictions_model_id_item_id_view"), ["model_id", "item_id", "view"]
        )
    with op.batch_alter_table("uploads") as table:
        table.drop_constraint(op.f("ck_uploads_kind"), type_="check")
        table.create_check_constraint(op.f("ck_uploads_kind"), AFTER)
    op.create_table(
        "embeddings",
        sa.Column("id", KEY, nullable=False),
        sa.Column("model_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("upload_id", KEY, nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_embeddings_item_id_items")),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_embeddings_model_id_models")),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_embeddings_upload_id_uploads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_embeddings")),
        sa.UniqueConstraint("model_id", "item_id", name=op.f("uq_embeddings_model_id_item_id")),
    )
    op.create_index(op.f("ix_embeddings_item_id"), "embeddings", ["item_id"])


def downgrade() -> None:
    op.drop_table("embeddings")
    op.execute("DELETE FROM predictions WHERE view > 0")
    op.execute("DELETE FROM upload_faults WHERE upload_id IN (SELECT id FROM uploads WHERE kind = 'embeddings')")
    op.execute("DELETE FROM uploads WHERE kind = 'embeddings'")
    with op.batch_alter_table("uploads") as table:
        table.drop_constraint(op.f("ck_uploads_kind"), type_="check")
        table.create_check_constraint(op.f("ck_uploads_kind"), BEFORE)
    with op.batch_alter_table("predictions") as table:
        table.drop_constraint(op.f("uq_predictions_model_id_item_id_view"), type_="unique")
        table.create_unique_constraint(op.f("uq_predictions_model_id_item_id"), ["model_id", "item_id"])
        table.drop_constraint(op.f("ck_predictions_view"), type_="check")
        table.drop_column("view")
    with op.batch_alter_table("models") as table:
        table.drop_constraint(op.f("ck_models_fold"), type_="check")
        table.drop_constraint(op.f("ck_models_role"), type_="check")
        table.drop_column("fold")
        table.drop_column("role")
