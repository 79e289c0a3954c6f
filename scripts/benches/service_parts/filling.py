"""What the bench stands on: people with tokens, and projects with as many items as are wanted."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

import migrations
from app import intake
from crowdqc import jobs
from crowdqc.assembly import Installation, assemble
from crowdqc.records.projects import Project, ProjectState
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Actor, Role
from crowdqc.services import people, projects, uploads
from crowdqc.settings import Settings

#: Items that come in by the front door; the others are copies of them.
SEED = 100


@dataclass(frozen=True)
class Ground:
    """An installation from within, for what is prepared and looked at; what is measured goes over HTTP."""

    place: Installation
    owner: Actor

    def token(self, name: str) -> str:
        """Make a worker; give his token."""
        with self.place.transaction() as tx:
            people.create(tx, name=name, password=None, roles=[Role.WORKER])
            return people.create_token(tx, people.named(tx, name), name="bench")[1]

    def project(self, name: str, items: int, *, overlap: int = 3) -> Project:
        """Make an open project with so many items."""
        plan = {"overlap": overlap, "gold_share": 0.0}
        with self.place.transaction() as tx:
            made = projects.create(tx, self.owner, name=name, question="?", classes=["yes", "no"], plan=plan)
        # Only PostgreSQL's projects are filled by copies.
        first = items if self.place.engine.dialect.name == "sqlite" else min(items, SEED)
        rows = "item,text\n" + "".join(f"{each},text {each}\n" for each in range(first))
        self.bring(made, rows.encode())
        if items > first:
            self._copy(made.id, items)
        with self.place.transaction() as tx:
            projects.set_state(tx, self.owner, made.uid, ProjectState.OPEN)
        return made

    def bring(self, project: Project, rows: bytes, kind: UploadKind = UploadKind.ITEMS) -> None:
        """Bring a csv file in, and wait until it is read, by this process or by a runner."""
        file = io.BytesIO(rows)
        brought = intake.bring(self.place, self.owner, project.uid, kind, file, filename="rows.csv")
        while True:
            jobs.perform_due(self.place)
            with self.place.reading() as tx:
                state = uploads.get(tx, self.owner, brought.uid).state
            if state == "done":
                return
            if state == "failed":
                raise RuntimeError("The upload failed.")
            time.sleep(0.05)

    def _copy(self, project_id: int, items: int) -> None:
        """Fill a project with copies of its items, whatever columns they have; keys and uids grow."""
        with psycopg.connect(dsn(self.place)) as connection:
            found = connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = 'items'"
                " AND table_schema = current_schema() ORDER BY ordinal_position"
            ).fetchall()
            columns = [sql.Identifier(name) for (name,) in found if name != "id"]
            given = {
                "uid": sql.SQL("(lpad(to_hex(i.project_id), 8, '0') || lpad(to_hex(n), 24, '0'))::uuid"),
                "key": sql.SQL("'copy-' || lpad(n::text, 9, '0')"),
            }
            values = [given.get(name, sql.SQL("i.") + sql.Identifier(name)) for (name,) in found if name != "id"]
            # What the constraints would say of each row is known.
            connection.execute("SET session_replication_role = replica")
            query = sql.SQL(
                "INSERT INTO items ({}) SELECT {} FROM generate_series(%s::int, %s) AS n"
                " JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS at FROM items WHERE project_id = %s) AS i"
                " ON i.at = n %% %s ORDER BY n"
            ).format(sql.SQL(", ").join(columns), sql.SQL(", ").join(values))
            connection.execute(query, (SEED + 1, items, project_id, SEED))
            connection.execute(
                "UPDATE uploads SET kept = %s, rows = %s, total = %s WHERE project_id = %s",
                (items, items, items, project_id),
            )
            connection.commit()
            connection.autocommit = True
            connection.execute("VACUUM (ANALYZE) items")


@contextmanager
def ground(folder: Path, database_url: str = "") -> Iterator[Ground]:
    """Open an installation with its tables and a requester; without a URL on an SQLite file in the folder."""
    settings = Settings(data_dir=str(folder), database_url=database_url, password_memory=8, password_passes=1)
    place = assemble(settings)
    try:
        migrations.upgrade(place.engine)
        with place.transaction() as tx:
            people.create(tx, name="rita", password=None, roles=[Role.REQUESTER, Role.ADMIN])
            owner = people.named(tx, "rita")
        yield Ground(place, owner)
    finally:
        place.close()


def dsn(place: Installation) -> str:
    return place.settings.database_url


def invariants(place: Installation, project_id: int, acknowledged: list[str]) -> list[str]:
    """Say what is not as it must be after workers have worked: nothing, it is hoped."""
    from sqlalchemy import text

    wrong = []
    with place.reading() as tx:

        def number(query: str) -> int:
            return int(tx.session.execute(text(query), {"project": project_id}).scalar_one())

        counted = (
            "SELECT item_id, count(*) AS n FROM answers WHERE project_id = :project AND counted GROUP BY item_id"
        )
        over = f"SELECT count(*) FROM ({counted}) c JOIN items i ON i.id = c.item_id WHERE c.n > i.overlap"
        twice = (
            "SELECT count(*) FROM (SELECT 1 FROM answers WHERE project_id = :project"
            " GROUP BY item_id, worker_id HAVING count(*) > 1) t"
        )
        off = (
            f"SELECT count(*) FROM items i LEFT JOIN ({counted}) c ON c.item_id = i.id"
            " WHERE i.project_id = :project AND i.answered <> coalesce(c.n, 0)"
        )
        for query, words in (
            (over, "items over their overlap"),
            (twice, "items answered twice by one worker"),
            (off, "items whose count is not that of their answers"),
        ):
            if found := number(query):
                wrong.append(f"{found} {words}")
        rows = tx.session.execute(
            text(
                "SELECT a.uid FROM assignments a JOIN answers w ON w.assignment_id = a.id WHERE a.project_id = :p"
            ),
            {"p": project_id},
        )
        kept = [str(row[0]).replace("-", "") for row in rows]
    if lost := len({each.replace("-", "") for each in acknowledged} - set(kept)):
        wrong.append(f"{lost} acknowledged answers lost")
    if len(set(acknowledged)) != len(acknowledged):
        wrong.append("an answer was acknowledged twice")
    return wrong
