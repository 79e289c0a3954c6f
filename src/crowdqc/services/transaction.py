"""The transaction that a use case runs in: what it reads and writes, its one moment, and the work it defers."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from crowdqc.records import jobs
from crowdqc.settings import Settings
from crowdqc.storage import Storage


@dataclass(frozen=True, slots=True)
class Transaction:
    """One use case, whole or not at all; whoever opened it commits it."""

    session: Session
    #: The moment of everything that it writes.
    now: datetime
    storage: Storage
    settings: Settings
    #: Chance where a use case wants it; not to be guessed by those who are given its results.
    chance: random.Random = field(default_factory=random.SystemRandom)

    def defer(self, name: jobs.JobName, subject: str, *, after: float = 0.0) -> None:
        """Have work done when this transaction has committed, at the earliest `after` seconds from now."""
        jobs.add(self.session, name, subject, due_at=self.now + timedelta(seconds=after), now=self.now)
