"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("failure", JSON, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name=op.f("ck_jobs_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("uid", name=op.f("uq_jobs_uid")),
    )
    op.create_index("ix_jobs_state_due_at", "jobs", ["state", "due_at"], unique=False)
    op.create_index(
        "uq_jobs_waiting",
        "jobs",
        ["name", "subject"],
        unique=True,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "people",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("roles", JSON, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("name", name=op.f("uq_people_name")),
        sa.UniqueConstraint("uid", name=op.f("uq_people_uid")),
    )
    op.create_table(
        "projects",
        sa.Column("owner_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer_type", sa.String(length=32), nullable=False),
        sa.Column("classes", JSON, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("plan", JSON, nullable=False),
        sa.Column("guideline_version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("answer_type IN ('single_choice')", name=op.f("ck_projects_answer_type")),
        sa.CheckConstraint("state IN ('draft', 'open', 'paused', 'closed')", name=op.f("ck_projects_state")),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_projects_owner_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("uid", name=op.f("uq_projects_uid")),
    )
    op.create_index("ix_projects_owner_id_id", "projects", ["owner_id", "id"], unique=False)
    op.create_table(
        "sign_ins",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_sign_ins_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_sign_ins_secret_hash")),
    )
    op.create_index(op.f("ix_sign_ins_person_id"), "sign_ins", ["person_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_tokens_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_tokens_secret_hash")),
        sa.UniqueConstraint("uid", name=op.f("uq_tokens_uid")),
    )
    op.create_index(op.f("ix_tokens_person_id"), "tokens", ["person_id"], unique=False)
    op.create_table(
        "workers",
        sa.Column("crowd", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_workers_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
        sa.UniqueConstraint("person_id", name=op.f("uq_workers_person_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_workers_uid")),
    )
    op.create_index("uq_workers_crowd_name", "workers", ["crowd", "name"], unique=True)
    op.create_table(
        "desks",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("worker_id", KEY, nullable=False),
        sa.Column("cursor", KEY, nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("gold_given", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_desks_project_id_projects")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_desks_worker_id_workers")),
        sa.PrimaryKeyConstraint("project_id", "worker_id", name=op.f("pk_desks")),
    )
    op.create_table(
        "guidelines",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_guidelines_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guidelines")),
        sa.UniqueConstraint("project_id", "version", name=op.f("uq_guidelines_project_id_version")),
    )
    op.create_table(
        "models",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_models_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_models")),
        sa.UniqueConstraint("project_id", "name", "version", name=op.f("uq_models_project_id_name_version")),
        sa.UniqueConstraint("uid", name=op.f("uq_models_uid")),
    )
    op.create_table(
        "runs",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("repeats_id", KEY, nullable=True),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("policy", JSON, nullable=False),
        sa.Column("costs", JSON, nullable=True),
        sa.Column("classes", JSON, nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("code_version", sa.String(length=64), nullable=False),
        sa.Column("answers_until", KEY, nullable=False),
        sa.Column("predictions_until", KEY, nullable=False),
        sa.Column("truths", JSON, nullable=True),
        sa.Column("input_hash", sa.String(length=64), nullable=True),
        sa.Column("output_hash", sa.String(length=64), nullable=True),
        sa.Column("summary", JSON, nullable=True),
        sa.Column("failure", JSON, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("cause IN ('answers', 'person')", name=op.f("ck_runs_cause")),
        sa.CheckConstraint("state IN ('waiting', 'done', 'failed')", name=op.f("ck_runs_state")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_runs_project_id_projects")),
        sa.ForeignKeyConstraint(["repeats_id"], ["runs.id"], name=op.f("fk_runs_repeats_id_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("uid", name=op.f("uq_runs_uid")),
    )
    op.create_index("ix_runs_project_id_id", "runs", ["project_id", "id"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=True),
        sa.Column("format", sa.String(length=32), nullable=False),
        sa.Column("storage_key", sa.String(length=255), nullable=False),
        sa.Column("size", KEY, nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("faulty", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("failure", JSON, nullable=True),
        sa.Column("created_by", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("kind IN ('items', 'answers', 'predictions')", name=op.f("ck_uploads_kind")),
        sa.CheckConstraint("state IN ('waiting', 'reading', 'done', 'failed')", name=op.f("ck_uploads_state")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_uploads_created_by_people")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_uploads_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("project_id", "idempotency_key", name=op.f("uq_uploads_project_id_idempotency_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_uploads_uid")),
    )
    op.create_index("ix_uploads_project_id_id", "uploads", ["project_id", "id"], unique=False)
    op.create_index(
        "uq_uploads_fingerprint",
        "uploads",
        ["project_id", "fingerprint"],
        unique=True,
        sqlite_where=sa.text("state <> 'failed' AND faulty = 0"),
        postgresql_where=sa.text("state <> 'failed' AND faulty = 0"),
    )
    op.create_table(
        "items",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("upload_id", KEY, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("meta", JSON, nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("overlap", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("leased", sa.Integer(), nullable=False),
        sa.Column("truth", JSON, nullable=True),
        sa.Column("truth_source", sa.String(length=32), nullable=True),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint(
            "state IN ('gold', 'open', 'answered', 'accepted', 'in_review', 'decided', 'discarded')",
            name=op.f("ck_items_state"),
        ),
        sa.CheckConstraint("(truth IS NULL) = (truth_source IS NULL)", name=op.f("ck_items_truth")),
        sa.CheckConstraint(
            "answered >= 0 AND leased >= 0 AND answered + leased <= overlap", name=op.f("ck_items_overlap")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_items_project_id_projects")),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_items_upload_id_uploads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("project_id", "key", name=op.f("uq_items_project_id_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_items_uid")),
    )
    op.create_index("ix_items_project_id_state_id", "items", ["project_id", "state", "id"], unique=False)
    op.create_index(
        "ix_items_queue",
        "items",
        ["project_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(op.f("ix_items_upload_id"), "items", ["upload_id"], unique=False)
    op.create_table(
        "upload_faults",
        sa.Column("upload_id", KEY, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("where", sa.String(length=200), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("mend", sa.Text(), nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], name=op.f("fk_upload_faults_upload_id_uploads"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_faults")),
    )
    op.create_index("ix_upload_faults_upload_id_id", "upload_faults", ["upload_id", "id"], unique=False)
    op.create_table(
        "worker_scores",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("worker_id", KEY, nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("gold_answers", sa.Integer(), nullable=False),
        sa.Column("gold_correct", sa.Integer(), nullable=False),
        sa.Column("gold_accuracy", sa.Float(precision=53), nullable=True),
        sa.Column("gold_low", sa.Float(precision=53), nullable=True),
        sa.Column("gold_high", sa.Float(precision=53), nullable=True),
        sa.Column("consensus_accuracy", sa.Float(precision=53), nullable=True),
        sa.Column("consensus_low", sa.Float(precision=53), nullable=True),
        sa.Column("consensus_high", sa.Float(precision=53), nullable=True),
        sa.Column("median_seconds", sa.Float(precision=53), nullable=True),
        sa.Column("confusion", sa.LargeBinary(), nullable=False),
        sa.Column("confusion_counts", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_worker_scores_run_id_runs"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_worker_scores_worker_id_workers")),
        sa.PrimaryKeyConstraint("run_id", "worker_id", name=op.f("pk_worker_scores")),
    )
    op.create_index(op.f("ix_worker_scores_worker_id"), "worker_scores", ["worker_id"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("worker_id", KEY, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("guideline_version", sa.Integer(), nullable=False),
        sa.Column("leased_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("draft", JSON, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'submitted', 'skipped', 'expired', 'withheld')", name=op.f("ck_assignments_state")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_assignments_item_id_items")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_assignments_project_id_projects")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_assignments_worker_id_workers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.UniqueConstraint("item_id", "worker_id", name=op.f("uq_assignments_item_id_worker_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_assignments_uid")),
    )
    op.create_index(
        "ix_assignments_open",
        "assignments",
        ["project_id", "expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_assignments_worker", "assignments", ["worker_id", "project_id", "state"], unique=False)
    op.create_table(
        "item_scores",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("label", sa.SmallInteger(), nullable=True),
        sa.Column("confidence", sa.Float(precision=53), nullable=True),
        sa.Column("doubt", sa.Float(precision=53), nullable=True),
        sa.Column("posterior", sa.LargeBinary(), nullable=False),
        sa.Column("margin", sa.Float(precision=53), nullable=True),
        sa.Column("entropy", sa.Float(precision=53), nullable=True),
        sa.Column("agreement", sa.Float(precision=53), nullable=True),
        sa.Column("plurality", sa.Float(precision=53), nullable=True),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("tied", sa.Boolean(), nullable=False),
        sa.Column("route", sa.String(length=32), nullable=False),
        sa.Column("priority", sa.Float(precision=53), nullable=False),
        sa.CheckConstraint(
            "confidence IS NULL OR (confidence >= 0 AND confidence <= 1)", name=op.f("ck_item_scores_confidence")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_item_scores_item_id_items")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_item_scores_run_id_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "item_id", name=op.f("pk_item_scores")),
    )
    op.create_index("ix_item_scores_item_id", "item_scores", ["item_id"], unique=False)
    op.create_index(
        "ix_item_scores_run_id_confidence", "item_scores", ["run_id", "confidence", "item_id"], unique=False
    )
    op.create_table(
        "predictions",
        sa.Column("model_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("upload_id", KEY, nullable=False),
        sa.Column("probabilities", sa.LargeBinary(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_predictions_item_id_items")),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_predictions_model_id_models")),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_predictions_upload_id_uploads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_predictions")),
        sa.UniqueConstraint("model_id", "item_id", name=op.f("uq_predictions_model_id_item_id")),
    )
    op.create_index("ix_predictions_item_id", "predictions", ["item_id"], unique=False)
    op.create_table(
        "reports",
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("worker_id", KEY, nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_reports_item_id_items")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_reports_worker_id_workers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("item_id", "worker_id", name=op.f("uq_reports_item_id_worker_id")),
    )
    op.create_table(
        "reviews",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("priority", sa.Float(precision=53), nullable=False),
        sa.Column("consensus_label", sa.SmallInteger(), nullable=True),
        sa.Column("overlap_before", sa.Integer(), nullable=True),
        sa.Column("claimed_by", KEY, nullable=True),
        sa.Column("claimed_until", MOMENT, nullable=True),
        sa.Column("verdict", sa.String(length=32), nullable=True),
        sa.Column("label", sa.SmallInteger(), nullable=True),
        sa.Column("decided_by", KEY, nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("(state = 'decided') = (verdict IS NOT NULL)", name=op.f("ck_reviews_decided")),
        sa.CheckConstraint("state <> 'claimed' OR claimed_by IS NOT NULL", name=op.f("ck_reviews_claimed")),
        sa.CheckConstraint("state IN ('open', 'claimed', 'decided', 'withdrawn')", name=op.f("ck_reviews_state")),
        sa.CheckConstraint(
            "verdict IS NULL OR verdict IN ('accept', 'correct', 'discard', 'more_answers')",
            name=op.f("ck_reviews_verdict"),
        ),
        sa.ForeignKeyConstraint(["claimed_by"], ["people.id"], name=op.f("fk_reviews_claimed_by_people")),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_reviews_decided_by_people")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_reviews_item_id_items")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_reviews_project_id_projects")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_reviews_run_id_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("uid", name=op.f("uq_reviews_uid")),
    )
    op.create_index("ix_reviews_item_id", "reviews", ["item_id"], unique=False)
    op.create_index("ix_reviews_queue", "reviews", ["project_id", "state", "priority", "id"], unique=False)
    op.create_index(
        "uq_reviews_open_item",
        "reviews",
        ["item_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'claimed')"),
        postgresql_where=sa.text("state IN ('open', 'claimed')"),
    )
    op.create_table(
        "answers",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("worker_id", KEY, nullable=False),
        sa.Column("assignment_id", KEY, nullable=True),
        sa.Column("upload_id", KEY, nullable=True),
        sa.Column("label", sa.SmallInteger(), nullable=True),
        sa.Column("value", JSON, nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("guideline_version", sa.Integer(), nullable=False),
        sa.Column("submitted_at", MOMENT, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("(label IS NULL) <> (value IS NULL)", name=op.f("ck_answers_label_or_value")),
        sa.CheckConstraint("seconds IS NULL OR seconds >= 0", name=op.f("ck_answers_seconds")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_answers_assignment_id_assignments")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_answers_item_id_items")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_answers_project_id_projects")),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_answers_upload_id_uploads")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_answers_worker_id_workers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("assignment_id", name=op.f("uq_answers_assignment_id")),
        sa.UniqueConstraint("item_id", "worker_id", name=op.f("uq_answers_item_id_worker_id")),
    )
    op.create_index("ix_answers_project_id_id", "answers", ["project_id", "id"], unique=False)
    op.create_index("ix_answers_worker", "answers", ["worker_id", "project_id"], unique=False)
    op.create_table(
        "review_events",
        sa.Column("review_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=True),
        sa.Column("label", sa.SmallInteger(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint(
            "action IN ('opened', 'claimed', 'released', 'commented', 'decided', 'undone', 'withdrawn')",
            name=op.f("ck_review_events_action"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_review_events_person_id_people")),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_review_events_review_id_reviews"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_events")),
    )
    op.create_index("ix_review_events_review_id_id", "review_events", ["review_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("review_events")
    op.drop_table("answers")
    op.drop_table("reviews")
    op.drop_table("reports")
    op.drop_table("predictions")
    op.drop_table("item_scores")
    op.drop_table("assignments")
    op.drop_table("worker_scores")
    op.drop_table("upload_faults")
    op.drop_table("items")
    op.drop_table("uploads")
    op.drop_table("runs")
    op.drop_table("models")
    op.drop_table("guidelines")
    op.drop_table("desks")
    op.drop_table("workers")
    op.drop_table("tokens")
    op.drop_table("sign_ins")
    op.drop_table("projects")
    op.drop_table("people")
    op.drop_table("jobs")
