"""A small team on the embedded SQLite, beside Label Studio on its SQLite."""

from __future__ import annotations

from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

from service_parts import clients, filling, serving
from service_parts.loop import FORMS, OVERLAP, TASKS, THEIRS, others
from service_parts.tables import Cell, Cells, Goal, Table, goals

WORKERS = 8


def measure(asked: Namespace, folder: Path) -> list[Table]:
    """Measure the loop of eight workers, round by round; count what was refused because the file was locked."""
    cells = Cells()
    with ExitStack() as stack:
        ground = stack.enter_context(filling.ground(folder / "embedded"))
        tokens = [ground.token(f"worker-{number}") for number in range(WORKERS)]
        service = stack.enter_context(serving.embedded(folder / "embedded"))
        first = ground.project("warm", asked.team_items, overlap=OVERLAP)
        clients.warm(service.port, str(first.uid), tokens)
        asked.workers = [WORKERS]
        theirs = others(stack, asked, folder / "label-studio-embedded", None)
        tasks = None if theirs is None else theirs.project(TASKS, OVERLAP)
        for turn in range(asked.rounds):
            for form in FORMS:
                project = ground.project(f"{form.name} {turn}", asked.team_items, overlap=OVERLAP)
                service.settle()
                told = clients.crowd(service.port, str(project.uid), tokens, form, asked.seconds)
                wrong = filling.invariants(ground.place, project.id, told.acknowledged)
                cells.add(f"crowdqc, {form.name}", WORKERS, Cell.of(told, wrong))
            service.settle()
            if theirs is not None and tasks is not None:
                cells.add(THEIRS, WORKERS, Cell.of(theirs.crowd(tasks, WORKERS, asked.seconds)))
        locked = service.locked
    two = f"crowdqc, {FORMS[0].name}"
    wanted = [
        Goal("two requests, by Label Studio on SQLite", cells.ratio(two, WORKERS, THEIRS), 50),
        Goal('"database is locked"', locked, 0, most=True),
    ]
    said = f"`crowdqc serve` with its SQLite file, jobs performed in the same process; {asked.team_items:,} items."
    return [cells.table("A small team on SQLite", said), goals("What is wanted of the small team", wanted)]
