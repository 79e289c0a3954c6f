"""Releases for those who need one: asking for one, reading a frozen one, and putting a certificate beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from crowdqc.errors import Conflict, Invalid
from crowdqc.formats import frozen
from crowdqc.formats.canonical import Uncanonical, canonical, content_hash
from crowdqc.formats.frozen import FrozenColumns
from crowdqc.records import projects, releases
from crowdqc.records.jobs import JobName
from crowdqc.records.releases import Certificate, Release, ReleaseState
from crowdqc.services.transaction import Transaction
from crowdqc.storage import Storage


class NotReady(Conflict):
    """The release is not ready."""


class BadCertificate(Invalid):
    """The certificate is not JSON."""


def ask(
    tx: Transaction,
    project_id: int,
    *,
    note: str = "",
    by: int | None = None,
    certificate: Mapping[str, Any] | None = None,
) -> Release:
    """Have a project's labels frozen as soon as this transaction has committed; give the release, which waits.

    What is frozen is what stands when the runner comes to it. `certificate` goes into its manifest as it is.
    """
    if certificate is not None:
        _checked(certificate)
    project = projects.by_id(tx.session, project_id, lock=True)
    made = Release(
        project_id=project.id,
        number=releases.last_number(tx.session, project.id) + 1,
        state=ReleaseState.WAITING,
        note=note,
        certificate=None if certificate is None else dict(certificate),
        created_by=by,
        created_at=tx.now,
    )
    releases.add(tx.session, made)
    # Of a project's releases one is built at a time, so that each can name the one before it.
    tx.defer(JobName.BUILD_RELEASES, f"project:{project.id}")
    return made


def certify(tx: Transaction, release: Release, body: Mapping[str, Any], *, by: int | None = None) -> Certificate:
    """Put a certificate beside a release that is ready; the release stays as it is.

    The release's content hash and number are written into the certificate, and it gets a hash of its own.
    """
    ready(release)
    told = {**_checked(body), "release": {"number": release.number, "content_hash": release.content_hash}}
    made = Certificate(
        release_id=release.id,
        body=canonical(told).decode(),
        content_hash=content_hash(told),
        made_by=by,
        made_at=tx.now,
    )
    tx.session.add(made)
    tx.session.flush()
    return made


@contextmanager
def opened(storage: Storage, release: Release) -> Iterator[BinaryIO]:
    """Open the packed lines of a release; raise NotReady, storage.NoSuchFile."""
    ready(release)
    assert release.storage_key is not None
    with storage.open(release.storage_key) as stream:
        yield stream


def lines(storage: Storage, release: Release) -> Iterator[dict[str, Any]]:
    """Give the lines of a release, one by one."""
    with opened(storage, release) as stream:
        yield from frozen.read(stream)


def columns(storage: Storage, release: Release, classes: list[str]) -> FrozenColumns:
    """Give the labels of a release as columns of numbers; `classes` are the project's, in order."""
    with opened(storage, release) as stream:
        return frozen.columns(stream, classes)


def ready(release: Release) -> None:
    """Raise NotReady where a release is not built yet, or failed."""
    if release.state == ReleaseState.FAILED:
        what = (release.failure or {}).get("what", "")
        raise NotReady(f"Release {release.number} failed: {what}", mend="Make another one.")
    if release.state != ReleaseState.READY:
        raise NotReady(f"Release {release.number} is not built yet.", mend="Wait until its state is ready.")


def _checked(certificate: Mapping[str, Any]) -> dict[str, Any]:
    told = dict(certificate)
    try:
        canonical(told)
    except Uncanonical as error:
        raise BadCertificate(error.detail) from None
    return told
