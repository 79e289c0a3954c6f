"""The loop of a worker on PostgreSQL, interleaved with the raw limit and with Label Studio."""

from __future__ import annotations

from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

import psycopg

from service_parts import clients, filling, label_studio, raw, serving
from service_parts.clients import ONE_REQUEST, PAGES, TWO_REQUESTS
from service_parts.label_studio import LabelStudio
from service_parts.tables import Cell, Cells, Goal, Table, goals
from tests.ground.cluster import Cluster

FORMS = (TWO_REQUESTS, ONE_REQUEST, PAGES)
THEIRS = "Label Studio"
OVERLAP = 3
TASKS = 2000


def measure(asked: Namespace, cluster: Cluster, folder: Path) -> list[Table]:
    """Measure all contenders with each number of workers, round by round."""
    cells = Cells()
    ours, bare = cluster.create("loop"), cluster.create("raw")
    with ExitStack() as stack:
        ground = stack.enter_context(filling.ground(folder / "loop", ours))
        below = stack.enter_context(filling.ground(folder / "raw", bare))
        tokens = [ground.token(f"worker-{number}") for number in range(max(asked.workers))]
        for number in range(max(asked.workers)):
            below.token(f"worker-{number}")
        service = stack.enter_context(serving.production(folder / "loop", ours))
        theirs = others(stack, asked, folder / "label-studio", cluster)
        tasks = None if theirs is None else theirs.project(TASKS, OVERLAP)
        first = ground.project("warm", asked.items, overlap=OVERLAP)
        clients.warm(service.port, str(first.uid), tokens)
        scripts = raw.scripts(bare)
        for turn in range(asked.rounds):
            for workers in asked.workers:
                for form in FORMS:
                    project = ground.project(f"{form.name} {workers} {turn}", asked.items, overlap=OVERLAP)
                    service.settle()
                    told = clients.crowd(service.port, str(project.uid), tokens[:workers], form, asked.seconds)
                    wrong = filling.invariants(ground.place, project.id, told.acknowledged)
                    cells.add(f"crowdqc, {form.name}", workers, Cell.of(told, wrong))
                service.settle()
                for name, script in scripts.items():
                    project = below.project(f"{name} {workers} {turn}", asked.items, overlap=OVERLAP)
                    cells.add(name, workers, _raw(asked, cluster, folder, below, project.id, script, workers))
                if theirs is not None and tasks is not None:
                    cells.add(THEIRS, workers, Cell.of(theirs.crowd(tasks, workers, asked.seconds)))
    cluster.drop("loop")
    cluster.drop("raw")
    return [
        cells.table("One answer after the other", SAID.format(asked=asked, cluster=cluster)),
        _ratios(cells, asked),
    ]


SAID = """Answers a second over HTTP with connections kept alive, workers who answer at once, medians of
{asked.rounds} rounds of {asked.seconds:g} s in which all contenders take turns. {cluster.version} with its default
settings for all. crowdqc: gunicorn with 2 processes of 8 threads and a runner that aggregates meanwhile, a project
of {asked.items:,} items with an overlap of 3. pgbench: the same rows written to the same tables by prepared
statements, a turn being one answer. Label Studio: its own server, a project of 2,000 tasks with an overlap of 3.
"Wrong" counts items over their overlap, answers given twice, and acknowledged answers that are not in the
database."""


def others(stack: ExitStack, asked: Namespace, folder: Path, cluster: Cluster | None) -> LabelStudio | None:
    """Start Label Studio, or say why not."""
    if asked.without_label_studio:
        return None
    try:
        home = label_studio.installed(asked.cache)
        return stack.enter_context(label_studio.running(home, folder, cluster, max(asked.workers)))
    except label_studio.NotThere as error:
        print(f"Without Label Studio: {error}", flush=True)
        return None


def _raw(
    asked: Namespace,
    cluster: Cluster,
    folder: Path,
    below: filling.Ground,
    project: int,
    script: str,
    workers: int,
) -> Cell:
    with psycopg.connect(cluster.url("raw")) as connection:
        connection.execute(
            "INSERT INTO desks (project_id, worker_id, cursor, given, gold_given)"
            " SELECT %s, id, 0, 0, 0 FROM workers",
            (project,),
        )
        row = connection.execute("SELECT min(id) FROM workers").fetchone()
    assert row is not None
    facts = {"project": project, "first": row[0], "clients": workers, "seconds": asked.seconds}
    found = raw.measure(cluster, "raw", folder, script, **facts)
    return Cell.of_raw(found, filling.invariants(below.place, project, []))


def _ratios(cells: Cells, asked: Namespace) -> Table:
    two, one, pages = (f"crowdqc, {form.name}" for form in FORMS)
    many = [workers for workers in asked.workers if workers >= 8]
    wanted = [Goal(f"two requests, by Label Studio, {n} workers", cells.ratio(two, n, THEIRS), 100) for n in many]
    for n in asked.workers:
        wanted.append(Goal(f"two requests, of the raw limit, {n} workers", cells.ratio(two, n, raw.TWO), 0.25))
        wanted.append(Goal(f"one request, of the raw limit, {n} workers", cells.ratio(one, n, raw.ONE), 0.4))
    wanted += [Goal(f"pages of ten, {n} workers", cells.rate(pages, n), 8000, "/s") for n in many]
    return goals("What is wanted of the loop", wanted)
