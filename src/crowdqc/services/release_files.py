"""A release as files: its own bytes, tables, and the layouts of other tools; written while they are sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crowdqc import formats
from crowdqc.errors import Missing
from crowdqc.formats import Column
from crowdqc.formats.frozen import Change, Changes
from crowdqc.formats.layouts import hugging_face, label_studio, sagemaker, tables
from crowdqc.records.releases import Release
from crowdqc.services import freezing
from crowdqc.storage import Storage

#: Bytes that are sent at a time, at least.
_CHUNK = 1 << 16

_Layout = Callable[[Iterable[Mapping[str, Any]], Mapping[str, Any]], Iterator[bytes]]
#: Layouts by the name of their file: media type, and who writes it.
LAYOUTS: Mapping[str, tuple[str, _Layout]] = {
    "sagemaker.manifest": (sagemaker.MEDIA_TYPE, sagemaker.write),
    "label-studio.json": (label_studio.MEDIA_TYPE, label_studio.write),
    "hugging-face.zip": (hugging_face.MEDIA_TYPE, hugging_face.write),
}
#: Every name that `written` knows.
NAMES = (
    "release.jsonl.gz",
    "manifest.json",
    *LAYOUTS,
    "label-studio.xml",
    *(f"{table}.{form}" for table in tables.TABLES for form in formats.FORMATS),
)
#: The columns of a table of changes.
CHANGES = [
    Column("item", "text"), Column("kind", "text"), Column("label_before", "text"), Column("label_after", "text"),
    Column("confidence_before", "number"), Column("confidence_after", "number"), Column("by", "number"),
    Column("because", "text"), Column("detail", "json"), Column("before", "json"), Column("after", "json"),
]  # fmt: skip


class NoSuchReleaseFile(Missing):
    """A release has no such file."""


@dataclass(frozen=True, slots=True)
class File:
    """A file on its way out; its storage is opened when the first chunk is taken."""

    media_type: str
    chunks: Iterator[bytes]


def written(storage: Storage, release: Release, name: str) -> File:
    """Write a release as one of its files; raise NoSuchReleaseFile, freezing.NotReady."""
    if name not in NAMES:
        raise NoSuchReleaseFile(f"There is no file {name!r}.", mend=f"Ask for one of {', '.join(NAMES)}.")
    freezing.ready(release)
    manifest = (release.manifest or "").encode()
    if name == "manifest.json":
        return File("application/json", iter([manifest]))
    if name == "release.jsonl.gz":
        return File("application/gzip", _bytes(storage, release))
    if name == "label-studio.xml":
        return File("application/xml", iter([label_studio.interface(json.loads(manifest))]))
    if name in LAYOUTS:
        media_type, layout = LAYOUTS[name]
        return File(media_type, _gathered(layout(freezing.lines(storage, release), json.loads(manifest))))
    table, _, form = name.partition(".")
    columns, rows = tables.TABLES[table]
    chunks = formats.write(rows(freezing.lines(storage, release)), columns, form)
    return File(formats.media_type(form), chunks)


def changes(storage: Storage, before: Release, after: Release, name: str) -> File:
    """Write what changed from one release to another as a table, `changes.FORMAT`."""
    table, _, form = name.partition(".")
    if table != "changes" or form not in formats.FORMATS:
        known = ", ".join(f"changes.{each}" for each in formats.FORMATS)
        raise NoSuchReleaseFile(f"There is no file {name!r}.", mend=f"Ask for one of {known}.")

    def rows() -> Iterator[Mapping[str, object]]:
        with freezing.opened(storage, before) as one, freezing.opened(storage, after) as other:
            for change in Changes(one, other):
                yield row(change)

    return File(formats.media_type(form), formats.write(rows(), CHANGES, form))


def row(change: Change) -> dict[str, object]:
    """Give a change as a row of its table."""
    before, after = change.before or {}, change.after or {}
    return {
        "item": change.item,
        "kind": change.kind,
        "label_before": before.get("label"),
        "label_after": after.get("label"),
        "confidence_before": before.get("confidence"),
        "confidence_after": after.get("confidence"),
        "by": change.by,
        "because": change.because,
        "detail": change.detail or None,
        "before": change.before,
        "after": change.after,
    }


def _bytes(storage: Storage, release: Release) -> Iterator[bytes]:
    with freezing.opened(storage, release) as stream:
        yield from iter(lambda: stream.read(_CHUNK), b"")


def _gathered(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Put small chunks together: to send each costs more than to write it."""
    while held := _some(chunks):
        yield held


def _some(chunks: Iterator[bytes]) -> bytes:
    parts, size = [], 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size >= _CHUNK:
            break
    return b"".join(parts)
