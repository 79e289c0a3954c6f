"""What the service wants of a place for files: put, open, delete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Protocol

from crowdqc.errors import Invalid, Missing


class NoSuchFile(Missing):
    """The stored file is not there."""


class TooLarge(Invalid):
    """The file is larger than this installation takes."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it was put."""

    key: str
    size: int
    #: SHA-256 in hexadecimal digits.
    content_hash: str
    #: Its first bytes, enough to tell its format.
    head: bytes


class Storage(Protocol):
    """Keys are of our own making (letters, digits, `-`, `/`), never an uploader's file name."""

    def put(self, key: str, content: BinaryIO, *, limit: int) -> Stored:
        """Keep a stream under a key, whole or not at all; raise TooLarge beyond `limit` bytes."""

    def open(self, key: str) -> BinaryIO:
        """Give a stored file to read, seekable; raise NoSuchFile where there is none."""

    def delete(self, key: str) -> None:
        """Remove a file; one that is not there is no error."""
