"""Skills, trainings and exams, who may work, reserved items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
MOMENT = sa.DateTime(timezone=True)


#: What the plans of projects had no word for.
PLAN = {"wanted": None}
projects = sa.table("projects", sa.column("id"), sa.column("plan", JSON))


def upgrade() -> None:
    op.create_table(
        "courses",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("skill", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("pass_mark", sa.Float(precision=53), nullable=False),
        sa.Column("draw", sa.Integer(), nullable=True),
        sa.Column("limit_seconds", sa.Integer(), nullable=True),
        sa.Column("retry_hours", sa.Float(precision=53), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=True),
        sa.Column("valid_days", sa.Float(precision=53), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("kind IN ('training', 'exam')", name=op.f("ck_courses_kind")),
        sa.CheckConstraint("state IN ('draft', 'open', 'closed')", name=op.f("ck_courses_state")),
        sa.CheckConstraint("pass_mark >= 0 AND pass_mark <= 100", name=op.f("ck_courses_pass_mark")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_courses_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_courses_project_id_name")),
        sa.UniqueConstraint("uid", name=op.f("uq_courses_uid")),
    )
    op.create_index("ix_courses_skill", "courses", ["skill"], unique=False)

    op.create_table(
        "skills",
        sa.Column("worker_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("earned_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("latest", sa.Boolean(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("source IN ('rule', 'training', 'exam', 'person')", name=op.f("ck_skills_source")),
        sa.CheckConstraint("value >= 0 AND value <= 100", name=op.f("ck_skills_value")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_skills_person_id_people")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_skills_worker_id_workers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skills")),
    )
    op.create_index("ix_skills_worker_id_name_id", "skills", ["worker_id", "name", "id"], unique=False)
    op.create_index(
        "uq_skills_latest",
        "skills",
        ["worker_id", "name"],
        unique=True,
        sqlite_where=sa.text("latest"),
        postgresql_where=sa.text("latest"),
    )

    op.create_table(
        "attempts",
        sa.Column("course_id", KEY, nullable=False),
        sa.Column("worker_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("drawn", JSON, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("score", sa.Float(precision=53), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint(
            "(state = 'finished') = (finished_at IS NOT NULL) AND (state = 'finished') = (score IS NOT NULL) AND (state = 'finished') = (passed IS NOT NULL)",
            name=op.f("ck_attempts_finished"),
        ),
        sa.CheckConstraint("state IN ('open', 'finished')", name=op.f("ck_attempts_state")),
        sa.CheckConstraint("score IS NULL OR (score >= 0 AND score <= 100)", name=op.f("ck_attempts_score")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_attempts_course_id_courses")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_attempts_worker_id_workers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint(
            "course_id", "worker_id", "number", name=op.f("uq_attempts_course_id_worker_id_number")
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_attempts_uid")),
    )
    op.create_index("ix_attempts_worker_id", "attempts", ["worker_id"], unique=False)
    op.create_index(
        "uq_attempts_open",
        "attempts",
        ["course_id", "worker_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )

    op.create_table(
        "exercises",
        sa.Column("course_id", KEY, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("truth", JSON, nullable=False),
        sa.Column("hint", sa.Text(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_exercises_course_id_courses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exercises")),
        sa.UniqueConstraint("uid", name=op.f("uq_exercises_uid")),
    )
    op.create_index(
        "uq_exercises_key",
        "exercises",
        ["course_id", "key"],
        unique=True,
        sqlite_where=sa.text("retired_at IS NULL"),
        postgresql_where=sa.text("retired_at IS NULL"),
    )

    op.create_table(
        "reservations",
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("worker_id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_reservations_item_id_items")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_reservations_project_id_projects")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_reservations_worker_id_workers")),
        sa.PrimaryKeyConstraint("item_id", "worker_id", name=op.f("pk_reservations")),
    )
    op.create_index("ix_reservations_worker", "reservations", ["worker_id", "project_id", "item_id"], unique=False)

    op.create_table(
        "responses",
        sa.Column("attempt_id", KEY, nullable=False),
        sa.Column("exercise_id", KEY, nullable=False),
        sa.Column("turn", sa.SmallInteger(), nullable=False),
        sa.Column("label", sa.SmallInteger(), nullable=False),
        sa.Column("correct", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("turn >= 1", name=op.f("ck_responses_turn")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_responses_attempt_id_attempts")),
        sa.ForeignKeyConstraint(
            ["exercise_id"], ["exercises.id"], name=op.f("fk_responses_exercise_id_exercises")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responses")),
        sa.UniqueConstraint(
            "attempt_id", "exercise_id", "turn", name=op.f("uq_responses_attempt_id_exercise_id_turn")
        ),
    )
    op.create_index(op.f("ix_responses_exercise_id"), "responses", ["exercise_id"], unique=False)

    with op.batch_alter_table("items") as table:
        table.add_column(sa.Column("reserved", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("projects") as table:
        table.add_column(sa.Column("reserves", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("workers") as table:
        table.add_column(sa.Column("languages", JSON, server_default="[]", nullable=False))
    _plans(lambda plan: PLAN | plan)


def downgrade() -> None:
    _plans(lambda plan: {name: value for name, value in plan.items() if name not in PLAN})
    with op.batch_alter_table("workers") as table:
        table.drop_column("languages")

    with op.batch_alter_table("projects") as table:
        table.drop_column("reserves")

    with op.batch_alter_table("items") as table:
        table.drop_column("reserved")

    op.drop_table("responses")
    op.drop_table("reservations")
    op.drop_table("exercises")
    op.drop_table("attempts")
    op.drop_table("skills")
    op.drop_table("courses")


def _plans(change) -> None:  # type: ignore[no-untyped-def]
    connection = op.get_bind()
    for key, plan in connection.execute(sa.select(projects.c.id, projects.c.plan)).all():
        connection.execute(sa.update(projects).where(projects.c.id == key).values(plan=change(plan)))
