"""Loads the demo once: people for each role, and two projects to look into."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from app.demo import anaesthetists, digits
from crowdqc.assembly import Installation
from crowdqc.roles import Actor, Role
from crowdqc.services import people, projects

#: Whom a newcomer can be, and what he then sees.
PEOPLE = {
    "requester": ([Role.REQUESTER], "uploads batches, watches progress, downloads labels"),
    "worker": ([Role.WORKER], "answers"),
    "expert": ([Role.EXPERT], "decides what is doubtful"),
    "lead": ([Role.QA_LEAD], "looks at workers and items"),
    "admin": ([Role.ADMIN], "makes people, sees jobs"),
}


def load(place: Installation) -> list[str]:
    """Load what is not there yet; give the lines that tell how to sign in."""
    passwords = _passwords(place)
    for name, (roles, _) in PEOPLE.items():
        with place.transaction() as tx:
            try:
                people.create(tx, name=name, password=passwords[name], roles=roles)
            except people.NameTaken:
                continue
    with place.reading() as tx:
        requester = people.named(tx, "requester")
    if requester is not None:
        present = _projects(place, requester)
        for room in (anaesthetists, digits):
            if room.NAME not in present:
                room.load(place, requester)
    width = max(map(len, PEOPLE))
    return ["Sign in as", *(f"  {name:{width}}  {passwords[name]}  {does}" for name, (_, does) in PEOPLE.items())]


def _projects(place: Installation, requester: Actor) -> set[str]:
    with place.reading() as tx:
        return {project.name for project in projects.page(tx, requester, after=None, limit=500)}


def _passwords(place: Installation) -> dict[str, str]:
    """Give the demo's passwords, made at random for this installation and kept where only its owner reads."""
    file = Path(place.settings.data_dir) / "demo-passwords.json"
    if file.exists():
        kept: dict[str, str] = json.loads(file.read_text())
    else:
        kept = {}
    if missing := [name for name in PEOPLE if name not in kept]:
        kept |= {name: secrets.token_urlsafe(9) for name in missing}
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(kept, out, indent=1)
    return kept
