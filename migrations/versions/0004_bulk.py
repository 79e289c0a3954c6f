"""Items without an index that nothing asked and that a third of the time of a large upload went into."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_items_upload_id"), table_name="items")


def downgrade() -> None:
    op.create_index(op.f("ix_items_upload_id"), "items", ["upload_id"])
