"""Releases: numbered states of a project's labels that are never changed, each with the hash of what is in it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    event,
    func,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Key, Keyed, Named, Word, one_of
from crowdqc.records.ledger import only_added
from crowdqc.records.projects import Project


class ReleaseState(StrEnum):
    """How far a release is."""

    WAITING = "waiting"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


class Release(Named, Base):
    """The labels of a project as they stood at one moment; once it is ready, nothing of it changes."""

    __tablename__ = "releases"
    __table_args__ = (
        CheckConstraint(one_of("state", ReleaseState), name="state"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint(
            "(state = 'ready') = (content_hash IS NOT NULL AND labels_sha256 IS NOT NULL AND manifest IS NOT NULL"
            " AND storage_key IS NOT NULL AND labels IS NOT NULL AND frozen_at IS NOT NULL)",
            name="ready",
        ),
        # Two at once would have the same number: one of them finds that the other was first.
        UniqueConstraint("project_id", "number"),
        Index("ix_releases_project_id_state", "project_id", "state"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(Word)
    note: Mapped[str] = mapped_column(Text)
    #: What was given with it for its manifest: how right its labels are.
    certificate: Mapped[dict[str, Any] | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    #: The moment whose labels it holds.
    frozen_at: Mapped[datetime | None]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    guideline_version: Mapped[int | None]
    #: The release before it, whose hash is in its manifest.
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("releases.id"))
    #: How many items it holds.
    labels: Mapped[int | None] = mapped_column(Key)
    #: SHA-256 of its lines, unpacked, and of its manifest.
    labels_sha256: Mapped[str | None] = mapped_column(String(64))
    content_hash: Mapped[str | None] = mapped_column(String(64))
    #: Canonical JSON: the very bytes that were hashed, in UTF-8.
    manifest: Mapped[str | None] = mapped_column(Text)
    #: Where its lines lie; while it is being built, where they are being written.
    storage_key: Mapped[str | None] = mapped_column(String(255))
    writing_key: Mapped[str | None] = mapped_column(String(255))
    failure: Mapped[dict[str, Any] | None]


class Certificate(Keyed, Base):
    """What was found afterwards of how right a release's labels are; stands beside the release, never in it."""

    __tablename__ = "certificates"
    __table_args__ = (Index("ix_certificates_release_id_id", "release_id", "id"),)

    release_id: Mapped[int] = mapped_column(ForeignKey("releases.id"))
    #: Canonical JSON, the release's content hash in it, and its SHA-256.
    body: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[datetime]


only_added(Certificate.__table__)  # type: ignore[arg-type]


#: The database itself refuses to change or delete a release that is ready, whoever asks.
_LITE = (
    "CREATE TRIGGER releases_no_{name} BEFORE {what} ON releases WHEN OLD.state = 'ready'"
    " BEGIN SELECT RAISE(ABORT, 'a release that is ready is never changed'); END"
)
_FUNCTION = (
    "CREATE OR REPLACE FUNCTION crowdqc_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " RAISE EXCEPTION USING MESSAGE = 'a release that is ready is never changed',"
    " ERRCODE = 'restrict_violation'; END $$"
)
_ROWS = (
    "CREATE TRIGGER releases_frozen BEFORE UPDATE OR DELETE ON releases"
    " FOR EACH ROW WHEN (OLD.state = 'ready') EXECUTE FUNCTION crowdqc_frozen()"
)
_TABLE = (
    "CREATE TRIGGER releases_no_truncate BEFORE TRUNCATE ON releases"
    " FOR EACH STATEMENT EXECUTE FUNCTION crowdqc_frozen()"
)
FROZEN = {
    "sqlite": [_LITE.format(name=what.lower(), what=what) for what in ("UPDATE", "DELETE")],
    "postgresql": [_FUNCTION, _ROWS, _TABLE],
}
for _dialect, _statements in FROZEN.items():
    for _statement in _statements:
        event.listen(
            Release.__table__,
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )


def by_id(session: Session, key: int, *, lock: bool = False) -> Release:
    query = select(Release).where(Release.id == key)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalars(query).one()


def by_uid(session: Session, uid: uuid.UUID, *, owner_id: int | None) -> Release | None:
    query = select(Release).where(Release.uid == uid)
    if owner_id is not None:
        query = query.join(Project, Project.id == Release.project_id).where(Project.owner_id == owner_id)
    return session.scalar(query)


def add(session: Session, made: Release) -> None:
    session.add(made)
    session.flush()


def last_number(session: Session, project_id: int) -> int:
    return session.scalar(select(func.max(Release.number)).where(Release.project_id == project_id)) or 0


def unfinished(session: Session, project_id: int, *, lock: bool = False) -> Sequence[Release]:
    """Give the releases of a project that are still to be built, in their order."""
    live = (ReleaseState.WAITING, ReleaseState.BUILDING)
    query = select(Release).where(Release.project_id == project_id, Release.state.in_(live))
    query = query.order_by(Release.number)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalars(query).all()


def failed_last(session: Session, project_id: int) -> Sequence[Release]:
    """Lock and give the releases that failed after the last one that did not: a chain is made in its order."""
    newest = select(func.coalesce(func.max(Release.number), 0))
    newest = newest.where(Release.project_id == project_id, Release.state != ReleaseState.FAILED)
    query = select(Release).where(
        Release.project_id == project_id,
        Release.state == ReleaseState.FAILED,
        Release.number > newest.scalar_subquery(),
    )
    query = query.order_by(Release.number).with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def ready_before(session: Session, project_id: int, number: int) -> Release | None:
    """Give the last release before a number that is ready."""
    query = select(Release).where(
        Release.project_id == project_id, Release.number < number, Release.state == ReleaseState.READY
    )
    return session.scalar(query.order_by(Release.number.desc()).limit(1))


def page(session: Session, project_id: int, *, before: int | None, limit: int) -> Sequence[Release]:
    """Give a project's releases, the newest first."""
    query = select(Release).where(Release.project_id == project_id)
    if before is not None:
        query = query.where(Release.number < before)
    return session.scalars(query.order_by(Release.number.desc()).limit(limit)).all()


def certificates(session: Session, release_id: int) -> Sequence[Certificate]:
    return session.scalars(
        select(Certificate).where(Certificate.release_id == release_id).order_by(Certificate.id)
    ).all()
