"""Releases for tests: a project with all that a label can come from, and how its releases are made and read."""

from __future__ import annotations

import json
from typing import Any

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.records import Project, Release, Review
from crowdqc.records.reviews import Verdict
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Actor
from crowdqc.services import freezing, releases
from tests.services import factories
from tests.services.factories import aggregate, bring, decide, do, look

DOUBT = {"when": {"signal": "agreement", "op": "below", "value": 0.99}, "route": "review", "weight": 40}


def lived_in(place: Installation, owner: Actor, items: int = 4) -> Project:
    """Make a project with answers of named workers, gold with a reason, predictions and a run."""
    things = [
        *factories.numbered(items),
        {"item": "g", "text": 'a "gold", ,"content": thing\n', "gold": "dog", "gold_reason": "seen"},
        {"item": "ünïcode", "text": "x", "metadata": {"weather": "rain"}, "size": 3.5},
    ]
    project = factories.project(
        place, owner, items=things, overlap=3, review=[DOUBT], method="majority_vote", name="Owls & <dogs>"
    )
    said = "worker,item,label,seconds\n" + "".join(
        f"Ann Nemo,i{n},cat,1.5\nBob Nemo,i{n},{'cat' if n == 0 else 'dog'},\n" for n in range(items - 1)
    )
    said += "Cyd Nemo,i1,owl,\nAnn Nemo,g,dog,2\n"
    bring(place, owner, project, said.encode(), filename="a.csv", kind=UploadKind.ANSWERS)
    told = b"item,p:cat,p:dog,p:owl\ni0,0.25,0.5,0.25\ni1,0.1,0.2,0.7\n"
    bring(
        place, owner, project, told, filename="p.csv", kind=UploadKind.PREDICTIONS, model="m", version="1"
    )  # fmt: skip
    aggregate(place, owner, project)
    return project


def correct(place: Installation, expert: Actor, project: Project, key: str, label: str) -> Review:
    item = factories.item(place, project, key)
    (review,) = factories.every(place, Review, Review.item_id == item.id, Review.state == "open")
    return decide(place, expert, review, Verdict.CORRECT, label=label, comment="looked")


def release(place: Installation, actor: Actor, project: Project, **named: Any) -> Release:
    """Make a release, have it built, and give it."""
    asked = do(place, releases.begin, actor, project.uid, **named)
    jobs.perform_due(place)
    return look(place, releases.get, actor, asked.uid)


def lines(place: Installation, found: Release) -> dict[str, dict[str, Any]]:
    return {line["item"]: line for line in freezing.lines(place.storage, found)}


def manifest(found: Release) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(found.manifest or "")
    return told
