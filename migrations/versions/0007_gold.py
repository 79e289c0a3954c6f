"""Gold in the service: the history of truths, the pool of gold, what a run says of gold."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)

#: What the plans of projects had no word for; projects go on as they were.
PLAN = {"gold_first": 0, "promote_decisions": 0.0}
projects = sa.table("projects", sa.column("id"), sa.column("plan", JSON))


def upgrade() -> None:
    op.create_table(
        "truths",
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("labels", JSON, nullable=True),
        sa.Column("gold", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint(
            "source IN ('file', 'api', 'page', 'decision', 'promotion', 'appeal')", name=op.f("ck_truths_source")
        ),
        sa.CheckConstraint("labels IS NOT NULL OR NOT gold", name=op.f("ck_truths_gold")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_truths_item_id_items")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_truths_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_truths")),
    )
    op.create_index("ix_truths_item_id_id", "truths", ["item_id", "id"], unique=False)
    op.create_index("ix_truths_person_id", "truths", ["person_id"], unique=False)
    op.create_table(
        "gold_places",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_gold_places_number")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_gold_places_item_id_items")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_gold_places_project_id_projects")),
        sa.PrimaryKeyConstraint("project_id", "number", name=op.f("pk_gold_places")),
        sa.UniqueConstraint("item_id", name=op.f("uq_gold_places_item_id")),
    )
    op.create_table(
        "gold_scores",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("says", sa.SmallInteger(), nullable=True),
        sa.Column("says_share", sa.Float(53), nullable=True),
        sa.Column("wrong", sa.Float(53), nullable=False),
        sa.Column("wrong_q_value", sa.Float(53), nullable=True),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("dissent", sa.Integer(), nullable=False),
        sa.Column("share", sa.Float(53), nullable=True),
        sa.Column("over_exposed", sa.Boolean(), nullable=False),
        sa.Column("right", sa.Float(53), nullable=True),
        sa.Column("expected", sa.Float(53), nullable=True),
        sa.Column("pace", sa.Float(53), nullable=True),
        sa.Column("leak_q_value", sa.Float(53), nullable=True),
        sa.Column("rise_q_value", sa.Float(53), nullable=True),
        sa.Column("findings", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_gold_scores_run_id_runs"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_gold_scores_item_id_items")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_gold_scores_project_id_projects")),
        sa.PrimaryKeyConstraint("run_id", "item_id", name=op.f("pk_gold_scores")),
    )
    op.create_index(op.f("ix_gold_scores_item_id"), "gold_scores", ["item_id"], unique=False)
    op.create_index("ix_gold_scores_project_id", "gold_scores", ["project_id", "run_id", "rank"], unique=False)
    # What is known of truths that are there already: who brought a file, who decided.
    op.execute(
        "INSERT INTO truths (item_id, labels, gold, source, person_id, at)"
        " SELECT items.id, items.truth, items.state = 'gold', 'file', uploads.created_by, items.created_at"
        " FROM items JOIN uploads ON uploads.id = items.upload_id WHERE items.truth_source = 'gold'"
        " ORDER BY items.id"
    )
    op.execute(
        "INSERT INTO truths (item_id, labels, gold, source, person_id, at)"
        " SELECT items.id, items.truth, items.state = 'gold', 'decision', reviews.decided_by, reviews.decided_at"
        " FROM items JOIN reviews ON reviews.id = (SELECT max(r.id) FROM reviews AS r WHERE r.item_id = items.id"
        " AND r.state = 'decided' AND r.label IS NOT NULL) WHERE items.truth_source = 'decision' ORDER BY items.id"
    )
    op.execute(
        "INSERT INTO gold_places (project_id, number, item_id)"
        " SELECT project_id, row_number() OVER (PARTITION BY project_id ORDER BY id), id"
        " FROM items WHERE state = 'gold'"
    )
    _plans(lambda plan: PLAN | plan)


def downgrade() -> None:
    _plans(lambda plan: {name: value for name, value in plan.items() if name not in PLAN})
    op.drop_table("gold_scores")
    op.drop_table("gold_places")
    op.drop_table("truths")


def _plans(change) -> None:  # type: ignore[no-untyped-def]
    connection = op.get_bind()
    for key, plan in connection.execute(sa.select(projects.c.id, projects.c.plan)).all():
        connection.execute(sa.update(projects).where(projects.c.id == key).values(plan=change(plan)))
