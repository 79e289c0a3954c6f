"""Money: what an answer earns, purses and the ledger, accepted and rejected answers, payouts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORD = sa.String(length=32)
TIME = sa.DateTime(timezone=True)

BEFORE = "state IN ('open', 'submitted', 'skipped', 'expired', 'returned', 'withheld')"
NOW = "state IN ('open', 'submitted', 'accepted', 'rejected', 'skipped', 'expired', 'returned', 'withheld')"
KINDS = "kind IN ('fund', 'withdraw', 'earn', 'accept', 'reject', 'reinstate', 'bonus', 'pay')"
WAYS = " OR ".join(
    f"(kind = '{kind}' AND debit = '{debit}' AND credit = '{credit}')"
    for kind, debit, credit in [
        ("fund", "outside", "budget"),
        ("withdraw", "budget", "outside"),
        ("earn", "budget", "pending"),
        ("earn", "budget", "owed"),
        ("accept", "pending", "owed"),
        ("reject", "pending", "budget"),
        ("reinstate", "budget", "owed"),
        ("bonus", "budget", "owed"),
        ("pay", "owed", "paid"),
    ]
)
#: What the plans of projects had no word for.
PLAN = {
    "price": None,
    "price_per": "answer",
    "page_size": None,
    "currency": None,
    "budget": None,
    "acceptance": "at_once",
    "acceptance_days": 7,
}
ONLY_ADDED = ("payouts", "transfers", "acceptances")
SUBMITTED = sa.text("state = 'submitted'")
projects = sa.table("projects", sa.column("id"), sa.column("plan", JSON))


def upgrade() -> None:
    with op.batch_alter_table("assignments") as table:
        table.add_column(sa.Column("price", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("accept_by", TIME, nullable=True))
        table.drop_constraint(op.f("ck_assignments_state"), type_="check")
        table.create_check_constraint(op.f("ck_assignments_state"), NOW)
        table.create_check_constraint(op.f("ck_assignments_price"), "price > 0")
    op.create_index(
        "ix_assignments_accept_by",
        "assignments",
        ["project_id", "accept_by"],
        sqlite_where=SUBMITTED,
        postgresql_where=SUBMITTED,
    )
    op.create_table(
        "purses",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("free", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("free >= 0", name=op.f("ck_purses_free")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_purses_project_id_projects")),
        sa.PrimaryKeyConstraint("project_id", "number", name=op.f("pk_purses")),
    )
    op.create_table(
        "payouts",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("workers", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("made_by", KEY, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_payouts_project_id_projects")),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name=op.f("fk_payouts_made_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_payouts_project_id_number")),
        sa.UniqueConstraint("project_id", "idempotency_key", name=op.f("uq_payouts_project_id_idempotency_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_payouts_uid")),
    )
    op.create_table(
        "transfers",
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("worker_id", KEY, nullable=True),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("debit", WORD, nullable=False),
        sa.Column("credit", WORD, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("payout_id", KEY, nullable=True),
        sa.Column("made_by", KEY, nullable=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_transfers_kind")),
        sa.CheckConstraint(WAYS, name=op.f("ck_transfers_way")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfers_amount")),
        sa.CheckConstraint(
            "(worker_id IS NULL) = (kind IN ('fund', 'withdraw'))", name=op.f("ck_transfers_worker")
        ),
        sa.CheckConstraint("(payout_id IS NULL) = (kind <> 'pay')", name=op.f("ck_transfers_payout")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_transfers_project_id_projects")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_transfers_worker_id_workers")),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_transfers_payout_id_payouts")),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name=op.f("fk_transfers_made_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint("subject", "kind", name=op.f("uq_transfers_subject_kind")),
    )
    op.create_index("ix_transfers_project_id_worker_id", "transfers", ["project_id", "worker_id"])
    op.create_index("ix_transfers_worker_id", "transfers", ["worker_id"])
    op.create_table(
        "acceptances",
        sa.Column("assignment_id", KEY, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("by", KEY, nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.CheckConstraint("state IN ('accepted', 'rejected')", name=op.f("ck_acceptances_state")),
        sa.CheckConstraint(
            "state = 'accepted' OR (reason IS NOT NULL AND reason <> '')", name=op.f("ck_acceptances_reason")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_acceptances_assignment_id_assignments")
        ),
        sa.ForeignKeyConstraint(["by"], ["people.id"], name=op.f("fk_acceptances_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptances")),
        sa.UniqueConstraint("assignment_id", "state", name=op.f("uq_acceptances_assignment_id_state")),
    )
    _only_add()
    _plans(lambda plan: PLAN | plan)


def downgrade() -> None:
    _plans(lambda plan: {name: value for name, value in plan.items() if name not in PLAN})
    for name in reversed(ONLY_ADDED):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION crowdqc_only_added()")
    op.drop_table("purses")
    op.drop_index("ix_assignments_accept_by", "assignments")
    op.execute("UPDATE assignments SET state = 'submitted' WHERE state IN ('accepted', 'rejected')")
    with op.batch_alter_table("assignments") as table:
        table.drop_constraint(op.f("ck_assignments_price"), type_="check")
        table.drop_constraint(op.f("ck_assignments_state"), type_="check")
        table.create_check_constraint(op.f("ck_assignments_state"), BEFORE)
        table.drop_column("accept_by")
        table.drop_column("price")


def _only_add() -> None:
    """Have the database refuse to change or delete rows of the ledger. (Who rebuilds these tables makes this anew.)"""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION crowdqc_only_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION USING MESSAGE = 'rows of ' || TG_TABLE_NAME || ' are only ever added',"
            " ERRCODE = 'restrict_violation'; END $$"
        )
        for name in ONLY_ADDED:
            op.execute(
                f"CREATE TRIGGER {name}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {name}"
                " FOR EACH STATEMENT EXECUTE FUNCTION crowdqc_only_added()"
            )
        return
    for name in ONLY_ADDED:
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {name}_no_{what.lower()} BEFORE {what} ON {name}"
                f" BEGIN SELECT RAISE(ABORT, 'rows of {name} are only ever added'); END"
            )


def _plans(change) -> None:  # type: ignore[no-untyped-def]
    connection = op.get_bind()
    for key, plan in connection.execute(sa.select(projects.c.id, projects.c.plan)).all():
        connection.execute(sa.update(projects).where(projects.c.id == key).values(plan=change(plan)))
