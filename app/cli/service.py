"""Commands about the service: to serve it, to perform its jobs, to look after its people and its database."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import migrations
from app.problems import Unreachable
from app.runner import Runner
from crowdqc.assembly import Installation, assemble
from crowdqc.roles import Role
from crowdqc.services import people
from crowdqc.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--demo", is_flag=True, help="Load the demo, where it is not loaded yet.")
@click.option("--jobs/--no-jobs", "with_jobs", default=True, help="Perform jobs in this process as well.")
def serve(host: str, port: int, demo: bool, with_jobs: bool) -> None:
    """Serve the pages and the API, and perform jobs, until interrupted."""
    # That requests wait for a thread now and then is no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    from app.demo import load as load_demo
    from app.factory import create_app
    from app.server import Server

    with _installed() as place:
        if demo:
            click.echo("Loading the demo, where it is not there yet ...")
        lines = load_demo(place) if demo else []
        with place.reading() as tx:
            empty = people.count(tx) == 0
        try:
            bound = Server(create_app(place), place.settings, host=host, port=port)
        except OSError as error:
            raise click.ClickException(
                f"{host}:{port} cannot be had: {error.strerror}. Choose another --port."
            ) from None
        runner = Runner(place)
        thread = runner.start() if with_jobs else None
        click.echo(f"crowdqc serves on http://{host}:{bound.port}")
        click.echo(f"  data: {Path(place.settings.data_dir).resolve()}")
        for line in lines:
            click.echo(f"  {line}")
        if empty:
            click.echo(f"  There is nobody yet. Make the first admin:\n    {_same_place(place)} admin NAME")
        _on_signals(bound.stop)
        try:
            bound.run()
        finally:
            runner.stop()
            if thread is not None:
                thread.join(timeout=30)


@click.command("jobs")
def run_jobs() -> None:
    """Perform jobs in a process of their own, until interrupted."""
    with _installed() as place:
        runner = Runner(place)
        _on_signals(runner.stop)
        click.echo("crowdqc performs jobs")
        runner.run()


@click.command()
def upgrade() -> None:
    """Bring the database to the newest schema."""
    with _installed():
        click.echo("The database has the newest schema.")


@click.command()
@click.argument("name")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
def admin(name: str, password: str) -> None:
    """Make an admin named NAME, who can also make projects; more people are made on the pages."""
    roles = [Role.ADMIN, Role.REQUESTER, Role.QA_LEAD]
    with _installed() as place, place.transaction() as tx:
        people.create(tx, name=name, password=password, roles=roles)
    click.echo(f"{name} can sign in, as {', '.join(roles)}.")


@click.command()
@click.argument("name")
@click.option("--called", default="command line", show_default=True, help="What the token is for.")
def token(name: str, called: str) -> None:
    """Make an API token for NAME and print it, once."""
    with _installed() as place, place.transaction() as tx:
        click.echo(people.create_token(tx, people.named(tx, name), name=called)[1])


@click.command()
@click.option(
    "--answers", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="worker,item,label[,time]"
)
@click.option("--truth", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="item,label")
@click.option("--gold", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="item,label, hidden")
@click.option("--name", default=None, help="What the project is to be called; the file's name where left out.")
@click.option("--method", default=None, help="Aggregation method of the project.")
def demo(
    answers: Path | None, truth: Path | None, gold: Path | None, name: str | None, method: str | None
) -> None:
    """Load the demo, or replay a file of answers through the service.

    With --truth it is said how good the labels are.
    """
    from app.demo import load, replay

    with _installed() as place:
        if answers is None:
            for line in load(place):
                click.echo(line)
        else:
            for line in replay(place, answers, truth_file=truth, gold_file=gold, name=name, method=method):
                click.echo(line)


def _same_place(place: Installation) -> str:
    """Give the words that call this command line on this installation from anywhere."""
    program = Path(sys.argv[0]).resolve()
    called = str(program) if program.name == "crowdqc" else f"{sys.executable} -m app.cli"
    place_named = f"CROWDQC_DATA_DIR={Path(place.settings.data_dir).resolve()}"
    if place.settings.database_url:
        place_named += " CROWDQC_DATABASE_URL=..."
    return f"{place_named} {called}"


@contextmanager
def _installed(**changes: Any) -> Iterator[Installation]:
    """Open the installation that the environment describes, its database at the newest schema."""
    try:
        place = assemble(replace(Settings.from_environment(), **changes))
        try:
            migrations.upgrade(place.engine)
            yield place
        finally:
            place.close()
    except Unreachable as error:
        reason = str(error.orig).strip().split("\n")[0]
        raise click.ClickException(f"The database cannot be used: {reason}") from error


def _on_signals(stop: Any) -> None:
    def told(number: int, frame: object) -> None:
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
