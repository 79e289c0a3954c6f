"""The command line, `crowdqc ...`: each command is loaded when it is called, and waits for no other's imports."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any

import click

from crowdqc import __version__
from crowdqc.errors import CrowdqcError, Invalid


class Commands(MutableMapping[str, click.Command]):
    """Commands by name, each with the room and the function that it stands in."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            room, function = self._places[name].split(":")
            self._loaded[name] = getattr(import_module(f"app.cli.{room}"), function)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._places[name] = ""
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._places[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


COMMANDS = Commands(
    {
        "admin": "service:admin",
        "aggregate": "library:aggregate",
        "agreement": "library:agreement",
        "certificate": "certificates:certificate",
        "demo": "service:demo",
        "jobs": "service:run_jobs",
        "methods": "library:methods",
        "round": "rounds:round_",
        "serve": "service:serve",
        "simulate": "simulation:simulate",
        "suspects": "suspects:suspects",
        "token": "service:token",
        "upgrade": "service:upgrade",
        "verify-release": "releases:verify_release",
    }
)


class Told(click.Group):
    """Says an error of ours in a line or two instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CrowdqcError as error:
            raise click.ClickException(told(error)) from error


@click.group(cls=Told, commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Quality control for crowdsourced labels.

    aggregate, agreement, certificate, methods, round, simulate, suspects and verify-release work on files and need
    nothing else. The others are about the service, whose settings are read from CROWDQC_* (see
    docs/reference/settings.md).
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def told(error: CrowdqcError) -> str:
    """Say an error in a line, with the faults that it lists."""
    faults = error.errors if isinstance(error, Invalid) else ()
    listed = "; ".join(f"{fault.get('where')}: {fault.get('what')}" for fault in faults)
    return " ".join(part for part in (error.detail, listed and f"{listed}.", error.own_mend) if part)
