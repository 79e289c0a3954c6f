"""Worker rules of projects: each with its versions, of which none is ever rewritten."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crowdqc.records.base import Base, Keyed, Named, Word, one_of


class RuleState(StrEnum):
    """Whether a rule acts."""

    OFF = "off"
    ON = "on"


class Rule(Named, Base):
    """What is done about workers of a project, under a name."""

    __tablename__ = "rules"
    __table_args__ = (
        CheckConstraint(one_of("state", RuleState), name="state"),
        UniqueConstraint("project_id", "name"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(Word)
    #: The number of its newest version: the one that acts.
    version: Mapped[int]
    created_at: Mapped[datetime]


class RuleVersion(Keyed, Base):
    """A rule as it was saved once."""

    __tablename__ = "rule_versions"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        UniqueConstraint("rule_id", "version"),
    )

    rule_id: Mapped[int] = mapped_column(ForeignKey("rules.id"))
    version: Mapped[int]
    #: As `crowdqc.quality.rules` reads it.
    data: Mapped[dict[str, Any]]
    created_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]


def by_uid(session: Session, uid: uuid.UUID, *, lock: bool = False) -> Rule | None:
    query = select(Rule).where(Rule.uid == uid)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalar(query)


def of_project(
    session: Session, project_id: int, *, state: RuleState | None = None
) -> Sequence[tuple[Rule, RuleVersion]]:
    """Give a project's rules with their newest versions, in the order of their making."""
    query = select(Rule, RuleVersion).join(
        RuleVersion, (RuleVersion.rule_id == Rule.id) & (RuleVersion.version == Rule.version)
    )
    query = query.where(Rule.project_id == project_id)
    if state is not None:
        query = query.where(Rule.state == state)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Rule.id))]


def versions(session: Session, rule_id: int) -> Sequence[RuleVersion]:
    """Give all versions of a rule, the newest first."""
    query = select(RuleVersion).where(RuleVersion.rule_id == rule_id)
    return session.scalars(query.order_by(RuleVersion.version.desc())).all()


def versions_by_id(session: Session, ids: Collection[int]) -> dict[int, RuleVersion]:
    return {each.id: each for each in session.scalars(select(RuleVersion).where(RuleVersion.id.in_(ids)))}


def any_on(session: Session, project_id: int) -> bool:
    query = select(Rule.id).where(Rule.project_id == project_id, Rule.state == RuleState.ON)
    return session.scalar(query.limit(1)) is not None
