"""Rows out of bytes, and back: a bad line is named, the rest is read.

`rows` reads an uploaded file and `count` counts its rows, `read` reads one whose columns are known, `write` writes
one, `detect` says which format a file is in. The rooms `answers` (files of answers and of truths) and `canonical`
(one text for one JSON value) are imported by name.
"""

from __future__ import annotations

from crowdqc.formats.blocks import Block, Same
from crowdqc.formats.columns import Column, Kind, Mistyped, Unwritable, typed
from crowdqc.formats.names import FORMATS, Format, UnknownFormat, detect, extension, media_type
from crowdqc.formats.outcomes import LIMIT_BYTES, LIMIT_RECORD, Fault, Row, Unreadable
from crowdqc.formats.reading import count, read, rows
from crowdqc.formats.writing import write, write_blocks

__all__ = [
    "FORMATS",
    "LIMIT_BYTES",
    "LIMIT_RECORD",
    "Block",
    "Column",
    "Fault",
    "Format",
    "Kind",
    "Mistyped",
    "Row",
    "Same",
    "UnknownFormat",
    "Unreadable",
    "Unwritable",
    "count",
    "detect",
    "extension",
    "media_type",
    "read",
    "rows",
    "typed",
    "write",
    "write_blocks",
]
