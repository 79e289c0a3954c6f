"""Whether there is work for a worker, as he is told."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Supply(StrEnum):
    """Whether there is work."""

    #: There are items in hand.
    ASSIGNED = "assigned"
    #: None now, but leases of others may lapse: come again.
    LATER = "later"
    #: The project is paused.
    PAUSED = "paused"
    #: He is kept out for a time, or for good; what he has in hand he may hand in.
    RESTRICTED = "restricted"
    #: He has given as many answers as one worker may, in all or for today.
    CAPPED = "capped"
    #: He does not have the skills or languages that the project wants.
    UNQUALIFIED = "unqualified"
    #: All money of the project is spent or promised; leases that end, and a larger budget, bring some back.
    SPENT = "spent"
    #: None is left for this worker.
    FINISHED = "finished"


class Room(NamedTuple):
    """How many items a worker may have in hand now, and what he is told where he may have no more."""

    items: int
    supply: Supply
    why: str
    #: When to come again, where time will help.
    retry_at: datetime | None = None
