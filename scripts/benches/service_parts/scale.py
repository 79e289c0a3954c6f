"""The same loop with few and with very many open items, and for a worker who has answered very many."""

from __future__ import annotations

import shutil
import time
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

from service_parts import clients, filling, serving
from service_parts.clients import TWO_REQUESTS, Form
from service_parts.tables import Cell, Cells, Goal, Table, goals
from tests.ground.cluster import Cluster

#: Bytes of disk that an item wants: its row, its indexes, and the log of their writing.
ITEM_BYTES = 1200
#: Projects up to this size are made anew each round, so that they do not run empty.
SMALL = 100_000
FIFTY = Form("pages of fifty", page=50, at_once=True)
CLIENTS = 8


def measure(asked: Namespace, cluster: Cluster, folder: Path) -> list[Table]:
    """Measure with each number of open items in turn; each has a database and a service of its own."""
    cells, sizes = Cells(), []
    for size in asked.sizes:
        free = shutil.disk_usage(folder).free
        if size * ITEM_BYTES > free:
            print(f"Without {size:,} items: they want {size * ITEM_BYTES >> 30} GiB of disk.", flush=True)
        else:
            sizes.append(size)
    with ExitStack() as stack:
        places = {}
        for size in sizes:
            started = time.monotonic()
            name = f"scale_{size}"
            url = cluster.create(name)
            ground = stack.enter_context(filling.ground(folder / name, url))
            tokens = [ground.token(f"worker-{number}") for number in range(CLIENTS + 2)]
            project = ground.project("open", size)
            # An aggregation of all that is measured by other benches: here it would stand in the way of the small.
            service = stack.enter_context(serving.production(folder / name, url, runner=False))
            first = ground.project("warm", SMALL // 10)
            clients.warm(service.port, str(first.uid), tokens)
            places[size] = (ground, service, tokens, project)
            print(f"{size:,} items are there after {time.monotonic() - started:.0f} s", flush=True)
        veteran = sizes[-1]
        _grow_old(asked, *places[veteran][1:])
        for turn in range(asked.rounds):
            for size in sizes:
                ground, service, tokens, project = places[size]
                if size <= SMALL and turn:
                    project = ground.project(f"open {turn}", size)
                port = service.port
                told = clients.crowd(port, str(project.uid), tokens[:CLIENTS], TWO_REQUESTS, asked.seconds)
                wrong = filling.invariants(ground.place, project.id, told.acknowledged)
                cells.add(_named(size), CLIENTS, Cell.of(told, wrong))
            _, service, tokens, project = places[veteran]
            for who, token in ((NEWCOMER, tokens[-1]), (_answered(asked), tokens[-2])):
                told = clients.crowd(service.port, str(project.uid), [token], TWO_REQUESTS, asked.seconds)
                cells.add(who, 1, Cell.of(told))
    for size in sizes:
        cluster.drop(f"scale_{size}")
    said = SAID.format(asked=asked)
    return [cells.table("Few and very many open items", said), _ratios(cells, asked, sizes)]


SAID = """Two requests an answer, medians of {asked.rounds} rounds of {asked.seconds:g} s in which the sizes take
turns, each with a database and a gunicorn of its own; no runner. The last two rows are one worker alone among the
most items: one who is new, and one who has answered {asked.answered:,} of them."""
NEWCOMER = "alone, new"


def _named(size: int) -> str:
    return f"{size:,} open items"


def _answered(asked: Namespace) -> str:
    return f"alone, {asked.answered:,} answered"


def _grow_old(asked: Namespace, service: serving.Service, tokens: list[str], project: filling.Project) -> None:
    """Have one worker answer as many as are asked for, in pages, and hand in what he has left in hand."""
    started = time.monotonic()
    until = time.time() + 3600
    clients.work(service.port, str(project.uid), tokens[-2:-1], FIFTY, until, most=asked.answered)
    clients.work(service.port, str(project.uid), tokens[-2:-1], TWO_REQUESTS, until, most=2 * FIFTY.page)
    print(f"{asked.answered:,} answers of one worker after {time.monotonic() - started:.0f} s", flush=True)


def _ratios(cells: Cells, asked: Namespace, sizes: list[int]) -> Table:
    def growth(before: str, after: str, workers: int) -> float | None:
        one, other = cells.times(before, workers, "next"), cells.times(after, workers, "next")
        return other[1] / one[1] if one and other else None

    wanted = []
    for size in sizes[1:]:
        grown = growth(_named(sizes[0]), _named(size), CLIENTS)
        wanted.append(Goal(f"p95 of next, {_named(size)} by {sizes[0]:,}", grown, 1.5, most=True))
    grown = growth(NEWCOMER, _answered(asked), 1)
    wanted.append(Goal(f"p95 of next, {asked.answered:,} answered by none", grown, 1.5, most=True))
    return goals("What is wanted of size", wanted)
