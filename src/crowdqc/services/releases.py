"""Releases: a project's labels frozen under a number and a hash, and what is done with frozen ones."""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, cast

import numpy as np

from crowdqc import __version__
from crowdqc.errors import CrowdqcError, Missing
from crowdqc.formats import frozen
from crowdqc.formats.canonical import canonical
from crowdqc.formats.frozen import Changes
from crowdqc.records import projects, releases, scores
from crowdqc.records.base import new_uid
from crowdqc.records.projects import Project
from crowdqc.records.releases import Certificate, Release, ReleaseState
from crowdqc.roles import Actor
from crowdqc.services import freezing, reach
from crowdqc.services.freezing import NotReady
from crowdqc.services.label_histories import Histories
from crowdqc.services.transaction import Transaction
from crowdqc.storage import NoSuchFile, Storage

__all__ = ["Certificate", "NotReady", "Release", "ReleaseState"]


class NoSuchRelease(Missing):
    """There is no such release among yours."""


@dataclass(frozen=True, slots=True)
class Building:
    """A release that a runner has in hand."""

    id: int
    #: Where its lines are to lie; another runner's would lie elsewhere.
    key: str
    #: What a runner who died may have left behind.
    left: str | None


@dataclass(frozen=True, slots=True)
class Frozen:
    """All that makes a release ready."""

    id: int
    key: str
    frozen_at: datetime
    run_id: int | None
    guideline_version: int
    previous_id: int | None
    labels: int
    labels_sha256: str
    manifest: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of reckoning a release's hashes anew."""

    release: Release
    faults: Sequence[str]

    @property
    def holds(self) -> bool:
        return not self.faults


def begin(
    tx: Transaction,
    actor: Actor,
    project_uid: uuid.UUID,
    *,
    note: str = "",
    certificate: Mapping[str, Any] | None = None,
) -> Release:
    """Have the labels of a project frozen as the next release."""
    project = reach.project(tx, actor, project_uid)
    return freezing.ask(tx, project.id, note=note, by=actor.id, certificate=certificate)


def get(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Release:
    found = releases.by_uid(tx.session, uid, owner_id=actor.own_only(reach.SEES_ALL))
    if found is None:
        raise NoSuchRelease(release=str(uid))
    return found


def whole(tx: Transaction, actor: Actor, uid: uuid.UUID) -> tuple[Release, Project, Sequence[Certificate]]:
    """Give a release with its project and the certificates beside it."""
    found = get(tx, actor, uid)
    project = projects.by_id(tx.session, found.project_id)
    return found, project, releases.certificates(tx.session, found.id)


def page(
    tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, after: uuid.UUID | None, limit: int
) -> Sequence[Release]:
    """Give a project's releases, the newest first."""
    project = reach.project(tx, actor, project_uid)
    before = None if after is None else get(tx, actor, after).number
    return releases.page(tx.session, project.id, before=before, limit=limit)


def pair(tx: Transaction, actor: Actor, uid: uuid.UUID, *, since: uuid.UUID | None) -> tuple[Release, Release]:
    """Give the two releases of one project that are to be compared; without `since`, the one before this.

    Raise NoSuchRelease, NotReady.
    """
    after = get(tx, actor, uid)
    freezing.ready(after)
    if since is None:
        before = releases.ready_before(tx.session, after.project_id, after.number)
        if before is None:
            raise NoSuchRelease("There is no release before this one.", mend="Name one to compare it with.")
        return before, after
    before = get(tx, actor, since)
    if before.project_id != after.project_id:
        raise NoSuchRelease(release=str(since))
    freezing.ready(before)
    return before, after


def previous(tx: Transaction, release: Release) -> Release | None:
    return None if release.previous_id is None else releases.by_id(tx.session, release.previous_id)


@contextmanager
def changes(storage: Storage, before: Release, after: Release) -> Iterator[Changes]:
    """Give the changes from one to the other, with both files open while they are taken."""
    with freezing.opened(storage, before) as one, freezing.opened(storage, after) as other:
        yield Changes(one, other)


def verify(storage: Storage, release: Release, before: Release | None) -> Proof:
    """Reckon the hashes of a release anew; it takes no transaction, for it reads all lines."""
    freezing.ready(release)
    manifest = (release.manifest or "").encode()
    try:
        with freezing.opened(storage, release) as stream:
            found = frozen.faults(manifest, stream, content_hash=release.content_hash)
    except NoSuchFile:
        found = ["Its file of lines is not there."]
    told = json.loads(manifest)
    if told["labels"]["sha256"] != release.labels_sha256:
        found.append("Its row and its manifest name different hashes of the labels.")
    named = (told["previous"] or {}).get("content_hash")
    if named != (None if before is None else before.content_hash):
        found.append("The release before it has another hash than the one it names.")
    return Proof(release, found)


# What the job does, movement by movement.


def start(tx: Transaction, project_id: int) -> Building | None:
    """Take the next release of a project in hand; give nothing where none waits."""
    found = next(iter(releases.unfinished(tx.session, project_id, lock=True)), None)
    if found is None:
        return None
    left = found.writing_key
    found.state = ReleaseState.BUILDING
    found.writing_key = f"releases/{found.uid.hex}-{new_uid().hex}"
    return Building(found.id, found.writing_key, left)


def write(tx: Transaction, building: Building) -> Frozen:
    """Write a project's labels into a file, from one state of the database, a block at a time."""
    release = releases.by_id(tx.session, building.id)
    project = projects.by_id(tx.session, release.project_id)
    histories = Histories(tx, project)
    hashed = frozen.Hashed()
    content = _Chunks(frozen.packed(hashed.through(histories.lines())))
    tx.storage.put(building.key, cast(BinaryIO, content), limit=sys.maxsize)
    before = releases.ready_before(tx.session, project.id, release.number)
    manifest = canonical(_manifest(tx, project, release, before, histories, hashed))
    return Frozen(
        id=release.id,
        key=building.key,
        frozen_at=tx.now,
        run_id=None if histories.run is None else histories.run.id,
        guideline_version=project.guideline_version,
        previous_id=None if before is None else before.id,
        labels=hashed.lines,
        labels_sha256=hashed.sha256,
        manifest=manifest.decode(),
        content_hash=hashlib.sha256(manifest).hexdigest(),
    )


def finish(tx: Transaction, made: Frozen) -> bool:
    """Make a release ready; say whether it is this runner's work that stands."""
    release = releases.by_id(tx.session, made.id, lock=True)
    if release.state != ReleaseState.BUILDING or release.writing_key != made.key:
        # Another runner, who was given the job when this one seemed dead, has it in hand.
        return False
    release.frozen_at, release.run_id = made.frozen_at, made.run_id
    release.guideline_version, release.previous_id = made.guideline_version, made.previous_id
    release.labels, release.labels_sha256 = made.labels, made.labels_sha256
    release.manifest, release.content_hash = made.manifest, made.content_hash
    release.storage_key, release.writing_key = made.key, None
    release.state = ReleaseState.READY
    return True


def fail(tx: Transaction, building: Building, error: CrowdqcError) -> None:
    """Give a release up, with the reason."""
    release = releases.by_id(tx.session, building.id, lock=True)
    if release.state == ReleaseState.BUILDING and release.writing_key == building.key:
        release.state, release.failure = ReleaseState.FAILED, {"what": error.detail, "mend": error.mend}


class _Chunks:
    """Chunks as a stream that can be read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._held = chunks, b""

    def read(self, size: int = -1) -> bytes:
        parts, length = [self._held], len(self._held)
        while size < 0 or length < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            length += len(chunk)
        whole = b"".join(parts)
        taken, self._held = (whole, b"") if size < 0 else (whole[:size], whole[size:])
        return taken


def _manifest(
    tx: Transaction,
    project: Project,
    release: Release,
    before: Release | None,
    histories: Histories,
    hashed: frozen.Hashed,
) -> dict[str, Any]:
    guideline = projects.guideline(tx.session, project.id, project.guideline_version)
    text = "" if guideline is None else guideline.text
    counted = histories.answers
    return {
        "format": frozen.FORMAT,
        "release": {
            "id": str(release.uid),
            "number": release.number,
            "note": release.note,
            "frozen_at": tx.now.isoformat(),
            "code_version": __version__,
        },
        "project": {
            "id": str(project.uid),
            "name": project.name,
            "question": project.question,
            "answer_type": project.answer_type,
            "classes": list(project.classes),
        },
        "guidelines": {
            "version": project.guideline_version,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        },
        "labels": {
            "number": hashed.lines,
            "sha256": hashed.sha256,
            "by_state": dict(histories.states),
            "by_source": dict(histories.sources),
            "by_class": {name: histories.classes[name] for name in project.classes},
        },
        "fields": histories.fields,
        "answers": {
            "number": counted["all"],
            "counted": counted["counted"],
            "late": counted["late"],
            "discounted": counted["discounted"],
        },
        "run": _of_run(histories),
        "models": [
            {"name": model.name, "version": model.version, "predictions": number}
            for model, number in histories.models
        ],
        "agreement": None if histories.run is None else (histories.run.summary or {}).get("agreement"),
        "confusions": histories.confusions(),
        "workers": _of_workers(tx, histories),
        "certificate": release.certificate,
        "previous": None if before is None else {"number": before.number, "content_hash": before.content_hash},
    }


def _of_run(histories: Histories) -> dict[str, Any] | None:
    run = histories.run
    if run is None:
        return None
    return {
        "id": str(run.uid),
        "method": run.method,
        "parameters": run.parameters,
        "seed": run.seed,
        "code_version": run.code_version,
        "finished_at": None if run.finished_at is None else run.finished_at.isoformat(),
        "input_hash": run.input_hash,
        "output_hash": run.output_hash,
    }


def _of_workers(tx: Transaction, histories: Histories) -> dict[str, Any]:
    """Say how many workers there are and how good, as quartiles: nothing of one alone."""
    found = [] if histories.run is None else [row[0] for row in scores.workers(tx.session, histories.run.id)]
    return {
        "number": len(found),
        "answers": _quartiles([score.answers for score in found]),
        "gold_accuracy": _quartiles([score.gold_accuracy for score in found]),
        "consensus_accuracy": _quartiles([score.consensus_accuracy for score in found]),
        "median_seconds": _quartiles([score.median_seconds for score in found]),
    }


def _quartiles(values: Sequence[float | None]) -> dict[str, float] | None:
    """Give quartiles of those that are known; nothing of fewer than five, which would be somebody's own."""
    there = [value for value in values if value is not None]
    if len(there) < 5:
        return None
    low, middle, high = np.quantile(there, [0.25, 0.5, 0.75]).tolist()
    return {"known": len(there), "lower_quartile": low, "median": middle, "upper_quartile": high}
