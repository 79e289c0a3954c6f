"""Measures bulk: a csv of items on its way in, beside a bare COPY of the same file, and labels on their way out.

    scripts/bench bulk [--database sqlite|postgresql://...] [--rows 1000000] [--times 3] [--only in|out]

A PostgreSQL URL names an empty database; a bare COPY goes into a table without indexes. SQLite has no COPY: there
`csv.reader` and `executemany` into such a table stand for it. The two take turns, so that what else the machine
does weighs on both; medians are told. Each reading and each export runs in a process of its own, whose peak of
memory is told. Two workers answered every item, one run scored them.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import random
import resource
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from sqlalchemy import text

import migrations
from crowdqc import assembly, jobs
from crowdqc.assembly import Installation
from crowdqc.records import ItemScore, Run, Worker
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Actor, Role
from crowdqc.services import exports, people, projects, uploads
from crowdqc.services.exports import ExportKind
from crowdqc.settings import Settings

WORDS = ("the", "of", "quick", "brown", "label", "image", "crowd", "worker", "answer", "question", "river")
COLUMNS = ("item", "text", "image", "meta:source")
CLASSES = ("yes", "no", "unsure")


def write_file(path: Path, rows: int) -> None:
    """Write items of some 100 bytes; every tenth text holds a comma, every fiftieth a quote."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number in range(rows):
            words = " ".join(chance.choices(WORDS, k=9))
            if number % 10 == 0:
                words = words.replace(" ", ", ", 1) + (' "so"' if number % 50 == 0 else "")
            writer.writerow((f"item-{number:07d}", words, f"https://example.org/{number}.jpg", f"s{number % 7}"))


def bare(installation: Installation, path: Path) -> float:
    """Bring the file into a table without indexes, and say how long it took."""
    with installation.engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS bare"))
    with installation.engine.begin() as connection:
        connection.execute(text("CREATE TABLE bare (item text, text text, image text, source text)"))
    start = time.perf_counter()
    with installation.engine.begin() as connection:
        driver = connection.connection.driver_connection
        if isinstance(driver, psycopg.Connection):
            with (
                path.open("rb") as file,
                driver.cursor() as cursor,
                cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy,
            ):
                while block := file.read(1 << 17):
                    copy.write(block)
        else:
            with path.open(newline="", encoding="utf-8") as file:
                rows = csv.reader(file)
                next(rows)
                driver.executemany("INSERT INTO bare VALUES (?, ?, ?, ?)", rows)  # type: ignore[union-attr]
    return time.perf_counter() - start


def bring(installation: Installation, actor: Actor, path: Path) -> tuple[uuid.UUID, int]:
    """Send the file to a new project; give the project and the upload, which is not read yet."""
    with installation.transaction() as tx:
        project = projects.create(tx, actor, name="bulk", question="?", classes=CLASSES, plan={"overlap": 2})
        key = uploads.expected(tx, actor, project.uid)
    with path.open("rb") as file:
        stored = installation.storage.put(key, file, limit=1 << 40)
    with installation.transaction() as tx:
        upload, _ = uploads.receive(
            tx, actor, project.uid, kind=UploadKind.ITEMS, stored=stored, filename="items.csv",
            content_type=None, idempotency_key=None, parameters={},
        )  # fmt: skip
        return project.uid, upload.id


def read(settings: Settings, upload_id: int) -> float:
    installation = assembly.assemble(settings)
    start = time.perf_counter()
    jobs.read_upload(installation, upload_id)
    return time.perf_counter() - start


def export(settings: Settings, actor: Actor, project: uuid.UUID, format: str) -> float:
    installation = assembly.assemble(settings)
    start = time.perf_counter()
    with installation.reading() as tx:
        table = exports.export(tx, actor, project, kind=ExportKind.LABELS)
        size = sum(len(chunk) for chunk in table.file(format))
        assert size
    return time.perf_counter() - start


def apart(what: Callable[..., float], *given: Any) -> tuple[float, float]:
    """Call in a process of its own; give the seconds and the peak of its memory in MB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_watched, (what, given))


def _watched(what: Callable[..., float], given: tuple[Any, ...]) -> tuple[float, float]:
    return what(*given), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def scored(installation: Installation, project: uuid.UUID, actor: Actor) -> None:
    """Have every item answered by two workers and scored by one run, by the shortest way."""
    with installation.transaction() as tx:
        now, session = tx.now, tx.session
        project_id = projects.get(tx, actor, project).id
        workers = [Worker(crowd="bulk", name=f"w{each}", person_id=None, created_at=now) for each in range(2)]
        run = Run(
            project_id=project_id, state="done", cause="person", method="dawid_skene", parameters={}, policy=[],
            classes=[*CLASSES], seed=1, code_version="0", summary={}, created_at=now, finished_at=now,
        )  # fmt: skip
        session.add_all([*workers, run])
        session.flush()
        ids = session.scalars(text(f"SELECT id FROM items WHERE project_id = {project_id} ORDER BY id")).all()
        for each in workers:
            session.execute(
                text(
                    "INSERT INTO answers (project_id, item_id, worker_id, label, guideline_version, submitted_at,"
                    " late, counted) SELECT project_id, id, :worker, (id + :worker * (id % 5)) % 3, 1, created_at,"
                    " :no, :yes FROM items WHERE project_id = :project"
                ),
                {"worker": each.id, "project": project_id, "no": False, "yes": True},
            )
        chance = np.random.default_rng(1)
        for start in range(0, len(ids), 10_000):
            some = ids[start : start + 10_000]
            posterior = chance.dirichlet(np.ones(3), len(some))
            entropy = -(posterior * np.log(posterior)).sum(axis=1)
            rows = [
                {
                    "run_id": run.id, "item_id": item, "label": int(row.argmax()), "confidence": float(row.max()),
                    "doubt": 1 - float(row.max()), "posterior": row.tobytes(), "margin": 0.5,
                    "entropy": float(spread), "agreement": float(item % 2), "plurality": 0.5, "answers": 2,
                    "tied": item % 2 == 0, "route": "accept", "priority": 0.0,
                }
                for item, row, spread in zip(some, posterior, entropy, strict=True)
            ]  # fmt: skip
            session.execute(ItemScore.__table__.insert(), rows)  # type: ignore[attr-defined]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="sqlite")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--only", choices=("in", "out"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bulk.sqlite" if asked.database == "sqlite" else asked.database
        settings = Settings(database_url=url, data_dir=folder)
        installation = assembly.assemble(settings)
        migrations.upgrade(installation.engine)
        with installation.transaction() as tx:
            made = people.create(tx, name=f"bulk-{uuid.uuid4().hex[:8]}", password=None, roles=[Role.REQUESTER])
        actor = Actor(made.id, made.name, frozenset({Role.REQUESTER}))
        path = Path(folder) / "items.csv"
        write_file(path, asked.rows)
        print(f"{asked.rows:,} items, {path.stat().st_size / 1e6:.0f} MB, {installation.engine.dialect.name}")
        copies, readings, project = [], [], None
        for _ in range(1 if asked.only == "out" else asked.times):
            copies.append(bare(installation, path))
            project, upload_id = bring(installation, actor, path)
            seconds, memory = apart(read, settings, upload_id)
            readings.append(seconds)
            print(f"in      bare {copies[-1]:7.2f} s   read {seconds:7.2f} s   peak {memory:5.0f} MB", flush=True)
        first, second = statistics.median(copies), statistics.median(readings)
        print(f"in      {second / first:.1f} times a bare COPY, {asked.rows / second:,.0f} rows/s")
        if asked.only == "in":
            return
        assert project is not None
        scored(installation, project, actor)
        for form in ("csv", "jsonl"):
            found = [apart(export, settings, actor, project, form) for _ in range(asked.times)]
            seconds, memory = statistics.median(each[0] for each in found), max(each[1] for each in found)
            print(
                f"out     {form:6} {seconds:7.2f} s   {asked.rows / seconds:9,.0f} rows/s   peak {memory:5.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
