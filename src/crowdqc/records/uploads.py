"""Uploads: files of items, of answers given elsewhere or of predictions, and the faults in them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Key, Keyed, Named, Word, one_of
from crowdqc.records.projects import Project


class UploadKind(StrEnum):
    """What a file holds, a row each."""

    ITEMS = "items"
    ANSWERS = "answers"
    PREDICTIONS = "predictions"
    EMBEDDINGS = "embeddings"


class UploadState(StrEnum):
    """How far the reading of a file is."""

    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"


class Upload(Named, Base):
    """A file and what became of its rows; one of items is a batch."""

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint(one_of("kind", UploadKind), name="kind"),
        CheckConstraint(one_of("state", UploadState), name="state"),
        UniqueConstraint("project_id", "idempotency_key"),
        Index(
            "uq_uploads_fingerprint",
            "project_id",
            "fingerprint",
            unique=True,
            # A file whose rows were at fault may come again: what they lacked may be here by then.
            sqlite_where=text("state <> 'failed' AND faulty = 0"),
            postgresql_where=text("state <> 'failed' AND faulty = 0"),
        ),
        # For pages of a project's uploads, and so that what came with an upload can be held to its project.
        UniqueConstraint("project_id", "id"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(Word)
    state: Mapped[str] = mapped_column(Word)
    #: What the uploader calls the file: shown, never used as a path.
    filename: Mapped[str | None] = mapped_column(String(255))
    format: Mapped[str] = mapped_column(Word)
    storage_key: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(Key)
    #: SHA-256 of the content.
    content_hash: Mapped[str] = mapped_column(String(64))
    #: SHA-256 of content, kind and parameters: the same file brought twice for the same purpose.
    fingerprint: Mapped[str] = mapped_column(String(64))
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    #: What the kind needs beside the file: a model's name and version.
    parameters: Mapped[dict[str, Any]]
    #: Where the reading stands: rows seen, and of those kept, already there, and at fault.
    rows: Mapped[int] = mapped_column(default=0)
    kept: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    faulty: Mapped[int] = mapped_column(default=0)
    #: The last line that is dealt with; a reading that was cut off goes on behind it.
    line: Mapped[int] = mapped_column(default=0)
    #: How many rows the file has; known once it has been looked through.
    total: Mapped[int | None]
    failure: Mapped[dict[str, Any] | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class UploadFault(Keyed, Base):
    """One row that was not taken, and why."""

    __tablename__ = "upload_faults"
    __table_args__ = (Index("ix_upload_faults_upload_id_id", "upload_id", "id"),)

    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"))
    line: Mapped[int]
    where: Mapped[str] = mapped_column(String(200))
    what: Mapped[str] = mapped_column(Text)
    mend: Mapped[str | None] = mapped_column(Text)


def by_id(session: Session, key: int, *, lock: bool = False) -> Upload:
    query = select(Upload).where(Upload.id == key)
    return session.scalars(query.with_for_update(key_share=True) if lock else query).one()


def by_uid(session: Session, uid: uuid.UUID, *, owner_id: int | None) -> Upload | None:
    query = select(Upload).where(Upload.uid == uid)
    if owner_id is not None:
        query = query.join(Project, Project.id == Upload.project_id).where(Project.owner_id == owner_id)
    return session.scalar(query)


def by_idempotency_key(session: Session, project_id: int, key: str) -> Upload | None:
    return session.scalar(select(Upload).where(Upload.project_id == project_id, Upload.idempotency_key == key))


def by_fingerprint(session: Session, project_id: int, fingerprint: str) -> Upload | None:
    query = select(Upload).where(Upload.project_id == project_id, Upload.fingerprint == fingerprint)
    return session.scalar(query.where(Upload.state != UploadState.FAILED, Upload.faulty == 0))


def page(
    session: Session,
    project_id: int,
    *,
    kind: UploadKind | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[Upload]:
    """Give uploads, the newest first."""
    query = select(Upload).where(Upload.project_id == project_id)
    if kind is not None:
        query = query.where(Upload.kind == kind)
    if before is not None:
        query = query.where(Upload.id < before)
    return session.scalars(query.order_by(Upload.id.desc()).limit(limit)).all()


def items_kept(session: Session, project_id: int) -> int:
    """Count the items of a project by what its batches brought."""
    query = select(func.coalesce(func.sum(Upload.kept), 0))
    return session.scalar(query.where(Upload.project_id == project_id, Upload.kind == UploadKind.ITEMS)) or 0


def faults(session: Session, upload_id: int, *, after: int, limit: int) -> Sequence[UploadFault]:
    query = select(UploadFault).where(UploadFault.upload_id == upload_id, UploadFault.id > after)
    return session.scalars(query.order_by(UploadFault.id).limit(limit)).all()


def add_faults(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(UploadFault.__table__.insert(), list(rows))  # type: ignore[attr-defined]
