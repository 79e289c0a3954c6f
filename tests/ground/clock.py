"""A clock that stands still until it is told to go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Give it to whatever wants `clock: Callable[[], datetime]`."""

    def __init__(self, now: datetime = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float = 0.0, **parts: float) -> datetime:
        """Go on by seconds, or by `minutes=`, `hours=`, `days=`; give the new moment."""
        self.now += timedelta(seconds=seconds, **parts)
        return self.now
