"""Who a person can be; one person may hold several roles."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A role beside the name that a route asks for."""

    WORKER = "worker"
    REQUESTER = "requester"
    EXPERT = "expert"
    QA_LEAD = "qa_lead"
    ADMIN = "admin"
