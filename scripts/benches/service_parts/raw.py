"""The raw limit: pgbench doing the same SQL on the same tables, without any Python, HTTP or shapes."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.ground.cluster import Cluster

#: Every worker is a client of pgbench and has a desk; `lease`, `held` are what he holds, kept from turn to turn.
NEXT = """
SELECT cursor AS place FROM desks WHERE project_id = :project AND worker_id = :worker FOR NO KEY UPDATE \\gset
SELECT coalesce((SELECT id FROM items WHERE project_id = :project AND state = 'open' AND RANK id > :place
  AND answered + leased < overlap ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED), 0) AS held \\gset
INSERT INTO assignments (uid, project_id, item_id, worker_id, state, counts, guideline_version, leased_at,
  expires_at, draft_version) VALUES (gen_random_uuid(), :project, :held, :worker, 'open', true, 1, now(),
  now() + interval '30 minutes', 0) RETURNING id AS lease \\gset
UPDATE items SET leased = leased + 1 WHERE id = :held;
UPDATE desks SET cursor = :held, given = given + 1 WHERE project_id = :project AND worker_id = :worker;
"""
SUBMIT = """
UPDATE assignments SET state = 'submitted' WHERE id = :lease AND state = 'open';
UPDATE items SET leased = leased - 1, answered = answered + 1,
  state = CASE WHEN answered + 1 >= overlap THEN 'answered' ELSE state END WHERE id = :held;
INSERT INTO answers (project_id, item_id, worker_id, assignment_id, label, seconds, guideline_version,
  submitted_at, late, counted) VALUES (:project, :held, :worker, :lease, 0, 1.0, 1, now(), false, true);
UPDATE desks SET answered = answered + 1 WHERE project_id = :project AND worker_id = :worker;
"""
WHO = "\\set worker :first + :client_id\n"
TWO_TRANSACTIONS = f"{WHO}BEGIN;{NEXT}COMMIT;\nBEGIN;{SUBMIT}COMMIT;\n"
ONE_TRANSACTION = f"{WHO}BEGIN;\n\\if :lease\n{SUBMIT}\\endif\n{NEXT}COMMIT;\n"
TWO, ONE = "pgbench, two transactions an answer", "pgbench, one transaction an answer"
SCRIPTS = {TWO: TWO_TRANSACTIONS, ONE: ONE_TRANSACTION}


@dataclass(frozen=True)
class Raw:
    """What pgbench reached: turns (answers) a second, and how long a turn took."""

    rate: float
    p50: float
    p95: float
    p99: float


def measure(
    cluster: Cluster,
    name: str,
    folder: Path,
    script: str,
    *,
    project: int,
    first: int,
    clients: int,
    seconds: float,
) -> Raw:
    """Have clients take and answer for some seconds; `first` is the key of the first of their workers."""
    file = folder / "turn.sql"
    file.write_text(script)
    for old in folder.glob("turns*"):
        old.unlink()
    given = {"project": project, "first": first, "lease": 0, "held": 0}
    defined = [word for key, value in given.items() for word in ("-D", f"{key}={value}")]
    told = subprocess.run(
        [
            *(
                _program(cluster),
                "-n",
                "-M",
                "prepared",
                "-h",
                "127.0.0.1",
                "-p",
                str(cluster.port),
                "-U",
                "crowdqc",
            ),
            *("-c", str(clients), "-j", str(min(2, clients)), "-T", str(max(1, round(seconds)))),
            *("--log", "--log-prefix", str(folder / "turns"), "-f", str(file), *defined, name),
        ],
        capture_output=True,
        text=True,
    )
    rate = re.search(r"tps = ([\d.]+)", told.stdout)
    if told.returncode or rate is None:
        raise RuntimeError(f"pgbench failed: {told.stderr[-1000:]}")
    turns = sorted(
        int(line.split()[2]) / 1e6 for log in folder.glob("turns*") for line in log.read_text().splitlines()
    )

    def at(share: float) -> float:
        return turns[min(len(turns) - 1, int(share * len(turns)))] if turns else 0.0

    return Raw(float(rate[1]), at(0.5), at(0.95), at(0.99))


def scripts(url: str) -> dict[str, str]:
    """Give the scripts for the tables as they are, by name."""
    with psycopg.connect(url) as connection:
        ranked = connection.execute(
            "SELECT 1 FROM information_schema.columns WHERE table_name = 'items' AND column_name = 'rank'"
        ).fetchone()
    # Where the queue goes by rank, all items of these projects have the same.
    rank = "rank = 0 AND" if ranked else ""
    return {name: script.replace("RANK", rank) for name, script in SCRIPTS.items()}


def _program(cluster: Cluster) -> str:
    beside = cluster.programs / "pgbench"
    return str(beside) if os.access(beside, os.X_OK) else "pgbench"
