"""Who a person can be, and who acts: one person may hold several roles."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody does here."""

    WORKER = "worker"
    REQUESTER = "requester"
    EXPERT = "expert"
    QA_LEAD = "qa_lead"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Actor:
    """The person behind a call."""

    id: int
    name: str
    roles: frozenset[Role]

    def holds(self, *roles: Role) -> bool:
        """Say whether the actor holds one of the roles."""
        return not self.roles.isdisjoint(roles)

    def own_only(self, unless: tuple[Role, ...]) -> int | None:
        """Give the owner that rows are limited to: the actor, or nobody where he holds one of the roles."""
        return None if self.holds(*unless) else self.id
