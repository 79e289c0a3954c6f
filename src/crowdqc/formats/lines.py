"""Numbered lines of text out of a stream of bytes: unpacking, encoding, limits."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from crowdqc.formats.outcomes import Fault, unreadable

#: A line's number from 1, its text without the line feed, and what is wrong with it.
#: The text of a faulty line is only good for finding where its record ends.
Line = tuple[int, str, Fault | None]

_CHUNK = 1 << 17
_SAVE_AS_UTF8 = "Save the file as UTF-8."


def lines(stream: BinaryIO, *, packed: bool, limit_bytes: int, limit_line: int) -> Iterator[Line]:
    """Give the lines of a stream, holding one chunk of it at a time.

    UTF-8 with or without its mark is read, and UTF-16 with its mark. A line ends with a line feed (a carriage
    return before it stays on the text); in a file that begins without line feeds a carriage return ends it.

    Parameters
    ----------
    stream : BinaryIO
        Read from where it stands; never closed.
    packed : bool
        Whether the bytes are packed with gzip.
    limit_bytes : int
        Most bytes, once unpacked.
    limit_line : int
        Most bytes in a line; a longer one is a fault and is not held.

    Raises
    ------
    Unreadable
        If the packing is broken, the file too large, or UTF-16 that is not.
    """
    chunks = _unpacked(stream, limit_bytes) if packed else _plain(stream, limit_bytes)
    chunks, feed = _decoded(chunks)
    number = 0
    held: list[bytes] = []  # the pieces of a line that has not ended
    size = 0
    for chunk in chunks:
        end = chunk.rfind(feed)
        if end < 0:
            size += len(chunk)
            if size <= limit_line:
                held.append(chunk)
            else:
                held.clear()
            continue
        if size > limit_line:
            number += 1
            yield _too_long(number, limit_line)
            start = chunk.index(feed) + 1
            block = chunk[start:end] if start <= end else None
        else:
            held.append(chunk[:end])
            block = b"".join(held)
        if block is not None:
            for line in _block(block, feed, number + 1, limit_line):
                yield line
            number = line[0]
        rest = chunk[end + 1 :]
        held = [rest]
        size = len(rest)
    if size > limit_line:
        yield _too_long(number + 1, limit_line)
    elif size:
        yield from _block(b"".join(held), feed, number + 1, limit_line)


def _block(block: bytes, feed: bytes, first: int, limit_line: int) -> Iterator[Line]:
    """Give the lines of a block, the first of which has that number."""
    if len(block) <= limit_line and b"\0" not in block:
        try:
            text = block.decode()
        except UnicodeDecodeError:
            pass
        else:
            for number, line in enumerate(text.split(feed.decode()), first):
                yield number, line, None
            return
    for number, raw in enumerate(block.split(feed), first):
        yield _too_long(number, limit_line) if len(raw) > limit_line else _line(number, raw)


def _line(number: int, raw: bytes) -> Line:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        where = f"line {number}, byte {error.start + 1}"
        what = f"The byte 0x{raw[error.start]:02x} is not valid UTF-8."
        return number, raw.decode(errors="replace"), Fault(number, where, what, _SAVE_AS_UTF8)
    at = raw.find(b"\0")
    if at >= 0:
        fault = Fault(number, f"line {number}, byte {at + 1}", "A NUL byte stands in the text.", "Remove it.")
        return number, text, fault
    return number, text, None


def _too_long(number: int, limit_line: int) -> Line:
    fault = Fault(
        number,
        f"line {number}",
        f"The line is longer than {limit_line:,} bytes.",
        "Keep large content in files of its own and name them here; look for a missing line end.",
    )
    return number, "", fault


def _plain(stream: BinaryIO, limit_bytes: int) -> Iterator[bytes]:
    total = 0
    while chunk := stream.read(_CHUNK):
        total += len(chunk)
        if total > limit_bytes:
            raise _too_large(limit_bytes)
        yield chunk


def _unpacked(stream: BinaryIO, limit_bytes: int) -> Iterator[bytes]:
    total = 0
    with gzip.GzipFile(fileobj=stream, mode="rb") as unpacked:
        while True:
            try:
                chunk = unpacked.read(_CHUNK)
            except EOFError:
                raise unreadable(
                    "The gzip packing ends too early.",
                    f"after {total:,} unpacked bytes",
                    "Send the file again: a part is missing.",
                ) from None
            except (gzip.BadGzipFile, zlib.error):
                raise unreadable(
                    "The gzip packing is broken.",
                    f"after {total:,} unpacked bytes",
                    "Pack the file again with gzip, or send it unpacked.",
                ) from None
            if not chunk:
                return
            total += len(chunk)
            if total > limit_bytes:
                raise _too_large(limit_bytes)
            yield chunk


def _too_large(limit_bytes: int) -> Exception:
    return unreadable(
        f"The file has more than {limit_bytes:,} bytes (unpacked).", "whole file", "Send it in smaller parts."
    )


def _decoded(chunks: Iterator[bytes]) -> tuple[Iterator[bytes], bytes]:
    """Give the chunks as UTF-8 without its mark, and the byte that ends a line."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= 4:
            break
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise unreadable("The file is UTF-32.", "byte 1", _SAVE_AS_UTF8)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        chunks = _from_utf16(head, chunks)
        head = next(chunks, b"")
    head = head.removeprefix(codecs.BOM_UTF8)
    feed = b"\r" if b"\r" in head and b"\n" not in head else b"\n"
    return _joined(head, chunks), feed


def _joined(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from chunks


def _from_utf16(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        for chunk in _joined(head, chunks):
            if text := decoder.decode(chunk):
                yield text.encode()
        decoder.decode(b"", final=True)
    except UnicodeError:
        raise unreadable("The file begins as UTF-16 but is not.", "whole file", _SAVE_AS_UTF8) from None
