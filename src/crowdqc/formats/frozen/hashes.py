"""The two hashes of a release, reckoned anew from its manifest and its lines."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, BinaryIO

from crowdqc.formats.canonical import Uncanonical, canonical
from crowdqc.formats.frozen.lines import FORMAT, Damaged, Hashed, raw


@dataclass(frozen=True, slots=True)
class Hashes:
    """What a release's bytes come to."""

    content_hash: str
    labels_sha256: str
    labels: int


def hashes(manifest: bytes, stream: BinaryIO) -> Hashes:
    """Reckon the hashes of a manifest and of the packed file of lines.

    Raises
    ------
    Damaged
        If the file of lines cannot be read to its end.
    """
    counted = Hashed()
    for _ in counted.through(raw(stream)):
        pass
    return Hashes(hashlib.sha256(manifest).hexdigest(), counted.sha256, counted.lines)


def faults(manifest: bytes, stream: BinaryIO, *, content_hash: str | None = None) -> list[str]:
    """Say what of a release is not as it says of itself; nothing where all is well.

    Parameters
    ----------
    manifest : bytes
        As it was downloaded.
    stream : BinaryIO
        The packed file of lines.
    content_hash : str, optional
        What the release's content hash is known to be; without it the manifest is only held to its lines.
    """
    try:
        told: Any = json.loads(manifest)
        text = canonical(told)
        labels = told["labels"]
        said, number, form = labels["sha256"], labels["number"], told["format"]
    except (ValueError, TypeError, KeyError, RecursionError, Uncanonical):
        return ["The manifest is not that of a release."]
    found = []
    if form != FORMAT:
        found.append(f"The manifest is of the format {form!r}; {FORMAT} is known here.")
    if text != manifest:
        found.append("The manifest is not written as it was: its JSON is not canonical.")
    try:
        come_to = hashes(manifest, stream)
    except Damaged as error:
        return [*found, error.detail]
    if content_hash is not None and come_to.content_hash != content_hash:
        found.append(f"The manifest's SHA-256 is {come_to.content_hash}, and should be {content_hash}.")
    if come_to.labels_sha256 != said:
        found.append(f"The labels' SHA-256 is {come_to.labels_sha256}, and the manifest says {said}.")
    if come_to.labels != number:
        found.append(f"There are {come_to.labels} lines, and the manifest says {number}.")
    return found
