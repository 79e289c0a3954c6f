"""Commands on releases that were taken out: are they what they say they are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import click

from app.cli import files
from app.cli.files import BadInput
from crowdqc.formats import frozen


@click.command("verify-release")
@click.argument("manifest", type=files.READ)
@click.argument("lines", type=files.READ)
@click.option("--hash", "content_hash", metavar="SHA256", help="The content hash that the release is known by.")
@click.option("--previous", type=files.READ, help="The manifest of the release before it: is it the one named?")
def verify_release(manifest: Path, lines: Path, content_hash: str | None, previous: Path | None) -> None:
    """Reckon the hashes of a release anew, from its MANIFEST (manifest.json) and its LINES (release.jsonl.gz).

    Exit code 1 where something is not as it should be.
    """
    told = _read(manifest)
    with lines.open("rb") as stream:
        faults = frozen.faults(told, stream, content_hash=content_hash)
    if faults == [] and previous is not None:
        faults = _chain(told, _read(previous))
    if faults:
        raise BadInput("\n".join([f"{manifest} and {lines} do not hold:", *(f"  {each}" for each in faults)]))
    values: dict[str, Any] = json.loads(told)
    click.echo(f"Release {values['release']['number']} holds: {values['labels']['number']:,} items.")
    click.echo(f"content hash {hashlib.sha256(told).hexdigest()}")
    if content_hash is None:
        click.echo("note: compare it with the hash that you were told, or give that as --hash.", err=True)


def _chain(manifest: bytes, previous: bytes) -> list[str]:
    named = (json.loads(manifest)["previous"] or {}).get("content_hash")
    found = hashlib.sha256(previous).hexdigest()
    return [] if named == found else [f"It names {named} as the release before it, and that one is {found}."]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from None
