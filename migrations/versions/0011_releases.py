"""Releases of labels, certificates beside them, pseudonyms of workers, and erasures."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORD = sa.String(length=32)
TIME = sa.DateTime(timezone=True)

READY = (
    "(state = 'ready') = (content_hash IS NOT NULL AND labels_sha256 IS NOT NULL AND manifest IS NOT NULL"
    " AND storage_key IS NOT NULL AND labels IS NOT NULL AND frozen_at IS NOT NULL)"
)
ONLY_ADDED = ("certificates", "erasures")
NEVER = "a release that is ready is never changed"
workers = sa.table("workers", sa.column("id"), sa.column("pseudonym_key", sa.LargeBinary()))


def upgrade() -> None:
    op.create_table(
        "releases",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("certificate", JSON, nullable=True),
        sa.Column("created_by", KEY, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("frozen_at", TIME, nullable=True),
        sa.Column("run_id", KEY, nullable=True),
        sa.Column("guideline_version", sa.Integer(), nullable=True),
        sa.Column("previous_id", KEY, nullable=True),
        sa.Column("labels", KEY, nullable=True),
        sa.Column("labels_sha256", sa.String(length=64), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column("manifest", sa.Text(), nullable=True),
        sa.Column("storage_key", sa.String(length=255), nullable=True),
        sa.Column("writing_key", sa.String(length=255), nullable=True),
        sa.Column("failure", JSON, nullable=True),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'building', 'ready', 'failed')", name=op.f("ck_releases_state")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_releases_number")),
        sa.CheckConstraint(READY, name=op.f("ck_releases_ready")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_releases_project_id_projects")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_releases_created_by_people")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_releases_run_id_runs")),
        sa.ForeignKeyConstraint(["previous_id"], ["releases.id"], name=op.f("fk_releases_previous_id_releases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_releases_project_id_number")),
        sa.UniqueConstraint("uid", name=op.f("uq_releases_uid")),
    )
    op.create_index("ix_releases_project_id_state", "releases", ["project_id", "state"])
    op.create_table(
        "certificates",
        sa.Column("release_id", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("made_by", KEY, nullable=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_certificates_release_id_releases")),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name=op.f("fk_certificates_made_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
    )
    op.create_index("ix_certificates_release_id_id", "certificates", ["release_id", "id"])
    op.create_table(
        "erasures",
        sa.Column("worker_id", KEY, nullable=True),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", KEY, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_erasures_worker_id_workers")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_erasures_person_id_people")),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name=op.f("fk_erasures_made_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        sa.UniqueConstraint("worker_id", name=op.f("uq_erasures_worker_id")),
        sa.UniqueConstraint("person_id", name=op.f("uq_erasures_person_id")),
    )
    with op.batch_alter_table("workers") as table:
        table.add_column(sa.Column("pseudonym_key", sa.LargeBinary(length=32), nullable=True))
    connection = op.get_bind()
    for key in connection.scalars(sa.select(workers.c.id)).all():
        fresh = secrets.token_bytes(32)
        connection.execute(sa.update(workers).where(workers.c.id == key).values(pseudonym_key=fresh))
    with op.batch_alter_table("workers") as table:
        table.alter_column("pseudonym_key", existing_type=sa.LargeBinary(length=32), nullable=False)
    _guard()


def downgrade() -> None:
    with op.batch_alter_table("workers") as table:
        table.drop_column("pseudonym_key")
    op.drop_table("erasures")
    op.drop_table("certificates")
    op.drop_table("releases")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION crowdqc_frozen()")


def _guard() -> None:
    """Have the database refuse to change what is frozen. (Who rebuilds these tables makes this anew.)"""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION crowdqc_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION USING MESSAGE = '{NEVER}', ERRCODE = 'restrict_violation'; END $$"
        )
        op.execute(
            "CREATE TRIGGER releases_frozen BEFORE UPDATE OR DELETE ON releases"
            " FOR EACH ROW WHEN (OLD.state = 'ready') EXECUTE FUNCTION crowdqc_frozen()"
        )
        op.execute(
            "CREATE TRIGGER releases_no_truncate BEFORE TRUNCATE ON releases"
            " FOR EACH STATEMENT EXECUTE FUNCTION crowdqc_frozen()"
        )
        for name in ONLY_ADDED:
            op.execute(
                f"CREATE TRIGGER {name}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {name}"
                " FOR EACH STATEMENT EXECUTE FUNCTION crowdqc_only_added()"
            )
        return
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER releases_no_{what.lower()} BEFORE {what} ON releases WHEN OLD.state = 'ready'"
            f" BEGIN SELECT RAISE(ABORT, '{NEVER}'); END"
        )
        for name in ONLY_ADDED:
            op.execute(
                f"CREATE TRIGGER {name}_no_{what.lower()} BEFORE {what} ON {name}"
                f" BEGIN SELECT RAISE(ABORT, 'rows of {name} are only ever added'); END"
            )
