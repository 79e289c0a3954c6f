"""Where a file is written that is sent on while it is written."""

from __future__ import annotations

from typing import Any


class Drain:
    """Something to write to; what was written can be taken away in between."""

    closed = False

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._at = 0

    def write(self, data: Any) -> int:
        taken = bytes(data)
        self._held.append(taken)
        self._at += len(taken)
        return len(taken)

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise OSError("what was written may be gone")

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        taken = b"".join(self._held)
        self._held.clear()
        return taken
