"""Frozen labels: the file of a release as lines and as columns, its hashes, and what changed between two."""

from __future__ import annotations

from crowdqc.formats.frozen.changes import Change, Changes, Summary
from crowdqc.formats.frozen.hashes import Hashes, faults, hashes
from crowdqc.formats.frozen.labels import SOURCES, FrozenColumns, columns
from crowdqc.formats.frozen.lines import FORMAT, Damaged, Hashed, encode, packed, raw, read

__all__ = [
    "FORMAT",
    "SOURCES",
    "Change",
    "Changes",
    "Damaged",
    "FrozenColumns",
    "Hashed",
    "Hashes",
    "Summary",
    "columns",
    "encode",
    "faults",
    "hashes",
    "packed",
    "raw",
    "read",
]
