"""The lines of a release: JSON objects, one an item, packed with gzip; nothing of the moment stands in them."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from crowdqc.errors import Invalid

#: What a manifest says of the form of its lines.
FORMAT = "crowdqc-release/1"
#: Where the short part of a line ends: before it stand texts, numbers and nothing nested, so that it can be read
#: alone. Within a text a quotation mark has a backslash before it, so that these bytes are nowhere else first.
NARROW = b',"content":'

_CHUNK = 1 << 18
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Damaged(Invalid):
    """The file of the release is damaged."""

    usual_mend = "Take it out of a backup."


def encode(values: dict[str, Any]) -> bytes:
    """Write one line, its names in the order given.

    >>> encode({"item": "1", "label": "é", "confidence": 0.5})
    b'{"item":"1","label":"\\xc3\\xa9","confidence":0.5}\\n'
    """
    return (_ENCODE(values) + "\n").encode()


class Hashed:
    """Counts and hashes lines while they go by."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.lines = 0

    def through(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            self._digest.update(line)
            self.lines += 1
            yield line

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def packed(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Pack lines with gzip, in chunks; no name and no time stand in its head.

    >>> gzip.decompress(b"".join(packed([b"a", b"b"])))
    b'ab'
    """
    packer = zlib.compressobj(6, wbits=31)
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= _CHUNK:
            if taken := packer.compress(b"".join(held)):
                yield taken
            held.clear()
            size = 0
    yield packer.compress(b"".join(held)) + packer.flush()


def raw(stream: BinaryIO) -> Iterator[bytes]:
    """Give the lines of a packed file as bytes.

    Raises
    ------
    Damaged
        If it is no gzip file, is cut off, or its own check sum does not fit.
    """
    number = 0
    try:
        with gzip.GzipFile(fileobj=stream, mode="rb") as file:
            for number, line in enumerate(file, 1):  # noqa: B007 - told where it breaks off
                yield line
    except (OSError, EOFError, zlib.error) as error:
        raise Damaged(f"The file of the release is damaged behind line {number}: {error}.") from None


def read(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    """Give the lines of a packed file as objects.

    Raises
    ------
    Damaged
    """
    for number, line in enumerate(raw(stream), 1):
        yield parsed(line, number)


def parsed(line: bytes, number: int) -> dict[str, Any]:
    """Read one line, named by its number where that fails."""
    try:
        found = json.loads(line)
    except ValueError:
        raise Damaged(f"Line {number} of the release is not JSON.") from None
    if not isinstance(found, dict) or "item" not in found:
        raise Damaged(f"Line {number} of the release is no item.")
    return found
